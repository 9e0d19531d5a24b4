"""The address of this server as its users see it: the only place that knows scheme and host of an absolute URL.

The setting BASE_URL (``https://ehr.example``) says the scheme, for every host that is served, since TLS is ended by a
proxy in front of this server. Headers such as X-Forwarded-Proto, X-Forwarded-Host and Forwarded are never believed; for
the caller's IP address see ``client_ip``. docs/decisions/0320-one-address.md
"""

from collections.abc import Mapping, MutableMapping
from contextvars import ContextVar
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.http.request import split_domain_port, validate_host
from django.utils.http import url_has_allowed_host_and_scheme

from charthouse.engine.errors import Malformed

UNTRUSTED_HEADERS = (
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PORT",
    "HTTP_X_FORWARDED_PREFIX",
    "HTTP_X_FORWARDED_SSL",
    "HTTP_X_FORWARDED_SCHEME",
    "HTTP_FRONT_END_HTTPS",
    "HTTP_FORWARDED",
)

_host: ContextVar[str | None] = ContextVar("host", default=None)
_origin: ContextVar[str | None] = ContextVar("origin", default=None)  # of the request, once it was asked for


def enter_request(environ: MutableMapping[str, Any]) -> None:
    """Correct scheme and host of a request to those of BASE_URL, and remember the host for ``get_origin``.

    ``environ`` is the WSGI environment, as the server has made it. Afterwards everything that reads scheme and host
    from it, Django included, sees those that the user sees, whatever the proxy passes on.
    """
    for name in UNTRUSTED_HEADERS:
        environ.pop(name, None)
    host = environ.get("HTTP_HOST") or f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"
    environ["wsgi.url_scheme"] = urlsplit(settings.BASE_URL).scheme
    environ["HTTP_HOST"] = host = _find_public_host(host)
    _host.set(host)
    _origin.set(None)


def require_served() -> None:
    """Raises Malformed where the current request names a host that is not served."""
    get_origin()


def get_origin() -> str:
    """Return the origin (``https://host``) of the current request, or BASE_URL outside of one. Raises Malformed for a
    host that is not served."""
    known = _origin.get()
    if known is not None:  # a page of objects may have hundreds of URLs
        return known
    host = _host.get()
    if host is None:
        return str(settings.BASE_URL)
    if not is_served(host):
        raise Malformed("Invalid host.")
    origin = f"{urlsplit(settings.BASE_URL).scheme}://{host}"
    _origin.set(origin)
    return origin


def build_url(path: str) -> str:
    """Return the absolute URL of a path, for the response to the current request."""
    return get_origin() + path


def build_lasting_url(path: str) -> str:
    """Return the absolute URL of a path, for what is read outside of the current request, such as e-mails. It begins
    with BASE_URL, never with a host that a request names."""
    return f"{settings.BASE_URL}{path}"


def get_host_practice(environ: Mapping[str, Any]) -> int | None:
    """Return the practice whose own host a request names, None where the host is no practice's."""
    if not settings.PRACTICE_HOSTS:
        return None
    practice: int | None = settings.PRACTICE_HOSTS.get(_get_name(environ.get("HTTP_HOST") or ""))
    return practice


def get_local_url(request: HttpRequest, url: str, default: str) -> str:
    """Return ``url`` if it is a path of this server, else ``default``: a redirect must not lead elsewhere, and what is
    neither path nor address would be taken for the name of a view."""
    own = url_has_allowed_host_and_scheme(url, set(), require_https=request.is_secure())
    return url if own and url.startswith("/") else default


def is_served(host: str) -> bool:
    """Return whether a host, with or without a port, is one that this server answers for."""
    return _is_among(host, tuple(settings.ALLOWED_HOSTS))


@lru_cache(maxsize=1024)
def _is_among(host: str, allowed: tuple[str, ...]) -> bool:
    return validate_host(_get_name(host), allowed)


def _find_public_host(host: str) -> str:
    """Return host and port as users reach them. ``host``: as the request names it.

    Over TLS the request comes from a proxy, which may have dropped or changed the port, and may be reached by a
    loopback name.
    """
    base = urlsplit(settings.BASE_URL)
    if base.scheme != "https" or not is_served(host):
        return host
    name = _get_name(host)
    if name in (_get_name(base.netloc), *settings.LOOPBACK_HOSTS):
        return base.netloc
    return name if base.port is None else f"{name}:{base.port}"


def _get_name(host: str) -> str:
    """Return a host in lower case, without its port."""
    return split_domain_port(host)[0]
