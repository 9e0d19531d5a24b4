"""Access of patients to the portal: inviting, accepting an invitation, revoking. docs/decisions/0125-portal-access.md,
0260-the-portals-log-ins.md

Errors: Invalid for a patient without an e-mail address, Conflict for one who has access already.
"""

import secrets
from datetime import date, timedelta
from hashlib import sha256

from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext

from charthouse import clock
from charthouse.domains.patients import email_templates
from charthouse.domains.patients.models import Patient, PortalAccess
from charthouse.engine.errors import Conflict, Invalid
from charthouse.identity import tenancy
from charthouse.identity.audit_events import emit_audit_event

INVITATION_LIFETIME = timedelta(days=7)  # of an invitation
PASSWORD_LINK_LIFETIME = timedelta(days=1)  # of a link to a new password
LINK_SPACING = timedelta(minutes=5)  # least time between two links that a visitor asked for
MAX_ATTEMPTS = 5


def list_current_access(practice: int, patient: int) -> "QuerySet[PortalAccess]":
    """List access that is active, and invitations that can still be accepted."""
    good = Q(activated_on__isnull=False) | Q(expires_on__gt=clock.now())
    return PortalAccess.select_open().filter(good, practice=practice, patient=patient).order_by("id")


def invite(patient: Patient, user: int | None, *, api_user: int | None = None) -> PortalAccess:
    """Send an invitation and invalidate an earlier one. Runs within the caller's transaction, the patient locked.
    ``user`` or ``api_user``: the id of who sends it."""
    _check_email(patient)
    if patient.is_deceased:
        raise Conflict("The patient has died.")
    for before in _not_disabled(patient):
        if before.activated_on is not None:
            raise Conflict("The patient has access to the portal already.")
        disable(before, user)
    now, secret = clock.now(), _make_secret(patient.practice_id)
    made = PortalAccess.objects.create(
        practice_id=patient.practice_id,
        patient=patient,
        doctor_id=patient.doctor_id,
        enabled_by_id=user,
        api_user_id=api_user,
        enabled_on=now,
        expires_on=now + INVITATION_LIFETIME,
        link_sent_at=now,
        token=_hash_secret(secret),
    )
    email_templates.queue_link_email("invitation", patient, secret, made.expires_on)
    return made


def invite_or_send_password_link(
    patient: Patient, user: int | None, *, api_user: int | None = None
) -> PortalAccess:
    """Send an invitation, or a link to a new password to a patient who has access already."""
    active = _not_disabled(patient).filter(activated_on__isnull=False).first()
    if active is None:
        return invite(patient, user, api_user=api_user)
    send_password_link(active, patient)
    return active


def send_password_link(row: PortalAccess, patient: Patient) -> None:
    """Send a link to a new password; the old password works until the link is used. Runs within the caller's
    transaction, ``row`` or its patient locked."""
    _check_email(patient)
    now, secret = clock.now(), _make_secret(row.practice_id)
    row.token, row.attempts, row.link_sent_at, row.expires_on = (
        _hash_secret(secret),
        0,
        now,
        now + PASSWORD_LINK_LIFETIME,
    )
    row.save(update_fields=["token", "attempts", "link_sent_at", "expires_on", "updated_at"])
    email_templates.queue_link_email(
        "password" if row.username else "invitation", patient, secret, row.expires_on, row.username
    )


def change_password(row: PortalAccess, password: str) -> None:
    """Set a new password for a patient who gave the old one, and invalidate a link that is under way."""
    with transaction.atomic():
        row.password, row.token = make_password(password), ""
        row.save(update_fields=["password", "token", "updated_at"])
        emit_audit_event("portal password changed", practice_id=row.practice_id, patient_id=row.patient_id)


def revoke(practice: int, patient: int, user: int) -> None:
    """End access, or withdraw an invitation. There may be neither."""
    for row in PortalAccess.objects.filter(practice=practice, patient=patient, disabled_on=None):
        disable(row, user)


def select_not_disabled(practice: int) -> "QuerySet[PortalAccess]":
    """Select access of a practice's patients that was not revoked, and invitations."""
    return PortalAccess.objects.filter(practice=practice, disabled_on=None)


def _not_disabled(patient: Patient) -> "QuerySet[PortalAccess]":
    """List access of a patient that was not revoked, and invitations."""
    return PortalAccess.objects.filter(practice=patient.practice_id, patient=patient.pk, disabled_on=None)


def _check_email(patient: Patient) -> None:
    """Raise Invalid where the patient has no valid e-mail address."""
    try:
        validate_email(patient.email)
    except ValidationError:
        raise Invalid({"email": ["The patient has no valid e-mail address."]}) from None


def disable(row: PortalAccess, user: int | None) -> None:
    """End access or withdraw an invitation."""
    row.disabled_by_id, row.disabled_on, row.token, row.password = user, clock.now(), "", ""
    row.save(update_fields=["disabled_by", "disabled_on", "token", "password", "updated_at"])


def find_access_by_link(secret: str) -> PortalAccess | None:
    """Return the access that a link belongs to, within its practice, which this function enters; None for a link that
    can't be used."""
    practice, _, rest = secret.partition("-")
    if not (practice.isascii() and practice.isdigit() and len(practice) < 19 and rest):
        return None
    tenancy.set_tenant(int(practice))
    return (
        PortalAccess.select_open()
        .filter(
            practice=int(practice),
            token=_hash_secret(secret),
            expires_on__gt=clock.now(),
            attempts__lt=MAX_ATTEMPTS,
        )
        .first()
    )


def accept_link(secret: str, born: date | None, username: str, password: str | None) -> dict[str, str] | None:
    """Use a link with the patient's date of birth: from then on the patient signs in with this username and password.

    Returns errors by name: none when it succeeded, None when the link is not valid. A wrong date of birth counts
    against the link. ``username`` matters to a patient who has none yet. ``password`` None: only the date is checked.
    """
    with transaction.atomic():
        found = find_access_by_link(secret)
        if found is None:
            return None
        row = PortalAccess.objects.select_for_update(of=("self",)).get(pk=found.pk)
        if row.token != found.token or row.attempts >= MAX_ATTEMPTS:
            return None  # used in the meantime
        if born is None or found.patient.date_of_birth != born:
            row.attempts += 1
            row.save(update_fields=["attempts", "updated_at"])
            return {"born": gettext("This does not match the date of birth on file.")}
        if password is None:
            return {}
        return _activate(row, row.username or username, password)


def _activate(row: PortalAccess, username: str, password: str) -> dict[str, str]:
    """Save username and password; return errors by name."""
    again, row.username, row.password, row.token = (
        row.activated_on is not None,
        username,
        make_password(password),
        "",
    )
    row.activated_on = row.activated_on or clock.now()
    try:
        with transaction.atomic():
            row.save(update_fields=["username", "password", "activated_on", "token", "updated_at"])
    except IntegrityError:  # portal_username_once
        return {"username": gettext("This username is taken. Choose another one.")}
    what = "portal password changed" if again else "portal access taken"
    emit_audit_event(what, practice_id=row.practice_id, patient_id=row.patient_id)
    return {}


def _make_secret(practice: int) -> str:
    """Make the secret of a link, which begins with the id of the practice."""
    return f"{practice}-{secrets.token_urlsafe(32)}"


def _hash_secret(secret: str) -> str:
    """Return the SHA-256 of a secret, in hex."""
    return sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()
