"""Rows of a portal patient's chart."""

import io
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.core.files.base import ContentFile
from PIL import Image

from charthouse import clock
from charthouse.domains.billing.accounts import Charge, Invoice, InvoiceLine, InvoicePayment
from charthouse.domains.clinical.models import Allergy
from charthouse.domains.documents.models import Document, PatientImage
from charthouse.domains.inventory.models import PatientVaccineRecord, StockItem
from charthouse.domains.labs.models import LabDocument, LabOrder, LabResult, LabTest, PatientLabResult, Sublab
from charthouse.domains.medications.models import Medication
from charthouse.domains.messaging.models import PatientMessage
from charthouse.domains.patients.models import PortalRequest
from charthouse.domains.practice.models import Office
from charthouse.domains.questionnaires.models import Assignment, Question, Questionnaire
from charthouse.domains.scheduling.models import Appointment, AppointmentProfile
from charthouse.files.storage import store_file
from charthouse.identity import tenancy
from tests.portal.portal_patients import PortalPatient


def make_png(size: tuple[int, int] = (8, 8)) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", size, "teal").save(made, "PNG")
    return made.getvalue()


class Chart:
    """Rows of a patient's chart."""

    def __init__(self, known: PortalPatient) -> None:
        self.known, self.clinic = known, known.clinic
        self.all = {"practice": self.clinic.practice, "patient": known.patient}

    def add(self, model: Any, **values: Any) -> Any:
        with tenancy.within(self.clinic.id):
            return model.objects.create(**{"practice": self.clinic.practice} | values)

    def file(self, content: bytes = b"%PDF-1.4 secret", media: str = "application/pdf") -> Any:
        with tenancy.within(self.clinic.id):
            return store_file(ContentFile(content, "scan.pdf"), media, self.clinic.id)

    def visit(self, **values: Any) -> Appointment:
        office = self.add(
            Office,
            doctor=self.clinic.doctor,
            name="Main Street",
            address="1 Main St",
            phone_number="555-0100",
        )
        profile = self.add(
            AppointmentProfile,
            doctor=self.clinic.doctor,
            name="FU30",
            name_portal="Follow-up",
            portal_notice="Please fast.",
            duration=30,
        )
        defaults = {
            "doctor": self.clinic.doctor,
            "office": office,
            "profile": profile,
            "exam_room": 1,
            "duration": 30,
            "scheduled_time": clock.now() + timedelta(days=3),
            "reason": "staff say: difficult",
            "notes": "staff note",
        }
        return self.add(Appointment, patient=self.known.patient, **defaults | values)

    def document(self, **values: Any) -> Document:
        defaults = {"doctor": self.clinic.doctor, "document": self.file(), "description": "Discharge letter"}
        return self.add(Document, patient=self.known.patient, date="2026-01-02", **defaults | values)

    def image(self, **values: Any) -> PatientImage:
        defaults = {"file": self.file(make_png(), "image/png"), "photo_type": "personal", "name": "Rash"}
        return self.add(PatientImage, patient=self.known.patient, **defaults | values)

    def message(self, **values: Any) -> PatientMessage:
        defaults = {"doctor": self.clinic.doctor, "subject": "Your results", "body": "All is well."}
        return self.add(PatientMessage, patient=self.known.patient, **defaults | values)

    def assign_questionnaire(self) -> Assignment:
        sheet = self.add(
            Questionnaire, name=f"How are you? {clock.now().timestamp()}", introduction="A few lines."
        )
        for order, (kind, choices, required) in enumerate(
            (
                ("text", [], True),
                ("yes_no", [], False),
                ("several", ["Head", "Back"], False),
                ("number", [], False),
                ("date", [], False),
                ("one", ["Good", "Bad"], True),
                ("long_text", [], False),
            ),
            1,
        ):
            self.add(
                Question,
                questionnaire=sheet,
                key=kind,
                order=order,
                words=f"The {kind}?",
                hint=f"Hint {order}",
                kind=kind,
                choices=choices,
                required=required,
            )
        return self.add(Assignment, patient=self.known.patient, questionnaire=sheet)

    def requests(self) -> list[PortalRequest]:
        with tenancy.within(self.clinic.id):
            return list(PortalRequest.objects.filter(patient=self.known.patient).order_by("id"))


def add_to_chart(chart: Chart, word: str) -> None:
    """Rows of each section; ``word`` begins their names."""
    doctor, own = chart.clinic.doctor, {"patient": chart.known.patient}
    chart.add(Medication, **own, doctor=doctor, name=f"{word} Lisinopril 10 mg", frequency="Once a day")
    chart.add(Medication, **own, doctor=doctor, name=f"{word} Stopped", status="inactive")
    chart.add(Allergy, **own, doctor=doctor, description=f"{word} Penicillin", reaction="Hives")
    stock = chart.add(StockItem, doctor=doctor, name="Flu", cvx_code="140")
    for status in ("CP", "RE"):
        chart.add(
            PatientVaccineRecord, **own, ordering_doctor=doctor, vaccine_inventory=stock, cvx_code="140",
            name=f"{word} Influenza {status}", completion_status=status,
        )  # fmt: skip
    for signed in (True, False):
        chart.add(
            PatientLabResult, **own, ordering_doctor=doctor, title=f"{word} Glucose {signed}",
            lab_result_value="92", date_test_performed=date(2026, 3, 2), doctor_signoff=signed,
        )  # fmt: skip


def add_ordered_result(chart: Chart, name: str) -> Any:
    """A final result of an order that nobody has signed off. Returns the order."""
    doctor, patient, at = chart.clinic.doctor, chart.known.patient, clock.now() - timedelta(days=1)
    laboratory = chart.add(Sublab, name="Main Lab", facility_code="ML", doctor=doctor)
    order = chart.add(LabOrder, sublab=laboratory, doctor=doctor, patient=patient, status="R")
    test = chart.add(LabTest, lab_order=order, name=name)
    document = chart.add(LabDocument, lab_order=order, document=chart.file(), type="RES")
    chart.add(
        LabResult, lab_test=test, document=document, specimen_received=at, results_released=at, test_performed=at,
        status="F", value="5.1", value_is_numeric=True, unit="mmol/L", normal_range="3.5 5.0",
        observation_description=name,
    )  # fmt: skip
    return order


def make_invoice(chart: Chart, paid: int = 0, **values: Any) -> Invoice:
    own = {"patient": chart.known.patient}
    charge = chart.add(
        Charge, **own, name="Office visit", amount=Decimal(120), transaction_date=date(2026, 3, 2)
    )
    made: Invoice = chart.add(Invoice, **own, date=date(2026, 3, 3), due_date=date(2026, 4, 3), **values)
    chart.add(InvoiceLine, invoice=made, charge=charge)
    if paid:
        chart.add(InvoicePayment, invoice=made, amount=Decimal(paid), date=date(2026, 3, 5), method="CASH")
    return made
