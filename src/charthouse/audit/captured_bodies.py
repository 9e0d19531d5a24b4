"""Bodies of an app's calls, kept for a while when its developer asks for it. Off unless switched on; ends by itself.

They hold patients' data: only people of the practice whose it is can see them, for a week. Never kept: headers, files,
what a caller sent who wasn't let in.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from django.db import connection, connections

from charthouse import clock
from charthouse.audit.models import Bodies, Capture
from charthouse.identity.audit_events import emit_audit_event
from charthouse.identity.models import Application, User

LONGEST = timedelta(hours=24)  # that bodies are captured
KEPT = timedelta(days=7)
MOST = 16 * 1024  # bytes of a body that are kept
READABLE = ("application/json", "application/x-www-form-urlencoded", "text/")

_until: dict[int, datetime] = {}  # of each app; read anew by the log's writer


class Pair(msgspec.Struct):
    """The bodies of one call; fields as in ``models.Bodies``."""

    practice_id: int
    app_id: int
    request: str
    at: datetime
    asked: str
    answered: str


def switch_on(app: Application, length: timedelta, by: User) -> datetime:
    """Capture the bodies of an app's calls from a second after its next call; until when. At most a day."""
    until = clock.now() + min(length, LONGEST)
    Capture.objects.update_or_create(app=app, defaults={"until": until})
    details = {"until": until.isoformat()}
    emit_audit_event(
        "bodies captured", practice_id=by.practice_id, user_id=by.pk, app_id=app.pk, details=details
    )
    refresh()
    return until


def switch_off(app: Application) -> None:
    """Stop at once in this process, within a second in the others."""
    Capture.objects.filter(app=app).delete()
    refresh()


def captured_until(app: Application) -> datetime | None:
    """Until when the bodies of an app are captured; None where they aren't."""
    found = Capture.objects.filter(app=app, until__gt=clock.now()).first()
    return found.until if found else None


def of_call(request: UUID) -> Bodies | None:
    """What was kept of a call of the established practice."""
    return Bodies.objects.filter(request=request).first()


def refresh() -> None:
    """Read anew which apps' bodies are captured."""
    now = clock.now()
    found = dict(Capture.objects.filter(until__gt=now).values_list("app_id", "until"))
    _until.clear()
    _until.update(found)


def wanted(app: int | None, at: datetime) -> bool:
    """Whether a call's bodies are captured. Touches no database."""
    return bool(_until) and app is not None and (until := _until.get(app)) is not None and at < until


def readable(body: bytes, media: str) -> str:
    """A body as it is kept: text, cut, or how long it was."""
    if not body:
        return ""
    if not media.lower().startswith(READABLE):
        return f"({len(body)} bytes of {media[:100] or 'no stated kind'})"
    text = body[:MOST].decode("utf-8", "replace").replace("\0", "\ufffd")
    return text if len(body) <= MOST else f"{text}\n({len(body)} bytes in all)"


def write(pairs: Sequence[Pair]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into audit_bodies (practice_id, app_id, request, at, asked, answered) "
            "select practice_id, app_id, request, at, asked, answered from json_to_recordset(%s::json) as p("
            "practice_id bigint, app_id bigint, request uuid, at timestamptz, asked text, answered text)",
            [msgspec.json.encode(pairs).decode()],
        )


def sweep(step: int = 1000) -> int:
    """Delete what has been kept long enough, as the owner of the table; how many."""
    deleted = 0
    with connections["owner"].cursor() as cursor:
        while True:
            cursor.execute(
                "delete from audit_bodies where id in (select id from audit_bodies where at < %s limit %s)",
                [clock.now() - KEPT, step],
            )
            count = int(cursor.rowcount)
            deleted += count
            if count < step:
                return deleted
