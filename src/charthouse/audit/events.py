"""Audit events, stored in the transaction of the action."""

from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from psycopg.types.json import Jsonb

from charthouse import clock
from charthouse.identity import audit_events
from charthouse.identity.models import User


@dataclass(frozen=True, slots=True)
class EventKind:
    """Labels of an event. ``type`` and ``action`` are those of the hosted API (reference: drchrono/live_only.yaml,
    audit_log).
    """

    type: str
    action: str
    description: str


EVENT_KINDS = {
    "signed in": EventKind("Login", "Not specified", "Signed in"),
    "signed out": EventKind("Login", "Not specified", "Signed out"),
    "sign-in failed": EventKind("Login", "Not specified", "Failed to sign in"),
    "locked out": EventKind("Login", "Not specified", "Locked out after failing to sign in"),
    "attempts refused": EventKind(
        "Login", "Not specified", "Too many failed attempts from an address or under a name"
    ),
    "sign-in rules changed": EventKind("Account", "Update", "Changed the practice's rules for signing in"),
    "secret key changed": EventKind("Account", "Update", "Changed the secret key of the server"),
    "database restored": EventKind("Account", "Update", "Restored, copied or promoted the database"),
    "sending resumed": EventKind("Account", "Update", "Let the restored database send"),
    "password changed": EventKind("Account", "Update", "Changed the password"),
    "password link sent": EventKind("Account", "Update", "Was sent a link to set the password"),
    "password link made": EventKind(
        "Account", "Update", "Was made a link to set the password, by the operator"
    ),
    "recovery codes renewed": EventKind("Account", "Update", "Renewed the recovery codes"),
    "portal access taken": EventKind("Account", "Create", "Took up access to the patient portal"),
    "portal password changed": EventKind("Account", "Update", "Changed the password of the patient portal"),
    "portal appointment": EventKind(
        "Appointment", "Not specified", "Booked, moved or cancelled an appointment in the patient portal"
    ),
    "portal signed in": EventKind("Login", "Not specified", "Signed in to the patient portal"),
    "portal signed out": EventKind("Login", "Not specified", "Signed out of the patient portal"),
    "portal proxy added": EventKind("Account", "Create", "Let somebody act for a patient in the portal"),
    "portal proxy ended": EventKind(
        "Account", "Delete", "Ended that somebody acts for a patient in the portal"
    ),
    "portal proxy opened": EventKind("Login", "Read", "Opened a patient's record in the portal as a proxy"),
    "portal proxy wrote": EventKind("Account", "Update", "Acted for a patient in the portal as a proxy"),
    "portal sign-in failed": EventKind("Login", "Not specified", "Failed to sign in to the patient portal"),
    "credentials checked": EventKind("Login", "Read", "Checked somebody's credentials"),
    "portal credentials checked": EventKind(
        "Login", "Read", "Checked a patient's credentials for the portal"
    ),
    "account created": EventKind("Account", "Create", "Created the account"),
    "account changed": EventKind("Account", "Update", "Changed the account"),
    "permissions changed": EventKind("Permissions", "Update", "Changed permissions"),
    "sharing changed": EventKind("Permissions", "Update", "Changed what doctors share"),
    "consent given": EventKind("API", "Create", "Let an app act in their name"),
    "consent revoked": EventKind("API", "Delete", "Took an app's access back"),
    "code used twice": EventKind(
        "API", "Delete", "A code came twice: all that was given for it has been stopped"
    ),
    "token refused": EventKind(
        "API", "Not specified", "An app was refused a token, or the revocation of one"
    ),
    "app created": EventKind("API", "Create", "Registered an app"),
    "app changed": EventKind("API", "Update", "Changed an app"),
    "api user changed": EventKind("API", "Update", "Changed an API user"),
    "webhook changed": EventKind("API", "Update", "Changed a webhook of the practice"),
    "bodies captured": EventKind("API", "Update", "Switched the capture of bodies on"),
    "patients merged": EventKind("Patient", "Update", "Merged a patient into another"),
    "patients unmerged": EventKind("Patient", "Update", "Undid the merge of two patients"),
    "exported": EventKind("Data Export", "Read", "Exported data"),
    "imported": EventKind(
        "Data Export", "Create", "Imported the practice, with its history, from another server"
    ),
    "file opened": EventKind("File Access", "Read", "Opened a file"),
}


_COLUMNS = ("practice_id", "user_id", "app_id", "api_user_id", "patient_id", "ip", "what")
_INSERT = f"""insert into audit_event (at, {", ".join(_COLUMNS)}, details)
    values (%s, {", ".join(["%s"] * len(_COLUMNS))}, %s)"""  # noqa: S608


def record_event(event: audit_events.AuditEvent) -> None:
    """Insert an event. Raises KeyError for an unknown kind."""
    EVENT_KINDS[event.what]
    values = [clock.now(), *(getattr(event, name) for name in _COLUMNS), Jsonb(dict(event.details))]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("select pg_current_xact_id()")  # as in ``request_log``
        cursor.execute(_INSERT, values)  # the ORM adds RETURNING, which row security refuses


# -- receivers of signals of Django and django-axes --------------------------------------------------------------


def record_sign_in(sender: Any, request: Any, user: Any, **signal: Any) -> None:
    _emit_for_user("signed in", user)


def record_sign_out(sender: Any, request: Any, user: Any, **signal: Any) -> None:
    if user is not None:
        _emit_for_user("signed out", user)


def record_failed_sign_in(sender: Any, credentials: Any, **signal: Any) -> None:
    _emit_for_username("sign-in failed", credentials.get("username"))


def record_lockout(sender: Any, username: Any, **signal: Any) -> None:
    _emit_for_username("locked out", username)


def _emit_for_username(what: str, username: Any) -> None:
    """Emit an event for a submitted username. An unknown one is not stored: it may be a password."""
    known = isinstance(username, str) and "\0" not in username
    user = User.objects.filter(username=username).first() if known else None
    if user is None:
        audit_events.emit_audit_event(what)
    else:
        _emit_for_user(what, user)


def _emit_for_user(what: str, user: Any) -> None:
    audit_events.emit_audit_event(what, practice_id=user.practice_id, user_id=user.pk)
