"""Data of forks: a directory below the sandbox's, and databases of the same server."""

import json
import shutil
from pathlib import Path

from django.conf import settings

from charthouse.sandbox.control import databases, snapshots
from charthouse.sandbox.credentials import write_private_file
from charthouse.toolkit.controls.snapshots import SEED
from charthouse.toolkit.declaration import BASE

PID_FILE = "fork.pid"
COPIED = ("secret_key", "file_keys", "sandbox-credentials.json", "clock", "CHARTHOUSE")


def name_database(directory: Path) -> str:
    """The database of the fork with this directory, whose name is its port."""
    return f"{get_prefix()}{directory.name}"


def get_prefix() -> str:
    """What the names of the forks' databases begin with."""
    return f"{databases.get_current()}_fork_"


def copy_data(directory: Path) -> None:
    """Copy everything of this sandbox into a new directory and new databases. What a fork begins with is what it is
    reset to."""
    directory.mkdir(parents=True)
    for name in COPIED:
        if (source := Path(settings.DATA) / name).exists():
            shutil.copy2(source, directory / name)
    database, snapshot = name_database(directory), directory / "snapshots" / SEED
    snapshots.copy_current(f"{database}_snapshot_{SEED}", snapshot, database)
    snapshots.link_files(snapshot / "files", directory / "files")


def write_description(directory: Path) -> None:
    """Write the sandbox.json of a fork: as this sandbox's, at its own address."""
    text = (Path(settings.DATA) / "sandbox.json").read_text()
    described = json.loads(text)
    base_url = f"http://127.0.0.1:{directory.name}"
    described |= {"base_url": base_url, "control": described["control"] | {"url": base_url + BASE}}
    write_private_file(directory / "sandbox.json", json.dumps(described, indent=2) + "\n")


def drop_database(directory: Path) -> None:
    """Drop the databases of a fork, with those of its snapshots."""
    with databases.connect() as server:
        for name in databases.list_names(server, name_database(directory)):
            if name == name_database(directory) or name.startswith(f"{name_database(directory)}_"):
                databases.drop(server, name)


def remove_all() -> None:
    """Remove what forks of an earlier run have left."""
    with databases.connect() as server:
        for name in databases.list_names(server, get_prefix()):
            databases.drop(server, name)
    shutil.rmtree(Path(settings.DATA) / "forks", ignore_errors=True)


def list_directories() -> list[Path]:
    """List the directories of the forks."""
    return sorted(path for path in (Path(settings.DATA) / "forks").glob("*") if path.is_dir())
