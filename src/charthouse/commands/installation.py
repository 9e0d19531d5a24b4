"""The commands of an installation. Importing this module sets up Django, so the environment has to be complete before.

Every function raises ``CommandError`` when it can't do what was requested.
"""

import asyncio
import contextlib
import gc
import os
import signal
import socket
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any, NoReturn

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "charthouse.settings")
gc.disable()  # what is imported stays: looking for garbage meanwhile takes a tenth of the time
django.setup()

from django.conf import settings  # noqa: E402
from django.core.exceptions import ImproperlyConfigured  # noqa: E402
from django.db import OperationalError, connections, transaction  # noqa: E402
from procrastinate.contrib.django import app  # noqa: E402

from charthouse import clock, durable, logs, retries  # noqa: E402
from charthouse.audit import anchors, seals, verification  # noqa: E402
from charthouse.backup import supervision  # noqa: E402
from charthouse.commands import keys  # noqa: E402
from charthouse.datadir import CommandError  # noqa: E402
from charthouse.gateway.cerbo import wire_format as cerbo  # noqa: E402
from charthouse.gateway.drchrono import wire_format as drchrono  # noqa: E402
from charthouse.identity import faults, incarnations, rowsecurity, schema_setup, secret_keys  # noqa: E402
from charthouse.identity.audit_events import emit_audit_event  # noqa: E402
from charthouse.identity.database import sessions  # noqa: E402
from charthouse.identity.models import Practice  # noqa: E402
from charthouse.jobs import queue_connections  # noqa: E402
from charthouse.retention import job_retries  # noqa: E402
from charthouse.toolkit import openapi as sandbox_openapi  # noqa: E402
from charthouse.web_server import metrics_process  # noqa: E402

gc.enable()
MIN_POSTGRES_VERSION = 150000
WORKER_GRACE = 10.0  # seconds
PAUSE_GRACE = 0.5  # seconds that running attempts of webhooks have to finish in a sandbox


def serve(sockets: list[socket.socket], threads: int) -> None:
    """Run the web server, a process for each bound socket, until SIGINT or SIGTERM, or until another has
    followed it. The database has been checked (``require_migrated``)."""
    with metrics_process.serve_metrics(settings.METRICS, settings.DATA) as stop_metrics:
        # Builds all routers, which other commands have no use for, and counters for the metrics that are served.
        from charthouse.web_server import serving

        serving.serve(sockets, threads, stop_metrics)


def run_worker(concurrency: int) -> None:
    """Run background jobs and send webhooks until SIGINT or SIGTERM; running ones then have WORKER_GRACE seconds to
    finish. The database has been checked (``require_migrated``)."""
    if not settings.SANDBOX:  # nobody relies on the audit of one
        logs.announce("charthouse.audit", anchors.describe_places())
    logs.install_hooks()

    async def run() -> None:
        both = asyncio.create_task(_run_worker_parts(concurrency))
        _stop_on_signal(both)
        with contextlib.suppress(asyncio.CancelledError):
            await both

    with supervision.run_service():
        asyncio.run(run())
        connections.close_all()  # the service waits until nobody writes any more


async def _run_worker_parts(concurrency: int) -> None:
    """Run jobs and send webhooks until canceled. In a sandbox both can be paused."""

    from charthouse.changes.sender import Sender  # a third of a second, which other commands have no use for

    async def run(sender: Sender) -> None:
        jobs = retries.run_forever(lambda: _run_jobs(concurrency), _note_end_of_jobs, retries.RetryDelays())
        await _run_together(jobs, sender.run())

    if not settings.SANDBOX:
        await run(Sender(WORKER_GRACE - 2))
        return
    from charthouse.sandbox.control.faulty_webhooks import FaultySender
    from charthouse.sandbox.control.worker import PausableWorker
    from charthouse.sandbox.scenarios import tasks

    assert tasks  # those of scenarios are known to this worker

    await PausableWorker(lambda: run(FaultySender(PAUSE_GRACE))).run()


