"""What a practice keeps of its patients beside visits: notes of calls, text under headings, care that comes due."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from charthouse.domains.clinical.free_text_notes import FreeTextNote, FreeTextNoteType
from charthouse.domains.clinical.health_maintenance import SPECIFIC_PATIENTS, HealthReading, HealthTracker
from charthouse.domains.clinical.models import ClinicalNote, EncounterType
from charthouse.domains.patients.models import Patient
from charthouse.domains.scheduling.models import Appointment, CustomVital, VitalsTagGroup
from charthouse.identity.models import User
from charthouse.sandbox.calendar import Calendar
from charthouse.sandbox.practice import Setup

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
# Name, vitals of the groups; PEAK stands for a vital that the practice has defined.
PEAK = "PEAK"
GROUPS = (("Weight clinic", ("weight", "height", "bp")), ("Asthma", (PEAK,)))
CHOSEN = ("Diabetic eye exam", "With dilated pupils.", "", None, None, "Every year", "E11.9")
# Type, title, text.
CALLS = (
    ("ph", "Call about results", "Results are normal. Told the patient; no questions."),
    ("ph", "Refill by telephone", "Asks for a refill. No side effects. Refilled for 90 days."),
    ("cn", "Records reviewed", "Records of the last hospital stay were read and put into the chart."),
    ("tv", "Video check-in", "Blood pressure at home is lower since the dose was raised. Goes on as before."),
)
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
                "applies_to": SPECIFIC_PATIENTS if name == CHOSEN[0] else "all",
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
    kept = list(rows.order_by("pk").values_list("pk", "doctor_id"))[::KEEP]
    for patient, _ in kept:
        for heading, texts in random.sample(list(zip(headings, HEADINGS.values(), strict=True)), 2):
            notes.append({"patient_id": patient, "note_type_id": heading, "note": random.choice(texts)})
        day = today - timedelta(days=random.randrange(20, 900))
        tracker = trackers[random.choice((0, 3))]  # those that are for everybody
        readings.append({"patient_id": patient, "tracker_id": tracker, "date": day.isoformat(), "notes": ""})
    setup.copy(FreeTextNote, notes)
    setup.copy(HealthReading, readings)
    _groups(setup)
    _encounters(setup, calendar, random, kept)


def _groups(setup: Setup) -> None:
    """The practice's groups of vitals, as its primary user set them up."""
    alias, of = setup.loader.connection.alias, {"practice_id": setup.practice}
    vital = CustomVital.objects.using(alias).filter(**of).order_by("pk").values_list("pk", flat=True).first()
    primary = User.objects.using(alias).filter(**of, is_primary=True).values_list("pk", flat=True).first()
    rows = [
        {"name": name, "included_fields": [str(vital) if field == PEAK else field for field in fields]}
        for name, fields in GROUPS
    ]
    setup.copy(VitalsTagGroup, [{**row, "added_by_id": primary, "updated_by_id": primary} for row in rows])


def _encounters(
    setup: Setup, calendar: Calendar, random: Random, patients: Sequence[tuple[int, int]]
) -> None:
    """A note without a visit of each of these (patient, doctor): signed the same evening, the first one's not yet.
    Types come into being with the practice."""
    alias, of = setup.loader.connection.alias, {"practice_id": setup.practice}
    types = dict(EncounterType.objects.using(alias).filter(**of).values_list("code", "pk"))
    doctors = User.objects.using(alias).filter(**of, role=User.Role.DOCTOR)
    users = dict(doctors.values_list("doctor_id", "pk"))
    today = calendar.monday + timedelta(days=calendar.today)
    made = []
    for number, (patient, doctor) in enumerate(patients):
        code, title, content = random.choice(CALLS)
        day = today - timedelta(days=random.randrange(5, 300) if number else 1)
        user = users.get(doctor)
        row = {"patient_id": patient, "encounter_type_id": types[code], "title": title, "content": content}
        row |= {"date_of_service": day.isoformat(), "owner_id": user, "added_by_id": user}
        at = datetime.combine(day, time(18), ZoneInfo(setup.house.zone)).isoformat()
        made.append(row | {"created_at": at, "updated_at": at})
        if number:
            made[-1] |= {"locked_at": at, "locked_by_id": user}
    for row, row_id in zip(made, setup.loader.ids(Appointment, len(made)), strict=True):
        row["id"] = row_id
    setup.copy(ClinicalNote, made)
