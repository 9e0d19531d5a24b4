"""The second factor: codes of an authenticator app (TOTP), and recovery codes for when it is gone.

Both go by the system's clock: an authenticator knows nothing of a sandbox's. Wrong codes must wait longer and longer
(django-otp); a code is good once.
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
    return bool(TOTPDevice.objects.filter(user=user, confirmed=True).exists())


def get_pending_device(user: User) -> TOTPDevice:
    """The secret that is being set up, the same until it is confirmed."""
    device = TOTPDevice.objects.filter(user=user, confirmed=False).first()
    return device or TOTPDevice.objects.create(user=user, name="authenticator", confirmed=False)


def confirm(user: User, code: str) -> list[str] | None:
    """Turn it on with a first code; recovery codes, which exist nowhere else. None for a wrong code."""
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
    """Ten recovery codes in the place of those there were. Only digests of them are stored."""
    codes = [
        "-".join("".join(secrets.choice(_ALPHABET) for _ in range(5)) for _ in range(2))
        for _ in range(RECOVERY_CODE_COUNT)
    ]
    with transaction.atomic():
        StaticDevice.objects.filter(user=user).delete()
        device = StaticDevice.objects.create(user=user, name="recovery")
        StaticToken.objects.bulk_create(
            StaticToken(device=device, token=_digest_code(code)) for code in codes
        )
    return codes


def count_recovery_codes(user: User) -> int:
    return int(StaticToken.objects.filter(device__user=user).count())


def verify_code(user: User, code: str) -> bool:
    """Whether this is a code of the person's authenticator, or a recovery code, which it uses up."""
    plain = code.replace(" ", "").lower()
    model, given = (TOTPDevice, plain) if plain.isdigit() else (StaticDevice, _digest_code(plain))
    with transaction.atomic():
        device = model.objects.select_for_update().filter(user=user, confirmed=True).first()
        return device is not None and bool(device.verify_token(given))


def disable(user: User, by: int | None = None, *, operator: bool = False) -> None:
    """``by``: who does it, where that is somebody else; ``operator``: whoever runs the server does."""
    with transaction.atomic():
        _emit_event(user, "off", by, operator=operator)
        TOTPDevice.objects.filter(user=user).delete()
        StaticDevice.objects.filter(user=user).delete()


def _emit_event(user: User, state: str, by: int | None = None, *, operator: bool = False) -> None:
    details = {"user": user.pk, "second_factor": state} | ({"by": "operator"} if operator else {})
    who = None if operator else by or user.pk
    emit_audit_event("account changed", practice_id=user.practice_id, user_id=who, details=details)


def _digest_code(code: str) -> str:
    """What is stored of a recovery code: they are random, and its column has 16 characters."""
    return sha256(code.replace("-", "").encode("utf-8", "surrogatepass")).hexdigest()[:16]