async def _run_jobs(concurrency: int) -> None:
    """Run background jobs until canceled, or until the database is lost: procrastinate's worker then ends, with an
    exception or without. Its connections are its own."""
    connector = queue_connections.make_connector()
    with app.replace_connector(connector) as background:
        try:
            async with background.open_async():
                job_retries.set_retry_strategy(background.tasks.values())
                await background.run_worker_async(
                    concurrency=concurrency,
                    shutdown_graceful_timeout=WORKER_GRACE,
                    install_signal_handlers=False,
                )
        finally:
            await connector.close_async()  # also where opening has failed


def _note_end_of_jobs(error: BaseException | None) -> None:
    faults.outage.error("background jobs: %s; they begin again", type(error).__name__ if error else "ended")


async def _run_together(*parts: "Coroutine[Any, Any, None]") -> None:
    """Run coroutines until one of them fails or all are canceled, and end when all have ended: each is canceled once,
    as a second time would cut short what it still finishes."""
    tasks = [asyncio.create_task(part) for part in parts]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    for task in tasks:
        if not task.cancelled():
            task.result()


def _stop_on_signal(task: "asyncio.Task[None]") -> None:
    """Cancel a task at the first signal, on which procrastinate shuts down. Its own handler would let a second signal
    kill the process, and would wait long for a database that has ended."""
    loop = asyncio.get_running_loop()

    def stop() -> None:
        if not task.cancelling():
            task.cancel()
            # A job that is still running is run again by another worker (retention.retry_interrupted).
            loop.call_later(WORKER_GRACE + 2, os._exit, 0)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)


def migrate() -> None:
    """Bring tables, keys, policies and grants up to this version. Idempotent; concurrent runs wait for each other."""
    try:
        sessions.require_sessions()
        with connections["owner"].cursor() as cursor:
            cursor.execute("select current_setting('server_version_num')::int")
            if cursor.fetchone()[0] < MIN_POSTGRES_VERSION:
                raise CommandError("PostgreSQL 15 or newer is needed.")
        schema_setup.migrate()
        secret_keys.check_secret_key()
        begin_incarnation()
    except secret_keys.WrongSecretKey as error:
        raise CommandError(f"{error} {keys.explain()}") from None
    except OperationalError as error:
        _raise_unreachable(error)
    except (ImproperlyConfigured, schema_setup.SchemaError, sessions.NoSessions) as error:
        raise CommandError(str(error)) from None


def require_migrated() -> None:
    """Check that the database has all migrations and row security of this version, and was set up with this server's
    secret key. Raises CommandError if not."""
    try:
        sessions.require_sessions()
        if difference := schema_setup.explain_difference():
            raise CommandError(difference)
        if lacks := rowsecurity.list_missing_protections(using="owner"):
            raise CommandError(
                f"Tables are not secured ({lacks[0]}; {len(lacks)} in all). Run: charthouse migrate"
            )
        secret_keys.check_secret_key()
        begin_incarnation()
    except secret_keys.WrongSecretKey as error:
        raise CommandError(f"{error} {keys.explain()}") from None
    except sessions.NoSessions as error:
        raise CommandError(str(error)) from None
    except OperationalError as error:
        _raise_unreachable(error)
    finally:
        connections.close_all()  # forked processes must not share them


def begin_incarnation() -> None:
    """Take note of a database that was restored, copied or promoted, and say so."""
    begun = incarnations.begin_if_new()
    if begun is not None and begun.paused_since is not None:
        logs.announce("charthouse.database", incarnations.COPY_NOTICE)


def resume() -> str:
    """Let a restored copy send. Return a message."""
    require_migrated()
    if not incarnations.resume():
        return "This database sends already."
    return (
        "This database is the real one now: webhooks, e-mails, text messages and reminders are sent from it."
    )


def resume_practice(practice: int) -> str:
    """Let the reminders of an imported practice be sent. Return a message. Raises CommandError."""
    require_migrated()
    rows = Practice.objects.using("owner").filter(pk=practice)
    if not rows.exists():
        raise CommandError(f"there is no practice {practice}.")
    with transaction.atomic(using="owner"):
        if not rows.exclude(reminders_held_since=None).update(reminders_held_since=None):
            return f"Reminders of practice {practice} are sent already."
        emit_audit_event("sending resumed", practice_id=practice, details={"by": "operator"})
    return f"Reminders of practice {practice} are sent from now on; none that was due more than a day ago."


