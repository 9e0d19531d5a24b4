"""Snapshots: copies of the database and of the directory of files, exchanged with those in use.

Of each snapshot there are further copies, the *spares*, of which restoring takes one: it is renamed, and the next is
made afterwards, in the background. Of what the sandbox began with there are several, so that resets may follow each
other.
Files are hard links: a name in the storage always has the same content.
"""

import fcntl
import logging
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
from django.conf import settings
from django.db import connections

from charthouse import clock, durable
from charthouse.changes import clock_control
from charthouse.engine.errors import Conflict, NotFound
from charthouse.identity import schema_setup, schema_versions
from charthouse.sandbox.control import databases, worker
from charthouse.sandbox.control.gate import get_gate
from charthouse.toolkit.controls.snapshots import SEED

MANIFEST = "snapshot.json"
SPARES = ("spare", "spare2", "spare3")  # of what the sandbox began with; of others the first alone
logger = logging.getLogger("charthouse.sandbox")


class Manifest(msgspec.Struct):
    """What is stored with the copies of a snapshot. ``saved_at`` and ``stopped`` (time of a stopped clock) are ISO
    8601, ``schema`` identifies the migrations."""

    saved_at: str
    stopped: str | None
    schema: str
    bytes: int


def save(name: str) -> Manifest:
    """Save the sandbox under a name, which may have a snapshot already."""
    making = _database("making", name)
    with databases.connect() as server:
        databases.drop(server, making)
    manifest = copy_current(making, _directory(name) / "making")
    with _hold_lock("sandbox.exchange"), databases.connect() as server:
        _forget(server, name)
        databases.change_name(server, making, _database("snapshot", name))
        durable.rename(_directory(name) / "making" / "files", _directory(name) / "files")
        durable.rename(_directory(name) / "making" / MANIFEST, _directory(name) / MANIFEST)
    _make_spare_in_background(name)
    return manifest


def copy_current(database: str, directory: Path, *others: str) -> Manifest:
    """Copy what is in use to a new database and a directory, with a manifest. ``others``: further databases that are
    copied at the same time."""
    with _hold_lock("sandbox.exchange"), databases.connect() as server, _standstill():
        databases.disconnect(server, databases.get_current())
        databases.copy_to_each(databases.get_current(), (database, *others))
        link_files(_files(), directory / "files")
        stopped = clock.get_stopped_time()
        get_gate().count_exchange()
        size = databases.measure(server, database)
    manifest = Manifest(
        clock.get_system_time().isoformat(timespec="seconds"),
        stopped.isoformat() if stopped else None,
        _identify_schema(),
        size,
    )
    durable.write_file(directory / MANIFEST, msgspec.json.encode(manifest))
    return manifest


def restore(name: str, prepare: Callable[[], None] = lambda: None) -> None:
    """Go back to a snapshot; one of an older version is brought up to this one first. ``prepare`` runs with its
    database, before any request. Raises NotFound, and Conflict for one of a newer version."""
    manifest = load(name)
    with _hold_lock("sandbox.exchange"), databases.connect() as server:
        if manifest.schema != _identify_schema():
            _upgrade(server, name)
        spare = _take_spare(server, name)
        with _standstill():
            _exchange(server, name, spare)
            get_gate().count_exchange()
            stopped = manifest.stopped
            clock_control.restore_offset(datetime.fromisoformat(stopped) if stopped else None)
            prepare()
    _make_spare_in_background(name)


def delete(name: str) -> None:
    """Delete a snapshot. Raises NotFound, and Conflict for what the sandbox began with."""
    load(name)
    if name == SEED:
        raise Conflict("What the sandbox began with can't be deleted.")
    with _hold_lock("sandbox.exchange"), databases.connect() as server:
        (_directory(name) / MANIFEST).unlink()
        _forget(server, name)
        shutil.rmtree(_directory(name), ignore_errors=True)


def load(name: str) -> Manifest:
    """Return what is known of a snapshot. Raises NotFound."""
    try:
        return msgspec.json.decode((_directory(name) / MANIFEST).read_bytes(), type=Manifest)
    except FileNotFoundError:
        raise NotFound(f"There is no snapshot {name!r}.") from None


def list_all() -> dict[str, Manifest]:
    """List the snapshots by name."""
    found = sorted(settings.DATA.glob(f"snapshots/*/{MANIFEST}"))
    return {path.parent.name: load(path.parent.name) for path in found}


def _upgrade(server: Any, name: str) -> None:
    """Bring a snapshot of an older version up to this one, once; the sandbox goes on meanwhile. Interrupted, it goes on
    the next time."""
    with _hold_lock("sandbox.spares"):
        for spare in SPARES:
            databases.drop(server, _database(spare, name))
        stored = _database("snapshot", name)
        try:
            with databases.use(stored):
                schema_setup.migrate()
        except schema_setup.SchemaError as error:
            raise Conflict(f"The snapshot {name!r} can't be restored. {error}") from None
        databases.disconnect(server, stored)
        manifest = msgspec.structs.replace(load(name), schema=_identify_schema())
        durable.write_file(_directory(name) / MANIFEST, msgspec.json.encode(manifest))


