"""The patient's health record: medications, allergies, immunizations and results that a provider has signed off.

The record can be downloaded as C-CDA, and the note of a visit as a PDF once it is signed.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import F, Q, QuerySet
from django.http import HttpResponse, HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from charthouse.domains.clinical.absences import find_absent_allergies
from charthouse.domains.clinical.models import Allergy, ClinicalNote
from charthouse.domains.inventory.models import PatientVaccineRecord
from charthouse.domains.labs import released_results
from charthouse.domains.labs.hooks import format_range, format_unit
from charthouse.domains.labs.models import LabResult, PatientLabResult
from charthouse.domains.medications.models import Medication
from charthouse.engine.errors import NotFound
from charthouse.files.views import set_security_headers
from charthouse.identity.audit_events import emit_audit_event
from charthouse.interchange.ccda import document
from charthouse.interchange.ccda.results import CANCELED
from charthouse.interchange.notes import pdf
from charthouse.portal.page import Request, page, render_page
from charthouse.portal.sessions import SignedInPatient

MAX_ROWS = 200  # of a section; the rest is counted
# Of ``clinical.absences``, for translations.
_ABSENCES = (
    gettext_noop("No known allergies"),
    gettext_noop("No known drug allergies"),
    gettext_noop("No known food allergies"),
    gettext_noop("No known environmental allergies"),
)
NOT_GIVEN = ("RE", "NA")  # completion status of a vaccine that was refused or not administered


def _select(model: Any, guest: SignedInPatient) -> "QuerySet[Any]":
    rows: QuerySet[Any] = model.objects.filter(
        practice=guest.practice.pk, patient=guest.patient.pk, archived=False
    )
    return rows


@page()
def show_health(request: Request) -> HttpResponseBase:
    """Show medications, allergies, immunizations and results."""
    guest, today = request.guest, timezone.localdate()
    taken = Q(date_stopped_taking=None) | Q(date_stopped_taking__gt=today)
    medications = _select(Medication, guest).filter(taken, status="active").order_by("name", "pk")
    vaccines = _select(PatientVaccineRecord, guest).exclude(completion_status__in=NOT_GIVEN)
    results = _list_results(guest)
    allergies = list(
        _select(Allergy, guest).filter(status="active").order_by("description", "pk")[: MAX_ROWS + 1]
    )
    for one in allergies:
        one.absence = find_absent_allergies(one.snomed_code, one.description, one.rxnorm)
    values = {
        "sections": (
            (_("Medications"), list(medications[: MAX_ROWS + 1]), "charthouse/portal/medication.html"),
            (_("Allergies"), allergies, "charthouse/portal/allergy.html"),
            (
                _("Immunizations"),
                list(vaccines.order_by("-administered_start", "-pk")[: MAX_ROWS + 1]),
                "charthouse/portal/immunization.html",
            ),
        ),
        "most": MAX_ROWS,
        "results": results[:MAX_ROWS],
        "more": len(results) > MAX_ROWS,
    }
    return render_page(request, "health.html", values)


@dataclass(frozen=True)
class Result:
    """A result as it is shown. ``day``: in the patient's time zone; ``range``: of the usual values."""

    name: str
    value: str
    range: str
    day: date | None
    comments: str


def _list_results(guest: SignedInPatient) -> list[Result]:
    """List the latest released results, ordered and entered ones alike, at most MAX_ROWS + 1. Two queries."""
    of = {"practice": guest.practice.pk, "archived": False}
    ordered = LabResult.objects.filter(
        released_results.ORDERED,
        **of,
        lab_test__archived=False,
        lab_test__lab_order__archived=False,
        lab_test__lab_order__patient=guest.patient.pk,
    ).exclude(status=CANCELED)
    entered = PatientLabResult.objects.filter(released_results.ENTERED, **of, patient=guest.patient.pk)
    found = [
        Result(
            row.observation_description or row.lab_test.name or row.observation_code,
            f"{row.value} {format_unit(row.unit)}".strip(),
            format_range(row.normal_range),
            timezone.localdate(row.test_performed),
            row.comments,
        )
        for row in ordered.select_related("lab_test").order_by("-test_performed", "-pk")[: MAX_ROWS + 1]
    ] + [
        Result(
            row.title,
            f"{row.lab_result_value} {row.lab_result_value_units}".strip(),
            f"{format_range(row.lab_normal_range)} {row.lab_normal_range_units}".strip(),
            row.date_test_performed,
            row.doctor_comments,
        )
        for row in entered.order_by(F("date_test_performed").desc(nulls_last=True), "-pk")[: MAX_ROWS + 1]
    ]
    return sorted(found, key=lambda one: one.day or date.min, reverse=True)[: MAX_ROWS + 1]


@page()
def download_record(request: Request) -> HttpResponseBase:
    """Serve the patient's chart as C-CDA, with released results alone, and write an audit event."""
    content = document.render(request.guest.patient, released_only=True)
    return _serve(request, content, "application/xml", "health-record.xml")


@page()
def download_note(request: Request, visit: int) -> HttpResponseBase:
    """Serve the signed note of a visit as PDF, and write an audit event. Raises NotFound."""
    if not select_signed_notes(request.guest).filter(appointment=visit).exists():
        raise NotFound()
    content = pdf.render_note(request.guest.practice.pk, visit)
    if content is None:  # unlocked meanwhile
        raise NotFound()
    return _serve(request, content, "application/pdf", f"visit-{visit}.pdf", visit)


def select_signed_notes(guest: SignedInPatient) -> "QuerySet[ClinicalNote]":
    """Select the signed notes of the patient's visits."""
    return _select(ClinicalNote, guest).filter(locked_at__isnull=False, appointment__archived=False)


def _serve(request: Request, content: bytes, media_type: str, name: str, row: int = 0) -> HttpResponse:
    response = HttpResponse(content, content_type=media_type)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    guest = request.guest
    emit_audit_event(
        "file opened",
        practice_id=guest.practice.pk,
        patient_id=guest.patient.pk,
        details={"of": "portal notes" if row else "portal record", "id": row or guest.patient.pk},
    )
    return set_security_headers(response)
