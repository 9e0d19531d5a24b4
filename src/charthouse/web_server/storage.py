"""What waits in a process: bodies on their way in, answers on their way out; in memory, then encrypted on disk."""

import shutil
import threading
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import IO, Protocol

from charthouse.web_server.limits import Limits
from charthouse.web_server.refusals import NO_ROOM, Refused


class Spool(Protocol):
    """An encrypted temporary file: written, then read."""

    def write(self, content: bytes) -> None: ...
    def open(self) -> IO[bytes]: ...


class Budget:
    """A number of bytes that may be taken and given back, by any thread."""

    def __init__(self, size: int) -> None:
        self.size, self.taken = size, 0
        self._lock = threading.Lock()

    def take(self, count: int) -> bool:
        """Take so many bytes. Return False, and take none, where not so many are left."""
        with self._lock:
            if self.taken + count > self.size:
                return False
            self.taken += count
            return True

    def give_back(self, count: int) -> None:
        with self._lock:
            self.taken -= count


class Storage:
    """The memory and the disk that the bodies and answers of a process share."""

    def __init__(self, limits: Limits, make_spool: Callable[[], Spool], directory: Path) -> None:
        self.limits, self._make_spool, self._directory = limits, make_spool, directory
        self.memory, self.disk = Budget(limits.memory), Budget(limits.disk)

    def open_spool(self) -> Spool:
        """Return a new spool. Raises Refused where the disk is nearly full."""
        if shutil.disk_usage(self._directory).free < self.limits.free_disk:
            raise Refused(NO_ROOM)
        return self._make_spool()


class Buffer:
    """Bytes in memory, on disk when they are many. Raises Refused where there is no room.

    ``close`` gives back what was taken; it has to be called.
    """

    def __init__(self, storage: Storage, in_memory: int) -> None:
        self._storage, self._in_memory = storage, in_memory
        self._content = bytearray()
        self._spool: Spool | None = None
        self._memory = self._disk = 0
        self.size = 0

    def write(self, content: bytes | bytearray | memoryview) -> None:
        """Append content."""
        count = len(content)
        self.size += count
        if self._spool is None:
            if len(self._content) + count <= self._in_memory and self._storage.memory.take(count):
                self._memory += count
                self._content += content
                return
            self._spool = self._storage.open_spool()
            self._write_to_disk(self._content)
            self._storage.memory.give_back(self._memory)
            self._content, self._memory = bytearray(), 0
        self._write_to_disk(content)

    def _write_to_disk(self, content: bytes | bytearray | memoryview) -> None:
        if not self._storage.disk.take(len(content)):
            raise Refused(NO_ROOM)
        self._disk += len(content)
        assert self._spool is not None
        self._spool.write(bytes(content))

    def open(self) -> IO[bytes]:
        """End writing. Return the content as a file to be read from its beginning."""
        if self._spool is not None:
            return self._spool.open()
        content, self._content = self._content, bytearray()
        return BytesIO(content)

    def close(self) -> None:
        """Give back memory and disk. The file that ``open`` returned deletes itself with its last reference."""
        self._storage.memory.give_back(self._memory)
        self._storage.disk.give_back(self._disk)
        self._memory = self._disk = 0
        self._spool, self._content = None, bytearray()
