"""Signed URLs of app pages that are embedded in iframes.

Parameters and claims: reference drchrono/behaviour.md, Iframe. The JWT is signed with HS256 under the client secret.
"""

import hmac
import json
from base64 import urlsafe_b64encode
from hashlib import sha256
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from charthouse import clock
from charthouse.identity.oauth_models import Application, is_secure_url
from charthouse.identity.sealed_secrets import UnsealError, unseal


def build_patient_url(app: Application, *, doctor: int, patient: int, practice: int, user: int) -> str | None:
    """Build the URL of the app's iframe on a patient page. Return None if it has none, or
    one without https, or its secret cannot be read."""
    ids = {"doctor_id": doctor, "patient_id": patient, "practice_id": practice, "user_id": user}
    return _sign(app, app.patient_iframe_url, ids)


def build_note_url(
    app: Application, *, doctor: int, patient: int, practice: int, appointment: int
) -> str | None:
    """Build the URL of the app's iframe on the page of a clinical note, as ``build_patient_url`` does."""
    ids = {"doctor_id": doctor, "patient_id": patient, "practice_id": practice, "appointment_id": appointment}
    return _sign(app, app.note_iframe_url, ids)


def _sign(app: Application, address: str, ids: dict[str, int]) -> str | None:
    if not address or not app.sealed_secret or not is_secure_url(address, loopback=False):
        return None
    try:
        secret = unseal(app.sealed_secret)
    except UnsealError:
        return None
    claims = {**ids, "iat": int(clock.now().timestamp())}
    parts = urlsplit(address)
    query = [*parse_qsl(parts.query), *claims.items(), ("jwt", _encode_jwt(claims, secret))]
    return urlunsplit(parts._replace(query=urlencode(query)))


def _encode_jwt(claims: dict[str, int], secret: str) -> str:
    signed = ".".join(
        _encode_part(json.dumps(one).encode()) for one in ({"alg": "HS256", "typ": "JWT"}, claims)
    )
    return f"{signed}.{_encode_part(hmac.new(secret.encode(), signed.encode(), sha256).digest())}"


def _encode_part(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()