def pause() -> str:
    """Mark this database as a copy, which sends nothing. Return a message."""
    require_migrated()
    incarnations.mark_as_copy()
    return incarnations.COPY_NOTICE


def render_openapi(dialect: str) -> str:
    """Return the OpenAPI document of an API, ``drchrono``, ``cerbo`` or ``sandbox``."""
    render = {
        "drchrono": drchrono.print_document_json,
        "cerbo": cerbo.print_document_json,
        "sandbox": sandbox_openapi.print_document_json,
    }[dialect]
    return render().decode()


def rotate_keys(*, lost: bool) -> str:
    """Change the secret key, or with ``lost`` give the former one up. Return a message."""
    try:
        if difference := schema_setup.explain_difference():
            raise CommandError(difference)
        return keys.abandon_key() if lost else keys.rotate_keys()
    except OperationalError as error:
        _raise_unreachable(error)
    finally:
        connections.close_all()


def seal_audit() -> str:
    """Seal the new entries of the audit. Return a message with the number of seals."""
    require_migrated()
    return f"{seals.seal()} seals."


def record_anchor() -> str:
    """Record the heads of the audit's chains at the configured places. Return a message with these places."""
    require_migrated()
    try:
        anchors.record()
    except anchors.AnchorError as error:
        raise CommandError(str(error)) from None
    return anchors.describe_places()


def verify_audit(practice: int | None, files: Sequence[Path]) -> str:
    """Verify the seals of the audit, also against the heads recorded in files, to which the current ones are added.

    Without files, against the file in the settings. Raises CommandError with the first fault of each chain, without
    writing to a file.
    """
    require_migrated()
    noted = list(files) or [Path(name) for name in [settings.ANCHOR_FILE] if name]
    known = [head for path in noted if files or path.exists() for head in _read_heads(path)]
    heads = [head for head in seals.list_heads() if practice in (None, head.practice)]
    found = [str(each) for each in verification.verify(practice, known)]
    if found:
        raise CommandError("the audit does not hold.\n" + "\n".join(found))
    messages = [f"{len(heads)} chains hold."]
    messages += [_note_heads(path, heads) for path in files]
    messages += [_check_anchor_age(path) for path in noted if not files]
    messages.append(anchors.describe_places())
    return "\n".join(filter(None, messages))


def _read_heads(path: Path) -> list[seals.Head]:
    """Read the heads recorded in a file, none where it does not exist yet."""
    if not path.exists():
        return []
    try:
        return anchors.parse_anchors(path.read_text("utf-8", "replace"))
    except (anchors.AnchorError, OSError) as error:
        raise CommandError(f"{path} can't be read: {error}") from None


def _note_heads(path: Path, heads: Sequence[seals.Head]) -> str:
    """Add the current heads to a file of anchors; one in the format of 0.1.0 is rewritten. Return a message where
    neither can be."""
    text = anchors.render_anchor(heads, clock.now())
    try:
        noted = path.read_text("utf-8", "replace").lstrip() if path.exists() else ""
        if noted.startswith("{"):
            durable.write_file(path, text.encode())
        elif noted and not anchors.is_anchor_file(noted):
            return ""
        else:
            anchors.append_to_file(path, text)
    except OSError as error:
        return f"{path} was not added to: {error.strerror}."
    return ""


def _check_anchor_age(path: Path) -> str:
    """Check that the file in the settings has an anchor of the last days. Raises CommandError."""
    newest = anchors.find_newest_time(path.read_text("utf-8", "replace")) if path.exists() else None
    if newest is None or newest < clock.now() - anchors.MAX_AGE:
        since = f"since {newest:%Y-%m-%d %H:%M} UTC" if newest else "so far"
        raise CommandError(f"the chains hold, but {path} got no anchor {since}: the worker doesn't run.")
    return ""


def _raise_unreachable(error: OperationalError) -> NoReturn:
    raise CommandError(f"The database can't be used: {str(error).strip()}") from None
