"""The request log: calls are buffered in this process and inserted in batches, at most half a second later.

Buffered entries are lost if the process is killed or the machine stops; see docs/decisions/0180. With
``CHARTHOUSE_LOG_FIRST=1`` a response is delayed until its entry has been written.

Headers, bodies and credentials are never logged, of queries only what says nothing about a patient
(``gateway.logged_queries``).
"""

import atexit
import logging
import os
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from datetime import datetime
from multiprocessing.util import Finalize
from typing import Any

import msgspec
import psycopg
from django.conf import settings
from django.db import DatabaseError, DataError, connection, transaction

from charthouse import logs
from charthouse.audit import captured_bodies, subjects
from charthouse.audit.captured_bodies import BodyPair
from charthouse.identity import tenancy

logger = logging.getLogger("charthouse.audit")
_outage = logs.LimitedLog(logger)

BATCH_SIZE = 1000  # entries per statement
MAX_LOOKED_UP = 10_000  # rows per statement whose patients are looked up
FLUSH_INTERVAL = 0.5  # seconds
MAX_BACKLOG = 10_000  # entries; beyond, the thread that adds one writes
MAX_UNAUTHENTICATED = 20  # entries per batch; more are merged
# Gates of calls whose credentials were not accepted, or that came too often.
UNAUTHENTICATED_GATES = ("token", "secret", "revoked", "expired", "inactive", "disabled", "quota", "rate")
RETRY_DELAY = 2.0  # seconds until an unavailable database is tried again


class LogEntry(msgspec.Struct):
    """One call. Fields as in ``models.ApiCall``; actor, resource and outcome are filled in while it is served."""

    at: datetime
    request: str
    dialect: str
    method: str
    path: str
    ip: str
    query: str = ""
    practice_id: int | None = None
    app_id: int | None = None
    api_user_id: int | None = None
    user_id: int | None = None
    resource: str = ""
    row_id: int | None = None
    patients: str = "{}"  # text format of a PostgreSQL array
    subject_rows: dict[str, str] | None = None  # arrays of row ids by table, whose patients are looked up
    status: int = 0
    gate: str = ""
    microseconds: int = 0
    times: int = 1
    bodies: BodyPair | None = None  # if the app's calls are captured
    # Whom credentials named that were refused, or that nothing examined (``RequestError.claimed``): looked up, and not
    # written.
    claimed: tuple[str, str] | None = None


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
    "query": "text",
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

_listeners: list[Callable[[LogEntry], None]] = []
_waiting: deque[LogEntry] = deque()
_writing = threading.Lock()
_added = threading.Event()
_ending = threading.Event()
_writer: threading.Thread | None = None


def subscribe(listener: Callable[[LogEntry], None]) -> None:
    """Call a function with every entry, when it is added."""
    _listeners.append(listener)


def add(entry: LogEntry) -> None:
    """Add an entry to the buffer. Waits for the database only if the buffer is full or ``LOG_FIRST`` is set."""
    for listener in _listeners:
        listener(entry)
    _waiting.append(entry)
    if settings.LOG_FIRST or len(_waiting) > MAX_BACKLOG or _ending.is_set():
        _flush_or_drop()
    elif not _added.is_set():
        if _writer is None or not _writer.is_alive():
            _start_writer()
        _added.set()


def flush() -> None:
    """Write all buffered entries before returning. Raises DatabaseError; entries not written remain in the buffer."""
    with _writing:
        something = bool(_waiting)
        while _waiting:
            batch = [_waiting.popleft() for _ in range(min(BATCH_SIZE, len(_waiting)))]
            try:
                try:
                    _write_batch(batch)
                except (DataError, ValueError):
                    _write_each(batch)
            except BaseException:
                _waiting.extendleft(reversed(batch))
                raise
        if something:
            captured_bodies.reload_captures()


def stop() -> None:
    """Write all buffered entries and stop the writer thread, at the end of the process."""
    _ending.set()
    _added.set()
    if _writer is not None and _writer is not threading.current_thread():
        _writer.join(5)
    _flush_or_drop()


def _flush_or_drop() -> None:
    """Flush; if the database is unavailable, drop the oldest entries beyond twice MAX_BACKLOG."""
    try:
        flush()
    except (DatabaseError, psycopg.Error) as error:  # the connection raises psycopg's own while it is set up
        # Without the database no data was returned: the dropped entries are of failed calls.
        with _writing:
            lost = max(0, len(_waiting) - 2 * MAX_BACKLOG)
            for _ in range(lost):
                _waiting.popleft()
        _outage.error("the request log can't be written (%s); entries lost: %d", type(error).__name__, lost)


def _start_writer() -> None:
    global _writer
    with _writing:
        if _writer is None or not _writer.is_alive():
            _writer = threading.Thread(target=_run_writer, name="request-log", daemon=True)
            _writer.start()
            Finalize(None, stop, exitpriority=100)  # atexit is not run in worker processes of the web server


def _run_writer() -> None:
    """Flush whenever entries have been added, until ``stop``."""
    try:
        while not _ending.is_set():
            _added.wait()
            _ending.wait(FLUSH_INTERVAL)
            _added.clear()
            try:
                flush()
            except Exception as error:
                _outage.error("the request log can't be written: %s", type(error).__name__)
                connection.close()
                _added.set()
                _ending.wait(RETRY_DELAY)
    finally:
        connection.close()


