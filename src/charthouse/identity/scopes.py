"""OAuth scopes and their labels on the consent page."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from oauth2_provider.scopes import BaseScopes

from charthouse.identity.models import SCOPES, Application
from charthouse.identity.token_pairs import expand_scopes

SCOPE_LABELS = {
    "billing": "Billing: line items, claims, transactions and balances",
    "billing:patient-payment": "Payments made by patients",
    "calendar": "The calendar: appointments, their profiles, templates and reminders",
    "clinical": "Clinical records: notes, problems, medications, allergies, documents",
    "labs": "Lab orders, tests and results",
    "messages": "The message center",
    "patients": "Patients: demographics, insurance, contacts, flags",
    "patients:summary": "A short summary of each patient",
    "settings": "Settings: doctors, offices, rooms and custom fields",
    "tasks": "Tasks",
    "user": "Users of your practice and their permissions",
}
ALL_SCOPES = {
    f"{base}:{kind}": f"{words} ({verb})"
    for base, words in SCOPE_LABELS.items()
    for kind, verb in (("read", "see"), ("write", "change"))
}


@dataclass(frozen=True, slots=True)
class ConsentLine:
    """One line of the consent page: a base scope and the access requested to it."""

    label: str
    may_read: bool
    may_write: bool


def list_consent_lines(scopes: Iterable[str]) -> list[ConsentLine]:
    """List the consent lines for full scope names, in the order of SCOPE_LABELS."""
    wanted = set(scopes)
    lines = [
        ConsentLine(words, f"{base}:read" in wanted, f"{base}:write" in wanted)
        for base, words in SCOPE_LABELS.items()
    ]
    return [line for line in lines if line.may_read or line.may_write]


def resolve_scopes(requested: Iterable[str], application: Application) -> list[str] | None:
    """Return the full names of the requested scopes, or None if one is unknown or not allowed, or none was
    requested.
    """
    requested = list(requested)
    allowed = set(expand_scopes(application.scopes))
    known = all(name in ALL_SCOPES or name in SCOPES for name in requested)
    full = expand_scopes(requested)
    return full if known and full and allowed.issuperset(full) else None


class ScopesBackend(BaseScopes):  # type: ignore[misc]
    """Scopes for django-oauth-toolkit (``SCOPES_BACKEND_CLASS``)."""

    def get_all_scopes(self) -> dict[str, str]:
        return ALL_SCOPES

    def get_available_scopes(
        self, application: Any = None, request: Any = None, *args: Any, **kw: Any
    ) -> list[str]:
        return expand_scopes(application.scopes) if application else list(ALL_SCOPES)

    def get_default_scopes(
        self, application: Any = None, request: Any = None, *args: Any, **kw: Any
    ) -> list[str]:
        return self.get_available_scopes(application)
