"""The practice's audit trail, for its primary user: listed by day, and exported as CSV or JSON.

An export is itself an entry of the trail.
"""

import csv
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from tempfile import TemporaryFile
from typing import IO, Any
from urllib.parse import urlencode

from django.http import FileResponse, HttpResponseBase

from charthouse import clock
from charthouse.audit.entries import CHANGES, EVENTS, READS, AuditEntry, EntryQuery, Position, list_entries
from charthouse.audit.hosted_labels import ACTIONS
from charthouse.console.kit import local_times
from charthouse.console.kit.page import Request, page, render_page
from charthouse.engine.errors import Conflict, Malformed
from charthouse.identity.audit_events import emit_audit_event
from charthouse.identity.models import ApiUser, Application, User

PAGE_SIZE = 50
DEFAULT_PERIOD = timedelta(days=7)
MAX_EXPORTED = 100_000  # entries
BATCH_SIZE = 1000  # entries that are read at a time
MAX_USERS = 500
ENCODING = "utf-8"


@page(primary=True)
def show_list(request: Request) -> HttpResponseBase:
    """List entries, latest first; of the last week unless other days are chosen."""
    given = request.GET
    asked = _parse_query(request, given)
    found = list_entries(replace(asked, after=_parse_position(given.get("after", "")), limit=PAGE_SIZE + 1))
    shown = found[:PAGE_SIZE]
    names = _build_namer(shown)
    query = {name: given[name] for name in ("from", "to", "action", "user", "patient") if given.get(name)}
    values = {
        "rows": [(entry, names(entry)) for entry in shown],
        "chosen": _format_query(asked),
        "actions": ACTIONS,
        "people": User.objects.filter(practice=request.actor.practice).order_by("last_name", "pk")[
            :MAX_USERS
        ],
        "first": f"{request.path}?{urlencode(query)}" if given.get("after") else "",
        "next": f"{request.path}?{urlencode(query | {'after': _format_position(shown[-1].position)})}"
        if len(found) > PAGE_SIZE
        else "",
    }
    return render_page(request, "audit/audit.html", values)


# -- query ------------------------------------------------------------------------------------------------------


def _parse_query(request: Request, given: Any) -> EntryQuery:
    """Parse the parameters; malformed ones are ignored. Days are local ones."""
    zone = local_times.get_zone()
    today = clock.now().astimezone(zone).date()
    first = _parse_day(given.get("from", "")) or today - DEFAULT_PERIOD
    last = _parse_day(given.get("to", "")) or today
    action = given.get("action", "")
    return EntryQuery(
        practice=request.actor.practice,
        since=datetime.combine(first, time(), zone),
        until=datetime.combine(last + timedelta(days=1), time(), zone),
        user=_parse_id(given.get("user", "")),
        patient=_parse_id(given.get("patient", "")),
        action=action if action in ACTIONS else "",
        newest_first=True,
    )


def _format_query(asked: EntryQuery) -> dict[str, Any]:
    assert asked.since
    assert asked.until
    return {
        "since": asked.since.date().isoformat(),
        "until": (asked.until - timedelta(days=1)).date().isoformat(),
        "user": asked.user,
        "patient": asked.patient,
        "action": asked.action,
    }


def _parse_day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if 1900 < found.year < 9999 else None


