"""Log lines without values. Messages of exceptions may quote what a caller sent, and PostgreSQL's quote whole rows, so
an exception is logged as its class, its SQLSTATE and its frames."""

import logging
import sys
import threading
import time
import traceback
from collections.abc import Callable
from types import TracebackType
from typing import Any

MAX_CAUSES = 5


def describe_exception(error: BaseException) -> str:
    """Return the frames and the class of an exception and of its causes, the first cause first, without messages."""
    chain: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in chain and len(chain) < MAX_CAUSES:
        chain.append(link)
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
    parts = []
    for each in reversed(chain):
        state = getattr(each, "sqlstate", None)
        frames = "".join(traceback.format_tb(each.__traceback__))
        parts.append(
            f"{frames}{type(each).__module__}.{type(each).__qualname__}{f' {state}' if state else ''}"
        )
    return "\n".join(parts)


class LineFormatter(logging.Formatter):
    """Formats exceptions by ``describe_exception``, also where one is an argument of the message."""

    def formatException(self, ei: Any) -> str:  # noqa: N802 - overrides
        return describe_exception(ei[1]) if ei[1] is not None else ""

    def format(self, record: logging.LogRecord) -> str:
        if isinstance(record.args, tuple) and any(isinstance(part, BaseException) for part in record.args):
            record.args = tuple(
                type(part).__name__ if isinstance(part, BaseException) else part for part in record.args
            )
        return super().format(record)


class HideMessage(logging.Filter):
    """Replaces the messages of Django's security loggers, which quote what was sent, by the name of the logger."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.startswith("django.security."):
            record.msg, record.args = f"refused: {record.name.rpartition('.')[2]}", ()
            record.exc_info = record.exc_text = None
        return True


class LimitedLog:
    """Logs at most one line each ``interval`` seconds, with the number of those left out in between."""

    def __init__(
        self, logger: logging.Logger, interval: float = 10.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._logger, self._interval, self._clock = logger, interval, clock
        self._lock, self._next, self._left_out = threading.Lock(), float("-inf"), 0

    def error(self, message: str, *args: object) -> None:
        """Log an error, or count it."""
        with self._lock:
            now = self._clock()
            if now < self._next:
                self._left_out += 1
                return
            left_out, self._left_out, self._next = self._left_out, 0, now + self._interval
        more = f" (and {left_out} times more before)" if left_out else ""
        self._logger.error(message + more, *args)


def install_hooks() -> None:
    """Log what ends a process or a thread, without values, instead of printing it with its message."""

    def log_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            return
        logging.getLogger("charthouse").error("uncaught", exc_info=(kind, error, trace))

    def log_uncaught_in_thread(thread: threading.ExceptHookArgs) -> None:
        if thread.exc_value is not None and not isinstance(thread.exc_value, SystemExit):
            log_uncaught(thread.exc_type, thread.exc_value, thread.exc_traceback)

    sys.excepthook, threading.excepthook = log_uncaught, log_uncaught_in_thread
