"""The audit as pages show it: an app's requests for its developer, a patient's trail for the practice. Newest first,
bounded, page by page."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from charthouse import clock
from charthouse.audit.entries import Asked, Entry, Position, entries
from charthouse.audit.models import ApiCall

USUAL = timedelta(days=7)


@dataclass(frozen=True, kw_only=True)
class Calls:
    """Which calls of an app. ``status`` are the lowest and the highest; ``gate`` names what refused them; ``below`` is
    the (time, id) of the last call of the page before. Without ``since``: of the last week."""

    app: int
    since: datetime | None = None
    until: datetime | None = None
    method: str = ""
    gate: str = ""
    resource: str = ""
    status: tuple[int, int] = (100, 599)
    below: tuple[datetime, int] | None = None
    most: int = 50


def calls_of_app(asked: Calls) -> list[ApiCall]:
    """Calls of an app, of all practices: whoever shows them makes sure that the app is the viewer's own."""
    now = clock.now()
    below_at, below_id = asked.below or (None, None)
    parameters = [
        asked.app,
        asked.since or now - USUAL,
        asked.until or now + timedelta(minutes=1),
        below_at,
        below_id,
        asked.method or None,
        asked.gate or None,
        asked.resource or None,
        *asked.status,
        asked.most,
    ]
    marks = "%s, %s, %s, %s::timestamptz, %s::bigint, %s::text, %s::text, %s::text, %s, %s, %s"
    return list(ApiCall.objects.raw(f"select * from audit_calls_of_app({marks})", parameters))  # noqa: S608


def of_patient(
    practice: int, patient: int, *, after: Position | None = None, action: str = "", most: int = 50
) -> list[Entry]:
    """Who read or changed a patient's data in the established practice, ``after`` the last entry of the page before."""
    return entries(
        Asked(practice=practice, patient=patient, action=action, after=after, newest=True, most=most)
    )
