"""What each doctor has set up for the calendar: kinds of visits, blocks of the week, reminders, fields, vitals."""

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
from charthouse.sandbox.practice import Provider, Setup

# Name, minutes, color, what patients read when they book online (or not at all).
PROFILES = (
    ("Annual physical", 60, "#2f9e44", True),
    ("New patient", 30, "#1c7ed6", True),
    ("Established patient", 30, "#4263eb", True),
    ("Sick visit", 20, "#f08c00", True),
    ("Follow-up", 20, "#7048e8", False),
    ("Nurse visit", 15, "#0ca678", False),
)
# Profile, start and minutes of the block in which it is booked.
BLOCKS = (
    ("Annual physical", time(8), 60),
    ("New patient", time(9), 60),
    ("Follow-up", time(10), 60),
    ("Nurse visit", time(11), 30),
    ("Annual physical", time(13), 60),
    ("Established patient", time(14), 60),
    ("Sick visit", time(15), 60),
)
REMINDERS = (
    {"amount": 2, "unit": "days", "type": "email"},
    {"amount": 3, "unit": "hours", "type": "sms"},
)
FIELDS = (
    ("Transport", "How the patient gets here", ("Drives", "Bus", "Brought by family")),
    ("Interpreter booked", "Yes or no", ("Yes", "No")),
)


@dataclass(frozen=True)
class Furniture:
    """Ids by name; ``vitals`` in the order of ``VITALS``."""

    profiles: dict[str, int]
    fields: tuple[tuple[int, tuple[str, ...]], ...]
    vitals: tuple[int, ...]


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
MEASURED = (
    ("340", "380", "410", "450", "520"),
    ("20/20", "20/25", "20/30", "20/40"),
    ("Steady", "Steady", "Steady", "Unsteady", "Uses aid"),
)


def furnish(setup: Setup, provider: Provider) -> Furniture:
    doctor = {"doctor_id": provider.doctor}
    profiles = setup.copy(
        AppointmentProfile,
        [
            {
                **doctor,
                "name": name,
                "duration": minutes,
                "color": color,
                "reason": name,
                "online_scheduling": online,
                "sort_order": order,
            }
            for order, (name, minutes, color, online) in enumerate(PROFILES, 1)
        ],
    )
    by_name = {name: row_id for (name, *_), row_id in zip(PROFILES, profiles, strict=True)}
    setup.copy(AppointmentTemplate, list(_blocks(provider, by_name)))
    (reminders,) = setup.copy(
        ReminderProfile, [{**doctor, "name": "Two days and three hours", "reminders": list(REMINDERS)}]
    )
    options = {
        **doctor,
        "default_billing_provider_id": provider.doctor,
        "default_reminder_profile_id": reminders,
        "patient_statement_office_id": provider.offices[0],
        "office_for_lab_results_id": provider.offices[0],
        "allowed_payment_methods": ["Cash", "Check", "Credit card"],
    }
    setup.copy(DoctorOptions, [options])
    fields = setup.copy(
        CustomAppointmentField,
        [
            {**doctor, "field_name": name, "field_desc": text, "order": order}
            for order, (name, text, _) in enumerate(FIELDS)
        ],
    )
    vitals = setup.copy(CustomVital, [{**doctor, **vital} for vital in VITALS])
    values = [values for _, _, values in FIELDS]
    return Furniture(by_name, tuple(zip(fields, values, strict=True)), tuple(vitals))


def _blocks(provider: Provider, profiles: dict[str, int]) -> Any:
    for office in sorted(set(provider.offices)):
        days = [day for day, at in enumerate(provider.offices) if at == office]
        for name, start, minutes in BLOCKS:
            yield {
                "profile_id": profiles[name],
                "office_id": office,
                "exam_room": provider.room,
                "scheduled_time": start,
                "duration": minutes,
                "week_days": days,
            }
