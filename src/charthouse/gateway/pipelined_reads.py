"""Reads of the APIs, begun and mostly answered by a thread that serves many of them: while one waits for the database,
the thread goes on with others. A call that may wait for anything else is left to a thread of its own (``Call.run``).

docs/decisions/0429-reads-on-one-loop.md
"""

import time
from collections.abc import Callable, Iterable
from contextvars import Context
from typing import Any

import psycopg

from charthouse.identity import faults, tenancy
from charthouse.identity.database.pipeline import Pipeline
from charthouse.identity.database.steps import MAY_WAIT, Step, Steps, run_steps

RETRY_SECONDS = 5.0  # after a failure to connect

Body = Iterable[bytes]
BeginSteps = Callable[[dict[str, Any], Callable[..., Any]], Steps[Body]]


class Call:
    """A call that has begun. ``owner``: of whoever began it; ``is_sent``: it waits for the database; ``is_answered``:
    ``run`` returns at once."""

    __slots__ = ("_body", "_context", "_error", "_row", "_step", "_steps", "is_answered", "is_sent", "owner")

    def __init__(self, steps: Steps[Body], owner: Any) -> None:
        self.owner, self.is_sent, self.is_answered = owner, False, False
        self._steps, self._context = steps, Context()
        self._step: Step = MAY_WAIT  # that the call is at
        self._row: Any = None  # what the latest trip found
        self._body: Body = ()
        self._error: Exception | None = None

    def advance(self, pipeline: Pipeline, row: Any = None) -> None:
        """Go on to the next step, without waiting. ``row``: what the trip has found that it is at."""
        wrapper = tenancy.get_connection()
        wrapper.adopt(row)  # links to files are those of the tenant
        wrapper.is_barred, self._row = True, row
        try:
            step = self._step = self._context.run(self._steps.send, row)
        except StopIteration as end:
            self._body, self.is_answered = end.value, True
        except Exception as error:
            self._error, self.is_answered = error, True
        else:
            self.is_sent = step is not MAY_WAIT and pipeline.send(step, self)
        finally:
            wrapper.is_barred = False
            wrapper.adopt(None)

    def run(self) -> Body:
        """Return the answer; where there is none yet, go on in this thread, which may wait."""
        if self._error is not None:
            raise self._error
        if self.is_answered:
            return self._body
        wrapper = tenancy.get_connection()
        wrapper.adopt(self._row)
        return self._context.run(run_steps, wrapper, self._steps, self._step)


class PipelinedReads:
    """``begin_steps``: of a request that ``accepts`` takes, the steps of its call. One thread at a time calls ``begin``
    and ``receive``; any may call ``open``, and may have to wait."""

    def __init__(self, accepts: Callable[[dict[str, Any]], bool], begin_steps: BeginSteps) -> None:
        self._accepts, self._begin_steps = accepts, begin_steps
        self._pipeline: Pipeline | None = None
        self._is_opening = False
        self._next_attempt = 0.0

    def accepts(self, environ: dict[str, Any]) -> bool:
        """Return whether a request without a body can be begun here."""
        return self._pipeline is not None and self._accepts(environ)

    def begin(self, environ: dict[str, Any], start: Callable[..., Any], owner: Any) -> Call:
        """Begin the call of a request that was accepted."""
        assert self._pipeline is not None
        call = Call(self._begin_steps(environ, start), owner)
        call.advance(self._pipeline)
        return call

    def receive(self) -> list[Call]:
        """Return the calls that do not wait for the database any more. A connection that is lost, or has failed, is
        closed."""
        pipeline, ready = self._pipeline, list[Call]()
        if pipeline is None:
            return ready
        try:
            for call, row in pipeline.receive():
                call.is_sent = False
                if row is not None:
                    call.advance(pipeline, row)
                if not call.is_sent:
                    ready.append(call)
            is_lost = pipeline.is_failing and pipeline.is_idle
        except Exception as error:  # the thread serves all others too
            if not isinstance(error, psycopg.Error):
                faults.handle_exception(error, "a read")
            is_lost = True
        if is_lost:
            self._pipeline = None
            for call in pipeline.close():
                call.is_sent = False
                ready.append(call)
        return ready

    def open(self) -> int | None:
        """Open the connection where there is none. Return its socket if it was opened."""
        if self._pipeline is not None or self._is_opening or time.monotonic() < self._next_attempt:
            return None
        self._is_opening = True
        try:
            pipeline = Pipeline()
        except Exception:  # whoever needs the database hears of it from a connection of their own
            self._next_attempt = time.monotonic() + RETRY_SECONDS
            return None
        finally:
            self._is_opening = False
        self._pipeline = pipeline
        return pipeline.fileno()
