"""Documents of patients, consent forms with their signatures, and images."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from random import Random
from typing import Any

from charthouse.domains.documents.models import (
    AppliedConsentForm,
    ConsentForm,
    Document,
    PatientImage,
    SignedConsentForm,
)
from charthouse.domains.patients.models import Patient
from charthouse.domains.scheduling.models import Appointment
from charthouse.sandbox.context import PracticeContext
from charthouse.sandbox.files import FileStore, draw_signature, draw_spots
from charthouse.sandbox.loader import Row
from charthouse.sandbox.seeder import Seeder

PATIENTS = 60  # with documents, messages and tasks
TITLES = ("Cardiology consult note", "MRI report, lumbar spine", "Insurance card", "Discharge summary")
TAGS = (("cardiology", "consult"), ("imaging",), ("insurance",), ("hospital",))  # in the order of TITLES
SPECIALISTS = ("Cardiology", "Imaging", "", "")  # of conditions, for TITLES
FLAGGED = 3  # index in TITLES of those with a flag
CONSENT_FORMS = ("Consent to treatment", "Notice of privacy practices", "Telehealth consent")
SIGNATURES = 20
IMAGES = ("Rash, left forearm", "Healing incision", "Insurance card", "Mole, upper back")
PATIENTS_WITH_IMAGE = 12


def list_patients(context: PracticeContext) -> list[Row]:
    """List the patients who have documents, messages and tasks: id and doctor_id of each."""
    return list(context.select(Patient).values("id", "doctor_id")[:PATIENTS])


def _list_fitting(context: PracticeContext, patient: int) -> list[int]:
    """List the titles, by index, that fit the conditions of a patient."""
    specialists = {each.condition.specialist for each in context.patients[patient].conditions}
    return [index for index, of_title in enumerate(SPECIALISTS) if not of_title or of_title in specialists]


def add_documents(
    context: PracticeContext, files: FileStore, random: Random, patients: Sequence[Row]
) -> None:
    """Add a document for each of these patients."""
    ids = [files.get_page(title) for title in TITLES]
    rows: list[Row] = []
    for number, patient in enumerate(patients):
        index = random.choice(_list_fitting(context, patient["id"]))
        day = context.get_day(-random.randint(10, 300))
        received_at = f"{day + timedelta(days=2)} 15:00:00+00"
        rows.append(
            {
                "doctor_id": patient["doctor_id"],
                "patient_id": patient["id"],
                "document_id": ids[index],
                "date": day.isoformat(),
                "description": TITLES[index],
                "metatags": list(TAGS[index]),
                "folder": TAGS[index][0].capitalize(),
                "flag": index == FLAGGED,
                "review_by_everyone": number % 9 == 0,
                "result_code": 1 if number % 13 == 4 else 0,
                "created_at": received_at,
                "updated_at": received_at,
            }
        )
    context.copy(Document, rows)


class Documents(Seeder):
    """Documents and consent forms of one practice."""

    stream = "desk"

    def finish(self) -> None:
        """Add documents, the consent forms of each doctor, and the signatures of some patients at their first visit."""
        patients = list_patients(self.context)
        if not patients:
            return
        files = FileStore(self.context)
        add_documents(self.context, files, self.random, patients)
        forms = self._make_forms(files, patients)
        self.copy(ConsentForm, forms)
        default_forms = {form["doctor_id"]: form["id"] for form in reversed(forms)}
        signature = files.add(draw_signature(), "image/png", "signature.png")
        signed = [
            {
                "consent_form_id": default_forms[visit["patient__doctor_id"]],
                "appointment_id": visit["id"],
                "patient_id": visit["patient_id"],
                "signature_file_id": signature,
                **dict.fromkeys(("date_signed", "created_at", "updated_at"), visit["scheduled_time"]),
            }
            for visit in self._select_first_visits(patients)
        ]
        self.copy(SignedConsentForm, signed)
        columns = ("consent_form_id", "appointment_id", "created_at", "updated_at")
        self.copy(AppliedConsentForm, [{name: row[name] for name in columns} for row in signed])

    def _make_forms(self, files: FileStore, patients: Sequence[Row]) -> list[Row]:
        ids = [files.get_page(title) for title in CONSENT_FORMS]
        return [
            {
                "doctor_id": doctor,
                "title": title,
                "uri_id": file,
                "assign_by_default": index == 0,
                "is_mandatory": index == 2,
                "order": index + 1,
            }
            for doctor in sorted({patient["doctor_id"] for patient in patients})
            for index, (title, file) in enumerate(zip(CONSENT_FORMS, ids, strict=True))
        ]

    def _select_first_visits(self, patients: Sequence[Row]) -> Any:
        """Select the first past visit of some of these patients."""
        midnight = datetime.combine(self.today, time(), tzinfo=UTC)
        rows = self.select(Appointment).filter(
            patient__in=[patient["id"] for patient in patients], scheduled_time__lt=midnight
        )
        rows = rows.order_by("patient_id", "scheduled_time", "pk").distinct("patient_id")
        return rows.values("id", "patient_id", "patient__doctor_id", "scheduled_time")[:SIGNATURES]


class Images(Seeder):
    """Images of the first patients of one practice."""

    stream = "marks"

    def finish(self) -> None:
        """Add an image for each of these patients. They share the files."""
        files = FileStore(self.context)
        ids = [files.add(draw_spots(self.random), "image/png", f"{name}.png") for name in IMAGES]
        rows = []
        for patient in self.select(Patient).values_list("pk", flat=True)[:PATIENTS_WITH_IMAGE]:
            index = self.random.randrange(len(IMAGES))
            photo_type = "personal" if IMAGES[index] == "Insurance card" else "medical"
            rows.append(
                {
                    "patient_id": patient,
                    "file_id": ids[index],
                    "photo_type": photo_type,
                    "name": IMAGES[index],
                }
            )
        self.copy(PatientImage, rows)
