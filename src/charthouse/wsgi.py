"""The WSGI application: dispatches API calls to their gateway, everything else to Django."""

import gc
import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "charthouse.settings")

from django.core.wsgi import get_wsgi_application

_pages = get_wsgi_application()

from charthouse.gateway.cerbo import api as cerbo  # noqa: E402
from charthouse.gateway.cerbo.registry import get_router as cerbo_router  # noqa: E402
from charthouse.gateway.drchrono import api as drchrono  # noqa: E402
from charthouse.gateway.drchrono.registry import get_router as drchrono_router  # noqa: E402
from charthouse.gateway.http import discard_body  # noqa: E402
from charthouse.identity import faults, origin  # noqa: E402
from charthouse.operation import draining, health  # noqa: E402

drchrono_router()  # raises for incomplete declarations, so that the server does not start
cerbo_router()

# What is loaded now is never freed, and requests create hardly any reference cycles: without this, a page of 250
# objects triggers several full collections, a sixth of its cost.
gc.collect()
gc.freeze()
gc.set_threshold(50_000, 20, 100)


class _LoggedBody:
    """The body of a response. An exception while it is sent, such as of an export whose database is lost, cuts it. It
    is logged here: the web server would log it with its message, which may quote values."""

    def __init__(self, body: Any) -> None:
        self._body, self._pieces = body, iter(body)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            piece: bytes = next(self._pieces)
            return piece
        except StopIteration:
            raise
        except Exception as error:
            faults.handle_exception(error, "the body of a response")
            raise BrokenPipeError from None

    def close(self) -> None:
        if hasattr(self._body, "close"):
            self._body.close()


def application(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """Dispatch a request by its path."""
    origin.enter_request(environ)
    if draining.is_draining():
        start = draining.close_connection(environ, start)
    body = _dispatch(environ, start)
    return body if isinstance(body, list) else _LoggedBody(body)


def _dispatch(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
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
    body: Iterable[bytes] = _pages(environ, start)
    discard_body(environ)  # of a page that was refused before it was read
    return body
