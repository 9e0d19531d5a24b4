"""Doctors, offices, exam rooms, users and groups of a practice."""

from collections.abc import Sequence
from typing import Any

from charthouse.audit.models import Event
from charthouse.domains.practice.models import (
    Doctor,
    DoctorWorkSchedule,
    ExamRoom,
    Office,
    OfficeWorkSchedule,
    Staff,
    UserGroup,
    UserGroupMember,
)
from charthouse.identity.hashers import hash_generated
from charthouse.identity.models import PERMISSIONS, User
from charthouse.sandbox.context import PracticeContext
from charthouse.sandbox.data.places import Town
from charthouse.sandbox.data.practices import OfficeSpec
from charthouse.sandbox.loader import Row
from charthouse.sandbox.people import draw_name, draw_npi, draw_phone

OPENING_HOURS = (("08:00:00", "17:00:00"),)
WORKING_HOURS = (("08:00:00", "12:00:00"), ("13:00:00", "17:00:00"))
WORK_DAYS = 5  # from Monday


def add_doctors(context: PracticeContext, specialties: Sequence[str]) -> list[Row]:
    """Add a doctor of each specialty, with a work schedule. Their rows."""
    group_npi = draw_npi(context.random)
    rows = [_make_doctor(context, specialty, group_npi) for specialty in specialties]
    context.copy(Doctor, rows)
    schedules = [{"doctor_id": row["id"], "work_days": _make_week(WORKING_HOURS)} for row in rows]
    context.copy(DoctorWorkSchedule, schedules)
    return rows


def _make_doctor(context: PracticeContext, specialty: str, group_npi: str) -> Row:
    random, spec = context.random, context.spec
    first, last = _draw_unused_name(context)
    town = random.choice(spec.towns)
    return {
        "first_name": first,
        "last_name": last,
        "suffix": "MD",
        "specialty": specialty,
        "job_title": "Provider/Staff (Private Practice)",
        "email": f"{first}.{last}@example.com".lower(),
        "cell_phone": draw_phone(random, town),
        "office_phone": draw_phone(random, town),
        "npi_number": draw_npi(random),
        "group_npi_number": group_npi,
        "website": "https://" + spec.name.lower().replace(" ", "-") + ".example.com",
        "timezone": spec.timezone,
    }


def _draw_unused_name(context: PracticeContext) -> tuple[str, str]:
    """Draw a name whose username nobody in the sandbox has yet."""
    while True:
        first, last = draw_name(context.random, female_share=0.55)
        if _make_username(first, last) not in context.credentials.passwords:
            return first, last


def _make_username(first: str, last: str) -> str:
    return f"{first}.{last}".lower()


