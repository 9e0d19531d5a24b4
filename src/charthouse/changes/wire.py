"""Deliveries to apps on the wire: the vendor's headers and body, and beside them those of Standard Webhooks.

Facts: the seed page (Webhooks header and body) and drchrono/behaviour.md. What the receiver's own JSON holds is
published nowhere; see docs/decisions/0131.
"""

import base64
import binascii
import hmac
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import msgspec

from charthouse.changes.catalogue import Happening
from charthouse.changes.models import Delivery, Webhook

_encode = msgspec.json.Encoder().encode
RETRIES = (
    timedelta(hours=1),
    timedelta(hours=3),
    timedelta(hours=7),
)  # seed page, Webhooks delivery mechanism
STANDARD = "whsec_"  # a secret of Standard Webhooks: the rest is base64


def receiver(webhook: Webhook) -> dict[str, Any]:
    """The webhook as its receiver is shown it. Never the secret."""
    return {
        "id": webhook.pk,
        "callback_url": webhook.callback_url,
        "events": webhook.events,
        "active": webhook.active,
        "verified": webhook.verified_at is not None,
    }


def body(webhook: Webhook, practice: int, content: bytes | None) -> bytes:
    """The body of a delivery; ``content`` is the object's JSON, None of a ping."""
    made: dict[str, Any] = {"receiver": receiver(webhook)}
    if content is not None:
        made |= {"object": msgspec.Raw(content), "practice_group_id": practice}
    return _encode(made)


def content(happening: Happening, shown: Any) -> bytes:
    """The object, as a call of the API shows it."""
    return _encode(shown)


def next_try(happened: datetime, made: int, at: datetime) -> datetime | None:
    """Hours after the event, not after the attempt before; then by hand only."""
    return next((time for time in (happened + wait for wait in RETRIES) if time > at), None)


def headers(delivery: Delivery, secret: str, seconds: int) -> dict[str, str]:
    """Of an attempt at this moment (Unix seconds)."""
    number = f"msg_{delivery.pk}"
    signed = f"{number}.{seconds}.".encode() + bytes(delivery.body)
    digest = hmac.new(_key(secret), signed, sha256).digest()
    return {
        "Content-Type": "application/json",
        "User-Agent": "Charthouse-Webhooks/1",
        "X-drchrono-event": delivery.event,
        "X-drchrono-signature": secret,
        "X-drchrono-delivery": str(delivery.pk),
        "webhook-id": number,
        "webhook-timestamp": str(seconds),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def proof(secret: str, message: str) -> str:
    """What a receiver answers to a verification with this message."""
    return hmac.new(secret.encode(), message.encode(), sha256).hexdigest()


def _key(secret: str) -> bytes:
    if secret.startswith(STANDARD):
        try:
            return base64.b64decode(secret.removeprefix(STANDARD), validate=True)
        except binascii.Error:
            pass
    return secret.encode()
