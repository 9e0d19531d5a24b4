"""The clock of the project, the only module that may read the operating system's.

Codes, tokens, quotas and timestamps follow this clock, so that a sandbox or a test can shift it. All processes of a
sandbox map a file into memory, with the offset and the time at which the clock is stopped: reading it is cheap and
always current.
"""

import mmap
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

_SHARED_FORMAT = struct.Struct("=qq")  # offset; time of a stopped clock since EPOCH, or 0; in microseconds
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_offset = timedelta(0)
_shared_offset: mmap.mmap | None = None


def now() -> datetime:
    """Return the current time, an aware datetime in UTC."""
    if _shared_offset is not None:
        offset, stopped = _SHARED_FORMAT.unpack_from(_shared_offset)
        if stopped:
            return EPOCH + timedelta(microseconds=stopped) + _offset
        return datetime.now(UTC) + timedelta(microseconds=offset) + _offset
    return datetime.now(UTC) + _offset


def get_system_time() -> datetime:
    """Return the operating system's time in UTC, which no sandbox moves: for what other machines compare with theirs,
    such as signatures."""
    return datetime.now(UTC)


def get_offset() -> timedelta:
    """Return the offset of this clock from the system's."""
    if _shared_offset is None:
        return _offset
    stopped = get_stopped_time()
    return _offset + (get_shared_offset() if stopped is None else stopped - datetime.now(UTC))


def follow_file(file: Path) -> None:
    """Follow the clock in this file from now on; changes apply at once. The file is created if missing."""
    global _shared_offset
    file.parent.mkdir(parents=True, exist_ok=True)
    with open(os.open(file, os.O_RDWR | os.O_CREAT, 0o644), "r+b") as opened:
        if os.fstat(opened.fileno()).st_size < _SHARED_FORMAT.size:
            os.ftruncate(opened.fileno(), _SHARED_FORMAT.size)
        _shared_offset = mmap.mmap(opened.fileno(), _SHARED_FORMAT.size)


def write_shared_offset(by: timedelta, stopped: datetime | None = None) -> None:
    """Write the offset to the followed file, for all processes that follow it, and the time at which the clock is
    stopped, None for a clock that runs. Raises RuntimeError without a file."""
    if _shared_offset is None:
        raise RuntimeError("no file is followed")
    at = 0 if stopped is None else (stopped - EPOCH) // _MICROSECOND
    _SHARED_FORMAT.pack_into(_shared_offset, 0, by // _MICROSECOND, at)


def get_shared_offset() -> timedelta:
    """Return the offset in the followed file, to which a stopped clock pays no heed; 0 without a file."""
    return timedelta(microseconds=_SHARED_FORMAT.unpack_from(_shared_offset)[0] if _shared_offset else 0)


def get_stopped_time() -> datetime | None:
    """Return the time at which the clock of the followed file is stopped, None while it runs."""
    stopped = _SHARED_FORMAT.unpack_from(_shared_offset)[1] if _shared_offset else 0
    return EPOCH + timedelta(microseconds=stopped) if stopped else None


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
