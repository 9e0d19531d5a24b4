"""Files that survive a power cut: a new name is durable once the content and then the directory are on the disk.

No other module renames, links or replaces files. A sandbox does not wait for the disk (``stop_waiting``): like its
database, its files survive killed processes, and may be lost when the machine loses power.
"""

import ctypes
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

_waits = True


def stop_waiting() -> None:
    """Let this process, and those that are forked from it, no longer wait for the disk."""
    global _waits
    _waits = False


def _sync(descriptor: int) -> None:
    if _waits:
        os.fsync(descriptor)


def sync_directory(directory: Path) -> None:
    """Write the entries of a directory to the disk."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _sync(descriptor)
    finally:
        os.close(descriptor)


def make_directory(directory: Path, mode: int = 0o777, *, sync: bool = True) -> None:
    """Create a directory with the missing ones above it, durably. Nothing happens if it exists. Without ``sync``, it is
    durable after ``sync_file_system``."""
    missing = []
    each = directory
    while not each.exists():
        missing.append(each)
        each = each.parent
    for new in reversed(missing):
        with suppress(FileExistsError):
            new.mkdir(mode=mode)
        if sync:
            sync_directory(new.parent)


def rename(path: Path, new_path: Path) -> None:
    """Rename a file or directory, whose content is on the disk already, over what has the new name."""
    os.replace(path, new_path)
    sync_directory(new_path.parent)


def sync_file_system(directory: Path) -> None:
    """Write everything of the file system of a directory to the disk."""
    if sys.platform != "linux":
        os.sync()
        return
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if ctypes.CDLL(None, use_errno=True).syncfs(descriptor):
            raise OSError(ctypes.get_errno(), "the file system could not be written to the disk")
    finally:
        os.close(descriptor)


@contextmanager
def open_replacement(path: Path, prefix: str = ".new-", *, sync: bool = True) -> Iterator[IO[bytes]]:
    """Open a temporary file beside ``path``, of mode 0600, which takes its place durably at the end of the block, and
    is removed when the block raises. Without ``sync``, it is durable after ``sync_file_system``."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=prefix, delete=False) as draft:
        try:
            yield draft
            draft.flush()
            if sync:
                _sync(draft.fileno())
                rename(Path(draft.name), path)
            else:
                _start_writing(draft.fileno())
                os.replace(draft.name, path)
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(draft.name)
            raise


def _start_writing(descriptor: int) -> None:
    """Let the system begin to write a file to the disk, without waiting for it: ``sync_file_system`` has less left."""
    if sys.platform == "linux":  # elsewhere it would only drop the content from memory
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)


def write_file(path: Path, content: bytes) -> None:
    """Write a file of mode 0600, whole or not at all."""
    with open_replacement(path) as draft:
        draft.write(content)


def append_to_file(path: Path, content: bytes) -> None:
    """Append to a file, which is created if missing, and wait until that is on the disk."""
    is_new = not path.exists()
    with path.open("ab") as file:
        file.write(content)
        file.flush()
        _sync(file.fileno())
    if is_new:
        sync_directory(path.parent)


def create_file(path: Path, content: bytes) -> bool:
    """Create a file of mode 0600 with this content, whole. Return False if it exists: of several processes that create
    it at once, one wins."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".new-") as draft:
        draft.write(content)
        draft.flush()
        _sync(draft.fileno())
        try:
            os.link(draft.name, path)
        except FileExistsError:
            return False
    sync_directory(path.parent)
    return True


def read_or_create(path: Path, text: str) -> str:
    """Return the content of a file of mode 0600, created with ``text`` if missing. Of several processes that create it,
    the first wins, and all return what it wrote."""
    if not path.exists():
        make_directory(path.parent)
        create_file(path, text.encode())
    return path.read_text()


def link(path: Path, other: Path) -> None:
    """Give a file a second name, which is not synced: for copies that may be lost with the machine's power."""
    other.hardlink_to(path)
