"""What a practice keeps of its patients beside visits: text under headings, and care that comes due again."""

from datetime import timedelta
from random import Random

from charthouse.domains.clinical.kept import (
    SPECIFIC,
    FreeTextNote,
    FreeTextNoteType,
    HealthReading,
    HealthTracker,
)
from charthouse.domains.patients.models import Patient
from charthouse.sandbox.calendar import Calendar
from charthouse.sandbox.setup import Setup

# Heading → what patients have under it.
HEADINGS = {
    "Social history": (
        "Lives with a partner; works nights.",
        "Retired teacher. Walks daily.",
        "Lives alone.",
    ),
    "Family history": ("Mother: type 2 diabetes.", "Father: heart attack at 58.", "Nothing of note."),
    "Care preferences": ("Prefers calls in the morning.", "Wants results by mail."),
}
# Name, description, sex, ages, how often, ICD-10-CM codes.
TRACKERS = (
    ("Influenza vaccine", "Every season.", "", None, None, "Every year", "Z23"),
    ("Mammogram", "Screening for breast cancer.", "Female", 40, 74, "Every 2 years", "Z12.31"),
    ("Colorectal screening", "Colonoscopy.", "", 45, 75, "Every 10 years", "Z12.11"),
    ("Lipid panel", "Fasting.", "", 20, None, "Every 5 years", "Z13.220"),
)
CHOSEN = ("Diabetic eye exam", "With dilated pupils.", "", None, None, "Every year", "E11.9")
KEEP = 3  # one patient of so many has notes and readings


def fill(setup: Setup, calendar: Calendar, random: Random) -> None:
    """The headings and trackers of a practice, and what its patients have under them."""
    headings = setup.copy(FreeTextNoteType, [{"name": name} for name in HEADINGS])
    trackers = setup.copy(
        HealthTracker,
        [
            {
                "name": name,
                "description": description,
                "applies_to": SPECIFIC if name == CHOSEN[0] else "all",
                "sex": sex,
                "start_age": start,
                "end_age": end,
                "frequency": frequency,
                "icd_codes": codes,
            }
            for name, description, sex, start, end, frequency, codes in (*TRACKERS, CHOSEN)
        ],
    )
    today = calendar.monday + timedelta(days=calendar.today)
    rows = Patient._default_manager.using(setup.loader.connection.alias).filter(practice_id=setup.practice)
    notes, readings = [], []
    for patient in list(rows.order_by("pk").values_list("pk", flat=True))[::KEEP]:
        for heading, texts in random.sample(list(zip(headings, HEADINGS.values(), strict=True)), 2):
            notes.append({"patient_id": patient, "note_type_id": heading, "note": random.choice(texts)})
        day = today - timedelta(days=random.randrange(20, 900))
        tracker = trackers[random.choice((0, 3))]  # those that are for everybody
        readings.append({"patient_id": patient, "tracker_id": tracker, "date": day.isoformat(), "notes": ""})
    setup.copy(FreeTextNote, notes)
    setup.copy(HealthReading, readings)
