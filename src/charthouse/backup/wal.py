"""WAL in a repository: storing what pg_receivewal has received, and putting segments together again.

Segments are named as PostgreSQL names them: timeline and number, 24 hexadecimal digits. One that is still being written
is stored as ranges of its bytes, ``SEGMENT.FROM-TO``, and as a whole once it is complete.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from charthouse.backup.manifests import parse_lsn
from charthouse.backup.repository import Repository, RepositoryError
from charthouse.backup.sealing import Identity, SealError

_SEGMENT = re.compile(r"[0-9A-F]{24}")
_RANGE = re.compile(r"(?P<segment>[0-9A-F]{24})\.(?P<start>[0-9A-F]{8})-(?P<end>[0-9A-F]{8})")
PARTIAL = ".partial"  # suffix of pg_receivewal
MAX_RANGES = 64  # of one segment, before they are stored as one


@dataclass(frozen=True)
class Received:
    """What has been received: complete segments, and of the last one so many bytes."""

    complete: tuple[str, ...] = ()
    partial: str = ""
    end: int = 0

    def find_end(self, size: int) -> int:
        """Return the position up to which it goes, without zeros at its end; 0 if there is nothing."""
        if self.partial:
            return get_start(self.partial, size) + self.end
        return get_start(self.complete[-1], size) + size if self.complete else 0


def name_segment(timeline: int, position: int, size: int) -> str:
    """Return the name of the segment that has a position in the WAL."""
    number, in_log = position // size, 0x1_0000_0000 // size
    return f"{timeline:08X}{number // in_log:08X}{number % in_log:08X}"


def next_segment(name: str, size: int) -> str:
    """Return the name of the segment after this one."""
    number = int(name[8:16], 16) * (0x1_0000_0000 // size) + int(name[16:], 16) + 1
    return name_segment(int(name[:8], 16), number * size, size)


def get_start(name: str, size: int) -> int:
    """Return the position at which a segment begins."""
    return (int(name[8:16], 16) << 32) + int(name[16:], 16) * size


def scan(spool: Path, timeline: int) -> Received:
    """Read what pg_receivewal has received of a timeline. Its files are filled with zeros up to a segment's size."""
    names = sorted(path.name for path in spool.iterdir() if path.name.startswith(f"{timeline:08X}"))
    complete = tuple(name for name in names if _SEGMENT.fullmatch(name))
    partial = [name for name in names if name.endswith(PARTIAL) and _SEGMENT.fullmatch(name[:24])]
    if not partial:
        return Received(complete)
    try:
        content = (spool / partial[-1]).read_bytes()
    except FileNotFoundError:  # it has been completed in the meantime
        return scan(spool, timeline)
    return Received(complete, partial[-1][:24], len(content.rstrip(b"\0")))


