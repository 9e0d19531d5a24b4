"""What scopes there are and what they mean to the person who is asked."""

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
    """One line of the consent page."""

    label: str
    may_read: bool
    may_write: bool


def list_consent_lines(scopes: Iterable[str]) -> list[ConsentLine]:
    """The lines for these full scope names."""
    wanted = set(scopes)
    lines = [
        ConsentLine(words, f"{base}:read" in wanted, f"{base}:write" in wanted)
        for base, words in SCOPE_LABELS.items()
    ]
    return [line for line in lines if line.may_read or line.may_write]


def resolve_scopes(asked: Iterable[str], application: Application) -> list[str] | None:
    """Full names of what was asked, or None where the app may not have it all (or nothing at all was asked)."""
    asked = list(asked)
    allowed = set(expand_scopes(application.scopes))
    known = all(name in ALL_SCOPES or name in SCOPES for name in asked)
    full = expand_scopes(asked)
    return full if known and full and allowed.issuperset(full) else None


class ScopesBackend(BaseScopes):  # type: ignore[misc]
    """django-oauth-toolkit's view of the above."""

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
