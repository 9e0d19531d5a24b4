"""The addresses of apps' pages that are shown within ours: the app's own address, with who looks at whom, signed.

Parameters and claims: reference drchrono/behaviour.md, Iframe. The JWT is HS256 under the app's client secret.
"""

import hmac
import json
from base64 import urlsafe_b64encode
from hashlib import sha256
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from charthouse import clock
from charthouse.identity.oauth_models import Application
from charthouse.identity.sealed_secrets import UnsealError, unseal


def build_patient_url(app: Application, *, doctor: int, patient: int, practice: int, user: int) -> str | None:
    """What the app shows on a patient's page. None where it has no such address, or its secret isn't known here."""
    ids = {"doctor_id": doctor, "patient_id": patient, "practice_id": practice, "user_id": user}
    return _sign(app, app.patient_iframe_url, ids)


def build_note_url(
    app: Application, *, doctor: int, patient: int, practice: int, appointment: int
) -> str | None:
    """The same on the page of a visit's note."""
    ids = {"doctor_id": doctor, "patient_id": patient, "practice_id": practice, "appointment_id": appointment}
    return _sign(app, app.note_iframe_url, ids)


def _sign(app: Application, address: str, ids: dict[str, int]) -> str | None:
    if not address or not app.sealed_secret:
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
