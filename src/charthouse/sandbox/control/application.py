"""The WSGI application of a sandbox: that of every server, plus the control API."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from charthouse.sandbox.control import api, faulty_calls
from charthouse.sandbox.control.conduct import answering
from charthouse.sandbox.control.gate import Gate, Slot, get_gate
from charthouse.toolkit.declaration import BASE

PAGES = "/sandbox/"  # of the console, which run controls
Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class SandboxApplication:
    """Answers the control API, and passes every other request on while the database is not exchanged."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._gate = get_gate()

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path.startswith(BASE) and path[len(BASE) : len(BASE) + 1] in ("", "/"):
            return api.application(environ, start)
        if path.startswith(PAGES) and environ["REQUEST_METHOD"] == "POST":
            self._gate.refresh()  # it may run a control that exchanges the database
            return self._application(environ, start)
        if self._gate.get_version(Slot.FAULTS) or faulty_calls.HEADER_VARIABLE in environ:
            return self._answer_with_fault(environ, start)
        return self._pass_on(environ, start)

    def _pass_on(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request while the database is not exchanged."""
        self._gate.enter()
        try:
            answering.prepare(environ)
            body = self._application(environ, start)
        except BaseException:
            self._gate.leave()
            raise
        if isinstance(body, (list, environ["wsgi.file_wrapper"])):  # it is sent later
            self._gate.leave()
            return body
        return _PassingBody(body, self._gate)

    def _answer_with_fault(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request that may have a fault. Nothing waits within the gate."""
        with self._gate.hold():
            fault = faulty_calls.find_fault(environ)
            answered = None if fault is None else faulty_calls.answer(fault, environ, start)
        if fault is None or answered is not None:
            return self._pass_on(environ, start) if answered is None else answered
        if fault.kind == "latency":
            time.sleep(fault.seconds)
        faulty_calls.note(fault)
        try:
            body = self._pass_on(environ, start)
            return body if fault.kind == "latency" else faulty_calls.change_answer(fault, b"".join(body))
        finally:
            faulty_calls.note(None)


class _PassingBody:
    """A body that is sent in pieces: the request ends with it."""

    def __init__(self, body: Any, gate: Gate) -> None:
        self._body, self._pieces, self._gate = body, iter(body), gate
        self._left = False

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            piece: bytes = next(self._pieces)
            return piece
        except BaseException:
            self._leave()
            raise

    def close(self) -> None:
        try:
            if hasattr(self._body, "close"):
                self._body.close()
        finally:
            self._leave()

    def _leave(self) -> None:
        if not self._left:
            self._left = True
            self._gate.leave()
