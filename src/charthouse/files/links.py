"""Links to files: signed, good for one hour, usable without a log-in, as the hosted API's are.

A token holds practice, file and end of life (unix seconds). Whoever has the link has the file until then.
"""

from collections.abc import Callable
from contextvars import ContextVar
from datetime import timedelta

from django.conf import settings
from django.core.signing import BadSignature, Signer

from charthouse import clock

LIFE = timedelta(hours=1)

_origin: ContextVar[Callable[[], str] | None] = ContextVar("origin", default=None)


class Expired(Exception):
    """The token was good once."""


def served_from(origin: Callable[[], str]) -> None:
    """Say where this request reached us (``https://host``); links made from here on start with it. Without a
    request, they start with the setting BASE_URL."""
    _origin.set(origin)


def origin() -> str:
    """``https://host`` as this request reached us, or the setting BASE_URL without one."""
    served = _origin.get()
    return served() if served else str(settings.BASE_URL)


def link(practice: int, file: int, under: str = "files") -> str:
    """An absolute URL of the file, good from now for LIFE. ``under``: what the id is of, a file or what a file is
    made of; a link of one kind opens nothing of another."""
    until = int((clock.now() + LIFE).timestamp())
    return f"{origin()}/{under}/{_signer(under).sign(f'{practice}-{file}-{until}')}"


def opened(token: str, under: str = "files") -> tuple[int, int]:
    """(practice, file) of a token. Raises BadSignature for a forged one, Expired for an old one."""
    text = _signer(under).unsign(token)
    try:
        practice, file, until = (int(part) for part in text.split("-"))
    except ValueError:
        raise BadSignature from None
    if until <= clock.now().timestamp():
        raise Expired
    return practice, file


def _signer(under: str) -> Signer:
    return Signer(salt=f"charthouse.{under}", sep=".")