def _make_week(hours: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    """Make the days of a work schedule: the same hours on each, enabled on work days."""
    return [
        {
            "id": day,
            "iso_weekday": str(day),
            "enabled": day <= WORK_DAYS,
            "work_hours": [
                {"id": day * 100 + position, "start_time": start, "end_time": end, "enabled": True}
                for position, (start, end) in enumerate(hours, 1)
            ],
        }
        for day in range(1, 8)
    ]


# -- offices ----------------------------------------------------------------------------------------------------


def add_offices(context: PracticeContext, doctors: Sequence[int]) -> list[int]:
    """Add the offices of the practice, with their exam rooms and schedules. Their ids."""
    specs = context.spec.offices
    rows = [
        _make_office(context, spec, doctors[index % len(doctors)], online=index == 0)
        for index, spec in enumerate(specs)
    ]
    ids = context.copy(Office, rows)
    rooms = [
        {"office_id": office, "index": index, "name": name, "online_scheduling": index == 1}
        for office, spec in zip(ids, specs, strict=True)
        for index, name in enumerate(spec.rooms, 1)
    ]
    context.copy(ExamRoom, rooms)
    schedules = [{"office_id": office, "work_days": _make_week(OPENING_HOURS)} for office in ids]
    context.copy(OfficeWorkSchedule, schedules)
    return ids


def _make_office(context: PracticeContext, spec: OfficeSpec, doctor: int, *, online: bool) -> Row:
    town = context.spec.towns[spec.town]
    slots = [{"day": day, "hour": hour, "minute": 0} for day in range(WORK_DAYS) for hour in (9, 14)]
    return {
        **_make_address(context, doctor, spec.name, spec.address, town),
        "fax_number": draw_phone(context.random, town),
        "tax_id_number_professional": f"00-{context.random.randrange(1000000, 9999999)}",
        "online_scheduling": online,
        "online_timeslots": slots if online else [],
    }


def _make_address(context: PracticeContext, doctor: int, name: str, address: str, town: Town) -> Row:
    return {
        "doctor_id": doctor,
        "name": name,
        "address": address,
        "city": town.name,
        "state": town.state,
        "zip_code": town.zip_code,
        "phone_number": draw_phone(context.random, town),
        "start_hour": 8,
        "end_hour": 17,
    }


def add_additional_office(context: PracticeContext, number: int, doctor_count: int) -> tuple[list[int], int]:
    """Add an office with an exam room for each of its doctors, who are no users. The doctors' ids, the office's id."""
    doctors = [row["id"] for row in add_doctors(context, ("Family Medicine",) * doctor_count)]
    town = context.spec.towns[number % len(context.spec.towns)]
    name = f"{context.spec.name} {town.name} {number}"
    row = _make_address(context, doctors[0], name, f"{number} Commerce Way", town)
    (office,) = context.copy(Office, [row])
    rooms = [
        {"office_id": office, "index": index, "name": f"Room {index}"} for index in range(1, doctor_count + 1)
    ]
    context.copy(ExamRoom, rooms)
    return doctors, office


# -- users ------------------------------------------------------------------------------------------------------


def add_users(context: PracticeContext, doctors: Sequence[Row]) -> None:
    """Add the users of the practice and their groups: doctors, of whom the first is the primary user, and staff."""
    rows = [
        _make_user(context, doctor["first_name"], doctor["last_name"], "doctor", PERMISSIONS, doctor["id"])
        for doctor in doctors
    ]
    rows[0]["is_primary"] = True
    for spec in context.spec.staff:
        name = _draw_unused_name(context)
        rows.append(_make_user(context, *name, "staff", spec.permissions, doctors[0]["id"]))
    ids = context.copy(User, rows)
    staff = [
        {"user_id": row["id"], "cell_phone": f"303555{row['id'] % 10000:04}"}
        for row in rows
        if row["role"] == "staff"
    ]
    context.copy(Staff, staff)
    context.copy(Event, [_make_event(context, user, by=ids[0]) for user in ids])
    _add_groups(context, {"Clinical team": ids[: len(doctors)], "Front office": ids[len(doctors) :]})


def _make_user(
    context: PracticeContext, first: str, last: str, role: str, permissions: Sequence[str], doctor: int
) -> Row:
    username = _make_username(first, last)
    return {
        "username": username,
        "password": hash_generated(context.credentials.get_password(username)),
        "email": f"{username}@example.com",
        "first_name": first,
        "last_name": last,
        "role": role,
        "permissions": list(permissions),
        "doctor_id": doctor,
    }


def _make_event(context: PracticeContext, user: int, *, by: int) -> Row:
    """Make the event of the audit log that says who created an account."""
    return {
        "at": context.loader.timestamp,
        "what": "account created",
        "user_id": by,
        "ip": "",
        "patient_id": None,
        "details": {"user": user},
    }


def _add_groups(context: PracticeContext, groups: dict[str, list[int]]) -> None:
    ids = context.copy(UserGroup, [{"name": name} for name in groups])
    members = [
        {"group_id": group, "user_id": user}
        for group, users in zip(ids, groups.values(), strict=True)
        for user in users
    ]
    context.copy(UserGroupMember, members)