def _list_spares(name: str) -> tuple[str, ...]:
    return SPARES if name == SEED else SPARES[:1]


def _take_spare(server: Any, name: str) -> str:
    """Return a spare that is there, made now if none is. Its files are out of the way of who makes the next."""
    spares = _list_spares(name)
    found = next((each for each in spares if databases.exists(server, _database(each, name))), None)
    if found is None:
        found = spares[0]
        _make_spare(server, name, found)
    if not (_directory(name) / found).exists():  # an exchange was interrupted
        link_files(_directory(name) / "files", _directory(name) / found)
    shutil.rmtree(_directory(name) / "taken", ignore_errors=True)
    durable.rename(_directory(name) / found, _directory(name) / "taken")
    return found


def _exchange(server: Any, name: str, spare: str) -> None:
    """Exchange database and files in use for a spare of a snapshot."""
    current, directory = databases.get_current(), _directory(name)
    old = f"old{get_gate().generation}"
    connections.close_all()
    databases.disconnect(server, current)
    databases.change_name(server, current, _database(old, name))
    try:
        databases.change_name(server, _database(spare, name), current)
    except Exception:
        databases.change_name(server, _database(old, name), current)
        raise
    if _files().exists():
        durable.rename(_files(), directory / old)
    durable.rename(directory / "taken", _files())


def _make_spare_in_background(name: str) -> None:
    threading.Thread(target=_make_next_spares, args=(name,), name="snapshots", daemon=True).start()


def _make_next_spares(name: str) -> None:
    """Make the spares of a snapshot that are missing, and delete what it was exchanged for."""
    try:
        with databases.connect() as server:
            for spare in _list_spares(name):
                if (_directory(name) / MANIFEST).exists():
                    _make_spare(server, name, spare)
            with _hold_lock("sandbox.spares"):
                _drop_old(server, name)
    except Exception as error:  # the next restore makes it
        logger.warning("snapshots: %s", type(error).__name__)


def _make_spare(server: Any, name: str, spare: str) -> None:
    """Make a spare of a snapshot, unless it is there. It has its name when it is whole."""
    with _hold_lock("sandbox.spares"):
        if databases.exists(server, _database(spare, name)):
            return
        filling = _database("fill", name)
        databases.drop(server, filling)
        link_files(_directory(name) / "files", _directory(name) / spare)
        databases.copy(server, _database("snapshot", name), filling)
        databases.change_name(server, filling, _database(spare, name))


def _drop_old(server: Any, name: str) -> None:
    """Delete what was exchanged for spares of a snapshot."""
    for database in databases.list_names(server, f"{databases.get_current()}_old"):
        if database.endswith(f"_{name}"):
            databases.drop(server, database)
    for path in _directory(name).glob("old*"):
        shutil.rmtree(path, ignore_errors=True)


def _forget(server: Any, name: str) -> None:
    """Delete the copies of a snapshot."""
    with _hold_lock("sandbox.spares"):
        _drop_old(server, name)
        for kind in ("snapshot", "fill", *SPARES):
            databases.drop(server, _database(kind, name))
        for part in ("files", "taken", *SPARES):
            shutil.rmtree(_directory(name) / part, ignore_errors=True)


@contextmanager
def _standstill() -> Iterator[None]:
    """Within the block no request and no job runs."""
    with get_gate().close(), worker.pause():
        connections.close_all()
        yield


def _database(kind: str, name: str) -> str:
    return f"{databases.get_current()}_{kind}_{name}"


def _directory(name: str) -> Path:
    return Path(settings.DATA) / "snapshots" / name


def _files() -> Path:
    return Path(settings.DATA) / "files"


def link_files(source: Path, target: Path) -> None:
    """Make a tree of hard links to the files of another. Files that are still being written are left out."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for path in source.rglob("*") if source.exists() else ():
        to = target / path.relative_to(source)
        if path.is_dir():
            to.mkdir(parents=True, exist_ok=True)
        elif not path.name.startswith("."):
            to.parent.mkdir(parents=True, exist_ok=True)
            durable.link(path, to)


@contextmanager
def _hold_lock(name: str) -> Iterator[None]:
    """Hold a lock of the data directory, against other threads and processes."""
    with (Path(settings.DATA) / name).open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@lru_cache(maxsize=1)
def _identify_schema() -> str:
    """Identify the migrations of this version."""
    names = sorted(map("/".join, schema_versions.list_migrations()[0]))
    return sha256("\n".join(names).encode()).hexdigest()[:16]
