"""``/health/live`` and ``/health/ready``: whether this process answers, and whether it can do its work.

Both are answered before anything of Django runs, to anybody, under any host name. They say nothing of the record, of
callers or of the configuration. The checks run in a thread of their own, at most once a second, so that a database that
hangs makes a caller wait ``PATIENCE`` seconds at most, and those after it not at all.
"""

import json
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from charthouse.backup.status import describe
from charthouse.engine.sql.failures import get_sqlstate
from charthouse.operation import database_state, draining
from charthouse.operation.probing import Prober

BASE = "/health/"
PATIENCE = 3.0  # seconds that a caller waits for the checks
FRESH = 1.0  # seconds for which a result is given again
HEARTBEAT_LIMIT = 60  # seconds; a worker updates its heartbeat every ten
MIN_FREE_BYTES = 500_000_000
RETRY_AFTER = "5"  # seconds
CHECKS = ("database", "migrations", "worker", "sending", "backup", "disk")


@dataclass(frozen=True)
class Check:
    """The result of one check: ``detail`` is a short sentence for an operator."""

    name: str
    ok: bool
    detail: str


def run_checks() -> list[Check]:
    """Run all checks of readiness, in the order of CHECKS."""
    return [*_check_database(), _check_disk()]


def _check_database() -> list[Check]:
    try:
        state = database_state.read_state()
    except Exception as error:
        unknown = "not known without the database"
        why = f"no answer: {type(error).__name__} {get_sqlstate(error) or ''}".strip()
        return [
            Check("database", False, why),
            Check("migrations", False, unknown),
            Check("worker", False, unknown),
            Check("sending", False, unknown),
            Check("backup", True, unknown),
        ]
    return [
        Check("database", not state.is_read_only, "read-only" if state.is_read_only else "writable"),
        _check_migrations(state),
        _check_worker(state.heartbeat_age),
        _check_sending(state),
        # Only reported: a server without a new backup is of more use than none.
        Check("backup", True, describe(state.backup, settings.BACKUP)),
    ]


def _check_migrations(state: database_state.DatabaseState) -> Check:
    if state.missing:
        return Check("migrations", False, f"{state.missing} have not been applied: charthouse migrate")
    if state.unknown:
        # It serves: migrations keep what the version before them needs.
        return Check(
            "migrations", True, f"{state.unknown} are of a newer version of Charthouse: restart with it"
        )
    return Check("migrations", True, "those of this version")


def _check_worker(age: float | None) -> Check:
    if age is None:
        return Check("worker", False, "none is running")
    return Check("worker", age < HEARTBEAT_LIMIT, f"last heartbeat {max(0, round(age))} s ago")


def _check_sending(state: database_state.DatabaseState) -> Check:
    """Report a restored copy, which serves nevertheless."""
    return Check(
        "sending", True, "paused, it is a restored copy: charthouse resume" if state.is_copy else "on"
    )


def _check_disk() -> Check:
    try:
        free = shutil.disk_usage(settings.DATA).free
    except OSError as error:
        return Check("disk", False, f"the data directory can't be read: {type(error).__name__}")
    return Check("disk", free >= MIN_FREE_BYTES, f"{free // 1_000_000} MB free for the data directory")


def _make_prober() -> Prober[list[Check]]:
    failed = [Check(name, False, f"no answer within {PATIENCE:g} s") for name in CHECKS]
    return Prober(run_checks, failed, patience=PATIENCE, fresh=FRESH)


_prober = _make_prober()


def application(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """Answer a request below BASE."""
    what, method = environ["PATH_INFO"].removeprefix(BASE), environ["REQUEST_METHOD"]
    if what not in ("live", "ready"):
        return _send(start, 404, {"status": "not found"}, method)
    if method not in ("GET", "HEAD"):
        return _send(start, 405, {"status": "method not allowed"}, method, ("Allow", "GET, HEAD"))
    if what == "live":
        return _send(start, 200, {"status": "live"}, method)
    checks = _prober.get()
    if draining.is_draining():
        checks = [*checks, Check("process", False, "it is being stopped")]
    is_ready = all(check.ok for check in checks)
    shown = {check.name: {"ok": check.ok, "detail": check.detail} for check in checks}
    body = {"status": "ready" if is_ready else "not ready", "checks": shown}
    return _send(start, 200 if is_ready else 503, body, method)


_REASONS = {
    200: "OK",
    404: "Not Found",
    405: "Method Not Allowed",
    503: "Service Unavailable",
}


def _send(
    start: Callable[..., Any], status: int, body: dict[str, Any], method: str, *more: tuple[str, str]
) -> list[bytes]:
    text = json.dumps(body).encode() + b"\n"
    headers = [
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(text))),
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
        *more,
    ]
    if status == 503:
        headers.append(("Retry-After", RETRY_AFTER))
    start(f"{status} {_REASONS[status]}", headers)
    return [] if method == "HEAD" else [text]
