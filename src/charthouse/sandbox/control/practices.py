"""Small practices and users that a test adds for itself."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from random import SystemRandom
from typing import Any

import msgspec
from django.db import transaction

from charthouse.console.kit.actor import build_actor
from charthouse.domains.practice import user_accounts
from charthouse.domains.practice.models import Doctor, ExamRoom, Office
from charthouse.engine.errors import Invalid
from charthouse.engine.execution import writing
from charthouse.gateway.drchrono.registry import get_registry
from charthouse.identity import tenancy
from charthouse.identity.hashers import hash_generated
from charthouse.identity.models import PERMISSIONS, SHARING, Practice, User
from charthouse.sandbox.people import draw_name

TIMEZONE = "US/Eastern"
_random = SystemRandom()


@dataclass(frozen=True)
class AddedPractice:
    """A practice as it was added. ``patients``: as DrChrono's API shows them."""

    practice: Practice
    user: User
    password: str
    doctor: Doctor
    office: Office
    patients: list[dict[str, Any]]


def add_practice(name: str, patients: int, sharing: Sequence[str] | None) -> AddedPractice:
    """Add a practice with its primary user, a doctor, an office with two exam rooms, and patients. Raises Invalid."""
    if unknown := sorted(set(sharing or ()) - set(SHARING)):
        raise Invalid({"sharing": [f"There is no sharing switch {', '.join(unknown)[:200]}."]})
    with transaction.atomic(), tenancy.within(None):
        switches = SHARING if sharing is None else sharing
        practice = Practice.objects.create(name=name, sharing=list(switches))
        with tenancy.within(practice.pk):
            user, password = _add_user(practice, User.Role.DOCTOR, PERMISSIONS, primary=True)
            doctor = Doctor.objects.get(pk=user.doctor_id or 0)
            office = Office.objects.create(practice=practice, doctor=doctor, name="Main Street")
            for index in (1, 2):
                ExamRoom.objects.create(practice=practice, office=office, index=index, name=f"Room {index}")
    return AddedPractice(practice, user, password, doctor, office, add_patients(user, doctor.pk, patients))


def add_patients(user: User, doctor: int, count: int) -> list[dict[str, Any]]:
    """Add patients of a doctor, as DrChrono's API shows them."""
    if not count:
        return []
    assert user.practice_id is not None
    tenancy.set_tenant(user.practice_id, user_id=user.pk)
    try:
        bodies = [_draw_patient(doctor) for _ in range(count)]
        made = writing.create(get_registry()["patients"], build_actor(user), bodies, is_list=True)
        return list(msgspec.json.decode(msgspec.json.encode(made)))
    finally:
        tenancy.clear_tenant()


def add_user(practice: Practice, role: str, permissions: Sequence[str] | None) -> tuple[User, str]:
    """Add a user and return the password, which is not stored. Raises Invalid."""
    if unknown := sorted(set(permissions or ()) - set(PERMISSIONS)):
        raise Invalid({"permissions": [f"There is no permission {', '.join(unknown)[:200]}."]})
    with tenancy.within(practice.pk):
        return _add_user(practice, role, PERMISSIONS if permissions is None else permissions)


def _add_user(
    practice: Practice, role: str, permissions: Sequence[str], *, primary: bool = False
) -> tuple[User, str]:
    first, last = draw_name(_random, female_share=0.5)
    password = secrets.token_urlsafe(24)
    user = User(
        username=f"{first}.{last}.{secrets.token_hex(4)}".lower(),
        practice=practice,
        role=role,
        is_primary=primary,
        first_name=first,
        last_name=last,
        permissions=list(permissions),
    )
    user.password = hash_generated(password)
    user_accounts.create_user(user, TIMEZONE)
    user_accounts.record_creation(user, None)
    return user, password


def _draw_patient(doctor: int) -> dict[str, Any]:
    gender, share = _random.choice((("Female", 1.0), ("Male", 0.0)))
    first, last = draw_name(_random, female_share=share)
    born = f"{_random.randint(1940, 2015)}-{_random.randint(1, 12):02}-{_random.randint(1, 28):02}"
    return {
        "doctor": doctor,
        "first_name": first,
        "last_name": last,
        "gender": gender,
        "date_of_birth": born,
        "email": f"{first}.{last}@example.com".lower(),
        "cell_phone": f"(617) 555-01{_random.randint(0, 99):02}",
    }
