"""What was done beside the rows of the record, written down in the transaction that did it."""

from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from psycopg.types.json import Jsonb

from charthouse import clock
from charthouse.identity import audit_events
from charthouse.identity.models import User


@dataclass(frozen=True, slots=True)
class Kind:
    """``type`` and ``action`` are the hosted API's words (reference: drchrono/live_only.yaml, audit_log)."""

    type: str
    action: str
    sentence: str


KINDS = {
    "signed in": Kind("Login", "Not specified", "Signed in"),
    "signed out": Kind("Login", "Not specified", "Signed out"),
    "sign-in failed": Kind("Login", "Not specified", "Failed to sign in"),
    "locked out": Kind("Login", "Not specified", "Locked out after failing to sign in"),
    "password changed": Kind("Account", "Update", "Changed the password"),
    "portal access taken": Kind("Account", "Create", "Took up access to the patient portal"),
    "portal password changed": Kind("Account", "Update", "Changed the password of the patient portal"),
    "portal signed in": Kind("Login", "Not specified", "Signed in to the patient portal"),
    "portal signed out": Kind("Login", "Not specified", "Signed out of the patient portal"),
    "portal sign-in failed": Kind("Login", "Not specified", "Failed to sign in to the patient portal"),
    "account created": Kind("Account", "Create", "Created the account"),
    "account changed": Kind("Account", "Update", "Changed the account"),
    "permissions changed": Kind("Permissions", "Update", "Changed permissions"),
    "sharing changed": Kind("Permissions", "Update", "Changed what doctors share"),
    "consent given": Kind("API", "Create", "Let an app act in their name"),
    "consent revoked": Kind("API", "Delete", "Took an app's access back"),
    "code used twice": Kind("API", "Delete", "A code came twice: all that was given for it has been stopped"),
    "app created": Kind("API", "Create", "Registered an app"),
    "app changed": Kind("API", "Update", "Changed an app"),
    "api user changed": Kind("API", "Update", "Changed an API user"),
    "webhook changed": Kind("API", "Update", "Changed a webhook of the practice"),
    "bodies captured": Kind("API", "Update", "Switched the capture of bodies on"),
    "exported": Kind("Data Export", "Read", "Exported data"),
    "file opened": Kind("File Access", "Read", "Opened a file"),
}


_COLUMNS = ("practice_id", "user_id", "app_id", "api_user_id", "patient_id", "ip", "what")
_INSERT = f"""insert into audit_event (at, {", ".join(_COLUMNS)}, details)
    values (%s, {", ".join(["%s"] * len(_COLUMNS))}, %s)"""  # noqa: S608


def record(event: audit_events.AuditEvent) -> None:
    """Write one event down. Raises KeyError for a kind that isn't known."""
    KINDS[event.what]
    values = [clock.now(), *(getattr(event, name) for name in _COLUMNS), Jsonb(dict(event.details))]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("select pg_current_xact_id()")  # as ``log`` does
        cursor.execute(_INSERT, values)  # the ORM would ask for the id, and see no row of another practice


# -- what Django and its apps say --------------------------------------------------------------------------------


def signed_in(sender: Any, request: Any, user: Any, **signal: Any) -> None:
    _about("signed in", user)


def signed_out(sender: Any, request: Any, user: Any, **signal: Any) -> None:
    if user is not None:
        _about("signed out", user)


def failed(sender: Any, credentials: Any, **signal: Any) -> None:
    _named("sign-in failed", credentials.get("username"))


def locked_out(sender: Any, username: Any, **signal: Any) -> None:
    _named("locked out", username)


def _named(what: str, username: Any) -> None:
    """Somebody by the name they gave. A name that nobody has isn't kept: people type passwords there."""
    known = isinstance(username, str) and "\0" not in username
    user = User.objects.filter(username=username).first() if known else None
    if user is None:
        audit_events.emit_audit_event(what)
    else:
        _about(what, user)


def _about(what: str, user: Any) -> None:
    audit_events.emit_audit_event(what, practice_id=user.practice_id, user_id=user.pk)
