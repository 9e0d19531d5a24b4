"""The audit log for pages: calls of an app for its developer, the trail of a patient. Newest first, paged."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from charthouse import clock
from charthouse.audit.entries import AuditEntry, EntryQuery, Position, list_entries
from charthouse.audit.models import ApiCall

DEFAULT_PERIOD = timedelta(days=7)


@dataclass(frozen=True, kw_only=True)
class CallQuery:
    """A selection of calls of an app.

    ``status`` is the range of status codes, inclusive; ``gate`` names the check that refused a call; ``after`` is
    (time, id) of the last call of the previous page. ``since`` defaults to DEFAULT_PERIOD ago.
    """

    app: int
    since: datetime | None = None
    until: datetime | None = None
    method: str = ""
    gate: str = ""
    resource: str = ""
    status: tuple[int, int] = (100, 599)
    after: tuple[datetime, int] | None = None
    limit: int = 50


def list_app_calls(query: CallQuery) -> list[ApiCall]:
    """List calls of an app in all practices. The caller must check that the app is the viewer's own."""
    now = clock.now()
    after_at, after_id = query.after or (None, None)
    parameters = [
        query.app,
        query.since or now - DEFAULT_PERIOD,
        query.until or now + timedelta(minutes=1),
        after_at,
        after_id,
        query.method or None,
        query.gate or None,
        query.resource or None,
        *query.status,
        query.limit,
    ]
    placeholders = "%s, %s, %s, %s::timestamptz, %s::bigint, %s::text, %s::text, %s::text, %s, %s, %s"
    return list(ApiCall.objects.raw(f"select * from audit_calls_of_app({placeholders})", parameters))  # noqa: S608


def list_patient_entries(
    practice_id: int, patient_id: int, *, after: Position | None = None, action: str = "", limit: int = 50
) -> list[AuditEntry]:
    """List reads and changes of a patient's data. ``after`` is the position of the last entry of the previous page."""
    return list_entries(
        EntryQuery(
            practice=practice_id,
            patient=patient_id,
            action=action,
            after=after,
            newest_first=True,
            limit=limit,
        )
    )
