"""The patient's health record: medications, allergies, immunizations and results that a provider has signed off.

The record can be downloaded as C-CDA, and the note of a visit as a PDF once it is signed.
"""

from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpResponse, HttpResponseBase
from django.utils import timezone

from charthouse.domains.clinical.absences import find_absent_allergies
from charthouse.domains.clinical.models import Allergy, ClinicalNote
from charthouse.domains.inventory.models import PatientVaccineRecord
from charthouse.domains.labs.models import PatientLabResult
from charthouse.domains.medications.models import Medication
from charthouse.engine.errors import NotFound
from charthouse.files.views import set_security_headers
from charthouse.identity.audit_events import emit_audit_event
from charthouse.interchange.ccda import document
from charthouse.interchange.notes import pdf
from charthouse.portal.page import Request, page, render_page
from charthouse.portal.paging import paginate_latest
from charthouse.portal.sessions import SignedInPatient

MAX_ROWS = 200  # of a section; the rest is counted
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
    results, older = paginate_latest(request, select_released_results(guest))
    allergies = list(
        _select(Allergy, guest).filter(status="active").order_by("description", "pk")[: MAX_ROWS + 1]
    )
    for one in allergies:
        one.absence = find_absent_allergies(one.snomed_code, one.description, one.rxnorm)
    values = {
        "first": "before" not in request.GET,
        "sections": (
            ("Medications", list(medications[: MAX_ROWS + 1]), "charthouse/portal/medication.html"),
            ("Allergies", allergies, "charthouse/portal/allergy.html"),
            (
                "Immunizations",
                list(vaccines.order_by("-administered_start", "-pk")[: MAX_ROWS + 1]),
                "charthouse/portal/immunization.html",
            ),
        ),
        "most": MAX_ROWS,
        "results": results,
        "older": older,
    }
    return render_page(request, "health.html", values)


def select_released_results(guest: SignedInPatient) -> "QuerySet[PatientLabResult]":
    """Select the results that a provider has signed off: before that, patients don't see them."""
    return _select(PatientLabResult, guest).filter(doctor_signoff=True)


@page()
def download_record(request: Request) -> HttpResponseBase:
    """Serve the patient's chart as C-CDA, and write an audit event."""
    return _serve(request, document.render(request.guest.patient), "application/xml", "health-record.xml")


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
