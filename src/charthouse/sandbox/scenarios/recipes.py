"""What each scenario makes: through the engine, as programs and people write, or in bulk where it is a matter of
thousands of rows. Each function returns the ids of what was made."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from django.db.models import Model
from procrastinate.contrib.django import app

from charthouse import clock
from charthouse.console.kit.actor import build_actor
from charthouse.console.resources.registry import get_registry
from charthouse.domains.clinical import notes
from charthouse.domains.clinical.models import Allergy, Problem
from charthouse.domains.medications.models import Medication
from charthouse.domains.practice.models import Doctor, ExamRoom, Office
from charthouse.domains.scheduling.models import Appointment
from charthouse.engine.actor import Actor
from charthouse.engine.errors import Conflict
from charthouse.engine.execution import writing
from charthouse.identity.models import Practice, User
from charthouse.sandbox.triggers.rows import Run, make_row

ROWS = {Appointment: 1500, Medication: 1250, Problem: 1250, Allergy: 1000}  # of a large patient
RESULTS_AFTER = timedelta(hours=1)
RESULTS_TASK = "charthouse.sandbox.release_results"
DAY_BEGINS, DAY_ENDS = time(7), time(19)  # of a full calendar
SLOT = timedelta(minutes=30)
DAYS_AHEAD = 21


@dataclass(frozen=True)
class World:
    """Where a scenario is added, and in whose name. Its practice is the tenant."""

    practice: Practice
    user: User
    doctor: Doctor
    office: Office
    exam_room: int

    @classmethod
    def find(cls, practice: Practice, user: User) -> "World":
        """Raises Conflict where the practice has no doctor or no office with a room."""
        offices = Office.objects.filter(practice=practice).order_by("pk")
        doctor = Doctor.objects.filter(practice=practice).order_by("pk").first()
        rooms = ExamRoom.objects.filter(practice=practice, office__in=offices).order_by("office_id", "index")
        room = rooms.select_related("office").first()
        if doctor is None or room is None:
            raise Conflict("The practice has no doctor, or no office with an exam room.")
        return cls(practice, user, doctor, room.office, room.index)

    @property
    def actor(self) -> Actor:
        return build_actor(self.user)

    def create(self, path: str, **values: Any) -> dict[str, Any]:
        """Create a row through the engine, as the console shows it."""
        made = writing.create(get_registry()[path], self.actor, [values], is_list=False)
        found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(made[0]))
        return found

    def create_patient(self, **values: Any) -> dict[str, Any]:
        standard = {"gender": "Female", "date_of_birth": "1975-04-12", "doctor": self.doctor.pk}
        return self.create("patients", **standard | values)

    def book(self, patient: int, start: datetime, **values: Any) -> int:
        """Book a visit. ``start``: wall clock of the office."""
        visit = {
            "doctor": self.doctor.pk,
            "office": self.office.pk,
            "exam_room": self.exam_room,
            "patient": patient,
            "duration": 30,
            "allow_overlapping": True,
        }
        made = self.create("appointments", scheduled_time=f"{start:%Y-%m-%dT%H:%M:%S}", **visit | values)
        return int(made["id"])


def add_large_patient(world: World) -> dict[str, Any]:
    """A patient with 5,000 rows."""
    patient = world.create_patient(first_name="Olive", last_name="Thick-Chart")["id"]
    link = {"practice_id": world.practice.pk, "patient_id": patient, "doctor_id": world.doctor.pk}
    for model, build in _BUILDERS.items():
        _load(model, [model(**link, **build(world, index)) for index in range(ROWS[model])])
    return {"patient": patient, "rows": sum(ROWS.values())}


def _load(model: Any, rows: list[Model]) -> None:
    model.objects.bulk_create(rows, batch_size=500)


def _build_visit(world: World, index: int) -> dict[str, Any]:
    start = clock.now().replace(hour=15, minute=0, second=0, microsecond=0) - timedelta(days=2 * index + 1)
    place = {"office_id": world.office.pk, "exam_room": world.exam_room, "duration": 30}
    return {**place, "scheduled_time": start, "status": "Complete", "reason": f"Visit {index + 1}"}


_BUILDERS: dict[Any, Callable[[World, int], dict[str, Any]]] = {
    Appointment: _build_visit,
    Medication: lambda world, index: {"name": f"Lisinopril {index + 1} mg", "frequency": "daily"},
    Problem: lambda world, index: {"name": f"Problem {index + 1}", "icd_code": "I10"},
    Allergy: lambda world, index: {"description": f"Substance {index + 1}", "reaction": "Rash"},
}


def add_duplicate(world: World) -> dict[str, Any]:
    """Two records of one patient."""
    who = {"first_name": "Dora", "last_name": "Twice", "date_of_birth": "1969-09-09"}
    original = world.create_patient(**who, allow_duplicates=True)["id"]
    again = world.create_patient(**who, allow_duplicates=True)["id"]
    Practice.objects.filter(pk=world.practice.pk).update(refuse_duplicate_patients=True)
    return {"patient": original, "duplicate": again}


def add_full_calendar(world: World) -> dict[str, Any]:
    """A day on which the doctor is booked from 7 to 19 o'clock."""
    zone = ZoneInfo(world.doctor.timezone)
    day = clock.now().astimezone(zone).date() + timedelta(days=DAYS_AHEAD)
    day += timedelta(days=(7 - day.weekday()) % 7)  # a Monday
    patient = world.create_patient(first_name="Monday", last_name="Regular")["id"]
    visits = [world.book(patient, start, reason="Booked") for start in _list_slots(day)]
    made = {"doctor": world.doctor.pk, "office": world.office.pk, "patient": patient}
    return {**made, "day": day.isoformat(), "appointments": visits}


