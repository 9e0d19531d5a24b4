"""How patients move through a day: groups of statuses, waiting times, and what is open at check-in."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef

from charthouse import clock
from charthouse.console.kit import formats
from charthouse.console.kit.page import Request
from charthouse.domains.billing import ledger
from charthouse.domains.documents.models import AppliedConsentForm, SignedConsentForm
from charthouse.domains.patients.models import Coverage, Patient
from charthouse.domains.questionnaires.models import Assignment
from charthouse.domains.scheduling.models import StatusTransition

ARRIVALS = ("Arrived", "Checked In", "Checked In Online")
# Groups of a board in the order in which a front desk looks at them: key, heading, statuses.
GROUPS = (
    ("waiting", "Waiting", ARRIVALS),
    ("room", "In room", ("In Room",)),
    ("session", "With provider", ("In Session",)),
    ("scheduled", "Scheduled", ("", "Not Confirmed", "Confirmed")),
    ("done", "Checked out", ("Complete",)),
    ("off", "Cancelled and no-shows", ("Cancelled", "No Show", "Rescheduled")),
)
_GROUP_OF = {status: key for key, _, statuses in GROUPS for status in statuses}
IN_OFFICE = (*ARRIVALS, "In Room", "In Session")
NEXT = {
    "Checked In": ("In Room", "To room"), "Checked In Online": ("In Room", "To room"),
    "In Room": ("In Session", "With provider"), "In Session": ("Complete", "Check out"),
}  # fmt: skip
CHECK_IN_FROM = ("", "Not Confirmed", "Confirmed", "Arrived")
CANCEL_REASONS = (
    "Patient request", "Patient is sick", "Provider unavailable", "Weather", "Insurance", "Booked in error",
)  # fmt: skip
LONG_WAIT = 20  # minutes from which a wait is marked


@dataclass
class Line:
    """A visit on the board. ``waited``: minutes since arrival; ``since``: minutes in the present status."""

    row: Any
    until: datetime
    color: str
    age: str
    next: tuple[str, str] | None
    waited: int | None = None
    since: int | None = None

    @property
    def checks_in(self) -> bool:
        return self.row.status in CHECK_IN_FROM

    @property
    def may_cancel(self) -> bool:
        return group_of(self.row.status) == "scheduled"

    @property
    def is_long(self) -> bool:
        return self.waited is not None and self.waited >= LONG_WAIT and self.row.status in ARRIVALS


@dataclass
class Group:
    """A group of the board and its visits."""

    key: str
    title: str
    lines: list[Line] = field(default_factory=list)


def group_of(status: str) -> str:
    """Return the group of a status; one that a practice has made itself counts as scheduled."""
    return _GROUP_OF.get(status, "scheduled")


def build_groups(practice: int, found: Sequence[Any], today: date, colors: dict[str, str]) -> list[Group]:
    """Build the groups of the board from the day's visits: one query, for the times of those in the office."""
    times = _read_times(practice, [one.pk for one in found if one.status in IN_OFFICE])
    groups = {key: Group(key, title) for key, title, _ in GROUPS}
    for one in found:
        line = Line(
            one,
            one.wall + timedelta(minutes=one.duration),
            colors.get(one.status, "secondary"),
            formats.format_age(one.patient.date_of_birth, today),
            NEXT.get(one.status),
        )
        if one.pk in times:
            line.waited, line.since = times[one.pk]
        groups[group_of(one.status)].lines.append(line)
    return list(groups.values())


def _read_times(practice: int, ids: Iterable[int]) -> dict[int, tuple[int, int]]:
    """Read (minutes since arrival, minutes in the present status) by appointment."""
    rows = StatusTransition.objects.filter(practice=practice, appointment__in=list(ids), archived=False)
    arrived: dict[int, datetime] = {}
    changed: dict[int, datetime] = {}
    for appointment, at, status in rows.order_by("changed_at", "pk").values_list(
        "appointment_id", "changed_at", "to_status"
    ):
        changed[appointment] = at
        if status in IN_OFFICE:
            arrived.setdefault(appointment, at)
        else:
            arrived.pop(appointment, None)
    now = clock.now()
    return {
        one: (_count_minutes(now, arrived.get(one, at)), _count_minutes(now, at))
        for one, at in changed.items()
    }


def _count_minutes(now: datetime, at: datetime) -> int:
    return max(0, int((now - at).total_seconds() // 60))


@dataclass(frozen=True)
class Item:
    """A line of the check-in: what it is about, what is known, and whether something is open."""

    name: str
    text: str
    is_open: bool


def list_items(request: Request, patient: Patient, appointment: int) -> list[Item]:
    """List what is owed and missing when a patient checks in: insurance, copay, balance, consents, forms, contact."""
    practice = patient.practice_id
    coverage = Coverage.objects.filter(practice=practice, patient=patient.pk, rank=1, archived=False).first()
    items = [_build_insurance_item(patient, coverage)]
    if patient.copay:
        items.append(Item("Copay", formats.format_money(patient.copay), True))
    owed = ledger.sum_owed(practice, patient.pk)
    items.append(Item("Balance", formats.format_money(owed) if owed else "Nothing owed", owed > 0))
    consents = _list_unsigned(practice, patient.pk, appointment)
    items.append(
        Item("Consents", f"To sign: {', '.join(consents)}" if consents else "Nothing to sign", bool(consents))
    )
    forms = list(
        Assignment.objects.filter(practice=practice, patient=patient.pk, archived=False, answered_at=None)
        .order_by("pk")
        .values_list("questionnaire__name", flat=True)[:10]
    )
    items.append(
        Item("Forms", f"To answer: {', '.join(forms)}" if forms else "Nothing to answer", bool(forms))
    )
    missing = [
        words
        for words, value in (
            ("DOB", patient.date_of_birth),
            ("phone", patient.cell_phone or patient.home_phone),
            ("address", patient.address and patient.zip_code),
        )
        if not value
    ]
    items.append(
        Item("Demographics", f"Missing: {', '.join(missing)}" if missing else "Complete", bool(missing))
    )
    return items


def _build_insurance_item(patient: Patient, coverage: Coverage | None) -> Item:
    if coverage is None:
        text = "Self-pay" if patient.patient_payment_profile == "Cash" else "Not recorded"
        return Item("Insurance", text, text != "Self-pay")
    member = (
        f", member ID {coverage.insurance_id_number}" if coverage.insurance_id_number else ", no member ID"
    )
    return Item("Insurance", f"{coverage.insurance_company}{member}", not coverage.insurance_id_number)


def _list_unsigned(practice: int, patient: int, appointment: int) -> list[str]:
    signed = SignedConsentForm.objects.filter(
        practice=practice, patient=patient, consent_form=OuterRef("consent_form"), archived=False
    )
    rows = AppliedConsentForm.objects.filter(
        ~Exists(signed),
        practice=practice,
        appointment=appointment,
        archived=False,
        consent_form__archived=False,
    )
    return list(rows.order_by("consent_form__order", "pk").values_list("consent_form__title", flat=True)[:10])
