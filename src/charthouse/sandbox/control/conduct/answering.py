"""Answering a call as was set for its caller. A call of any other costs two looks into memory."""

from collections.abc import Callable
from typing import Any

from charthouse.engine.declaration.modes import Mode, use_mode
from charthouse.engine.errors import RequestError
from charthouse.gateway import serving
from charthouse.gateway.cerbo import api as cerbo
from charthouse.gateway.drchrono import api as drchrono
from charthouse.gateway.http import Request, Response
from charthouse.sandbox.control.conduct import caller_settings, etags, explaining, idempotency, rate_limits
from charthouse.sandbox.control.gate import Slot, get_gate
from charthouse.toolkit.controls.modes import CallerExtras

Respond = Callable[[], Response]
BASES = (drchrono.BASE, cerbo.SHORT_BASE)


def prepare(environ: dict[str, Any]) -> None:
    """Have a call of an API answered as was set for its caller, or as its header asks."""
    explains = explaining.HEADER_VARIABLE in environ
    if not explains and not get_gate().get_version(Slot.CALLERS):
        return
    if not environ["PATH_INFO"].startswith(BASES):
        return
    mode, extras = caller_settings.find(environ)
    if explains or extras is not None or mode != "faithful":
        environ[serving.AROUND] = Conduct(Mode(mode), extras, explains=explains).answer


class Conduct:
    """How one call is read and answered."""

    def __init__(self, mode: Mode, extras: CallerExtras | None, *, explains: bool) -> None:
        self._mode, self._extras, self._explains = mode, extras, explains

    def answer(self, request: Request, respond: Respond) -> Response:
        notes: dict[str, str] | None = {} if self._explains else None
        media = request.media_type
        typed = not media or media == "application/json" or media.endswith("+json")
        with use_mode(self._mode, notes, typed=typed):
            response = self._answer_with_extras(request, respond)
        if notes is not None:
            response.headers.append(explaining.explain(request, response, self._mode, notes))
        return response

    def _answer_with_extras(self, request: Request, respond: Respond) -> Response:
        extras = self._extras
        if extras is None:
            return respond()
        answer = respond
        if extras.etags:
            answer = lambda: etags.respond(request, respond)  # noqa: E731
        try:
            once = extras.idempotency_keys and idempotency.is_asked(request)
            response = idempotency.respond_once(request, answer) if once else answer()
        except RequestError as error:
            response = _refuse(request, error)
        if extras.rate_limit_headers:
            response.headers += rate_limits.make_headers(request)
        return response


def _refuse(request: Request, error: RequestError) -> Response:
    """Render an error as the API that was called does, and note it."""
    is_cerbo = request.path.startswith((cerbo.BASE, cerbo.SHORT_BASE))
    return serving.reject(request, cerbo.render_error if is_cerbo else drchrono.render_error, error)