def _list_slots(day: date) -> list[datetime]:
    start, end = datetime.combine(day, DAY_BEGINS), datetime.combine(day, DAY_ENDS)
    return [start + SLOT * index for index in range((end - start) // SLOT)]


def add_locked_note(world: World) -> dict[str, Any]:
    """A visit whose note is locked."""
    patient = world.create_patient(first_name="Sealed", last_name="Note")["id"]
    yesterday = clock.now().astimezone(ZoneInfo(world.doctor.timezone)) - timedelta(days=1)
    visit = world.book(patient, yesterday.replace(hour=9, minute=0), status="Complete")
    section = world.create("note_templates", name="Objective", doctor=world.doctor.pk)
    field = world.create("note_fields", clinical_note_template=section["id"], name="Lungs")
    text = {"clinical_note_field": field["id"], "value": "Clear, no murmur."}
    value = world.create("clinical_note_field_values", appointment=visit, **text)
    notes.lock(world.practice.pk, visit, world.user.pk)
    return {"patient": patient, "appointment": visit, "field_value": value["id"]}


def add_results_in_an_hour(world: World) -> dict[str, Any]:
    """An order whose results a job adds, an hour from now by the sandbox's clock."""
    patient = world.create_patient(first_name="Hazel", last_name="Waiting")["id"]
    run = Run(world.actor, {})
    order = make_row(run, get_registry()["lab_orders"], {"patient": patient, "doctor": world.doctor.pk})
    test = world.create(
        "lab_tests", lab_order=order, code="4548-4", name="Hemoglobin A1c", specimen_source="Blood"
    )
    due = clock.now() + RESULTS_AFTER
    job = app.configure_task(RESULTS_TASK, schedule_at=due - clock.get_offset())
    job.defer(practice=world.practice.pk, user=world.user.pk, order=order, test=test["id"])
    return {
        "patient": patient,
        "lab_order": order,
        "lab_test": test["id"],
        "due": due.isoformat(timespec="seconds"),
    }


def release_results(world: World, order: int, test: int) -> None:
    """Add the result of a test with its document, as a laboratory does."""
    run = Run(world.actor, {})
    document = make_row(run, get_registry()["lab_documents"], {"lab_order": order})
    now = f"{clock.now():%Y-%m-%dT%H:%M:%S}"
    times = dict.fromkeys(("specimen_received", "test_performed", "results_released"), now)
    value = {"value": "6.1", "value_is_numeric": True, "normal_range": "4.0 5.6", "unit": "%"}
    what = {"observation_code": "4548-4", "observation_description": "Hemoglobin A1c", "status": "F"}
    world.create("lab_results", document=document, lab_test=test, **times, **value, **what)


def add_refused_card(world: World) -> dict[str, Any]:
    """A charge, its payment by card, and the refusal that takes the payment back."""
    patient = world.create_patient(first_name="Vera", last_name="Declined")["id"]
    run = Run(world.actor, {})
    today = clock.now().astimezone(ZoneInfo(world.doctor.timezone))
    visit = world.book(patient, today.replace(hour=9, minute=0), status="Complete")
    item = make_row(run, get_registry()["line_items"], {"appointment": visit})
    paid = {"patient": patient, "line_item": item, "payment_method": "VISA", "trace_number": "ch_refused"}
    payment = world.create("patient_payments", amount="25.00", **paid)
    why = {"payment_transaction_type": "REF", "notes": "Card refused: insufficient funds"}
    refusal = world.create("patient_payments", amount="-25.00", **paid, **why)
    made = {"patient": patient, "appointment": visit, "line_item": item}
    return {**made, "payment": payment["id"], "refusal": refusal["id"]}


RECIPES: dict[str, Callable[[World], dict[str, Any]]] = {
    "large-patient": add_large_patient,
    "duplicate": add_duplicate,
    "full-calendar": add_full_calendar,
    "locked-note": add_locked_note,
    "results-in-an-hour": add_results_in_an_hour,
    "refused-card": add_refused_card,
}
