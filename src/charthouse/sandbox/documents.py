"""Documents of patients, consent forms and signatures under them: small files, made here."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from io import BytesIO
from random import Random
from typing import Any

import typst
from django.core.files.base import ContentFile
from PIL import Image, ImageDraw

from charthouse.domains.documents.models import AppliedConsentForm, ConsentForm, Document, SignedConsentForm
from charthouse.domains.scheduling.models import Appointment
from charthouse.files.models import StoredFile
from charthouse.files.storage import store_content
from charthouse.sandbox.patients.population import Row
from charthouse.sandbox.practice import Setup

DOCUMENTS = {
    "Cardiology consult note": ("cardiology", "consult"),
    "MRI report, lumbar spine": ("imaging",),
    "Insurance card": ("insurance",),
    "Discharge summary": ("hospital",),
}
FORMS = ("Consent to treatment", "Notice of privacy practices", "Telehealth consent")
SIGNATURES = 20
PAGE = """#set page(paper: "us-letter", margin: 1in)
#set document(date: none)
= {title}
This page was made for a synthetic practice. It is about nobody.
"""


class Papers:
    """Of one practice and the patients named."""

    def __init__(self, setup: Setup, patients: Sequence[Row], today: date, random: Random) -> None:
        self.setup, self.patients, self.today, self.random = setup, patients, today, random
        self.pages: dict[str, int] = {}

    def documents(self) -> list[Row]:
        """One for each patient; their rows."""
        files = [self.page(title) for title in DOCUMENTS]
        titles = list(DOCUMENTS)
        rows: list[Row] = []
        for patient in self.patients:
            at = self.random.randrange(len(titles))
            day = self.today - timedelta(days=self.random.randint(10, 300))
            written = f"{day + timedelta(days=2)} 15:00:00+00"
            rows.append(
                {
                    "doctor_id": patient["doctor_id"],
                    "patient_id": patient["id"],
                    "document_id": files[at],
                    "date": day.isoformat(),
                    "description": titles[at],
                    "metatags": list(DOCUMENTS[titles[at]]),
                    "folder": DOCUMENTS[titles[at]][0].capitalize(),
                    "flag": at == 3,
                    "review_by_everyone": len(rows) % 9 == 0,
                    "result_code": 1 if len(rows) % 13 == 4 else 0,
                    "created_at": written,
                    "updated_at": written,
                }
            )
        self.setup.copy(Document, rows)
        return rows

    def forms(self) -> None:
        """Each doctor's forms; the first patients have signed one at their first visit."""
        doctors = sorted({patient["doctor_id"] for patient in self.patients})
        files = [self.page(title) for title in FORMS]
        forms = [
            {
                "doctor_id": doctor,
                "title": title,
                "uri_id": file,
                "assign_by_default": at == 0,
                "is_mandatory": at == 2,
                "order": at + 1,
            }
            for doctor in doctors
            for at, (title, file) in enumerate(zip(FORMS, files, strict=True))
        ]
        self.setup.copy(ConsentForm, forms)
        first = {form["doctor_id"]: form["id"] for form in reversed(forms)}
        signature = self.signature()
        signed = [
            {
                "consent_form_id": first[visit["patient__doctor_id"]],
                "appointment_id": visit["id"],
                "patient_id": visit["patient_id"],
                "signature_file_id": signature,
                **dict.fromkeys(("date_signed", "created_at", "updated_at"), visit["scheduled_time"]),
            }
            for visit in self._visits()
        ]
        self.setup.copy(SignedConsentForm, signed)
        keys = ("consent_form_id", "appointment_id", "created_at", "updated_at")
        self.setup.copy(AppliedConsentForm, [{key: row[key] for key in keys} for row in signed])

    def _visits(self) -> Any:
        """The first visit that is over, of some patients."""
        patients = [patient["id"] for patient in self.patients]
        midnight = datetime.combine(self.today, time(), tzinfo=UTC)
        rows = Appointment.objects.using(self.setup.loader.connection.alias).filter(
            practice_id=self.setup.practice, patient__in=patients, scheduled_time__lt=midnight
        )
        rows = rows.order_by("patient_id", "scheduled_time", "pk").distinct("patient_id")
        return rows.values("id", "patient_id", "patient__doctor_id", "scheduled_time")[:SIGNATURES]

    def page(self, title: str) -> int:
        """A page with this title, the same file each time."""
        if title not in self.pages:
            self.pages[title] = self._page(title)
        return self.pages[title]

    def _page(self, title: str) -> int:
        page = typst.compile(PAGE.format(title=title).encode())
        assert isinstance(page, bytes)
        return self.file(page, "application/pdf", f"{title}.pdf")

    def signature(self) -> int:
        """A picture of one."""
        image = Image.new("L", (120, 40), 255)
        points = [(x, 20 + (x * 7) % 15 - 7) for x in range(10, 110, 6)]
        ImageDraw.Draw(image).line(points, fill=0, width=2)
        made = BytesIO()
        image.save(made, "PNG")
        return self.file(made.getvalue(), "image/png", "signature.png")

    def file(self, content: bytes, media_type: str, name: str) -> int:
        """A stored file of the practice."""
        address, size = store_content(ContentFile(content), self.setup.practice)
        row = {"address": address, "size": size, "media_type": media_type, "name": name}
        return self.setup.copy(StoredFile, [row])[0]
