"""The sweep of unused files: rows that no other row refers to, and contents without a row.

A file that no row refers to is marked, and archived after the grace period. Then, and after a rolled-back write,
storage has a content whose address no active row has; it is deleted once it is older than the grace period. An upload
of the same content holds the address's lock until its transaction ends; the sweep takes that lock exclusively
(docs/decisions/0141-the-sweep.md).
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
from charthouse.files.storage import TEMPORARY_PREFIX, address_lock, content_path, get_storage
from charthouse.identity import incarnations, tenancy
from charthouse.identity.models import Practice

logger = logging.getLogger("charthouse.files")

GRACE_PERIOD = timedelta(days=1)
MAX_WRITING_TIME = timedelta(hours=1)  # an incomplete file that is older is of a process that was killed
BATCH_SIZE = 1000
_ADDRESS = re.compile(r"[0-9a-f]{64}")
_NUMBER = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)


@dataclass
class SweepResult:
    """The numbers of archived rows and of deleted contents."""

    rows: int = 0
    contents: int = 0


@app.periodic(cron="17 3 * * *", periodic_id="sweep_files")
@app.task(name="charthouse.files.sweep", queueing_lock="charthouse.files.sweep")
def sweep_periodically(timestamp: int) -> None:
    """Run the sweep, every night. ``timestamp``: due time, Unix seconds; not used."""
    swept = sweep()
    logger.info("swept %d files, %d contents", swept.rows, swept.contents)


def sweep(grace: timedelta = GRACE_PERIOD, practices: Iterable[int] | None = None) -> SweepResult:
    """Sweep the files of these practices, by default of all, and of those that an import stored before it was killed. A
    restored copy may share its storage with the original, whose later files it does not know: it deletes no
    contents."""
    swept, may_delete = SweepResult(), incarnations.may_send()
    tenancy.clear_tenant()
    for practice in _list_practices() if practices is None else practices:
        with tenancy.within(practice):
            swept.rows += _archive_unused_files(practice, grace)
            if may_delete:  # by the system's time, which storage has
                swept.contents += _delete_unused_contents(practice, timezone.now() - grace)
    return swept


def _list_practices() -> list[int]:
    """List the practices that exist or have contents in storage."""
    folders = _list_folder(get_storage(), "")[0]
    stored = {int(name) for name in folders if _NUMBER.fullmatch(name)}
    return sorted(stored | set(Practice.objects.values_list("pk", flat=True)))


# -- rows -------------------------------------------------------------------------------------------------------


def list_file_references() -> list[models.ForeignKey]:  # type: ignore[type-arg]
    """List all foreign keys that refer to a stored file."""
    return [
        field
        for model in apps.get_models()
        for field in model._meta.local_fields
        if isinstance(field, models.ForeignKey) and field.remote_field.model is StoredFile
    ]


def _is_referenced(practice: int) -> Q:
    """Build the condition that a row, archived or not, refers to the file."""
    used = Q(pk__in=[])
    for key in list_file_references():
        rows = key.model._default_manager.filter(practice=practice, **{key.name: OuterRef("pk")})
        used |= Q(Exists(rows))
    return used


def _archive_unused_files(practice: int, grace: timedelta) -> int:
    used, files = _is_referenced(practice), StoredFile.objects.filter(practice=practice, archived=False)
    files.filter(used, unused_since__isnull=False).update(unused_since=None)
    files.filter(~used, unused_since__isnull=True).update(unused_since=clock.now())
    before, count = clock.now() - grace, 0
    while True:
        with transaction.atomic():
            # A write that refers to one of these files locks its row: such files are skipped, and checked again below.
            due = files.filter(unused_since__lte=before).select_for_update(skip_locked=True)
            ids = list(due.order_by("pk").values_list("pk", flat=True)[:BATCH_SIZE])
            count += files.filter(~used, pk__in=ids).update(archived=True, updated_at=clock.now())
            files.filter(pk__in=ids).update(unused_since=None)  # those that are referred to again
        if len(ids) < BATCH_SIZE:
            return count


# -- contents ---------------------------------------------------------------------------------------------------


def _delete_unused_contents(practice: int, before: datetime) -> int:
    """Delete contents without an active row, and abandoned temporary files. Other names are left alone, as the
    directory or bucket may hold more."""
    store, count = get_storage(), 0
    for folder in _list_folder(store, str(practice))[0]:
        where = f"{practice}/{folder}"
        names = [
            name for name in _list_folder(store, where)[1] if _ADDRESS.fullmatch(name) and name[:2] == folder
        ]
        rows = StoredFile.objects.filter(practice=practice, archived=False)
        known = set(rows.filter(address__in=names).values_list("address", flat=True))
        for name in set(names) - known:
            if _is_older(store, content_path(practice, name), before):
                count += _delete_content(store, practice, name)
        abandoned = min(before, timezone.now() - MAX_WRITING_TIME)
        for name in _list_folder(store, where)[1]:
            if name.startswith(TEMPORARY_PREFIX) and _is_older(store, f"{where}/{name}", abandoned):
                store.delete(f"{where}/{name}")
    return count


def _delete_content(store: Storage, practice: int, address: str) -> bool:
    """Delete a content unless a transaction is storing it or has stored it. Return whether it was deleted."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("select pg_try_advisory_xact_lock(%s, %s)", address_lock(address))
            free = cursor.fetchone()[0]
        rows = StoredFile.objects.filter(practice=practice, address=address, archived=False)
        if not free or rows.exists():
            return False
        store.delete(content_path(practice, address))
        return True


def _is_older(store: Storage, name: str, before: datetime) -> bool:
    try:
        return store.get_modified_time(name) <= before
    except FileNotFoundError:
        return False


def _list_folder(store: Storage, folder: str) -> tuple[list[str], list[str]]:
    """List the subfolders and files of a folder; both empty if it does not exist."""
    try:
        return store.listdir(folder)
    except FileNotFoundError:
        return [], []
