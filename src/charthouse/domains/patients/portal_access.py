"""Who of the patients may come into the portal: inviting, letting in, revoking. docs/decisions/0125-portal-access.md,
0260-the-portals-log-ins.md

May refuse: a patient without an e-mail address (Invalid), one who has access already (Conflict).
"""

import secrets
from datetime import date, timedelta
from hashlib import sha256

from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from charthouse import clock
from charthouse.domains.patients import email_templates
from charthouse.domains.patients.models import Patient, PortalAccess
from charthouse.engine.errors import Conflict, Invalid
from charthouse.identity import tenancy
from charthouse.identity.audit_events import emit_audit_event

LIFE = timedelta(days=7)  # of an invitation
RESET_LIFE = timedelta(days=1)  # of a link to a new password
BETWEEN = timedelta(minutes=5)  # two links that somebody asked for who isn't signed in
MOST_ATTEMPTS = 5


def standing(practice: int, patient: int) -> "QuerySet[PortalAccess]":
    """Access that is active, and invitations that can still be taken."""
    good = Q(activated_on__isnull=False) | Q(expires_on__gt=clock.now())
    return PortalAccess.objects.filter(
        good, practice=practice, patient=patient, disabled_on=None, archived=False
    ).order_by("id")


def invite(patient: Patient, user: int | None, *, api_user: int | None = None) -> PortalAccess:
    """Send an invitation; one that was sent before stops. Within the caller's transaction, the patient locked.
    ``user`` or ``api_user`` sends it."""
    _reachable(patient)
    for before in _not_disabled(patient):
        if before.activated_on is not None:
            raise Conflict("The patient has access to the portal already.")
        _disable(before, user)
    now, secret = clock.now(), _new_secret(patient.practice_id)
    made = PortalAccess.objects.create(
        practice_id=patient.practice_id,
        patient=patient,
        doctor_id=patient.doctor_id,
        enabled_by_id=user,
        api_user_id=api_user,
        enabled_on=now,
        expires_on=now + LIFE,
        link_sent_at=now,
        token=_checksum(secret),
    )
    email_templates.post("invitation", patient, secret, made.expires_on)
    return made


def invite_or_renew(patient: Patient, user: int | None, *, api_user: int | None = None) -> PortalAccess:
    """The same; who has access already is sent a link to a new password."""
    active = _not_disabled(patient).filter(activated_on__isnull=False).first()
    if active is None:
        return invite(patient, user, api_user=api_user)
    renew(active, patient)
    return active


def renew(row: PortalAccess, patient: Patient) -> None:
    """Send a link to a new password, after which the old one still holds until the link is taken. Within the caller's
    transaction, ``row`` or its patient locked."""
    _reachable(patient)
    now, secret = clock.now(), _new_secret(row.practice_id)
    row.token, row.attempts, row.link_sent_at, row.expires_on = _checksum(secret), 0, now, now + RESET_LIFE
    row.save(update_fields=["token", "attempts", "link_sent_at", "expires_on", "updated_at"])
    email_templates.post(
        "password" if row.username else "invitation", patient, secret, row.expires_on, row.username
    )


def change_password(row: PortalAccess, password: str) -> None:
    """A new password of a patient who gave the old one; a link that is under way stops."""
    with transaction.atomic():
        row.password, row.token = make_password(password), ""
        row.save(update_fields=["password", "token", "updated_at"])
        emit_audit_event("portal password changed", practice_id=row.practice_id, patient_id=row.patient_id)


def revoke(practice: int, patient: int, user: int) -> None:
    """End access, or take back an invitation. There may be none."""
    for row in PortalAccess.objects.filter(practice=practice, patient=patient, disabled_on=None):
        _disable(row, user)


def _not_disabled(patient: Patient) -> "QuerySet[PortalAccess]":
    return PortalAccess.objects.filter(practice=patient.practice_id, patient=patient.pk, disabled_on=None)


def _reachable(patient: Patient) -> None:
    try:
        validate_email(patient.email)
    except ValidationError:
        raise Invalid({"email": ["The patient has no valid e-mail address."]}) from None


def _disable(row: PortalAccess, user: int | None) -> None:
    row.disabled_by_id, row.disabled_on, row.token, row.password = user, clock.now(), "", ""
    row.save(update_fields=["disabled_by", "disabled_on", "token", "password", "updated_at"])


def invited(secret: str) -> PortalAccess | None:
    """The access that a link means, in its practice, which this establishes; None when it can't be taken."""
    practice, _, rest = secret.partition("-")
    if not (practice.isascii() and practice.isdigit() and len(practice) < 19 and rest):
        return None
    tenancy.enter(int(practice))
    return (
        PortalAccess.objects.select_related("patient")
        .filter(
            practice=int(practice),
            token=_checksum(secret),
            disabled_on=None,
            archived=False,
            expires_on__gt=clock.now(),
            attempts__lt=MOST_ATTEMPTS,
            patient__archived=False,
        )
        .first()
    )


def take(secret: str, born: date | None, username: str, password: str | None) -> dict[str, str] | None:
    """Take a link with the patient's date of birth: from here on they sign in with this name and password.

    What is wrong, by name: nothing when it was taken, None when the link is no good (any more). A wrong date of birth
    counts against the link. ``username`` matters to who has none yet. ``password`` None: only the date is looked at.
    """
    with transaction.atomic():
        found = invited(secret)
        if found is None:
            return None
        row = PortalAccess.objects.select_for_update(of=("self",)).get(pk=found.pk)
        if row.token != found.token or row.attempts >= MOST_ATTEMPTS:
            return None  # somebody was quicker
        if born is None or found.patient.date_of_birth != born:
            row.attempts += 1
            row.save(update_fields=["attempts", "updated_at"])
            return {"born": "This is not the date of birth that the practice has."}
        if password is None:
            return {}
        return _let_in(row, row.username or username, password)


def _let_in(row: PortalAccess, username: str, password: str) -> dict[str, str]:
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
        return {"username": "Somebody else signs in with this name. Choose another."}
    what = "portal password changed" if again else "portal access taken"
    emit_audit_event(what, practice_id=row.practice_id, patient_id=row.patient_id)
    return {}


def _new_secret(practice: int) -> str:
    return f"{practice}-{secrets.token_urlsafe(32)}"


def _checksum(secret: str) -> str:
    return sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()
