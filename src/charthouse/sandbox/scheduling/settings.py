"""What each doctor has set up for the calendar: profiles, templates of the week, reminders, custom fields, vitals."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import time
from typing import Any

from charthouse.domains.practice.models import DoctorOptions
from charthouse.domains.scheduling.models import (
    AppointmentProfile,
    AppointmentTemplate,
    CustomAppointmentField,
    CustomVital,
    ReminderProfile,
)
from charthouse.sandbox.context import PracticeContext
from charthouse.sandbox.loader import Row

# Name, minutes, color, whether patients book it online.
PROFILES = (
    ("Annual physical", 60, "#2f9e44", True),
    ("New patient", 30, "#1c7ed6", True),
    ("Established patient", 30, "#4263eb", True),
    ("Sick visit", 20, "#f08c00", True),
    ("Follow-up", 20, "#7048e8", False),
    ("Nurse visit", 15, "#0ca678", False),
)
# Profile, start and minutes of the blocks of each day.
TEMPLATES = (
    ("Annual physical", time(8), 60),
    ("New patient", time(9), 60),
    ("Follow-up", time(10), 60),
    ("Nurse visit", time(11), 30),
    ("Annual physical", time(13), 60),
    ("Established patient", time(14), 60),
    ("Sick visit", time(15), 60),
)
REMINDERS: tuple[dict[str, Any], ...] = (
    {"amount": 2, "unit": "days", "type": "email"},
    {"amount": 3, "unit": "hours", "type": "sms"},
)
# Name, description, values that appointments have.
FIELDS = (
    ("Transport", "How the patient gets here", ("Drives", "Bus", "Brought by family")),
    ("Interpreter booked", "Yes or no", ("Yes", "No")),
)
VITALS: tuple[dict[str, Any], ...] = (
    {"name": "Peak flow", "data_type": "number", "unit": "L/min", "description": "Best of three blows"},
    {
        "name": "Visual acuity",
        "data_type": "text",
        "is_fraction_field": True,
        "fraction_delimiter": "/",
        "description": "Snellen, both eyes",
    },
    {
        "name": "Gait",
        "data_type": "single_sel",
        "allowed_values": ["Steady", "Unsteady", "Uses aid"],
        "description": "",
    },
)
# Values of the vitals, in the same order.
VITAL_VALUES = (
    ("340", "380", "410", "450", "520"),
    ("20/20", "20/25", "20/30", "20/40"),
    ("Steady", "Steady", "Steady", "Unsteady", "Uses aid"),
)


@dataclass(frozen=True)
class CalendarSettings:
    """Ids of a doctor's profiles by name, of custom fields with their values, of vitals in the order of ``VITALS``."""

    profiles: dict[str, int]
    fields: tuple[tuple[int, tuple[str, ...]], ...]
    vitals: tuple[int, ...]


def add_calendar_settings(
    context: PracticeContext, doctor: int, offices: Sequence[int], exam_room: int
) -> CalendarSettings:
    """Add the settings of a doctor, who works at ``offices`` on the weekdays from Monday."""
    owner = {"doctor_id": doctor}
    profiles = _add_profiles(context, owner)
    context.copy(AppointmentTemplate, list(_make_templates(profiles, offices, exam_room)))
    (reminders,) = context.copy(
        ReminderProfile, [{**owner, "name": "Two days and three hours", "reminders": list(REMINDERS)}]
    )
    options = {
        **owner,
        "default_billing_provider_id": doctor,
        "default_reminder_profile_id": reminders,
        "patient_statement_office_id": offices[0],
        "office_for_lab_results_id": offices[0],
        "allowed_payment_methods": ["Cash", "Check", "Credit card"],
    }
    context.copy(DoctorOptions, [options])
    fields = context.copy(
        CustomAppointmentField,
        [
            {**owner, "field_name": name, "field_desc": description, "order": order}
            for order, (name, description, _) in enumerate(FIELDS)
        ],
    )
    vitals = context.copy(CustomVital, [{**owner, **vital} for vital in VITALS])
    values = [values for _, _, values in FIELDS]
    return CalendarSettings(profiles, tuple(zip(fields, values, strict=True)), tuple(vitals))


def _add_profiles(context: PracticeContext, owner: Row) -> dict[str, int]:
    rows = [
        {
            **owner,
            "name": name,
            "duration": minutes,
            "color": color,
            "reason": name,
            "online_scheduling": is_online,
            "sort_order": order,
        }
        for order, (name, minutes, color, is_online) in enumerate(PROFILES, 1)
    ]
    ids = context.copy(AppointmentProfile, rows)
    return {name: row_id for (name, *_), row_id in zip(PROFILES, ids, strict=True)}


def _make_templates(profiles: dict[str, int], offices: Sequence[int], exam_room: int) -> Iterator[Row]:
    for office in sorted(set(offices)):
        days = [day for day, of_day in enumerate(offices) if of_day == office]
        for name, start, minutes in TEMPLATES:
            yield {
                "profile_id": profiles[name],
                "office_id": office,
                "exam_room": exam_room,
                "scheduled_time": start,
                "duration": minutes,
                "week_days": days,
            }
