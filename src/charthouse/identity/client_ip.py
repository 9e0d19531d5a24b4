"""IP address of the client that sent a request."""

from collections.abc import Mapping
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import Any

from django.conf import settings
from django.http import HttpRequest


def get_client_ip(environ: Mapping[str, Any]) -> str:
    """Return the client's IP address in canonical form, or "" where it cannot be determined.

    ``environ`` is the WSGI environment. Behind ``PROXIES`` reverse proxies the result is the address that the outermost
    proxy saw; entries further left in X-Forwarded-For are set by the client and ignored.
    """
    text = environ.get("REMOTE_ADDR") or ""
    if settings.PROXIES:
        hops = (environ.get("HTTP_X_FORWARDED_FOR") or "").split(",")
        text = hops[-settings.PROXIES].strip() if len(hops) >= settings.PROXIES else ""
    return _normalize(text)


def get_request_ip(request: HttpRequest) -> str:
    """Return the client IP of a Django request, as ``get_client_ip`` does."""
    return get_client_ip(request.META)


@lru_cache(maxsize=1024)
def _normalize(text: str) -> str:
    """Drop a zone index and unmap IPv4-mapped IPv6 addresses; return "" for anything that is not an address."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return ""
    return str(getattr(address, "ipv4_mapped", None) or address)


def is_network(text: str) -> bool:
    """Tell whether a text is an IP address or a network."""
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True
