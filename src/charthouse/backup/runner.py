"""Making a backup by the means that the server permits: it is noted, and what is too old is deleted."""

from collections.abc import Iterator
from contextlib import contextmanager

from charthouse import clock
from charthouse.backup import expiry, lines, logical, making, runs
from charthouse.backup.clusters import Cluster, ToolError
from charthouse.backup.making import Plan
from charthouse.backup.manifests import FULL, LOGICAL, Manifest
from charthouse.backup.repository import RepositoryError
from charthouse.datadir import CommandError


@contextmanager
def exclude_others(cluster: Cluster) -> Iterator[None]:
    """Hold the lock of backups for a block. Raises CommandError when another backup is being made."""
    with lines.hold_lock(cluster, lines.BACKUP_LOCK) as held:
        if held is None:
            raise CommandError("another backup of this database is being made.")
        yield


def make_backup(plan: Plan) -> Manifest:
    """Make a backup by the means that the server permits, note it, and delete what is too old. Raises CommandError,
    ToolError, RepositoryError, OSError, psycopg.Error."""
    started = clock.now()
    with exclude_others(plan.cluster):
        found = plan.cluster.read_state()
        kind = FULL if found.may_replicate else LOGICAL
        try:
            if found.may_replicate:
                manifest = making.make_physical(plan, started)
            else:
                manifest = logical.make_backup(plan, found, started)
        except Exception as error:
            detail = str(error) if isinstance(error, (ToolError, RepositoryError, CommandError)) else ""
            if isinstance(error, OSError):
                detail = error.strerror or ""
            runs.note_run(
                plan.cluster, runs.Run(kind, "", "", started, False, detail or type(error).__name__)
            )
            raise
        size = sum(stored.size for stored in manifest.objects.values())
        runs.note_run(
            plan.cluster, runs.Run(manifest.kind, manifest.id, manifest.line, started, True, "", size)
        )
        plan.progress("Old backups", 0, 1)
        expiry.delete_expired(plan.cluster, plan.repository, plan.keep, manifest.line)
        plan.progress("Old backups", 1, 1)
    return manifest
