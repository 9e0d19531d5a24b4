"""Appointments of patients, with vitals, reminders, status transitions and video visits."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import islice
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
from charthouse.sandbox.billing.claims import Claims
from charthouse.sandbox.calendar import Slot, Visit
from charthouse.sandbox.context import PracticeContext
from charthouse.sandbox.data.featured_patients import FeaturedPatient
from charthouse.sandbox.loader import Row
from charthouse.sandbox.patients.record import PatientRecord
from charthouse.sandbox.scheduling.settings import PROFILES, REMINDERS, VITAL_VALUES
from charthouse.sandbox.scheduling.statuses import draw_status, draw_transitions, draw_visit_count
from charthouse.sandbox.scheduling.visit_reasons import draw_reason
from charthouse.sandbox.scheduling.vitals import draw_vitals
from charthouse.sandbox.teams import Provider, Team

COLORS = {name: color for name, _, color, _ in PROFILES}
# Profiles by minutes of the slot; those of 30 minutes depend on the patient.
PROFILES_BY_MINUTES = {60: ("Annual physical",), 20: ("Follow-up", "Sick visit"), 15: ("Nurse visit",)}
DETAILS = (StatusTransition, Reminder, Vitals, CustomVitalValue, CustomAppointmentFieldValue)
UNITS = {"hours": timedelta(hours=1), "days": timedelta(days=1)}
BILLING_STATUSES = ("Bill Insurance", "Balance Due", "Paid In Full", "Paid In Full", "Settled")
VIDEO_INTERVAL = 40  # one appointment in so many is a video visit
NEW_PATIENT_DAYS = 400  # since the chart was opened


class AppointmentBook:
    """The appointments of one team. ``stream``: of the random numbers, see ``PracticeContext.get_random``."""

    def __init__(self, context: PracticeContext, team: Team, stream: str) -> None:
        self.context, self.team = context, team
        self.calendar, self.copy = context.calendar, context.copy
        self.random = context.get_random(stream)
        self.earlier_slots = (
            [
                iter(self.random.sample(self.calendar.earlier_slots, len(self.calendar.earlier_slots)))
                for _ in team.providers
            ]
            if team.detailed
            else []
        )
        self.free_slots = [
            iter(self.calendar.shuffle_slots(self.random, current_first=team.detailed))
            for _ in team.providers
        ]

    def add(self, patients: Sequence[PatientRecord]) -> list[Visit]:
        """Give each patient appointments with their doctor, and claims for them. Earlier ones have lower ids."""
        visits: list[Visit] = []
        for index, patient in enumerate(patients):
            position = index % len(self.team.providers)
            count = draw_visit_count(self.random, self.team.visits_per_patient)
            for order, slot in enumerate(self._take_slots(position, count, patient)):
                row = self._make_row(self.team.providers[position], patient, slot, is_first=order == 0)
                visits.append(Visit(slot, row, {}))
        visits.sort(key=lambda visit: visit.slot.start)
        ids = self.context.loader.reserve_ids(Appointment, len(visits))
        for visit, row_id in zip(visits, ids, strict=True):
            visit.row["id"] = row_id
        rows = [visit.row for visit in visits]
        if not self.team.detailed:
            self.copy(Appointment, rows)
            return visits
        claims = Claims(self.context, patients)
        claims.bill(visits, self._name_profiles())
        self.copy(Appointment, rows)
        claims.write()
        self._add_details(visits, {patient.row["id"]: patient for patient in patients})
        self._add_video_visits(rows[::VIDEO_INTERVAL])
        return visits

    def _name_profiles(self) -> dict[int, str]:
        """Return the names of the profiles by id."""
        return {
            row_id: name
            for provider in self.team.providers
            for name, row_id in provider.calendar_settings.profiles.items()
        }

    def _take_slots(self, position: int, count: int, patient: PatientRecord) -> list[Slot]:
        """Take free slots of a doctor, without those in which the patient can't come. In the order of time."""
        slots = [slot for _, slot in zip(range(count), self.free_slots[position], strict=False)]
        if patient.featured:
            slots = self._take_featured_slots(position, patient.featured)
        opened = self.calendar.today - patient.days_known
        slots = [slot for slot in slots if slot.day > opened]
        if patient.row["patient_status"] != "A":
            slots = [slot for slot in slots if slot.start < self.calendar.now]
        if died := patient.row.get("date_of_death"):
            slots = [slot for slot in slots if slot.start.date().isoformat() < died]
        return sorted(slots, key=lambda slot: slot.start)

    def _take_featured_slots(self, position: int, featured: FeaturedPatient) -> list[Slot]:
        """Take as many past slots as the patient has visits, half of them of the year before, and a coming one."""
        slots = list(islice(self.earlier_slots[position], featured.visits // 2))
        is_coming = featured.died is not None
        while len(slots) < featured.visits + is_coming:
            slot = next(self.free_slots[position])
            is_past = slot.start < self.calendar.now
            if is_past or not is_coming:
                slots.append(slot)
            is_coming = is_coming or not is_past
        return slots

    def _make_row(self, provider: Provider, patient: PatientRecord, slot: Slot, *, is_first: bool) -> Row:
        draw, calendar = self.random.random, self.calendar
        status = draw_status(self.random, slot, calendar.now)
        profile = self._draw_profile(patient, slot, is_first=is_first)
        is_past = slot.start < calendar.now
        is_walk_in = is_past and slot.minutes <= 20 and draw() < 0.08
        days_ahead = 1 if is_walk_in else 2 + int(draw() * 40)
        booked_at = f"{calendar.dates[min(slot.day, calendar.today) - days_ahead]} 18:00:00+00"
        reason = draw_reason(self.random, profile, patient, slot)
        row: Row = {
            "doctor_id": provider.doctor,
            "office_id": provider.offices[slot.weekday],
            "exam_room": provider.exam_room,
            "patient_id": patient.row["id"],
            "scheduled_time": slot.text,
            "duration": slot.minutes,
            "profile_id": provider.calendar_settings.profiles[profile],
            "status": status,
            "color": COLORS[profile],
            "reason": reason,
            "is_walk_in": is_walk_in,
            "created_at": booked_at,
            "updated_at": slot.text if is_past else booked_at,
        }
        if is_past and not is_walk_in and draw() < 0.1:
            row["notes"] = "Running late, called ahead" if draw() < 0.3 else "Please bring medication list"
        if status == "Complete" and patient.row.get("patient_payment_profile") == "Insurance":
            row["billing_status"] = BILLING_STATUSES[int(draw() * len(BILLING_STATUSES))]
        return row

    def _draw_profile(self, patient: PatientRecord, slot: Slot, *, is_first: bool) -> str:
        if slot.minutes == 30:
            is_new = is_first and patient.days_known < NEW_PATIENT_DAYS
            return "New patient" if is_new else "Established patient"
        profiles = PROFILES_BY_MINUTES[slot.minutes]
        return profiles[int(self.random.random() * len(profiles))]

    # -- details ------------------------------------------------------------------------------------------------

    def _add_details(self, visits: Sequence[Visit], patients: dict[int, PatientRecord]) -> None:
        rows: dict[Any, list[Row]] = {model: [] for model in DETAILS}
        providers = {provider.doctor: provider for provider in self.team.providers}
        for visit in visits:
            row = visit.row
            rows[StatusTransition] += self._make_transitions(visit)
            if not row["is_walk_in"]:
                rows[Reminder] += _make_reminders(visit)
            settings = providers[row["doctor_id"]].calendar_settings
            link = _link_to(row)
            if row["status"] == "Complete" and self.random.random() < 0.9:
                visit.vitals.update(draw_vitals(self.random, patients[row["patient_id"]], visit.date))
                rows[Vitals].append({**link, **visit.vitals})
                for vital, values in zip(settings.vitals, VITAL_VALUES, strict=True):
                    if self.random.random() < 0.25:
                        value = self.random.choice(values)
                        rows[CustomVitalValue].append({**link, "vital_type_id": vital, "value": value})
            for field, values in settings.fields:
                if self.random.random() < 0.2:
                    value = self.random.choice(values)
                    rows[CustomAppointmentFieldValue].append(
                        {**link, "field_type_id": field, "field_value": value}
                    )
        for model, of_model in rows.items():
            self.copy(model, of_model)

    def _make_transitions(self, visit: Visit) -> list[Row]:
        """Make the status transitions of a visit, which set when its row was updated."""
        transitions = draw_transitions(self.random, visit.slot, self.calendar.now, visit.row["status"])
        if transitions:
            visit.row["updated_at"] = transitions[-1][0].isoformat()
        return [
            {
                "appointment_id": visit.row["id"],
                "changed_at": at,
                "from_status": before,
                "to_status": after,
                "created_at": at,
                "updated_at": at,
            }
            for at, before, after in transitions
        ]

    def _add_video_visits(self, rows: Sequence[Row]) -> None:
        """Add video visits with an invented address: there is no video service."""
        visits = [
            {
                **_link_to(row),
                "sent_patient_email": True,
                "telehealth_url": f"https://video.example.com/{row['id']}",
            }
            for row in rows
        ]
        ids = self.copy(TelehealthVisit, visits)
        events = [
            {
                "created_at": row["updated_at"],
                "updated_at": row["updated_at"],
                "visit_id": visit,
                "event_type": "Created",
            }
            for visit, row in zip(ids, rows, strict=True)
        ]
        self.copy(TelehealthEvent, events)


def _link_to(row: Row) -> Row:
    return {"appointment_id": row["id"], "created_at": row["updated_at"], "updated_at": row["updated_at"]}


def _make_reminders(visit: Visit) -> list[Row]:
    return [
        {
            "appointment_id": visit.row["id"],
            **reminder,
            "scheduled_time": visit.slot.start - reminder["amount"] * UNITS[reminder["unit"]],
        }
        for reminder in REMINDERS
    ]
