"""Small files with secrets in the data directory: written whole or not at all, by one of several processes."""

import os
import secrets
from contextlib import suppress
from pathlib import Path


def read_or_create(path: Path, text: str) -> str:
    """Return the content of a file, created with ``text`` if missing. Of several processes that create it, the first
    wins, and all return what it wrote."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        made = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
        try:
            with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileExistsError):
                os.link(made, path)
        finally:
            made.unlink(missing_ok=True)
        sync_directory(path.parent)
    return path.read_text()


def replace(new: Path, path: Path) -> None:
    """Put a file in the place of another, durably."""
    new.replace(path)
    sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Make what was created, renamed and deleted in a directory survive a power failure."""
    directory = os.open(path, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
