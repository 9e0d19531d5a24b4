"""The request log: calls are gathered in this process and written in batches, at most half a second later.

A call that is answered while its entry is still here is lost when the process is killed or the machine stops; see
docs/decisions/0180. With ``CHARTHOUSE_LOG_FIRST=1`` an answer waits until its entry has been written.

Never in an entry: the query, headers, bodies, credentials.
"""

import atexit
import logging
import os
import threading
from collections import deque
from collections.abc import Sequence
from datetime import datetime
from multiprocessing.util import Finalize
from typing import Any

import msgspec
from django.conf import settings
from django.db import DatabaseError, DataError, connection, transaction

from charthouse.audit import captured_bodies, subjects
from charthouse.audit.captured_bodies import Pair
from charthouse.identity import tenancy

logger = logging.getLogger("charthouse.audit")

BATCH = 1000  # entries a statement
EVERY = 0.5  # seconds that entries are gathered for
MOST = 10_000  # entries waiting; beyond, whoever adds one helps to write
STRANGERS = 20  # entries a batch of calls that weren't let in; of what is more, alike ones become one entry
RETRY = 2.0  # seconds to wait for a database that can't be reached


class Entry(msgspec.Struct):
    """One call. Fields as in ``models.ApiCall``; who called, what, and how it went are filled in on the way."""

    at: datetime
    request: str
    dialect: str
    method: str
    path: str
    ip: str
    practice_id: int | None = None
    app_id: int | None = None
    api_user_id: int | None = None
    user_id: int | None = None
    resource: str = ""
    row_id: int | None = None
    patients: str = "{}"  # as PostgreSQL writes an array
    shown: tuple[str, str] | None = None  # a table and ids of its rows, whose patients are looked up
    status: int = 0
    gate: str = ""
    microseconds: int = 0
    times: int = 1
    bodies: Pair | None = None  # what is kept of a call whose app asks for it


_COLUMNS = {
    "at": "timestamptz",
    "request": "uuid",
    "practice_id": "bigint",
    "app_id": "bigint",
    "api_user_id": "bigint",
    "user_id": "bigint",
    "ip": "text",
    "dialect": "text",
    "method": "text",
    "path": "text",
    "resource": "text",
    "row_id": "bigint",
    "patients": "text",
    "status": "smallint",
    "gate": "text",
    "microseconds": "integer",
    "times": "integer",
}
_VALUES = ", ".join(f"{name}::bigint[]" if name == "patients" else name for name in _COLUMNS)
_INSERT = (
    f"insert into audit_apicall ({', '.join(_COLUMNS)}) select {_VALUES} "  # noqa: S608
    f"from json_to_recordset(%s::json) as e({', '.join(f'{name} {kind}' for name, kind in _COLUMNS.items())})"
)

_waiting: deque[Entry] = deque()
_writing = threading.Lock()
_added = threading.Event()
_ending = threading.Event()
_writer: threading.Thread | None = None


def add(entry: Entry) -> None:
    """Take an entry into the log. Waits for the database only in front of a great backlog, or where configured."""
    _waiting.append(entry)
    if settings.LOG_FIRST or len(_waiting) > MOST or _ending.is_set():
        _help()
    elif not _added.is_set():
        if _writer is None or not _writer.is_alive():
            _start()
        _added.set()


def flush() -> None:
    """Write all that waits; done when it returns. Raises DatabaseError; then all that could not be written waits."""
    with _writing:
        something = bool(_waiting)
        while _waiting:
            batch = [_waiting.popleft() for _ in range(min(BATCH, len(_waiting)))]
            try:
                try:
                    _write(batch)
                except (DataError, ValueError):
                    _write_each(batch)
            except BaseException:
                _waiting.extendleft(reversed(batch))
                raise
        if something:
            captured_bodies.refresh()


def stop() -> None:
    """Write what waits and end the writer. For the end of the process."""
    _ending.set()
    _added.set()
    if _writer is not None and _writer is not threading.current_thread():
        _writer.join(5)
    _help()


def _help() -> None:
    try:
        flush()
    except DatabaseError as error:
        # Nobody's data has been shown while the database was away: what is dropped is refusals.
        with _writing:
            lost = max(0, len(_waiting) - 2 * MOST)
            for _ in range(lost):
                _waiting.popleft()
        logger.error("the request log can't be written (%s); entries lost: %d", type(error).__name__, lost)


def _start() -> None:
    global _writer
    with _writing:
        if _writer is None or not _writer.is_alive():
            _writer = threading.Thread(target=_work, name="request-log", daemon=True)
            _writer.start()
            Finalize(None, stop, exitpriority=100)  # a worker process of the web server ends without atexit


def _work() -> None:
    try:
        while not _ending.is_set():
            _added.wait()
            _ending.wait(EVERY)
            _added.clear()
            try:
                flush()
            except Exception as error:
                logger.error("the request log can't be written: %s", type(error).__name__)
                connection.close()
                _added.set()
                _ending.wait(RETRY)
    finally:
        connection.close()


def begin_anew() -> None:
    """With nothing waiting and no writer: in a forked child, where what waits is the parent's to write."""
    global _writing, _added, _ending, _writer
    _waiting.clear()
    _writing, _added, _ending, _writer = threading.Lock(), threading.Event(), threading.Event(), None


def _write_each(entries: Sequence[Entry]) -> None:
    """One of them can't be written; it may not hold up the others."""
    for entry in entries:
        try:
            _write([entry])
        except (DataError, ValueError) as error:
            logger.error("an entry of the request log can't be written: %s", type(error).__name__)


def _write(entries: Sequence[Entry]) -> None:
    """One transaction that has its number before it takes ids, which is what ``seals`` goes by."""
    _look_up(entries)
    tenancy.leave()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("select pg_current_xact_id()")
        if pairs := [entry.bodies for entry in entries if entry.bodies]:
            captured_bodies.write(pairs)
            for entry in entries:
                entry.bodies = None
        cursor.execute(_INSERT, [msgspec.json.encode(_bounded(entries)).decode()])


def _look_up(entries: Sequence[Entry]) -> None:
    """Whose data it was that showed only the way to a patient."""
    for entry in entries:
        if entry.shown and entry.practice_id is not None:
            table, ids = entry.shown
            with tenancy.within(entry.practice_id), connection.cursor() as cursor:
                cursor.execute(subjects.patients_of_rows(table), {"practice": entry.practice_id, "ids": ids})
                entry.patients, entry.shown = cursor.fetchone()[0], None


def _bounded(entries: Sequence[Entry]) -> list[Entry]:
    """The entries, with few of calls that weren't let in: whoever makes them, nothing else would stop."""
    strange = [entry for entry in entries if entry.practice_id is None]
    if len(strange) <= STRANGERS:
        return list(entries)
    alike: dict[Any, Entry] = {}
    for entry in strange[STRANGERS:]:
        flood = alike.get(key := (entry.dialect, entry.app_id, entry.status, entry.gate))
        if flood is None:
            alike[key] = msgspec.structs.replace(entry, method="", path="", ip="", resource="", row_id=None)
        else:
            flood.times += entry.times
    return (
        [entry for entry in entries if entry.practice_id is not None]
        + strange[:STRANGERS]
        + [*alike.values()]
    )


atexit.register(stop)
os.register_at_fork(after_in_child=begin_anew)
