"""Names that a practice gives once: compared as they are meant, whatever case, accents and blanks.

A constraint of the table refuses what two requests write at the same moment with the same letters.
"""

from typing import Any

from django.db.models import F
from django.db.models.lookups import Exact

from charthouse.engine.declaration.changes import Change
from charthouse.engine.declaration.hooks import hook
from charthouse.engine.sql.folding import Folded, fold


def is_name_taken(model: Any, practice: int, name: str, but: int | None = None) -> bool:
    """Whether a row of the practice that is not archived, other than ``but``, has this name."""
    rows = model._default_manager.filter(
        Exact(Folded(F("name")), fold(name)), practice=practice, archived=False
    )
    return bool(rows.exclude(pk=but).exists())


def make_name_check(message: str) -> Any:
    """Make a hook that refuses a name that another row has. ``message``: what is said at ``name``."""

    @hook(keys=("name",))
    def check_name(change: Change) -> None:
        if change.operation == "delete" or not (change.row is None or change.changes("name")):
            return
        row_id = None if change.row is None else change.row.pk
        if is_name_taken(change.resource.model, change.actor.practice, change.get("name") or "", row_id):
            change.add_error("name", message)

    return check_name
