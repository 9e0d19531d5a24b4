"""Captured request and response bodies of an app's calls, for its developer. Off by default; capturing ends by itself.

Bodies contain patient data: only users of the practice whose data it is may see them, for a week. Headers, files and
unauthenticated calls are never captured.
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

MAX_CAPTURE = timedelta(hours=24)  # of a capture
RETENTION = timedelta(days=7)
MAX_BYTES = 16 * 1024  # of a body
TEXT_MEDIA_TYPES = ("application/json", "application/x-www-form-urlencoded", "text/")

_until: dict[int, datetime] = {}  # end of capture by app id; reloaded by the writer of the request log


class BodyPair(msgspec.Struct):
    """Request and response body of one call; fields as in ``models.Bodies``."""

    practice_id: int
    app_id: int
    request: str
    at: datetime
    asked: str
    answered: str


def start_capture(app: Application, duration: timedelta, by: User) -> datetime:
    """Capture the bodies of an app's calls, from a second after its next call on. Return until when (aware).

    ``duration`` is cut to MAX_CAPTURE; ``by`` is recorded in the audit event.
    """
    until = clock.now() + min(duration, MAX_CAPTURE)
    Capture.objects.update_or_create(app=app, defaults={"until": until})
    details = {"until": until.isoformat()}
    emit_audit_event(
        "bodies captured", practice_id=by.practice_id, user_id=by.pk, app_id=app.pk, details=details
    )
    reload_captures()
    return until


def stop_capture(app: Application) -> None:
    """Stop capturing: at once in this process, within a second in others."""
    Capture.objects.filter(app=app).delete()
    reload_captures()


def get_capture_end(app: Application) -> datetime | None:
    """Return until when bodies of an app are captured (aware), or None."""
    found = Capture.objects.filter(app=app, until__gt=clock.now()).first()
    return found.until if found else None


def get_bodies(request_id: UUID) -> Bodies | None:
    """Return the captured bodies of a call of the current practice, or None."""
    return Bodies.objects.filter(request=request_id).first()


def reload_captures() -> None:
    """Reload from the database which apps are captured."""
    now = clock.now()
    found = dict(Capture.objects.filter(until__gt=now).values_list("app_id", "until"))
    _until.clear()
    _until.update(found)


def is_captured(app: int | None, at: datetime) -> bool:
    """Return whether the bodies of a call are captured. Does not access the database."""
    return bool(_until) and app is not None and (until := _until.get(app)) is not None and at < until


def format_body(body: bytes, media: str) -> str:
    """Return a body as text for storage, truncated, or a note on its length if it is not text."""
    if not body:
        return ""
    if not media.lower().startswith(TEXT_MEDIA_TYPES):
        return f"({len(body)} bytes of {media[:100] or 'no stated kind'})"
    text = body[:MAX_BYTES].decode("utf-8", "replace").replace("\0", "\ufffd")
    return text if len(body) <= MAX_BYTES else f"{text}\n({len(body)} bytes in all)"


def insert(pairs: Sequence[BodyPair]) -> None:
    """Insert bodies in the current transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into audit_bodies (practice_id, app_id, request, at, asked, answered) "
            "select practice_id, app_id, request, at, asked, answered from json_to_recordset(%s::json) as p("
            "practice_id bigint, app_id bigint, request uuid, at timestamptz, asked text, answered text)",
            [msgspec.json.encode(pairs).decode()],
        )


def sweep(batch_size: int = 1000) -> int:
    """Delete bodies older than RETENTION, as the owner of the table. Return how many."""
    deleted = 0
    with connections["owner"].cursor() as cursor:
        while True:
            cursor.execute(
                "delete from audit_bodies where id in (select id from audit_bodies where at < %s limit %s)",
                [clock.now() - RETENTION, batch_size],
            )
            count = int(cursor.rowcount)
            deleted += count
            if count < batch_size:
                return deleted
