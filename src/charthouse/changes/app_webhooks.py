"""The format of deliveries to OAuth apps: DrChrono's headers and body, and the headers of Standard Webhooks.

Sources: the seed page (Webhooks header and body) and drchrono/behaviour.md. The contents of ``receiver`` are published
nowhere; see docs/decisions/0131.
"""

import base64
import binascii
import hmac
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import msgspec

from charthouse.changes.event_catalog import Occurrence
from charthouse.changes.models import Delivery, Webhook

_encode = msgspec.json.Encoder().encode
RETRIES = (
    timedelta(hours=1),
    timedelta(hours=3),
    timedelta(hours=7),
)  # seed page, Webhooks delivery mechanism
STANDARD_PREFIX = "whsec_"  # of a secret by Standard Webhooks: the rest is base64


def serialize_webhook(webhook: Webhook) -> dict[str, Any]:
    """Return the webhook as its receiver sees it, without the secret."""
    return {
        "id": webhook.pk,
        "callback_url": webhook.callback_url,
        "events": webhook.events,
        "active": webhook.active,
        "verified": webhook.verified_at is not None,
    }


def build_body(webhook: Webhook, practice: int, content: bytes | None) -> bytes:
    """Build the body of a delivery. ``content``: the object's JSON, None for a ping."""
    body: dict[str, Any] = {"receiver": serialize_webhook(webhook)}
    if content is not None:
        body |= {"object": msgspec.Raw(content), "practice_group_id": practice}
    return _encode(body)


def encode_object(occurrence: Occurrence, body_object: Any) -> bytes:
    """Encode the object as an API call returns it."""
    return _encode(body_object)


def compute_next_attempt(happened: datetime, made: int, at: datetime) -> datetime | None:
    """Return the time of the next attempt, counted from the event and not from the attempt before; None after the last,
    when only a user can request one."""
    return next((time for time in (happened + wait for wait in RETRIES) if time > at), None)


def build_headers(delivery: Delivery, secret: str, seconds: int) -> dict[str, str]:
    """Build the headers of an attempt. ``seconds``: its time, Unix seconds."""
    number = f"msg_{delivery.pk}"
    signed = f"{number}.{seconds}.".encode() + bytes(delivery.body)
    digest = hmac.new(_decode_secret(secret), signed, sha256).digest()
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


def compute_verification_digest(secret: str, message: str) -> str:
    """Compute the hex digest that a receiver has to return for a verification message."""
    return hmac.new(secret.encode(), message.encode(), sha256).hexdigest()


def _decode_secret(secret: str) -> bytes:
    if secret.startswith(STANDARD_PREFIX):
        try:
            return base64.b64decode(secret.removeprefix(STANDARD_PREFIX), validate=True)
        except binascii.Error:
            pass
    return secret.encode()
