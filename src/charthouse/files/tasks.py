"""The sweep: files that no row refers to any more, and bytes that no row ever had.

A row of files that nobody refers to is marked, and put away once it has been so for the time of grace. Then, as well as
after a write that was rolled back, storage has bytes under an address that no row in use has: they are deleted once
they are as old. An upload of the same content holds the address's lock until its transaction ends, the sweep takes it
for itself (docs/decisions/0141-the-sweep.md).
"""

import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.apps import apps
from django.core.files.storage import Storage
from django.db import connection, models, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from procrastinate.contrib.django import app

from charthouse import clock
from charthouse.files.models import StoredFile
from charthouse.files.storage import UNFINISHED, lock_of, path, storage
from charthouse.identity import tenancy
from charthouse.identity.models import Practice

logger = logging.getLogger("charthouse.files")

GRACE = timedelta(days=1)
STEP = 1000
_ADDRESS = re.compile(r"[0-9a-f]{64}")


@dataclass
class Swept:
    """How many rows were put away, and how many contents deleted."""

    rows: int = 0
    contents: int = 0


@app.periodic(cron="17 3 * * *", periodic_id="sweep_files")
@app.task(name="charthouse.files.sweep", queueing_lock="charthouse.files.sweep")
def sweep_periodically(timestamp: int) -> None:
    """Every night. ``timestamp``: when it was due, Unix seconds; not used."""
    swept = sweep()
    logger.info("swept %d files, %d contents", swept.rows, swept.contents)


def sweep(grace: timedelta = GRACE, practices: Iterable[int] | None = None) -> Swept:
    """Sweep the files of these practices, or of all."""
    swept = Swept()
    tenancy.leave()
    ids = Practice.objects.order_by("pk").values_list("pk", flat=True) if practices is None else practices
    for practice in list(ids):
        with tenancy.within(practice):
            swept.rows += _put_away(practice, grace)
            swept.contents += _delete_contents(
                practice, timezone.now() - grace
            )  # storage has the system's time
    return swept


# -- rows -------------------------------------------------------------------------------------------------------


def references() -> list[models.ForeignKey]:  # type: ignore[type-arg]
    """Every key of the record that refers to a file."""
    return [
        field
        for model in apps.get_models()
        for field in model._meta.local_fields
        if isinstance(field, models.ForeignKey) and field.remote_field.model is StoredFile
    ]


def _used(practice: int) -> Q:
    """Rows refer to it, be they soft-deleted."""
    used = Q(pk__in=[])
    for key in references():
        rows = key.model._default_manager.filter(practice=practice, **{key.name: OuterRef("pk")})
        used |= Q(Exists(rows))
    return used


def _put_away(practice: int, grace: timedelta) -> int:
    used, files = _used(practice), StoredFile.objects.filter(practice=practice, archived=False)
    files.filter(used, unused_since__isnull=False).update(unused_since=None)
    files.filter(~used, unused_since__isnull=True).update(unused_since=clock.now())
    before, count = clock.now() - grace, 0
    while True:
        with transaction.atomic():
            # A write that refers to one of them locks its row: those are left alone, and looked at again below.
            due = files.filter(unused_since__lte=before).select_for_update(skip_locked=True)
            ids = list(due.order_by("pk").values_list("pk", flat=True)[:STEP])
            count += files.filter(~used, pk__in=ids).update(archived=True, updated_at=clock.now())
            files.filter(pk__in=ids).update(unused_since=None)  # those that are used again
        if len(ids) < STEP:
            return count


# -- contents ---------------------------------------------------------------------------------------------------


def _delete_contents(practice: int, before: datetime) -> int:
    """Whatever has no name of ours is left alone: the directory, or bucket, may have more in it."""
    store, count = storage(), 0
    for folder in _listed(store, str(practice))[0]:
        where = f"{practice}/{folder}"
        names = [name for name in _listed(store, where)[1] if _ADDRESS.fullmatch(name) and name[:2] == folder]
        rows = StoredFile.objects.filter(practice=practice, archived=False)
        known = set(rows.filter(address__in=names).values_list("address", flat=True))
        for name in set(names) - known:
            if _older(store, path(practice, name), before):
                count += _delete(store, practice, name)
        for name in _listed(store, where)[1]:
            if name.startswith(UNFINISHED) and _older(store, f"{where}/{name}", before):
                store.delete(f"{where}/{name}")
    return count


def _delete(store: Storage, practice: int, address: str) -> bool:
    """Delete a content, unless somebody is keeping it just now, or has."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("select pg_try_advisory_xact_lock(%s, %s)", lock_of(address))
            free = cursor.fetchone()[0]
        rows = StoredFile.objects.filter(practice=practice, address=address, archived=False)
        if not free or rows.exists():
            return False
        store.delete(path(practice, address))
        return True


def _older(store: Storage, name: str, before: datetime) -> bool:
    try:
        return store.get_modified_time(name) <= before
    except FileNotFoundError:
        return False


def _listed(store: Storage, folder: str) -> tuple[list[str], list[str]]:
    """Folders and files in it; none where it isn't there."""
    try:
        return store.listdir(folder)
    except FileNotFoundError:
        return [], []
