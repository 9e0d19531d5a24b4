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

_OFFSET_FORMAT = struct.Struct("=q")  # microseconds
_offset = timedelta(0)
_shared_offset: mmap.mmap | None = None


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC) + get_offset()


def get_offset() -> timedelta:
    """How far this clock is ahead of the system's."""
    if _shared_offset is None:
        return _offset
    return _offset + timedelta(microseconds=_OFFSET_FORMAT.unpack_from(_shared_offset)[0])


def follow_file(file: Path) -> None:
    """Go by what this file says, from here on and at once whenever that changes. It is made when there is none."""
    global _shared_offset
    file.parent.mkdir(parents=True, exist_ok=True)
    with open(os.open(file, os.O_RDWR | os.O_CREAT, 0o644), "r+b") as opened:
        if os.fstat(opened.fileno()).st_size < _OFFSET_FORMAT.size:
            os.ftruncate(opened.fileno(), _OFFSET_FORMAT.size)
        _shared_offset = mmap.mmap(opened.fileno(), _OFFSET_FORMAT.size)


def write_shared_offset(by: timedelta) -> None:
    """Write into the file that is followed how far the clock is ahead, for all who follow it."""
    if _shared_offset is None:
        raise RuntimeError("no file is followed")
    _OFFSET_FORMAT.pack_into(_shared_offset, 0, by // timedelta(microseconds=1))


@contextmanager
def shift(by: timedelta) -> Iterator[None]:
    """Run a block with the clock moved, in this process only."""
    global _offset
    before = _offset
    _offset = before + by
    try:
        yield
    finally:
        _offset = before
