"""The WSGI application: dispatches API calls to their gateway, everything else to Django."""

import gc
import os
from collections.abc import Callable, Iterable
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "charthouse.settings")

from django.core.wsgi import get_wsgi_application

_pages = get_wsgi_application()

from charthouse.gateway.cerbo import api as cerbo  # noqa: E402
from charthouse.gateway.cerbo.registry import get_router as cerbo_router  # noqa: E402
from charthouse.gateway.drchrono import api as drchrono  # noqa: E402
from charthouse.gateway.drchrono.registry import get_router as drchrono_router  # noqa: E402
from charthouse.identity import origin  # noqa: E402
from charthouse.identity.database.steps import Steps  # noqa: E402
from charthouse.operation import health  # noqa: E402

drchrono_router()  # raises for incomplete declarations, so that the server does not start
cerbo_router()

# What is loaded now is never freed, and requests create hardly any reference cycles: without this, a page of 250
# objects triggers several full collections, a sixth of its cost.
gc.collect()
gc.freeze()
gc.set_threshold(50_000, 20, 100)


def accepts_read(environ: dict[str, Any]) -> bool:
    """Return whether a request reads one of the APIs."""
    return environ["REQUEST_METHOD"] == "GET" and str(environ["PATH_INFO"]).startswith(drchrono.BASE)


def begin_read(environ: dict[str, Any], start: Callable[..., Any]) -> Steps[Iterable[bytes]]:
    """The steps of a call that reads one of the APIs."""
    origin.enter_request(environ)
    is_cerbo = environ["PATH_INFO"].startswith(cerbo.BASE)
    serve = cerbo.serve_in_steps if is_cerbo else drchrono.serve_in_steps
    return (yield from serve(environ, start))


def application(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """Dispatch a request by its path."""
    origin.enter_request(environ)
    if environ["PATH_INFO"].startswith(cerbo.SHORT_BASE):
        environ["PATH_INFO"] = cerbo.BASE + environ["PATH_INFO"][len(cerbo.SHORT_BASE) :]
    if environ["PATH_INFO"].startswith(
        cerbo.BASE
    ):  # before DrChrono's base path, which is a prefix of this one
        return cerbo.application(environ, start)
    if environ["PATH_INFO"].startswith(drchrono.BASE):
        return drchrono.application(environ, start)
    if environ["PATH_INFO"].startswith(health.BASE):
        return health.application(environ, start)
    pages: Iterable[bytes] = _pages(environ, start)
    return pages
