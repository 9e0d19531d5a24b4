"""Second factor: codes of an authenticator app (TOTP), and recovery codes for its loss.

Both use the system clock, as authenticator apps do, also in a sandbox whose clock is moved. Wrong codes are delayed
increasingly (django-otp); a code is valid once.
"""

import secrets
from hashlib import sha256

from django.db import transaction
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from charthouse.identity.audit_events import emit_audit_event
from charthouse.identity.models import User

RECOVERY_CODE_COUNT = 10
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


def is_enabled(user: User) -> bool:
    """Return whether the user has a confirmed authenticator."""
    return bool(TOTPDevice.objects.filter(user=user, confirmed=True).exists())


def get_pending_device(user: User) -> TOTPDevice:
    """Return the unconfirmed authenticator of the user; create it if there is none."""
    device = TOTPDevice.objects.filter(user=user, confirmed=False).first()
    return device or TOTPDevice.objects.create(user=user, name="authenticator", confirmed=False)


def confirm(user: User, code: str) -> list[str] | None:
    """Enable the pending authenticator with its first code. Return recovery codes, or None if the code is wrong."""
    with transaction.atomic():
        device = TOTPDevice.objects.select_for_update().filter(user=user, confirmed=False).first()
        if device is None or not device.verify_token(code.replace(" ", "")):
            return None
        TOTPDevice.objects.filter(user=user, confirmed=True).delete()
        device.confirmed = True
        device.save(update_fields=["confirmed"])
        _emit_event(user, "on")
        return create_recovery_codes(user)


def create_recovery_codes(user: User) -> list[str]:
    """Replace the recovery codes of the user and return the new ones. Only digests are stored."""
    codes = [
        "-".join("".join(secrets.choice(_ALPHABET) for _ in range(5)) for _ in range(2))
        for _ in range(RECOVERY_CODE_COUNT)
    ]
    with transaction.atomic():
        renewed, _ = StaticDevice.objects.filter(user=user).delete()
        if renewed:
            emit_audit_event("recovery codes renewed", practice_id=user.practice_id, user_id=user.pk)
        device = StaticDevice.objects.create(user=user, name="recovery")
        StaticToken.objects.bulk_create(
            StaticToken(device=device, token=_digest_code(code)) for code in codes
        )
    return codes


def count_recovery_codes(user: User) -> int:
    """Count the unused recovery codes of the user."""
    return int(StaticToken.objects.filter(device__user=user).count())


def verify_code(user: User, code: str) -> bool:
    """Verify a code of the authenticator, or a recovery code, which is used up by it."""
    plain = code.replace(" ", "").lower()
    model, given = (TOTPDevice, plain) if plain.isdigit() else (StaticDevice, _digest_code(plain))
    with transaction.atomic():
        device = model.objects.select_for_update().filter(user=user, confirmed=True).first()
        return device is not None and bool(device.verify_token(given))


def disable(user: User, by: int | None = None, *, operator: bool = False) -> None:
    """Remove authenticator and recovery codes of a user.

    ``by`` is the id of another user who does it; ``operator`` means that the operator of the server does.
    """
    with transaction.atomic():
        _emit_event(user, "off", by, operator=operator)
        TOTPDevice.objects.filter(user=user).delete()
        StaticDevice.objects.filter(user=user).delete()


def _emit_event(user: User, state: str, by: int | None = None, *, operator: bool = False) -> None:
    details = {"user": user.pk, "second_factor": state} | ({"by": "operator"} if operator else {})
    who = None if operator else by or user.pk
    emit_audit_event("account changed", practice_id=user.practice_id, user_id=who, details=details)


def _digest_code(code: str) -> str:
    """Return the digest of a recovery code that is stored, shortened to the 16 characters of its column."""
    return sha256(code.replace("-", "").encode("utf-8", "surrogatepass")).hexdigest()[:16]