def reset() -> None:
    """Reset buffer and writer in a forked child; buffered entries are the parent's to write."""
    global _writing, _added, _ending, _writer
    _waiting.clear()
    _writing, _added, _ending, _writer = threading.Lock(), threading.Event(), threading.Event(), None


def _write_each(entries: Sequence[LogEntry]) -> None:
    """Write entries one by one, so that one that cannot be written does not block the others."""
    for entry in entries:
        try:
            _write_batch([entry])
        except (DataError, ValueError) as error:
            logger.error("an entry of the request log can't be written: %s", type(error).__name__)


def _write_batch(entries: Sequence[LogEntry]) -> None:
    """Insert entries in a transaction that is assigned its id before it takes row ids, on which ``seals`` relies."""
    _look_up_patients(entries)
    _look_up_callers(entries)
    tenancy.clear_tenant()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("select pg_current_xact_id()")
        if pairs := [entry.bodies for entry in entries if entry.bodies]:
            captured_bodies.insert(pairs)
            for entry in entries:
                entry.bodies = None
        cursor.execute(_INSERT, [msgspec.json.encode(_merge_unauthenticated(entries)).decode()])


def _look_up_patients(entries: Sequence[LogEntry]) -> None:
    """Look up the patients of entries that name rows of another table: those of a practice that name rows of the same
    tables in one statement, for up to MAX_LOOKED_UP rows."""
    asked: dict[tuple[int, tuple[str, ...]], list[tuple[LogEntry, list[list[str]]]]] = defaultdict(list)
    for entry in entries:
        if entry.subject_rows and entry.practice_id is not None:
            rows = entry.subject_rows
            if entry.patients != "{}":
                rows = {**rows, subjects.PATIENT_TABLE: entry.patients}
            ids = [text.strip("{}").split(",") for text in rows.values()]
            asked[entry.practice_id, tuple(rows)].append((entry, ids))
    for (practice, tables), group in asked.items():
        while group:
            count, rows_left = 0, MAX_LOOKED_UP
            while count < len(group) and (rows_left := rows_left - sum(map(len, group[count][1]))) >= 0:
                count += 1
            part, group = group[: max(1, count)], group[max(1, count) :]
            _look_up_group(practice, tables, part)


def _look_up_group(
    practice: int, tables: tuple[str, ...], group: Sequence[tuple[LogEntry, list[list[str]]]]
) -> None:
    values: dict[str, Any] = {"practice": practice}
    for place in range(len(tables)):
        pairs = [(number, row) for number, (_, ids) in enumerate(group) for row in ids[place]]
        values[f"entries{place}"] = "{" + ",".join(str(number) for number, _ in pairs) + "}"
        values[f"ids{place}"] = "{" + ",".join(row for _, row in pairs) + "}"
    with tenancy.within(practice), connection.cursor() as cursor:
        cursor.execute(subjects.build_patients_sql(tables), values)
        found: dict[int, str] = dict(cursor.fetchall())
    for number, (entry, _) in enumerate(group):
        entry.patients, entry.subject_rows = found.get(number, "{}"), None


def _look_up_callers(entries: Sequence[LogEntry]) -> None:
    """Look up the callers whose credentials were refused, of all entries in one statement. A name or token that nobody
    has is not written."""
    claims = [entry.claimed for entry in entries if entry.claimed]
    if not claims:
        return
    keys = [list({key for kind, key in claims if kind == wanted}) for wanted in ("name", "token")]
    tenancy.clear_tenant()
    with connection.cursor() as cursor:
        cursor.execute(
            "select kind, key, practice, app, api_user, person from identity_known_callers(%s::text[], %s::text[])",
            keys,
        )
        known = {(kind, key): who for kind, key, *who in cursor.fetchall()}
    for entry in entries:
        if entry.claimed and (who := known.get(entry.claimed)):
            entry.practice_id, entry.app_id, entry.api_user_id, entry.user_id = who
            if entry.gate == "token" and entry.api_user_id:
                entry.gate = "secret"


def _merge_unauthenticated(entries: Sequence[LogEntry]) -> list[LogEntry]:
    """Merge unauthenticated calls beyond MAX_UNAUTHENTICATED into one entry for each kind.

    Nothing else bounds their number.
    """
    unauthenticated = [entry for entry in entries if _is_unauthenticated(entry)]
    if len(unauthenticated) <= MAX_UNAUTHENTICATED:
        return list(entries)
    merged: dict[Any, LogEntry] = {}
    for entry in unauthenticated[MAX_UNAUTHENTICATED:]:
        who = (entry.practice_id, entry.app_id, entry.api_user_id, entry.user_id)
        match = merged.get(key := (entry.dialect, who, entry.status, entry.gate))
        if match is None:
            merged[key] = msgspec.structs.replace(
                entry, method="", path="", query="", ip="", resource="", row_id=None
            )
        else:
            match.times += entry.times
    return (
        [entry for entry in entries if not _is_unauthenticated(entry)]
        + unauthenticated[:MAX_UNAUTHENTICATED]
        + [*merged.values()]
    )


def _is_unauthenticated(entry: LogEntry) -> bool:
    return entry.practice_id is None or entry.claimed is not None


atexit.register(stop)
os.register_at_fork(after_in_child=reset)
