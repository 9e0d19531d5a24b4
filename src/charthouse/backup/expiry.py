"""Deleting backups that nobody needs any more.

A chain is a full or logical backup with the incremental ones that build on it. It is deleted when a later chain, whose
objects are all there, began before the time back to which a restore must be possible: the last good chain stays,
however old it is. The manifests are deleted first: what is left of a deletion that was killed is no backup, and goes
the next time.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from charthouse import clock
from charthouse.backup import manifests, stored_files, wal
from charthouse.backup.clusters import Cluster
from charthouse.backup.destinations import DirectoryDestination
from charthouse.backup.manifests import INCREMENTAL, Manifest
from charthouse.backup.repository import MANIFEST, Repository
from charthouse.backup.stored_files import FileBackup

UNFINISHED_AGE = timedelta(days=2)  # of objects of a backup without a manifest, before they are deleted


def list_chains(backups: Iterable[Manifest]) -> list[list[Manifest]]:
    """Group backups, ordered by time, into chains: the first of each is full or logical."""
    chains: dict[str, list[Manifest]] = {}
    head_of: dict[str, str] = {}
    for manifest in backups:
        head = head_of.get(manifest.parent, manifest.parent) if manifest.kind == INCREMENTAL else manifest.id
        head_of[manifest.id] = head
        chains.setdefault(head, []).append(manifest)
    return list(chains.values())


def is_whole(chain: list[Manifest], sizes: dict[str, int]) -> bool:
    """Tell whether a chain begins with a full or logical backup, and all its objects have the right sizes."""
    return chain[0].kind != INCREMENTAL and all(
        sizes.get(manifest.name_object(kind)) == stored.size
        for manifest in chain
        for kind, stored in manifest.objects.items()
    )


def choose_expired(
    chains: list[list[Manifest]], sizes: dict[str, int], before: datetime
) -> list[list[Manifest]]:
    """Choose the chains that are not needed to restore any point in time from ``before`` on."""
    needed = [chain for chain in chains if is_whole(chain, sizes) and chain[0].ended_at <= before]
    if not needed:
        return []
    first = max(chain[0].ended_at for chain in needed)
    return [chain for chain in chains if chain[0].ended_at < first]


def delete_expired(cluster: Cluster, repository: Repository, keep: timedelta, current_line: str) -> list[str]:
    """Delete what is too old. Return the ids of the deleted backups. The caller holds the lock of backups."""
    objects = dict(repository.destination.list("lines/"))
    backups = repository.list_backups()
    before = clock.now() - keep
    expired = [each for chain in choose_expired(list_chains(backups), objects, before) for each in chain]
    names = _list_names(repository, expired)
    for manifest in reversed(expired):
        repository.destination.delete(manifest.name_object(MANIFEST))
    kept = [manifest for manifest in backups if manifest not in expired]
    _delete_objects(repository, objects, kept, current_line)
    if expired:
        _delete_files(cluster, repository, names, kept)
    if isinstance(repository.destination, DirectoryDestination):
        repository.destination.delete_unfinished(UNFINISHED_AGE)
    return [manifest.id for manifest in expired]


def _list_names(repository: Repository, backups: Iterable[Manifest]) -> set[str]:
    """List the stored files of backups, and of the journals of their lines."""
    found: set[str] = set()
    lists = {manifest.name_object(manifests.FILES) for manifest in backups}
    for line in {manifest.line for manifest in backups}:
        lists.update(stored_files.list_journal(repository, line))
    for name in lists:
        found.update(entry.name for entry in stored_files.read_entries(repository, name))
    return found


def _delete_objects(
    repository: Repository, objects: dict[str, int], kept: list[Manifest], current_line: str
) -> None:
    """Delete objects of backups that don't exist, and WAL and journals from before the first backup of a line."""
    folders = {manifest.folder for manifest in kept}
    first: dict[str, Manifest] = {}
    for manifest in kept:
        first.setdefault(manifest.line, manifest)
    for name in objects:
        _, line, kind, rest = name.split("/", 3)
        if kind == "backups":
            is_needed = name.rpartition("/")[0] in folders or _is_recent(rest)
        elif line not in first:
            is_needed = line == current_line or _is_recent(line)
        elif kind == "wal":
            oldest = first[line]
            position = manifests.parse_lsn(oldest.start_lsn)
            is_needed = rest[:24] >= wal.name_segment(oldest.timeline, position, oldest.segment_size)
        else:
            is_needed = rest >= f"{first[line].started_at:%Y%m%dT%H%M%S}"
        if not is_needed:
            repository.destination.delete(name)


def _is_recent(name: str) -> bool:
    """Tell whether the time at the beginning of a name is that of a backup that may still be made."""
    return name[:16] >= f"{clock.now() - UNFINISHED_AGE:%Y%m%dT%H%M%SZ}"


def _delete_files(
    cluster: Cluster, repository: Repository, candidates: set[str], kept: list[Manifest]
) -> None:
    """Delete stored files that only deleted backups have, and no row of today refers to."""
    unneeded = candidates - _list_names(repository, kept)
    if unneeded:
        unneeded -= {name for _, name in FileBackup(cluster, repository.destination, repository).list_rows()}
    for name in unneeded:
        repository.destination.delete(f"files/{name}")
