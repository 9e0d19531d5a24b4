"""Who of the patients may come into the portal: inviting, letting in, revoking. docs/decisions/0125-portal-access.md

May refuse: a patient without an e-mail address (Invalid), one who has access already (Conflict).
"""

import secrets
from datetime import date, timedelta
from hashlib import sha256

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Q, QuerySet

from charthouse import clock
from charthouse.domains.patients.models import Patient, PortalAccess
from charthouse.identity import tenancy
from charthouse.identity.models import Practice
from charthouse.post import send
from charthouse.resource.errors import Conflict, Invalid

LIFE = timedelta(days=7)  # of an invitation
MOST_ATTEMPTS = 5
UNDER = "portal/invitations"


def standing(practice: int, patient: int) -> "QuerySet[PortalAccess]":
    """Access that is active, and invitations that can still be taken."""
    good = Q(activated_on__isnull=False) | Q(expires_on__gt=clock.now())
    return PortalAccess.objects.filter(
        good, practice=practice, patient=patient, disabled_on=None, archived=False
    ).order_by("id")


def invite(patient: Patient, user: int) -> PortalAccess:
    """Send an invitation; one that was sent before stops. Within the caller's transaction, the patient locked."""
    try:
        validate_email(patient.email)
    except ValidationError:
        raise Invalid({"email": ["The patient has no valid e-mail address."]}) from None
    now, practice = clock.now(), patient.practice_id
    for before in PortalAccess.objects.filter(practice=practice, patient=patient.pk, disabled_on=None):
        if before.activated_on is not None:
            raise Conflict("The patient has access to the portal already.")
        _disable(before, user)
    secret = f"{practice}-{secrets.token_urlsafe(32)}"
    made = PortalAccess.objects.create(
        practice_id=practice,
        patient=patient,
        doctor_id=patient.doctor_id,
        enabled_by_id=user,
        enabled_on=now,
        expires_on=now + LIFE,
        token=_checksum(secret),
    )
    name = Practice.objects.get(pk=practice).name
    link = f"{settings.BASE_URL}/{UNDER}/{secret}"
    send.email(
        practice,
        patient.email,
        f"Your patient portal at {name}",
        f"{name} invites you to its patient portal.\n\nOpen this link and confirm your date of birth:\n\n{link}\n\n"
        f"It works once, until {made.expires_on:%Y-%m-%d %H:%M} UTC. If you did not expect it, ignore this e-mail.\n",
        purpose="portal invitation",
    )
    return made


def revoke(practice: int, patient: int, user: int) -> None:
    """End access, or take back an invitation. There may be none."""
    for row in PortalAccess.objects.filter(practice=practice, patient=patient, disabled_on=None):
        _disable(row, user)


def _disable(row: PortalAccess, user: int) -> None:
    row.disabled_by_id, row.disabled_on, row.token = user, clock.now(), ""
    row.save(update_fields=["disabled_by", "disabled_on", "token", "updated_at"])


def invited(secret: str) -> PortalAccess | None:
    """The invitation that a link means, in its practice, which this establishes; None when it can't be taken."""
    practice, _, rest = secret.partition("-")
    if not (practice.isascii() and practice.isdigit() and len(practice) < 19 and rest):
        return None
    tenancy.enter(int(practice))
    return (
        PortalAccess.objects.select_related("patient")
        .filter(
            practice=int(practice),
            token=_checksum(secret),
            activated_on=None,
            disabled_on=None,
            expires_on__gt=clock.now(),
            attempts__lt=MOST_ATTEMPTS,
            patient__archived=False,
        )
        .first()
    )


def activate(secret: str, born: date | None) -> bool:
    """Take an invitation with the patient's date of birth; whether that was right. The link works once."""
    with transaction.atomic():
        found = invited(secret)
        if found is None:
            return False
        row = PortalAccess.objects.select_for_update(of=("self",)).get(pk=found.pk)
        if row.token != found.token or row.attempts >= MOST_ATTEMPTS:
            return False  # somebody was quicker
        if born is None or found.patient.date_of_birth != born:
            row.attempts += 1
            row.save(update_fields=["attempts", "updated_at"])
            return False
        row.activated_on, row.token = clock.now(), ""
        row.save(update_fields=["activated_on", "token", "updated_at"])
    return True


def _checksum(secret: str) -> str:
    return sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()
