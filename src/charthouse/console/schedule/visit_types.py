"""Types of visits as a practice names them: each once, although every doctor has profiles of their own. Whoever may
book may choose them, without the permission Settings that their catalogue asks for.
docs/decisions/0419-profiles-belong-to-doctors.md"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from charthouse.console.kit import records
from charthouse.console.kit.page import Request
from charthouse.engine.execution import planning
from charthouse.engine.sql.folding import Folded, fold


class VisitType(NamedTuple):
    """A profile of a doctor. ``duration``: minutes."""

    id: int
    name: str
    duration: int


def list_types(request: Request) -> list[VisitType]:
    """List the profiles of all doctors that the user may choose."""
    rows = _select_profiles(request).order_by("sort_order", "name", "pk")
    return [VisitType(*row) for row in rows.values_list("pk", "name", "duration")[: records.MAX_OPTIONS]]


def list_choices(types: Iterable[VisitType], chosen: Any) -> list[tuple[str, str]]:
    """List (id, name) of the types that a form offers: each name once. ``chosen``: id of the one that is set."""
    return list_once(((str(one.id), one.name) for one in types), chosen)


def list_once(choices: Iterable[tuple[str, str]], chosen: Any) -> list[tuple[str, str]]:
    """List each name once: the chosen one of its profiles, else the first."""
    found: dict[str, tuple[str, str]] = {}
    for value, name in choices:
        key = name.strip().casefold()
        if key not in found or value == str(chosen):
            found[key] = (value, name)
    return list(found.values())


def find_own(request: Request, profile: Any, doctor: Any) -> Any:
    """Find the doctor's own profile of the same name and length; the given one where there is none, or no doctor."""
    ids = [str(one or "") for one in (profile, doctor)]
    if not all(text.isascii() and text.isdigit() and len(text) < 19 for text in ids):
        return profile
    rows = _select_profiles(request)
    one = rows.filter(pk=int(ids[0])).first()
    if one is None or one.doctor_id == int(ids[1]):
        return profile
    named = rows.alias(folded=Folded("name")).filter(folded=fold(one.name))
    own = named.filter(doctor=int(ids[1]), duration=one.duration).order_by("pk").first()
    return own.pk if own else profile


def _select_profiles(request: Request) -> Any:
    return planning.select_for_actor(records.get_resource("appointment_profiles"), request.actor)
