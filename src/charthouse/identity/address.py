"""Which address a request comes from."""

from collections.abc import Mapping
from functools import lru_cache
from ipaddress import ip_address
from typing import Any

from django.conf import settings
from django.http import HttpRequest


def caller(environ: Mapping[str, Any]) -> str:
    """The caller's address in its usual form, or "" where it can't be told.

    ``environ`` is WSGI's. Behind ``PROXIES`` proxies it is the one that the outermost of them saw: what a caller
    writes into X-Forwarded-For by itself lies further left and is never believed.
    """
    text = environ.get("REMOTE_ADDR") or ""
    if settings.PROXIES:
        hops = (environ.get("HTTP_X_FORWARDED_FOR") or "").split(",")
        text = hops[-settings.PROXIES].strip() if len(hops) >= settings.PROXIES else ""
    return _usual(text)


def of_request(request: HttpRequest) -> str:
    """The same of a page's request."""
    return caller(request.META)


@lru_cache(maxsize=1024)
def _usual(text: str) -> str:
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return ""
    return str(getattr(address, "ipv4_mapped", None) or address)
