"""Backing up the stored files: contents that never change once they are written, encrypted with the keys of files.

Each is copied once, under the name that it has in the storage. The list of a backup has all that rows referred to at
its end; the journal of a line those that came since.
"""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import msgspec
import psycopg

from charthouse import clock
from charthouse.backup.clusters import Cluster
from charthouse.backup.destinations import Destination, StoredObject
from charthouse.backup.repository import Repository
from charthouse.backup.sealing import READ_SIZE

logger = logging.getLogger("charthouse.backup")

OVERLAP = 5000  # ids of rows that may have been taken before, and committed after, those that were seen
_ROWS = """
select id, practice_id, address from files_storedfile where not archived and id > %s order by id
"""


@dataclass(frozen=True)
class FileEntry:
    """One stored file: ``practice/xx/address``, and the size and hash of its encrypted content."""

    name: str
    size: int
    sha256: str


class FileBackup:
    """Copies stored files to a repository. ``known``: the files there that it knows of; ``last_id``: of the rows that
    it has seen."""

    def __init__(self, cluster: Cluster, storage: Destination, repository: Repository) -> None:
        self._cluster, self._storage, self._repository = cluster, storage, repository
        self.last_id = 0
        self._seen: set[int] = set()
        self.known: dict[str, FileEntry] = {}

    def remember(self, entries: Iterable[FileEntry]) -> None:
        """Note files that are in the repository."""
        self.known.update((entry.name, entry) for entry in entries)

    def list_rows(self, after: int = 0) -> list[tuple[int, str]]:
        """List ids and names of the stored files whose rows have ids above this one."""
        with self._cluster.connect() as connection:
            try:
                rows = connection.execute(_ROWS, [after]).fetchall()
            except psycopg.errors.UndefinedTable:  # nothing has been migrated yet
                return []
        return [(number, f"{practice}/{address[:2]}/{address}") for number, practice, address in rows]

    def skip_existing(self) -> None:
        """Go on with the files that are stored from now on: the backup that is made next has the others."""
        rows = self.list_rows()
        self.last_id = max((number for number, _ in rows), default=0)
        self._seen = {number for number, _ in rows if number > self.last_id - OVERLAP}

    def resume(self, last_id: int) -> None:
        """Go on after a row, with what the repository is known to have."""
        self.last_id = last_id
        rows = self.list_rows(max(0, last_id - OVERLAP))
        self._seen = {number for number, name in rows if number <= last_id and name in self.known}

    def copy_new(self) -> list[FileEntry]:
        """Copy the files whose rows came since the last time. Return the entries of all that these rows refer to."""
        found = []
        for number, name in self.list_rows(max(0, self.last_id - OVERLAP)):
            if number not in self._seen:
                self._seen.add(number)
                found.append(self.known.get(name) or self.copy(name))
            self.last_id = max(self.last_id, number)
        return [entry for entry in found if entry is not None]

    def copy(self, name: str, *, sync: bool = True) -> FileEntry | None:
        """Copy a file and return its entry. None if the storage does not have it: a row whose content is lost."""
        try:
            raw, _ = self._storage.open(name)
        except FileNotFoundError:
            logger.error("a stored file is missing in the storage, and in the backup")
            return None
        with raw:
            stored = self._repository.destination.put(
                f"files/{name}", iter(lambda: raw.read(READ_SIZE), b""), sync=sync
            )
        entry = FileEntry(name, stored.size, stored.sha256)
        self.known[name] = entry
        return entry


def encode_entries(entries: Iterable[FileEntry]) -> Iterator[bytes]:
    """Render entries as lines of JSON."""
    for entry in entries:
        yield msgspec.json.encode(entry) + b"\n"


def decode_entries(content: bytes) -> list[FileEntry]:
    """Parse lines of JSON. Raises ValueError."""
    return msgspec.json.Decoder(FileEntry).decode_lines(content)


def store_journal(repository: Repository, line: str, entries: Iterable[FileEntry]) -> None:
    """Note in the journal of a line that rows refer to files."""
    name = f"lines/{line}/journal/{clock.now():%Y%m%dT%H%M%S.%fZ}"
    repository.put_compressed(name, encode_entries(entries))


def list_journal(repository: Repository, line: str) -> list[str]:
    """List the objects of a journal, the oldest first."""
    return sorted(name for name, _ in repository.destination.list(f"lines/{line}/journal/"))


def read_entries(repository: Repository, name: str, expected: StoredObject | None = None) -> list[FileEntry]:
    """Read the list of a backup, or an object of a journal. Raises SealError, RepositoryError, ValueError."""
    return decode_entries(repository.read_compressed(name, expected))