def _parse_id(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _format_position(position: Position) -> str:
    return f"{position.source}.{position.id}.{position.at.astimezone(UTC):%Y%m%dT%H%M%S.%f}"


def _parse_position(text: str) -> Position | None:
    source, _, rest = text.partition(".")
    row, _, at = rest.partition(".")
    if source not in (READS, CHANGES, EVENTS) or _parse_id(row) is None:
        return None
    try:
        return Position(datetime.strptime(at, "%Y%m%dT%H%M%S.%f").replace(tzinfo=UTC), source, int(row))
    except ValueError:
        return None


def _build_namer(shown: list[AuditEntry]) -> Callable[[AuditEntry], str]:
    """Build the function that names who acted: a user, an app, an API user, or the server."""
    apps = dict(
        Application.objects.filter(pk__in={e.app_id for e in shown if e.app_id}).values_list("pk", "name")
    )
    api_users = dict(
        ApiUser.objects.filter(pk__in={e.api_user_id for e in shown if e.api_user_id}).values_list(
            "pk", "nickname"
        )
    )

    def name(entry: AuditEntry) -> str:
        who = entry.user_name or api_users.get(entry.api_user_id or 0, "")
        through = apps.get(entry.app_id or 0, "")
        if who and through:
            return f"{who} by {through}"
        return who or through or ("The server" if entry.position.source == CHANGES else "")

    return name


# -- export -----------------------------------------------------------------------------------------------------


@page(primary=True, methods=("POST",))
def export(request: Request) -> HttpResponseBase:
    """Export the chosen entries, latest first. Raises Malformed, and Conflict for more than MAX_EXPORTED."""
    kind = request.POST.get("format", "")
    if kind not in _WRITERS:
        raise Malformed("Choose CSV or JSON.")
    asked = _parse_query(request, request.POST)
    chosen = {name: value for name, value in _format_query(asked).items() if value}
    details = {"what": "audit", "format": kind, **chosen}
    file = TemporaryFile()  # noqa: SIM115
    try:
        _WRITERS[kind](file, _iterate_entries(asked))
        emit_audit_event(
            "exported",
            practice_id=request.actor.practice,
            user_id=request.actor.required_user,
            details=details,
        )
    except BaseException:
        file.close()
        raise
    file.seek(0)
    name = f"audit-{chosen['since']}-{chosen['until']}.{kind}"
    media_type = "application/json" if kind == "json" else "text/csv; charset=utf-8"
    return FileResponse(file, as_attachment=True, filename=name, content_type=media_type)


def _iterate_entries(asked: EntryQuery) -> Iterator[dict[str, Any]]:
    """Iterate over all entries, BATCH_SIZE a query. Raises Conflict for more than MAX_EXPORTED."""
    after, count = None, 0
    while True:
        found = list_entries(replace(asked, after=after, limit=BATCH_SIZE))
        count += len(found)
        if count > MAX_EXPORTED:
            raise Conflict(f"There are more than {MAX_EXPORTED:,} entries. Choose fewer days.")
        yield from map(_build_line, found)
        if len(found) < BATCH_SIZE:
            return
        after = found[-1].position


def _build_line(entry: AuditEntry) -> dict[str, Any]:
    return {
        "at": entry.position.at.astimezone(UTC).isoformat(),
        "action": entry.action,
        "type": entry.type,
        "description": entry.description,
        "fields": list(entry.fields),
        "user": entry.user_id,
        "name_of_user": entry.user_name,
        "app": entry.app_id,
        "api_user": entry.api_user_id,
        "ip_address": entry.ip,
        "patient": entry.patient_id,
        "appointment": entry.appointment_id,
        "path": entry.path,
        "request": entry.request,
    }


def _write_csv(file: IO[bytes], lines: Iterator[dict[str, Any]]) -> None:
    writer = csv.writer(_EncodedWriter(file))
    heading = False
    for line in lines:
        if not heading:
            writer.writerow(line)
            heading = True
        writer.writerow([_escape_cell(value) for value in line.values()])


def _escape_cell(value: Any) -> Any:
    """Convert a value to a cell; text that begins like a formula gets an apostrophe in front."""
    if isinstance(value, list):
        value = " ".join(value)
    return f"'{value}" if isinstance(value, str) and value[:1] in "=+-@\t\r" and value else value


class _EncodedWriter:
    """A text file for ``csv`` over a binary one."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file

    def write(self, text: str) -> int:
        return self.file.write(text.encode(ENCODING))


def _write_json(file: IO[bytes], lines: Iterator[dict[str, Any]]) -> None:
    for number, line in enumerate(lines):
        file.write(b",\n" if number else b"[\n")
        file.write(json.dumps(line, ensure_ascii=False).encode(ENCODING))
    file.write(b"\n]\n" if file.tell() else b"[]\n")


_WRITERS = {"csv": _write_csv, "json": _write_json}
