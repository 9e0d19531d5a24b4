"""The audit of the practice, for its primary user: who read, changed or did what; looked at, and taken away as a file.
Taking it away is an entry of it."""

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
from charthouse.console.page import Request, page, show
from charthouse.engine.errors import Conflict, Malformed
from charthouse.identity.audit_events import emit_audit_event
from charthouse.identity.models import ApiUser, Application, User

SIZE = 50
USUAL = timedelta(days=7)
MOST_EXPORTED = 100_000  # entries
PIECE = 1000  # entries that are read at a time
MOST_PEOPLE = 500
TEXT = "utf-8"


@page(primary=True)
def listing(request: Request) -> HttpResponseBase:
    """Newest first, of a week unless other days are chosen."""
    given = request.GET
    asked = _asked(request, given)
    found = list_entries(replace(asked, after=_position(given.get("after", "")), limit=SIZE + 1))
    shown = found[:SIZE]
    names = _names(shown)
    kept = {name: given[name] for name in ("from", "to", "action", "user", "patient") if given.get(name)}
    values = {
        "rows": [(entry, names(entry)) for entry in shown],
        "chosen": _chosen(asked),
        "actions": ACTIONS,
        "people": User.objects.filter(practice=request.actor.practice).order_by("last_name", "pk")[
            :MOST_PEOPLE
        ],
        "first": f"{request.path}?{urlencode(kept)}" if given.get("after") else "",
        "next": f"{request.path}?{urlencode(kept | {'after': _text(shown[-1].position)})}"
        if len(found) > SIZE
        else "",
    }
    return show(request, "audit.html", values)


# -- what is asked ----------------------------------------------------------------------------------------------


def _asked(request: Request, given: Any) -> EntryQuery:
    """What the parameters say; those that make no sense are as good as none."""
    today = clock.now().date()
    first = _day(given.get("from", "")) or today - USUAL
    last = _day(given.get("to", "")) or today
    action = given.get("action", "")
    return EntryQuery(
        practice=request.actor.practice,
        since=datetime.combine(first, time(), UTC),
        until=datetime.combine(last, time(), UTC) + timedelta(days=1),
        user=_id(given.get("user", "")),
        patient=_id(given.get("patient", "")),
        action=action if action in ACTIONS else "",
        newest_first=True,
    )


def _chosen(asked: EntryQuery) -> dict[str, Any]:
    assert asked.since
    assert asked.until
    return {
        "since": asked.since.date().isoformat(),
        "until": (asked.until - timedelta(days=1)).date().isoformat(),
        "user": asked.user,
        "patient": asked.patient,
        "action": asked.action,
    }


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if 1900 < found.year < 9999 else None


def _id(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _text(position: Position) -> str:
    return f"{position.source}.{position.id}.{position.at.astimezone(UTC):%Y%m%dT%H%M%S.%f}"


def _position(text: str) -> Position | None:
    source, _, rest = text.partition(".")
    row, _, at = rest.partition(".")
    if source not in (READS, CHANGES, EVENTS) or _id(row) is None:
        return None
    try:
        return Position(datetime.strptime(at, "%Y%m%dT%H%M%S.%f").replace(tzinfo=UTC), source, int(row))
    except ValueError:
        return None


def _names(shown: list[AuditEntry]) -> Callable[[AuditEntry], str]:
    """Who did it, in words: a person, and through which app; a program; or nobody who is known."""
    apps = dict(
        Application.objects.filter(pk__in={e.app_id for e in shown if e.app_id}).values_list("pk", "name")
    )
    programs = dict(
        ApiUser.objects.filter(pk__in={e.api_user_id for e in shown if e.api_user_id}).values_list(
            "pk", "nickname"
        )
    )

    def name(entry: AuditEntry) -> str:
        who = entry.user_name or programs.get(entry.api_user_id or 0, "")
        through = apps.get(entry.app_id or 0, "")
        if who and through:
            return f"{who} by {through}"
        return who or through or ("The server" if entry.position.source == CHANGES else "")

    return name


# -- a file of it -----------------------------------------------------------------------------------------------


@page(primary=True, methods=("POST",))
def export(request: Request) -> HttpResponseBase:
    """The entries that are asked for, oldest last, as CSV or JSON. Raises Conflict for more than MOST_EXPORTED."""
    kind = request.POST.get("format", "")
    if kind not in _WRITERS:
        raise Malformed("Choose CSV or JSON.")
    asked = _asked(request, request.POST)
    chosen = {name: value for name, value in _chosen(asked).items() if value}
    details = {"what": "audit", "format": kind, **chosen}
    file = TemporaryFile()  # noqa: SIM115
    try:
        _WRITERS[kind](file, _all(asked))
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


def _all(asked: EntryQuery) -> Iterator[dict[str, Any]]:
    """Every entry, a piece at a time."""
    after, count = None, 0
    while True:
        found = list_entries(replace(asked, after=after, limit=PIECE))
        count += len(found)
        if count > MOST_EXPORTED:
            raise Conflict(f"These are more than {MOST_EXPORTED:,} entries. Choose fewer days.")
        yield from map(_line, found)
        if len(found) < PIECE:
            return
        after = found[-1].position


def _line(entry: AuditEntry) -> dict[str, Any]:
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


def _csv(file: IO[bytes], lines: Iterator[dict[str, Any]]) -> None:
    writer = csv.writer(_Encoded(file))
    heading = False
    for line in lines:
        if not heading:
            writer.writerow(line)
            heading = True
        writer.writerow([_cell(value) for value in line.values()])


def _cell(value: Any) -> Any:
    """Text that a spreadsheet takes for text: a name that begins with = would be a formula."""
    if isinstance(value, list):
        value = " ".join(value)
    return f"'{value}" if isinstance(value, str) and value[:1] in "=+-@\t\r" and value else value


class _Encoded:
    """What ``csv`` writes to."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file

    def write(self, text: str) -> int:
        return self.file.write(text.encode(TEXT))


def _json(file: IO[bytes], lines: Iterator[dict[str, Any]]) -> None:
    for number, line in enumerate(lines):
        file.write(b",\n" if number else b"[\n")
        file.write(json.dumps(line, ensure_ascii=False).encode(TEXT))
    file.write(b"\n]\n" if file.tell() else b"[]\n")


_WRITERS = {"csv": _csv, "json": _json}
