"""The clock of the project, the only module that may read the operating system's.

Codes, tokens, quotas and timestamps follow this clock, so that a sandbox or a test can shift it. All processes of a
sandbox map a file with the offset into memory: reading it is cheap and always current.
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
    """Return the current time, an aware datetime in UTC."""
    return datetime.now(UTC) + get_offset()


def get_offset() -> timedelta:
    """Return the offset of this clock from the system's."""
    if _shared_offset is None:
        return _offset
    return _offset + timedelta(microseconds=_OFFSET_FORMAT.unpack_from(_shared_offset)[0])


def follow_file(file: Path) -> None:
    """Follow the offset in this file from now on; changes apply at once. The file is created if missing."""
    global _shared_offset
    file.parent.mkdir(parents=True, exist_ok=True)
    with open(os.open(file, os.O_RDWR | os.O_CREAT, 0o644), "r+b") as opened:
        if os.fstat(opened.fileno()).st_size < _OFFSET_FORMAT.size:
            os.ftruncate(opened.fileno(), _OFFSET_FORMAT.size)
        _shared_offset = mmap.mmap(opened.fileno(), _OFFSET_FORMAT.size)


def write_shared_offset(by: timedelta) -> None:
    """Write the offset to the followed file, for all processes that follow it. Raises RuntimeError without a file."""
    if _shared_offset is None:
        raise RuntimeError("no file is followed")
    _OFFSET_FORMAT.pack_into(_shared_offset, 0, by // timedelta(microseconds=1))


@contextmanager
def shift(by: timedelta) -> Iterator[None]:
    """Shift the clock of this process for the duration of a block."""
    global _offset
    before = _offset
    _offset = before + by
    try:
        yield
    finally:
        _offset = before
