"""What the processes of a sandbox share: which requests are running, and how often the database was exchanged.

A request holds ``DATA/sandbox.gate`` shared; who exchanges the database holds it exclusively, and ``sandbox.entry``
before, at which new requests wait, so that the running ones come to an end.
"""

import fcntl
import mmap
import os
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path

from django.conf import settings
from django.db import connections

_NUMBER = struct.Struct("=q")


class Slot(IntEnum):
    """The numbers that all processes map: the generation of the database, and the versions of shared lists."""

    GENERATION = 0
    FAULTS = 1
    CALLERS = 2


MAX_WAIT = 10.0  # seconds for running requests to end
POLL_INTERVAL = 0.002  # seconds


class Gate:
    """The gate of a data directory, as one process sees it."""

    def __init__(self, data: Path) -> None:
        self._entry, self._inside = data / "sandbox.entry", data / "sandbox.gate"
        self._threads = threading.local()
        state = os.open(data / "sandbox.state", os.O_RDWR | os.O_CREAT, 0o600)
        size = _NUMBER.size * len(Slot)
        if os.fstat(state).st_size < size:
            os.ftruncate(state, size)
        self._state = mmap.mmap(state, size)
        os.close(state)

    @property
    def generation(self) -> int:
        """How often the database was exchanged."""
        return self.get_version(Slot.GENERATION)

    def get_version(self, slot: Slot) -> int:
        """Return a number that all processes share."""
        return int(_NUMBER.unpack_from(self._state, slot * _NUMBER.size)[0])

    def set_version(self, slot: Slot, version: int) -> None:
        _NUMBER.pack_into(self._state, slot * _NUMBER.size, version)

    def enter(self) -> None:
        """Begin a request in this thread: wait while the database is exchanged, and use the one that is there now."""
        entry, inside = self._open_files()
        fcntl.flock(entry, fcntl.LOCK_SH)
        fcntl.flock(inside, fcntl.LOCK_SH)
        fcntl.flock(entry, fcntl.LOCK_UN)
        self.refresh()

    def leave(self) -> None:
        """End a request."""
        fcntl.flock(self._open_files()[1], fcntl.LOCK_UN)

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Enter for a block."""
        self.enter()
        try:
            yield
        finally:
            self.leave()

    def refresh(self) -> None:
        """Close this thread's connections to a database that was exchanged."""
        generation = self.generation
        if getattr(self._threads, "generation", generation) != generation:
            connections.close_all()
        self._threads.generation = generation

    @contextmanager
    def close(self) -> Iterator[None]:
        """Within the block no request runs. Those that take longer than MAX_WAIT lose their connection."""
        with open(self._entry, "a") as entry, open(self._inside, "a") as inside:
            fcntl.flock(entry, fcntl.LOCK_EX)
            until = time.monotonic() + MAX_WAIT
            while time.monotonic() < until:
                try:
                    fcntl.flock(inside, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    time.sleep(POLL_INTERVAL)
            yield

    def count_exchange(self) -> None:
        """Note that the database was exchanged."""
        self.set_version(Slot.GENERATION, self.generation + 1)
        self.refresh()

    def _open_files(self) -> tuple[int, int]:
        """Return this thread's descriptors of the two files: a lock belongs to the opened file."""
        files: tuple[int, int] | None = getattr(self._threads, "files", None)
        if files is None:
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
            files = (os.open(self._entry, flags, 0o600), os.open(self._inside, flags, 0o600))
            self._threads.files = files
        return files


_gates: dict[Path, Gate] = {}


def get_gate() -> Gate:
    """Return the gate of this process's data directory."""
    if settings.DATA not in _gates:
        _gates[settings.DATA] = Gate(settings.DATA)
    return _gates[settings.DATA]
