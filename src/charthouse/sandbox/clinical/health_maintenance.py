"""Free-text notes under headings, and the trackers and readings of health maintenance."""

from datetime import timedelta

from charthouse.domains.clinical.free_text_notes import FreeTextNote, FreeTextNoteType
from charthouse.domains.clinical.health_maintenance import SPECIFIC_PATIENTS, HealthReading, HealthTracker
from charthouse.sandbox.context import PracticeContext
from charthouse.sandbox.patients.record import ADULT_AGE
from charthouse.sandbox.seeder import Seeder

# Texts that patients have, by heading; another for the social history of those under 18 and of those over 66.
HEADINGS = {
    "Social history": ("Lives with a partner; works nights.", "Lives alone.", "Two children at home."),
    "Family history": ("Mother: type 2 diabetes.", "Father: heart attack at 58.", "Nothing of note."),
    "Care preferences": ("Prefers calls in the morning.", "Wants results by mail."),
}
# Name, description, sex, lowest and highest age in years, frequency, ICD-10-CM codes.
TRACKERS = (
    ("Influenza vaccine", "Every season.", "", None, None, "Every year", "Z23"),
    ("Mammogram", "Screening for breast cancer.", "Female", 40, 74, "Every 2 years", "Z12.31"),
    ("Colorectal screening", "Colonoscopy.", "", 45, 75, "Every 10 years", "Z12.11"),
    ("Lipid panel", "Fasting.", "", 20, None, "Every 5 years", "Z13.220"),
)
SOCIAL_HISTORY_OF_CHILDREN = (
    "Lives with the parents and a sister.",
    "In daycare or school, plays outdoors daily.",
)
SOCIAL_HISTORY_OF_RETIRED = ("Retired teacher. Walks daily.", "Lives alone, daughter nearby.")
UNISEX_TRACKERS = (0, 3)  # indexes in TRACKERS of those with readings
SPECIFIC_TRACKER = ("Diabetic eye exam", "With dilated pupils.", "", None, None, "Every year", "E11.9")
RETIREMENT_AGE = 67
PATIENT_INTERVAL = 3  # one patient in so many has notes and readings


def list_patients(context: PracticeContext) -> list[tuple[int, int]]:
    """List the (patient, doctor) that have notes, readings and encounters without a visit."""
    rows = [(number, patient.row["doctor_id"]) for number, patient in context.patients.items()]
    return rows[::PATIENT_INTERVAL]


def _choose_texts(texts: tuple[str, ...], age: float) -> tuple[str, ...]:
    """Choose the texts of a heading that fit an age in years."""
    if texts is not HEADINGS["Social history"] or ADULT_AGE <= age < RETIREMENT_AGE:
        return texts
    return SOCIAL_HISTORY_OF_CHILDREN if age < ADULT_AGE else SOCIAL_HISTORY_OF_RETIRED


class HealthMaintenance(Seeder):
    """Headings and trackers of one practice, with the notes and readings of its patients."""

    stream = "kept"

    def finish(self) -> None:
        """Add all of it."""
        headings = self.copy(FreeTextNoteType, [{"name": name} for name in HEADINGS])
        trackers = self._add_trackers()
        notes, readings = [], []
        for patient, _ in list_patients(self.context):
            age = self.context.patients[patient].get_age(self.today)
            for heading, texts in self.random.sample(list(zip(headings, HEADINGS.values(), strict=True)), 2):
                note = self.random.choice(_choose_texts(texts, age))
                notes.append({"patient_id": patient, "note_type_id": heading, "note": note})
            day = self.today - timedelta(days=self.random.randrange(20, 900))
            fitting = [index for index in UNISEX_TRACKERS if age >= (TRACKERS[index][3] or 0)]
            tracker = trackers[self.random.choice(fitting)]
            reading = {"patient_id": patient, "tracker_id": tracker, "date": day.isoformat(), "notes": ""}
            readings.append(reading)
        self.copy(FreeTextNote, notes)
        self.copy(HealthReading, readings)

    def _add_trackers(self) -> list[int]:
        rows = [
            {
                "name": name,
                "description": description,
                "applies_to": SPECIFIC_PATIENTS if name == SPECIFIC_TRACKER[0] else "all",
                "sex": sex,
                "start_age": start,
                "end_age": end,
                "frequency": frequency,
                "icd_codes": codes,
            }
            for name, description, sex, start, end, frequency, codes in (*TRACKERS, SPECIFIC_TRACKER)
        ]
        return self.copy(HealthTracker, rows)
