"""The requisition of a lab order: the PDF that goes to the laboratory with the specimens."""

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.core.files.base import ContentFile
from django.db import transaction

from charthouse.domains.labs.models import LabDocument, LabOrder, LabTest
from charthouse.domains.patients.models import Coverage
from charthouse.files.storage import store_file
from charthouse.interchange.typeset import typeset

TEMPLATE = Path(__file__).parent / "requisition.typ"


def attach_requisition(practice: int, order_id: int) -> LabDocument | None:
    """Generate the requisition of an order and add it to its documents. Return None if it has one already or is
    deleted."""
    with transaction.atomic():
        orders = LabOrder.objects.select_related("practice", "doctor", "patient", "sublab")
        orders = orders.select_for_update(of=("self",), no_key=True)
        order = orders.filter(practice=practice, pk=order_id, archived=False).first()
        there = LabDocument.objects.filter(practice=practice, lab_order=order_id, archived=False)
        if order is None or there.filter(type__in=("REQ", "R-A")).exists():
            return None
        content = ContentFile(render_requisition(order), f"requisition-{order.pk}.pdf")
        file = store_file(content, "application/pdf", practice)
        made = LabDocument.objects.create(practice_id=practice, lab_order=order, document=file, type="REQ")
        order.save(update_fields=["updated_at"])  # its documents are part of it in the API
        return made


def render_requisition(order: LabOrder) -> bytes:
    """Render the PDF of the order in its current state."""
    tests = LabTest.objects.filter(practice=order.practice_id, lab_order=order.pk, archived=False)
    data = {
        "id": str(order.pk),
        "practice": order.practice.name,
        "laboratory": f"{order.sublab.name} ({order.sublab.facility_code})",
        "stat": order.priority == "STAT",
        "facts": _build_facts(order),
        "diagnoses": [
            {"code": code.get("code") or "", "text": code.get("description") or ""}
            for code in order.icd10_codes
        ],
        "tests": [
            {
                "code": test.code,
                "name": test.name or test.description,
                "specimen": test.specimen_source,
                "collected": _format_local_time(order, test.collection_date),
            }
            for test in tests.order_by("pk")
        ],
        "notes": order.notes,
    }
    return typeset(TEMPLATE, "order", data)


def _build_facts(order: LabOrder) -> list[tuple[str, str]]:
    patient, doctor = order.patient, order.doctor
    covers = Coverage.objects.filter(practice=order.practice_id, patient=patient.pk, archived=False)
    insurance = covers.order_by("rank").first()
    town = " ".join(part for part in (patient.city, patient.state, patient.zip_code) if part)
    return [
        ("Patient", _join_names(patient.first_name, patient.middle_name, patient.last_name)),
        ("Ordered", _format_local_time(order, order.timestamp)),
        ("DOB", patient.date_of_birth.strftime("%m/%d/%Y") if patient.date_of_birth else ""),
        ("Gender", patient.gender),
        ("Chart", patient.chart_id),
        ("Phone", patient.cell_phone or patient.home_phone),
        ("Address", ", ".join(part for part in (patient.address, town) if part)),
        ("Accession", order.accession_number),
        ("Insurance", insurance.insurance_company if insurance else ""),
        ("Member ID", insurance.insurance_id_number if insurance else ""),
        ("Provider", _join_names(doctor.first_name, doctor.last_name, doctor.suffix)),
        ("NPI", doctor.npi_number),
    ]


def _join_names(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def _format_local_time(order: LabOrder, moment: Any) -> str:
    """Format a time in the doctor's time zone, to the minute; "" for None."""
    return moment.astimezone(ZoneInfo(order.doctor.timezone)).strftime("%Y-%m-%d %H:%M") if moment else ""
