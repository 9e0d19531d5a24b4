"""The data directory of an instance: taken into use, locked for a sandbox, emptied. Nothing else is ever deleted."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MARKER_FILE = "CHARTHOUSE"
MARKER_TEXT = "This directory is the data of a Charthouse instance. `charthouse sandbox --fresh` may delete what is in it.\n"
SETTINGS_FILES = {
    MARKER_FILE,
    "secret_key",
    "file_keys",
    "files",
    "clock",
}  # what is there when only the settings have been loaded with it


class CommandError(Exception):
    """A command can't do what was asked of it; the message is for whoever asked."""


def prepare(data: Path) -> Path:
    """Make the directory if need be, mark it as ours, and return its full path.

    Raises Refused when it holds anything that isn't ours.
    """
    data = data.expanduser().resolve()
    try:
        if not data.exists():
            data.mkdir(parents=True)
            data.chmod(0o711)  # nobody else's to list; whoever runs PostgreSQL passes through
        if not _is_data_directory(data):
            raise CommandError(
                f"{data} is neither empty nor a Charthouse data directory; choose another with --data."
            )
        (data / MARKER_FILE).write_text(MARKER_TEXT)
    except OSError as error:
        raise CommandError(f"{data} can't be used as data directory: {error.strerror}.") from None
    return data


@contextmanager
def lock(data: Path) -> Iterator[None]:
    """One sandbox at a time. Raises Refused when another one has the directory."""
    with (data / "sandbox.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CommandError(f"a sandbox is running on {data} already.") from None
        yield


def clear(data: Path) -> None:
    """Delete what is in a directory that ``use`` has returned and ``exclusively`` holds."""
    assert (data / MARKER_FILE).is_file()
    for path in data.iterdir():
        if path.name in (MARKER_FILE, "sandbox.lock"):
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _is_data_directory(data: Path) -> bool:
    names = set(os.listdir(data))
    return MARKER_FILE in names or names <= SETTINGS_FILES
