"""The calendar's rows: visits with what was noted at them, breaks, a weekly meeting."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from random import Random
from typing import Any

from charthouse.domains.scheduling.models import (
    Appointment,
    CustomAppointmentFieldValue,
    CustomVitalValue,
    Reminder,
    StatusTransition,
    TelehealthEvent,
    TelehealthVisit,
    Vitals,
)
from charthouse.sandbox.billing.claims import Bills
from charthouse.sandbox.calendar import Calendar, Slot, status, transitions, visits
from charthouse.sandbox.patients.population import BIRTHS, Person, Row
from charthouse.sandbox.practice import Provider
from charthouse.sandbox.scheduling import visit_reasons as reasons
from charthouse.sandbox.scheduling.settings import MEASURED, PROFILES, REMINDERS

Copy = Callable[[Any, list[Row]], list[int]]

COLORS = {name: color for name, _, color, _ in PROFILES}
FITTING = {60: ("Annual physical",), 20: ("Follow-up", "Sick visit"), 15: ("Nurse visit",)}
DETAILS = (StatusTransition, Reminder, Vitals, CustomVitalValue, CustomAppointmentFieldValue)
UNITS = {"hours": timedelta(hours=1), "days": timedelta(days=1)}
BILLED = ("Bill Insurance", "Balance Due", "Paid In Full", "Paid In Full", "Settled")
SMOKING = (
    "266919005",
    "266919005",
    "266919005",
    "8517006",
    "449868002",
    "77176002",
)  # SNOMED CT, mostly never
ADULT = BIRTHS.year - 18


class Book:
    """The appointments of one team of doctors."""

    def __init__(
        self, copy: Copy, providers: Sequence[Provider], calendar: Calendar, random: Random, *, detailed: bool
    ) -> None:
        self.copy, self.providers, self.calendar, self.random = copy, providers, calendar, random
        self.detailed = detailed
        self.decks = [iter(calendar.deck(random, gathered=detailed)) for _ in providers]

    def fill(
        self, people: Sequence[Person], mean: float, ids: Callable[[int], range]
    ) -> list[tuple[Slot, Row]]:
        """Give each person visits with their doctor, earlier ones with lower ids."""
        rows: list[tuple[Slot, Row]] = []
        for at, person in enumerate(people):
            place = at % len(self.providers)
            for order, slot in enumerate(self._slots(place, visits(self.random, mean), person)):
                rows.append((slot, self._visit(self.providers[place], person, slot, first=order == 0)))
        rows.sort(key=lambda pair: pair[0].start)
        for (_, row), row_id in zip(rows, ids(len(rows)), strict=True):
            row["id"] = row_id
        bills = Bills(self.copy, self.calendar, people)
        if self.detailed:
            bills.bill(rows, self._profiles())
        self.copy(Appointment, [row for _, row in rows])
        if self.detailed:
            bills.write()
            self._details(rows, {person.row["id"]: person.row for person in people})
            self._video([row for _, row in rows][::40])
        return rows

    def _video(self, rows: Sequence[Row]) -> None:
        """Video visits, one of forty; nobody provides the video here, so their address is a made-up one."""
        stamps = [{"created_at": row["updated_at"], "updated_at": row["updated_at"]} for row in rows]
        made = [
            {
                **stamp,
                "appointment_id": row["id"],
                "sent_patient_email": True,
                "telehealth_url": f"https://video.example.com/{row['id']}",
            }
            for row, stamp in zip(rows, stamps, strict=True)
        ]
        ids = self.copy(TelehealthVisit, made)
        events = [
            {**stamp, "visit_id": visit, "event_type": "Created"}
            for visit, stamp in zip(ids, stamps, strict=True)
        ]
        self.copy(TelehealthEvent, events)

    def _profiles(self) -> dict[int, str]:
        """Names of the kinds of visits, by id."""
        all_of = (provider.furniture.profiles.items() for provider in self.providers)
        return {row_id: name for items in all_of for name, row_id in items}

    def _slots(self, place: int, count: int, person: Person) -> list[Slot]:
        taken = [slot for _, slot in zip(range(count), self.decks[place], strict=False)]
        first = self.calendar.today - person.opened
        taken = [slot for slot in taken if slot.day > first]
        if person.row["patient_status"] != "A":  # who left doesn't come again
            taken = [slot for slot in taken if slot.start < self.calendar.now]
        return sorted(taken, key=lambda slot: slot.start) if count > 1 else taken

    def _visit(self, provider: Provider, person: Person, slot: Slot, *, first: bool) -> Row:
        lot, calendar, patient = self.random.random, self.calendar, person.row
        reached = status(self.random, slot, calendar.now)
        if slot.minutes == 30:
            profile = "New patient" if first and person.opened < 400 else "Established patient"
        else:
            profile = FITTING[slot.minutes][int(lot() * len(FITTING[slot.minutes]))]
        child = int(patient["date_of_birth"][:4]) > ADULT
        past = slot.start < calendar.now
        walked_in = past and slot.minutes <= 20 and lot() < 0.08
        ahead = 1 if walked_in else 2 + int(lot() * 40)
        booked = f"{calendar.days[min(slot.day, calendar.today) - ahead]} 18:00:00+00"
        row: Row = {
            "doctor_id": provider.doctor,
            "office_id": provider.offices[slot.weekday],
            "exam_room": provider.room,
            "patient_id": patient["id"],
            "scheduled_time": slot.text,
            "duration": slot.minutes,
            "profile_id": provider.furniture.profiles[profile],
            "status": reached,
            "color": COLORS[profile],
            "reason": reasons.reason(self.random, profile, child=child, patient=patient["id"]),
            "is_walk_in": walked_in,
            "created_at": booked,
            "updated_at": slot.text if past else booked,
        }
        if past and not walked_in and lot() < 0.1:
            row["notes"] = "Running late, called ahead" if lot() < 0.3 else "Please bring medication list"
        if reached == "Complete" and patient.get("patient_payment_profile") == "Insurance":
            row["billing_status"] = BILLED[int(lot() * len(BILLED))]
        return row

    # -- what goes with a visit ---------------------------------------------------------------------------------

    def _details(self, rows: list[tuple[Slot, Row]], patients: dict[int, Row]) -> None:
        made: dict[Any, list[Row]] = {model: [] for model in DETAILS}
        furniture = {provider.doctor: provider.furniture for provider in self.providers}
        for slot, row in rows:
            visit = {"appointment_id": row["id"]}
            made[StatusTransition] += self._transitions(visit, slot, row)
            if not row["is_walk_in"]:
                made[Reminder] += _reminders(visit, slot)
            own = furniture[row["doctor_id"]]
            stamped = {**visit, "created_at": row["updated_at"], "updated_at": row["updated_at"]}
            if row["status"] == "Complete" and self.random.random() < 0.9:
                made[Vitals].append(self._vitals(stamped, patients[row["patient_id"]]))
                for vital, values in zip(own.vitals, MEASURED, strict=True):
                    if self.random.random() < 0.25:
                        value = self.random.choice(values)
                        made[CustomVitalValue].append({**stamped, "vital_type_id": vital, "value": value})
            for field, values in own.fields:
                if self.random.random() < 0.2:
                    value = self.random.choice(values)
                    made[CustomAppointmentFieldValue].append(
                        {**stamped, "field_type_id": field, "field_value": value}
                    )
        for model, listed in made.items():
            self.copy(model, listed)

    def _transitions(self, visit: Row, slot: Slot, row: Row) -> list[Row]:
        changes = transitions(self.random, slot, self.calendar.now, row["status"])
        if changes:
            row["updated_at"] = changes[-1][0].isoformat()
        return [
            {
                **visit,
                "changed_at": moment,
                "from_status": before,
                "to_status": after,
                "created_at": moment,
                "updated_at": moment,
            }
            for moment, before, after in changes
        ]

    def _vitals(self, visit: Row, patient: Row) -> Row:
        steady = Random(patient["id"])  # noqa: S311 - somebody's height stays the same
        around = self.random.gauss
        age = max(0.1, BIRTHS.year - int(patient["date_of_birth"][:4]))
        man = patient["gender"] == "Male"
        grown = min(1.0, 0.29 + 0.71 * age / 17)
        height = grown * steady.gauss(69.5 if man else 64, 2.6)
        mass = steady.gauss(27.5, 4.2) if age >= 18 else 15.5 + age * 0.35
        weight = max(6.0, mass * height * height / 703 + around(0, 1.5))
        pressure = steady.gauss(122 if age >= 18 else 98 + age, 9)
        row: Row = {
            **visit,
            "height": f"{height:.1f}",
            "weight": f"{weight:.1f}",
            "blood_pressure_1": int(around(pressure, 6)),
            "blood_pressure_2": int(around(pressure * 0.64, 4)),
            "temperature": f"{around(98.3, 0.4):.1f}",
            "pulse": int(around(74 if age >= 12 else 96, 7)),
            "respiratory_rate": int(around(15 if age >= 12 else 22, 2)),
            "oxygen_saturation": min(100, int(around(98, 1))),
            "pain": str(max(0, int(around(1, 2)))),
        }
        if age >= 13:
            row["smoking_status"] = SMOKING[int(steady.random() * len(SMOKING))]
        if age < 3:
            row["head_circumference"] = f"{around(18.0, 0.5):.1f}"
        return row

    # -- time without patients ----------------------------------------------------------------------------------

    def breaks(self, ids: Callable[[int], range]) -> None:
        """Lunch around the present, and a meeting every other Wednesday: a series whose first row has the pattern."""
        rows = [
            self._break(provider, slot, "Lunch")
            for provider in self.providers
            for slot in self.calendar.lunches(range(-1, 4))
            if slot.weekday != 2
        ]
        for provider in self.providers:
            rows += self._meetings(provider, ids)
        plain = [row for row in rows if "id" not in row]
        for row, row_id in zip(plain, ids(len(plain)), strict=True):
            row["id"] = row_id
        self.copy(Appointment, rows)

    def _meetings(self, provider: Provider, ids: Callable[[int], range]) -> list[Row]:
        slots = [slot for slot in self.calendar.lunches(range(-4, 6, 2)) if slot.weekday == 2]
        rows = [self._break(provider, slot, "Team meeting") for slot in slots]
        first, *later = ids(len(rows))
        rows[0] |= {
            "id": first,
            "recur_start_date": self.calendar.days[slots[0].day],
            "recur_end_date": self.calendar.days[slots[-1].day],
            "recurs_every": 2,
            "recurring_days": [2],
        }
        for row, row_id in zip(rows[1:], later, strict=True):
            row |= {"id": row_id, "base_recurring_appointment_id": first}
        return rows

    def _break(self, provider: Provider, slot: Slot, reason: str) -> Row:
        return {
            "doctor_id": provider.doctor,
            "office_id": provider.offices[slot.weekday],
            "exam_room": provider.room,
            "scheduled_time": slot.text,
            "duration": slot.minutes,
            "reason": reason,
            "color": "#868e96",
        }


def _reminders(visit: Row, slot: Slot) -> list[Row]:
    def before(reminder: Row) -> timedelta:
        return int(str(reminder["amount"])) * UNITS[str(reminder["unit"])]

    return [{**visit, **reminder, "scheduled_time": slot.start - before(reminder)} for reminder in REMINDERS]
