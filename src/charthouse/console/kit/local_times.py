"""Local times: pages show times, and ask for them, in the time zone of the user who is served.

It is the zone of the user's own doctor; for others that of the practice's first doctor. The record keeps UTC.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from charthouse.domains.practice.models import Doctor
from charthouse.identity.models import User


class _Served:
    """The user who is served, and the time zone once it was needed."""

    def __init__(self, user: User) -> None:
        self._user = user
        self._zone: ZoneInfo | None = None

    def get_zone(self) -> ZoneInfo:
        if self._zone is None:
            doctors = Doctor.objects.filter(practice=self._user.practice_id)
            if self._user.doctor_id is not None:
                doctors = doctors.filter(pk=self._user.doctor_id)
            name = doctors.order_by("archived", "pk").values_list("timezone", flat=True).first()
            self._zone = ZoneInfo(name or "UTC")
        return self._zone


_served: ContextVar[_Served | None] = ContextVar("served_user", default=None)


@contextmanager
def use_zone_of(user: User) -> Iterator[None]:
    """Use the user's time zone in the block. It is read when it is first needed, in one query."""
    token = _served.set(_Served(user))
    try:
        yield
    finally:
        _served.reset(token)


def get_zone() -> ZoneInfo:
    """Return the time zone of the user who is served; UTC where nobody is."""
    served = _served.get()
    return served.get_zone() if served else ZoneInfo("UTC")


def to_local(at: datetime) -> datetime:
    """Return an aware time as the local one, also aware."""
    return at.astimezone(get_zone())


def show_in_form(text: str) -> str:
    """Convert a time as the API writes it, in UTC, to the local ``YYYY-MM-DDThh:mm:ss`` of an input.

    What is no time stays as it is: a refused form shows what was sent.
    """
    try:
        at = datetime.fromisoformat(text)
        local = to_local(at.replace(tzinfo=at.tzinfo or UTC))
    except (ValueError, OverflowError):
        return text
    return local.replace(tzinfo=None).isoformat(timespec="seconds")


def read_from_form(text: str) -> str:
    """Convert the local time of an input to UTC as the API takes it. What is no time stays, and is refused; so is a
    time beyond the calendar in UTC, which keeps its zone so that ``show_in_form`` gives it back."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    at = at.replace(tzinfo=at.tzinfo or get_zone())
    try:
        return at.astimezone(UTC).replace(tzinfo=None).isoformat()
    except OverflowError:
        return at.isoformat()
