"""Telling what somebody did beside the rows of the record: signed in, gave consent, took an export.

``tell`` says it; ``audit``, which this room doesn't know, listens and writes it down in the same transaction.
"""

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

_address: ContextVar[str] = ContextVar("address", default="")
_listeners: list[Callable[["Event"], None]] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """``what`` is one of ``audit.events.KINDS``. ``user_id`` is who did it, ``app_id`` or ``api_user_id`` through what,
    ``patient_id`` whose data it was about, ``ip`` from where; ``details`` what else there is to know, no secrets."""

    what: str
    practice_id: int | None = None
    user_id: int | None = None
    app_id: int | None = None
    api_user_id: int | None = None
    patient_id: int | None = None
    ip: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


def tell(what: str, **known: Any) -> None:
    """Say that something was done. ``known`` as in Event; the address is this request's unless given.

    Raises what a listener raises: what can't be written down isn't done.
    """
    event = Event(what=what, **{"ip": _address.get()} | known)
    for listener in _listeners:
        listener(event)


def listen(listener: Callable[[Event], None]) -> None:
    if listener not in _listeners:
        _listeners.append(listener)


def came_from(ip: str) -> None:
    """The address of the request that begins; "" when it ends."""
    _address.set(ip)
