"""Doctors who can be booked, and the users who sign in as them."""

from collections.abc import Sequence
from typing import Any

from django.contrib.auth import get_user_model
from django.db import models
from django.db.models import OuterRef

User = get_user_model()


def find_doctors(practice: int, users: Sequence[int]) -> dict[int, int]:
    """Map each of these users who is an active doctor to the id of the doctor."""
    rows = User._default_manager.filter(
        practice=practice, pk__in=users, role="doctor", is_active=True, doctor_id__isnull=False
    )
    return {user: doctor for user, doctor in rows.values_list("pk", "doctor_id") if doctor is not None}


def find_first_doctor(practice: int) -> int | None:
    """Return the id of the doctor of the practice's primary user, or of its first doctor; None without any."""
    rows = User._default_manager.filter(
        practice=practice, role="doctor", is_active=True, doctor_id__isnull=False
    )
    return rows.order_by("-is_primary", "pk").values_list("doctor_id", flat=True).first()


def select_users_of_doctor(doctor: Any) -> "models.QuerySet[Any]":
    """Select the users who sign in as a doctor, inside the SELECT of a row of the practice. ``doctor``: an id, or an
    OuterRef to one."""
    rows = User._default_manager.filter(practice=OuterRef("practice_id"), doctor_id=doctor, role="doctor")
    return rows.order_by("pk")
