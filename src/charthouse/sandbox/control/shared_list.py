"""Lists of settings in a file that all processes of a sandbox share. Without any, a call reads one number in memory."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Generic, TypeVar

import msgspec
from django.conf import settings

from charthouse import durable
from charthouse.sandbox.control.gate import Slot, get_gate

Item = TypeVar("Item", bound=msgspec.Struct)


class SharedList(Generic[Item]):
    """A list of structs of one type. ``slot``: where the gate keeps its version, which is 0 while the list is empty."""

    def __init__(self, name: str, slot: Slot, kind: type[Item]) -> None:
        self._name, self._slot, self._kind = name, slot, kind
        self._known: tuple[int, list[Item]] = (0, [])

    def load(self) -> list[Item]:
        """Read the list from the file."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=list[self._kind])  # type: ignore[name-defined]
        except FileNotFoundError:
            return []

    def read(self) -> list[Item]:
        """Return the list as it is now; the file is read if it has changed."""
        version = get_gate().get_version(self._slot)
        if not version:
            return []
        if self._known[0] != version:
            self._known = (version, self.load())
        return self._known[1]

    @contextmanager
    def change(self) -> Iterator[list[Item]]:
        """Change the list within the block, against other threads and processes."""
        with (Path(settings.DATA) / f"{self._name}.lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            items = self.load()
            yield items
            durable.write_file(self._path, msgspec.json.encode(items))
            get_gate().set_version(self._slot, time.time_ns() if items else 0)

    @property
    def _path(self) -> Path:
        return Path(settings.DATA) / f"{self._name}.json"
