"""Problems, medications and allergies of a patient as pages summarize them: all that is active, or how many more.

A list without rows is "Not recorded"; that nothing is known is shown only where somebody recorded it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import BooleanField, Count, ExpressionWrapper, Q, Window
from django.urls import reverse

from charthouse.console.kit import records
from charthouse.console.kit.page import Request
from charthouse.domains.clinical.absences import (
    Absence,
    find_absent_allergies,
    find_absent_medications,
    find_absent_problems,
)
from charthouse.domains.practice.models import Doctor
from charthouse.engine.errors import Forbidden

MAX_ROWS = 30  # active rows of one list on a page
ALLERGIES, MEDICATIONS, PROBLEMS = "allergies", "medications", "problems"
_ABSENCES: Mapping[str, Callable[[Any], Absence | None]] = {
    ALLERGIES: lambda row: find_absent_allergies(row.snomed_code, row.description, row.rxnorm),
    MEDICATIONS: lambda row: find_absent_medications(row.name, row.rxnorm, row.ndc),
    PROBLEMS: lambda row: find_absent_problems(row.snomed_ct_code, row.name or row.description, row.icd_code),
}


@dataclass(frozen=True)
class RecordedAbsence:
    """A statement of the record. ``recorded_on``: in the time zone of ``doctor``, whose row it is."""

    absence: Absence
    recorded_on: date
    doctor: Doctor


@dataclass(frozen=True)
class ClinicalList:
    """A list in short.

    rows      the active ones, at most MAX_ROWS
    total     number of active rows
    inactive  number of the others
    absences  statements that nothing is known
    address   URL of the whole list
    """

    rows: Sequence[Any]
    total: int
    inactive: int
    address: str
    absences: Sequence[RecordedAbsence] = field(default=())

    @property
    def more(self) -> int:
        """The number of active rows that are not in ``rows``."""
        return self.total - len(self.rows)

    @property
    def nothing(self) -> str:
        """What is said of a list without active rows and statements: never that there is nothing."""
        return f"None active, {self.inactive} inactive" if self.inactive else "Not recorded"


def read_list(request: Request, path: str, patient: int, *order: str) -> ClinicalList | None:
    """Read a list with one query; None for users who may not see it. ``order``: of the active rows."""
    try:
        rows = records.select_rows(records.get_resource(path), request.actor)
    except Forbidden:
        return None
    active = Q(status="active")
    if path != MEDICATIONS:
        rows = rows.exclude(verification_status="entered-in-error")
        active &= ~Q(verification_status="refuted")
    found = list(
        rows.filter(patient=patient)
        .select_related("doctor")
        .annotate(
            is_active=ExpressionWrapper(active, BooleanField()),
            active_rows=Window(Count("pk", filter=active)),
            all_rows=Window(Count("pk")),
        )
        .order_by("-is_active", *order, "-pk")[: MAX_ROWS + 1]
    )
    return _summarize(path, patient, found)


def _summarize(path: str, patient: int, found: Sequence[Any]) -> ClinicalList:
    """Separate rows from statements. A general statement that an active row contradicts is left out."""
    address = reverse(f"chart-{path}", args=[patient])
    if not found:
        return ClinicalList((), 0, 0, address)
    find = _ABSENCES.get(path, lambda row: None)
    active = [(find(row), row) for row in found if row.is_active]
    rows = [row for absence, row in active if absence is None]
    stated = [(absence, row) for absence, row in active if absence is not None]
    total = found[0].active_rows - len(stated)
    return ClinicalList(
        rows[:MAX_ROWS],
        total,
        found[0].all_rows - found[0].active_rows,
        address,
        [_describe(absence, row) for absence, row in stated if not (total and absence.is_general)],
    )


def _describe(absence: Absence, row: Any) -> RecordedAbsence:
    recorded_on = row.created_at.astimezone(ZoneInfo(row.doctor.timezone)).date()
    return RecordedAbsence(absence, recorded_on, row.doctor)
