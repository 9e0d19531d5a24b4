"""The data directory of an instance: preparing, locking (for a sandbox) and clearing it. No other directory is ever
cleared."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from charthouse import durable

MARKER_FILE = "CHARTHOUSE"
MARKER_TEXT = (
    "This directory is the data of a Charthouse instance. "
    "`charthouse sandbox --fresh` may delete what is in it.\n"
)
SETTINGS_FILES = {
    MARKER_FILE,
    "secret_key",
    "secret_key.next",
    "file_keys",
    "files",
    "clock",
    "faults",
}  # what merely loading the settings may create


class CommandError(Exception):
    """A command can't do what was requested; the message is for the user."""


def prepare(data: Path) -> Path:
    """Create the directory if missing, write the marker file, and return its absolute path.

    Raises CommandError when it is neither empty nor a data directory.
    """
    data = data.expanduser().resolve()
    try:
        if not data.exists():
            data.mkdir(parents=True)
            data.chmod(0o711)  # not listable by others, but the account that runs PostgreSQL may traverse it
        if not _is_data_directory(data):
            raise CommandError(
                f"{data} is neither empty nor a Charthouse data directory; choose another with --data."
            )
        (data / MARKER_FILE).write_text(MARKER_TEXT)
    except OSError as error:
        raise CommandError(f"{data} can't be used as data directory: {error.strerror}.") from None
    return data


def prepare_restored(data: Path) -> None:
    """Make a directory, into which a backup was restored, a data directory."""
    durable.write_file(data / MARKER_FILE, MARKER_TEXT.encode())


@contextmanager
def lock(data: Path) -> Iterator[None]:
    """Hold the sandbox lock of the directory for a block. Raises CommandError when another sandbox holds it."""
    with (data / "sandbox.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CommandError(f"a sandbox is running on {data} already.") from None
        yield


def clear(data: Path) -> None:
    """Delete the contents of a directory that ``prepare`` has returned and ``lock`` holds."""
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
