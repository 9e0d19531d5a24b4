"""The log on standard error: lines of text, or with ``CHARTHOUSE_LOG=json`` of JSON, without values. Messages of
exceptions may quote what a caller sent, and PostgreSQL's quote whole rows, so an exception is logged as its class, its
SQLSTATE and its frames."""

import copy
import json
import logging
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

MAX_CAUSES = 5
FAULTS_FILE = "faults"  # in the data directory
MAX_FAULTS_SIZE = 100_000  # bytes
VARIABLE = "CHARTHOUSE_LOG"
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
_request_id: ContextVar[str] = ContextVar("request_id", default="")
set_request_id = _request_id.set  # of the request that this thread answers: hex
get_request_id = _request_id.get


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


class JsonFormatter(LineFormatter):
    """Formats a record as one line of JSON: ``time`` (UTC), ``level``, ``logger``, ``process`` (a pid), ``message``;
    ``request`` (as in X-Request-Id) and ``exception`` where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        record = copy.copy(record)
        exception = self.formatException(record.exc_info) if record.exc_info else ""
        record.exc_info = record.exc_text = record.stack_info = None
        parts = {"message": super().format(record), "request": get_request_id(), "exception": exception}
        at = datetime.fromtimestamp(record.created, UTC)
        return _render_json(at, record.levelname, record.name, parts)


def _render_json(at: datetime, level: str, name: str, parts: dict[str, str]) -> str:
    head = {
        "time": at.isoformat(timespec="milliseconds"),
        "level": level,
        "logger": name,
        "process": os.getpid(),
    }
    return json.dumps(head | {key: value for key, value in parts.items() if value})


class FaultFile(logging.Handler):
    """Notes errors in a small file for ``charthouse doctor``: time, logger, and ``fault`` of the record or the
    class of its exception; nothing of the message. It begins again at ``MAX_FAULTS_SIZE``."""

    def __init__(self, path: str) -> None:
        super().__init__(logging.ERROR)
        self.path = path

    def emit(self, record: logging.LogRecord) -> None:
        kind = record.exc_info[0] if record.exc_info else None
        fault = getattr(record, "fault", kind.__qualname__ if kind else "")
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="seconds")
        line = json.dumps({"time": at, "logger": record.name, "fault": fault}) + "\n"
        try:
            with open(self.path, "a", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
                if file.tell() > MAX_FAULTS_SIZE:
                    file.truncate(0)
                file.write(line)
        except OSError:  # no data directory, or a full disk: the log itself has the line
            return


def parse_setting(text: str) -> tuple[bool, str]:
    """Parse CHARTHOUSE_LOG: ``json``, ``text``, a level, or a form and a level with a comma between them. Return
    whether it is JSON, and the level. Raises ValueError."""
    is_json, level = False, "WARNING"
    for word in filter(None, (part.strip() for part in text.split(","))):
        if word.upper() in LEVELS:
            level = word.upper()
        elif word.lower() in ("json", "text"):
            is_json = word.lower() == "json"
        else:
            raise ValueError(f"{VARIABLE} is json or text, {', '.join(LEVELS)}, or both, as in json,INFO")
    return is_json, level


def build_config(text: str, data: Path) -> dict[str, Any]:
    """Return the configuration of ``logging`` for a value of CHARTHOUSE_LOG and a data directory, for every process.
    Raises ValueError."""
    is_json, level = parse_setting(text)
    line = {
        "()": f"charthouse.logs.{'JsonFormatter' if is_json else 'LineFormatter'}",
        "format": "{message}" if is_json else "{asctime} {levelname} {name}: {message}",
        "style": "{",
    }
    stderr = {"class": "logging.StreamHandler", "formatter": "line", "filters": ["hide"]}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": line},
        "filters": {"hide": {"()": "charthouse.logs.HideMessage"}},
        "handlers": {
            "stderr": stderr,
            "faults": {"()": "charthouse.logs.FaultFile", "path": str(data / FAULTS_FILE)},
        },
        "root": {"handlers": ["stderr", "faults"], "level": level},
        # Requests are logged by path, without query. oauthlib logs tokens and secrets at DEBUG, so its level is fixed.
        "loggers": {
            "django": {"handlers": [], "level": "WARNING", "propagate": True},
            "django.request": {"level": "ERROR"},
            "oauthlib": {"level": "WARNING"},
            "oauth2_provider": {"level": "WARNING"},
        },
    }


def is_json() -> bool:
    """Return whether the log is one of JSON."""
    return parse_setting(os.environ.get(VARIABLE, ""))[0]


def announce(name: str, message: str) -> None:
    """Write a line that is no warning on standard error, whatever the level of the log is."""
    if is_json():
        message = _render_json(datetime.now(UTC), "INFO", name, {"message": message})
    print(message, file=sys.stderr, flush=True)


def render_line(name: str, message: str) -> str:
    """Render a line for a log file of its own, which has no level: text, or JSON."""
    if is_json():
        return _render_json(datetime.now(UTC), "WARNING", name, {"message": message})
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC {name}: {message}"


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
