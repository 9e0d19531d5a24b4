"""Audit events: actions other than changes of records, such as signing in, consent or an export.

``emit_audit_event`` passes an event to the subscribers; ``audit``, which depends on this package, subscribes and stores
events in the transaction of the action.
"""

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

_client_ip: ContextVar[str] = ContextVar("address", default="")
_listeners: list[Callable[["AuditEvent"], None]] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """One action. ``what`` is a key of ``audit.events.EVENT_KINDS``.

    ``user_id`` performed it, by way of ``app_id`` or ``api_user_id``, from the address ``ip``; ``patient_id`` is the
    data subject; ``details`` holds further facts and no secrets.
    """

    what: str
    practice_id: int | None = None
    user_id: int | None = None
    app_id: int | None = None
    api_user_id: int | None = None
    patient_id: int | None = None
    ip: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


def emit_audit_event(what: str, **known: Any) -> None:
    """Pass an event to all subscribers. ``known`` are fields of AuditEvent; ``ip`` defaults to that of the current
    request.

    Exceptions of subscribers propagate, so that an action that cannot be recorded is rolled back.
    """
    event = AuditEvent(what=what, **{"ip": _client_ip.get()} | known)
    for listener in _listeners:
        listener(event)


def subscribe(listener: Callable[[AuditEvent], None]) -> None:
    """Add a subscriber, once."""
    if listener not in _listeners:
        _listeners.append(listener)


def set_client_ip(ip: str) -> None:
    """Set the client IP of the current request; "" at its end."""
    _client_ip.set(ip)
