"""Encounters without a visit: calls, record reviews and video check-ins, as notes of their own."""

from datetime import datetime, time, timedelta

from charthouse.domains.clinical.models import ClinicalNote, EncounterType
from charthouse.domains.scheduling.models import Appointment
from charthouse.sandbox.clinical.health_maintenance import list_patients
from charthouse.sandbox.data.conditions import CONDITIONS
from charthouse.sandbox.loader import Row
from charthouse.sandbox.seeder import Seeder

# Code of the type, title, text; ICD-10-CM codes of the conditions, of which the patient has one.
TREATED = tuple(condition.code for condition in CONDITIONS if condition.dosages)
ENCOUNTERS = (
    ("ph", "Call about results", "Results are normal. Told the patient; no questions.", ()),
    ("ph", "Refill by telephone", "Asks for a refill. No side effects. Refilled for 90 days.", TREATED),
    ("cn", "Records reviewed", "Records of the last hospital stay were read and put into the chart.", ()),
    (
        "tv",
        "Video check-in",
        "Blood pressure at home is lower since the dose was raised. Goes on as before.",
        ("I10", "I12.9"),
    ),
)


class Encounters(Seeder):
    """The encounters of one practice. Their ids come from those of appointments, as in the database."""

    stream = "kept"

    def finish(self) -> None:
        """Add a note for each of some patients: signed the same evening, except the first one, of yesterday."""
        types = dict(self.select(EncounterType).values_list("code", "pk"))  # made by the database
        rows = [
            self._make_row(patient, doctor, types, is_signed=index > 0)
            for index, (patient, doctor) in enumerate(list_patients(self.context))
        ]
        ids = self.context.loader.reserve_ids(Appointment, len(rows))
        for row, row_id in zip(rows, ids, strict=True):
            row["id"] = row_id
        self.copy(ClinicalNote, rows)

    def _make_row(self, patient: int, doctor: int, types: dict[str, int], *, is_signed: bool) -> Row:
        codes = {each.condition.code for each in self.context.patients[patient].conditions}
        fitting = [each for each in ENCOUNTERS if not each[3] or codes.intersection(each[3])]
        code, title, content, _ = self.random.choice(fitting)
        day = self.today - timedelta(days=self.random.randrange(5, 300) if is_signed else 1)
        user = self.context.doctor_users.get(doctor)
        at = datetime.combine(day, time(18), self.calendar.zone).isoformat()
        row = {
            "patient_id": patient,
            "encounter_type_id": types[code],
            "title": title,
            "content": content,
            "date_of_service": day.isoformat(),
            "owner_id": user,
            "added_by_id": user,
            "created_at": at,
            "updated_at": at,
        }
        return row | {"locked_at": at, "locked_by_id": user} if is_signed else row