class WalStore:
    """The WAL of a line in its repository. Remembers what is stored, so one process at a time may use it."""

    def __init__(self, repository: Repository, line: str, segment_size: int) -> None:
        self._repository, self._size = repository, segment_size
        self._prefix = f"lines/{line}/wal/"
        self._ranges: dict[str, dict[tuple[int, int], str]] = {}
        self._whole: set[str] = set()
        for name in repository.list_wal(line):
            self._note(name)

    def _note(self, name: str) -> None:
        if _SEGMENT.fullmatch(name):
            self._whole.add(name)
        elif found := _RANGE.fullmatch(name):
            key = int(found["start"], 16), int(found["end"], 16)
            self._ranges.setdefault(found["segment"], {})[key] = name

    @property
    def end(self) -> int:
        """The position up to which WAL is stored; 0 if there is none."""
        last = max((*self._whole, *self._ranges), default=None)
        if last is None:
            return 0
        return get_start(last, self._size) + (self._size if last in self._whole else self._covered(last))

    def _covered(self, segment: str) -> int:
        return _cover(self._ranges.get(segment, {}))[1]

    def has_gap_before(self, segment: str) -> bool:
        """Tell whether WAL is missing between what is stored and this segment."""
        last = max((*self._whole, *self._ranges), default=None)
        return last is not None and segment > (
            next_segment(last, self._size) if last in self._whole else last
        )

    def store(self, spool: Path, received: Received) -> None:
        """Store what has been received and is not stored. Of complete segments, all but the last are then deleted
        from the spool: pg_receivewal goes on after that one."""
        for segment in received.complete:
            if segment not in self._whole:
                self._store_whole(segment, (spool / segment).read_bytes())
        if received.partial and received.end > self._covered(received.partial):
            self._store_range(spool, received.partial, received.end)
        for segment in received.complete[:-1]:
            (spool / segment).unlink(missing_ok=True)

    def _store_whole(self, segment: str, content: bytes) -> None:
        if len(content) != self._size:
            raise RepositoryError(f"The received WAL segment {segment} has {len(content)} bytes.")
        self._repository.put_sealed(self._prefix + segment, [content])
        self._whole.add(segment)
        for name in self._ranges.pop(segment, {}).values():
            self._repository.destination.delete(self._prefix + name)

    def _store_range(self, spool: Path, segment: str, end: int) -> None:
        ranges = self._ranges.setdefault(segment, {})
        merged = list(ranges.items()) if len(ranges) >= MAX_RANGES else []
        start = 0 if merged else self._covered(segment)
        path = spool / f"{segment}{PARTIAL}"
        if not path.exists():
            path = spool / segment
        # Read after the end was found: what comes before it was written before it.
        with path.open("rb") as file:
            file.seek(start)
            content = file.read(end - start)
        name = f"{segment}.{start:08X}-{end:08X}"
        self._repository.put_sealed(self._prefix + name, [content])
        ranges[start, end] = name
        for key, old in merged:
            self._repository.destination.delete(self._prefix + old)
            del ranges[key]


def _cover(ranges: Mapping[tuple[int, int], str]) -> tuple[list[tuple[int, int]], int]:
    """Choose ranges that follow each other from 0. Return them, and where they end."""
    chosen: list[tuple[int, int]] = []
    end = 0
    while True:
        best = max((key for key in ranges if key[0] <= end < key[1]), key=lambda key: key[1], default=None)
        if best is None:
            return chosen, end
        chosen.append(best)
        end = best[1]


# -- reading ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class WalRange:
    """Which WAL there is from a position on, without a gap: whole segments, then ranges of one more."""

    segments: tuple[str, ...]
    ranges: tuple[tuple[int, int], ...]
    partial: str
    end: int


def find_wal(repository: Repository, line: str, timeline: int, start_lsn: str, size: int) -> WalRange:
    """Find the WAL from a position on, up to its end or the first gap."""
    whole: set[str] = set()
    ranges: dict[str, dict[tuple[int, int], str]] = {}
    for name in repository.list_wal(line):
        if _SEGMENT.fullmatch(name):
            whole.add(name)
        elif found := _RANGE.fullmatch(name):
            key = int(found["start"], 16), int(found["end"], 16)
            ranges.setdefault(found["segment"], {})[key] = name
    segment, segments = name_segment(timeline, parse_lsn(start_lsn), size), []
    while segment in whole:
        segments.append(segment)
        segment = next_segment(segment, size)
    chosen, end = _cover(ranges.get(segment, {}))
    return WalRange(tuple(segments), tuple(chosen), segment if chosen else "", get_start(segment, size) + end)


def fetch_wal(
    repository: Repository, line: str, wal: WalRange, size: int, identity: Identity, folder: Path
) -> Iterator[str]:
    """Write segments to a directory, the last one filled with zeros; yield each name. Raises SealError,
    RepositoryError."""
    prefix = f"lines/{line}/wal/"
    for segment in wal.segments:
        content = b"".join(repository.read_sealed(prefix + segment, identity))
        if len(content) != size:
            raise SealError(f"{prefix}{segment} has {len(content)} bytes.")
        (folder / segment).write_bytes(content)
        yield segment
    if wal.partial:
        buffer = bytearray(size)
        for start, end in wal.ranges:
            name = f"{wal.partial}.{start:08X}-{end:08X}"
            content = b"".join(repository.read_sealed(prefix + name, identity))
            if len(content) != end - start:
                raise SealError(f"{prefix}{name} has {len(content)} bytes.")
            buffer[start:end] = content
        (folder / wal.partial).write_bytes(buffer)
        yield wal.partial
