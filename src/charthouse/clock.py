"""What time it is. The only place that may ask the operating system for it.

Codes, tokens, quotas and timestamps all follow this clock, so that a sandbox or a test can move it. All processes of a
sandbox share a file that holds how far it is moved: reading it costs nothing and is never late.
"""

import mmap
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

_MOVED = struct.Struct("=q")  # microseconds
_offset = timedelta(0)
_shared: mmap.mmap | None = None


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC) + ahead()


def ahead() -> timedelta:
    """How far this clock is ahead of the system's."""
    if _shared is None:
        return _offset
    return _offset + timedelta(microseconds=_MOVED.unpack_from(_shared)[0])


def follow(file: Path) -> None:
    """Go by what this file says, from here on and at once whenever that changes. It is made when there is none."""
    global _shared
    file.parent.mkdir(parents=True, exist_ok=True)
    with open(os.open(file, os.O_RDWR | os.O_CREAT, 0o644), "r+b") as opened:
        if os.fstat(opened.fileno()).st_size < _MOVED.size:
            os.ftruncate(opened.fileno(), _MOVED.size)
        _shared = mmap.mmap(opened.fileno(), _MOVED.size)


def share(by: timedelta) -> None:
    """Write into the file that is followed how far the clock is ahead, for all who follow it."""
    if _shared is None:
        raise RuntimeError("no file is followed")
    _MOVED.pack_into(_shared, 0, by // timedelta(microseconds=1))


@contextmanager
def moved(by: timedelta) -> Iterator[None]:
    """Run a block with the clock moved, in this process only."""
    global _offset
    before = _offset
    _offset = before + by
    try:
        yield
    finally:
        _offset = before
