"""Signed links to files, valid for one hour and usable without signing in, like those of the hosted API.

A token holds practice, file and expiry (Unix seconds). Anyone who has the link can read the file until then.
"""

from datetime import timedelta

from django.core.signing import BadSignature, Signer

from charthouse import clock
from charthouse.identity import origin

LIFETIME = timedelta(hours=1)


class LinkExpired(Exception):
    """The token is genuine but has expired."""


def make_link(practice: int, file: int, prefix: str = "files") -> str:
    """Return the absolute URL of a file, valid for LIFETIME from now. ``prefix``: the path of links to this kind of
    row (a stored file, or a row that a file is made from); a token is valid for its own prefix only."""
    until = int((clock.now() + LIFETIME).timestamp())
    token = _make_signer(prefix).sign(f"{practice}-{file}-{until}")
    return origin.build_url(f"/{prefix}/{token}")


def parse_token(token: str, prefix: str = "files") -> tuple[int, int]:
    """Return (practice, file) of a token. Raises BadSignature for a forged token, LinkExpired for an old one."""
    text = _make_signer(prefix).unsign(token)
    try:
        practice, file, until = (int(part) for part in text.split("-"))
    except ValueError:
        raise BadSignature from None
    if until <= clock.now().timestamp():
        raise LinkExpired
    return practice, file


def _make_signer(prefix: str) -> Signer:
    return Signer(salt=f"charthouse.{prefix}", sep=".")
