"""Accounts of the users of a practice: creating, changing and switching them off. Each change is an event of the audit
trail."""

from typing import Any

from django.db import DEFAULT_DB_ALIAS, transaction
from django.db.models import F

from charthouse.domains.practice.models import Doctor, Staff
from charthouse.domains.practice.work_schedules import create_default_schedule
from charthouse.engine.errors import Conflict
from charthouse.identity import second_factor, token_pairs
from charthouse.identity.audit_events import emit_audit_event
from charthouse.identity.models import PERMISSIONS, User
from charthouse.identity.permissions import set_permissions


def create_user(user: User, timezone: str, *, using: str = DEFAULT_DB_ALIAS) -> User:
    """Save a new user, and the record of the staff member or doctor, who has working hours. ``timezone``: IANA name, of
    a doctor.

    Raises ValidationError for invalid values, DatabaseError for a username or zone that the database refuses.
    """
    with transaction.atomic(using=using):
        if user.role == User.Role.DOCTOR:
            names = {"first_name": user.first_name, "last_name": user.last_name, "email": user.email}
            doctor = Doctor(practice=user.practice, timezone=timezone, **names)
            doctor.save(using=using)
            create_default_schedule(doctor, using=using)
            user.doctor_id = doctor.pk
        allowed = [] if user.permissions else ["permissions"]  # no permission at all is valid
        user.full_clean(exclude=allowed, validate_unique=False, validate_constraints=False)
        user.save(using=using)
        if user.role == User.Role.STAFF:
            Staff(practice=user.practice, user=user).save(using=using)
    return user


def record_creation(user: User, by: int | None) -> None:
    """Record the event that an account was created. ``by``: id of the user who created it, None for the operator of the
    server."""
    details = {} if by is not None else {"by": "operator"}
    _record("account created", user, by, role=user.role, permissions=user.permissions, **details)


def change_user(user: User, values: dict[str, Any], by: int) -> None:
    """Change the names, the address or the primary physician of a user. A doctor's names change in the doctor's record
    as well."""
    changed = {name: value for name, value in values.items() if getattr(user, name) != value}
    if not changed:
        return
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(**changed)
        shared = {name: changed[name] for name in ("first_name", "last_name", "email") if name in changed}
        if user.role == User.Role.DOCTOR and shared:
            doctor = Doctor.objects.select_for_update().get(practice=user.practice_id, pk=user.doctor_id or 0)
            for name, value in shared.items():
                setattr(doctor, name, value)
            doctor.save(update_fields=[*shared, "updated_at"])
        _record("account changed", user, by, changed=sorted(changed))


def set_active(user: User, active: bool, by: int) -> None:
    """Switch a user on or off. Switching off ends sessions, links and the access of every app at once and for good:
    whoever is switched on again signs in and connects apps again. A doctor without a user who may sign in is suspended:
    nothing new is booked with them or refers to them."""
    ended = {} if active else {"sign_in_generation": F("sign_in_generation") + 1}
    with transaction.atomic():
        if User.objects.filter(pk=user.pk, is_active=not active).update(is_active=active, **ended):
            if not active:
                token_pairs.deauthorize_all(user=user.pk)
            _record("account changed", user, by, active=active)
            if user.role == User.Role.DOCTOR and user.doctor_id is not None:
                _suspend_doctor(user)


def _suspend_doctor(user: User) -> None:
    """Suspend the doctor whom a user signs in as, unless another user does too, or end the suspension."""
    doctor = Doctor.objects.select_for_update(no_key=True).get(
        practice=user.practice_id, pk=user.doctor_id or 0
    )
    active = User.objects.filter(
        practice=user.practice_id, doctor_id=doctor.pk, role=User.Role.DOCTOR, is_active=True
    )
    doctor.is_account_suspended = not active.exists()
    doctor.save(update_fields=["is_account_suspended", "updated_at"])


def transfer_primary_role(user: User, by: int) -> None:
    """Make ``user`` the primary user instead of ``by``, with every permission.

    Raises Conflict where ``by`` isn't the primary user any more, or ``user`` is switched off or has never set a
    password.
    """
    with transaction.atomic():
        both = User.objects.select_for_update(no_key=True).filter(
            practice=user.practice_id, pk__in=(user.pk, by)
        )
        rows = {row.pk: row for row in both.order_by("pk")}
        if user.pk == by or not rows[by].is_primary:
            raise Conflict("Someone else is the primary user now.")
        successor = rows[user.pk]
        if not (successor.is_active and successor.has_usable_password()):
            raise Conflict("This person can't sign in yet.")
        User.objects.filter(pk=by).update(is_primary=False)
        User.objects.filter(pk=user.pk).update(is_primary=True)
        set_permissions(successor, PERMISSIONS, by=by)
        _record("account changed", user, by, primary=True, instead_of=by)


def remove_second_factor(user: User, by: int) -> None:
    """Remove the second factor of a user who has lost the phone and the recovery codes."""
    second_factor.disable(user, by)


def _record(what: str, user: User, by: int | None, /, **details: Any) -> None:
    """Record an event about a user, with the id of the user in its details."""
    emit_audit_event(what, practice_id=user.practice_id, user_id=by, details={"user": user.pk} | details)
