"""Which URLs may be called: no internal addresses. A sandbox may call its own machine.

Private, loopback, link-local and other special addresses are refused.
"""

import ipaddress

from django.conf import settings
from yarl import URL

MAX_URL_LENGTH = 2000
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def find_url_error(url: str, *, require_hostname: bool = False) -> str | None:
    """Return why this can't be a callback URL, None if it can. With ``require_hostname``, IP addresses and unqualified
    names are refused, except loopback in a sandbox. Makes no network call."""
    try:
        parsed = URL(url)
        port = parsed.port
    except ValueError:
        return "Enter a valid URL."
    schemes = ("https", "http") if settings.SANDBOX else ("https",)
    if len(url) > MAX_URL_LENGTH or not url.isprintable() or " " in url:
        return "Enter a valid URL."
    if parsed.scheme not in schemes or not parsed.host or port is None:
        return f"The URL must begin with {' or '.join(f'{scheme}://' for scheme in schemes)}."
    if parsed.user or parsed.password:
        return "The URL may not hold a user name or password."
    if is_ip_literal(parsed.host) and not is_address_allowed(parsed.host):
        return "This address can't be called."
    if require_hostname and not (_is_allowed_loopback(parsed.host) or _is_qualified_name(parsed.host)):
        return "The URL needs a full host name, such as hooks.example.com."
    return None


def is_address_allowed(address: str) -> bool:
    """Tell whether an IP address may be called. Embedded IPv4 addresses (mapped, 6to4, Teredo, NAT64) count as such."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is None and ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_address_allowed(str(inner))
    if ip.is_loopback:
        return bool(settings.SANDBOX)
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def _is_qualified_name(host: str) -> bool:
    return not is_ip_literal(host) and "." in host.strip(".")


def _is_allowed_loopback(host: str) -> bool:
    """Tell whether the host is loopback and this is a sandbox, which may call it."""
    if not settings.SANDBOX:
        return False
    return host == "localhost" or (
        is_ip_literal(host) and ipaddress.ip_address(host.partition("%")[0]).is_loopback
    )


def is_ip_literal(host: str) -> bool:
    """Tell whether a host is an IP address."""
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True
