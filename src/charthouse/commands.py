"""The commands of a real installation. Importing this sets Django up: the environment must be complete by then.

Every function raises ``Refused`` when it can't do what was asked.
"""

import asyncio
import contextlib
import getpass
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

import django
import msgspec

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "charthouse.settings")
django.setup()

from django.contrib.auth import password_validation  # noqa: E402
from django.core.exceptions import ImproperlyConfigured, ValidationError  # noqa: E402
from django.db import DatabaseError, OperationalError, connections  # noqa: E402

from charthouse import processes  # noqa: E402
from charthouse.audit import seals  # noqa: E402
from charthouse.datadir import CommandError  # noqa: E402
from charthouse.domains.practice import user_accounts  # noqa: E402
from charthouse.engine.errors import Conflict  # noqa: E402
from charthouse.identity import rowsecurity, second_factor, tables  # noqa: E402
from charthouse.identity.models import PERMISSIONS, Practice, User  # noqa: E402

MIN_POSTGRES_VERSION = 150000
WORKER_GRACE = 10.0  # seconds


def serve(host: str, port: int, workers: int, threads: int) -> None:
    """Run the web server until it is told to stop (SIGINT, SIGTERM)."""
    from granian.constants import HTTPModes, Interfaces
    from granian.log import LogLevels
    from granian.server import Server

    require_migrated()
    Server(
        "charthouse.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        http=HTTPModes.auto,
        workers=workers,
        blocking_threads=threads,
        blocking_threads_idle_timeout=600,  # each holds a database connection that is dear to make
        websockets=False,
        log_level=LogLevels.warning,
        respawn_failed_workers=True,
        workers_kill_timeout=10,
    ).serve(target_loader=_ApplicationLoader(os.getpid()), wrap_loader=False)


class _ApplicationLoader:
    """Loads the application in a web server process, which from then on ends when its parent does."""

    def __init__(self, parent: int) -> None:
        self.parent = parent

    def __call__(self) -> Callable[..., Any]:
        # Until Granian has set its own handler, this is its main process's, which would swallow the request to end.
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        # A Ctrl-C goes to the main process, which then ends us: told twice, Granian may not end at all.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        processes.follow_process(self.parent)
        from charthouse.wsgi import application

        return application


def run_worker(concurrency: int) -> None:
    """Run background jobs and tell webhooks, until told to stop (SIGINT, SIGTERM); what is running then has ten seconds
    to finish."""
    from procrastinate.contrib.django import app

    from charthouse.changes.sender import Sender

    require_migrated()

    async def run() -> None:
        with app.replace_connector(app.connector.get_worker_connector()) as background:  # type: ignore[attr-defined]
            async with background.open_async():
                jobs = background.run_worker_async(
                    concurrency=concurrency,
                    shutdown_graceful_timeout=WORKER_GRACE,
                    install_signal_handlers=False,
                )
                both = asyncio.create_task(_run_together(jobs, Sender(WORKER_GRACE - 2).run()))
                _stop_on_signal(both)
                with contextlib.suppress(asyncio.CancelledError):
                    await both

    asyncio.run(run())


async def _run_together(*parts: "Coroutine[Any, Any, None]") -> None:
    """Until one of them fails, or all are told to stop."""
    await asyncio.gather(*parts)


def _stop_on_signal(task: "asyncio.Task[None]") -> None:
    """Cancel a task at the first signal, which procrastinate takes for a request to end. Its own handler would leave
    the second signal deadly, and wait long for a database that has gone."""
    loop = asyncio.get_running_loop()

    def stop() -> None:
        if not task.cancelling():
            task.cancel()
            loop.call_later(WORKER_GRACE + 2, os._exit, 1)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)


def advance_clock(by: timedelta | None) -> datetime:
    """What time it is in a sandbox, after moving its clock ahead if so asked."""
    from charthouse import clock as project
    from charthouse.changes import clock_control

    if by is not None:
        try:
            clock_control.advance(by)
        except Conflict as error:
            raise CommandError(error.detail) from None
    return project.now()


def migrate() -> None:
    """Bring tables, keys, policies and grants up to this version. Idempotent; a second one waits for the first."""
    try:
        with connections["owner"].cursor() as cursor:
            cursor.execute("select current_setting('server_version_num')::int")
            if cursor.fetchone()[0] < MIN_POSTGRES_VERSION:
                raise CommandError("PostgreSQL 15 or newer is needed.")
        tables.bring_up()
    except OperationalError as error:
        _raise_unreachable(error)
    except ImproperlyConfigured as error:
        raise CommandError(str(error)) from None


def require_migrated() -> None:
    """Raises Refused unless the database is what this version expects, row security and all."""
    try:
        if missing := tables.missing():
            raise CommandError(
                f"{missing} migrations have not been applied to this database. Run: charthouse migrate"
            )
        if lacks := rowsecurity.list_missing_protections(using="owner"):
            raise CommandError(
                f"Tables are not secured ({lacks[0]}; {len(lacks)} in all). Run: charthouse migrate"
            )
    except OperationalError as error:
        _raise_unreachable(error)
    finally:
        connections.close_all()  # none may be shared with the processes that start from here


def render_openapi(dialect: str) -> str:
    """The OpenAPI document of a dialect, ``drchrono`` or ``cerbo``, indented."""
    from charthouse.gateway.cerbo import wire_format as cerbo
    from charthouse.gateway.drchrono import wire_format

    printed = {"drchrono": wire_format.document_json, "cerbo": cerbo.document_json}[dialect]
    return printed().decode()


def create_practice(name: str) -> int:
    """Add a practice; its id."""
    require_migrated()
    if not name.strip():
        raise CommandError("a practice needs a name.")
    return Practice.objects.using("owner").create(name=name.strip()).pk


def create_user(
    username: str,
    *,
    practice: int,
    role: str,
    primary: bool,
    first_name: str,
    last_name: str,
    email: str,
    timezone: str,
) -> int:
    """Add a user, and the record of the doctor or staff member; the user's id. Asks for the password.

    A primary user has every permission; the others get theirs from the primary user.
    """
    require_migrated()
    house = Practice.objects.using("owner").filter(pk=practice).first()
    if house is None:
        raise CommandError(f"there is no practice {practice}.")
    if User.objects.using("owner").filter(username=username).exists():
        raise CommandError(f"there is a user {username!r} already.")
    if primary and User.objects.using("owner").filter(practice=house, is_primary=True).exists():
        raise CommandError(f"{house} has a primary user already.")
    user = User(
        username=username,
        practice=house,
        role=role,
        is_primary=primary,
        first_name=first_name,
        last_name=last_name or username,
        email=email,
        permissions=list(PERMISSIONS) if primary else [],
    )
    user.set_password(_new_password(user))
    try:
        user_accounts.add(user, timezone, using="owner")
    except ValidationError as error:
        raise CommandError("; ".join(error.messages)) from None
    except DatabaseError as error:
        raise CommandError(str(error).splitlines()[0]) from None
    return user.pk


def reset_otp(username: str) -> str:
    """Take somebody's second factor away; says so. For who lost the phone and the recovery codes, where nobody else can
    do it in the console. An event of the audit, of no user."""
    require_migrated()
    user = User.objects.filter(username=username).first()
    if user is None:
        raise CommandError(f"there is no user {username!r}.")
    if not second_factor.is_enabled(user):
        raise CommandError(f"{username} has no second factor.")
    second_factor.disable(user, operator=True)
    return f"{username} signs in with the password alone, until they set up another second factor."


def seal_audit() -> str:
    """Seal what has been added to the audit; says how much."""
    require_migrated()
    return f"{seals.seal()} seals."


def verify_audit(practice: int | None, noted: Path | None) -> str:
    """Verify the seals of the audit, against the last ones noted in a file too, which is written anew.

    Raises Refused with the first broken seal of each chain; then the file stays as it is.
    """
    require_migrated()
    known: dict[int, str] = {}
    if noted is not None and noted.exists():
        try:
            known = msgspec.json.decode(noted.read_bytes(), type=dict[int, str])
        except (msgspec.DecodeError, OSError) as error:
            raise CommandError(f"{noted} can't be read: {error}") from None
    heads = {whose: link for whose, link in seals.heads().items() if practice in (None, whose)}
    broken = [str(each) for each in seals.verify(practice, known)]
    if broken:
        raise CommandError("the audit has been tampered with.\n" + "\n".join(broken))
    if noted is not None:
        noted.write_bytes(msgspec.json.encode(known | heads))
    return f"{len(heads)} chains hold."


def _raise_unreachable(error: OperationalError) -> NoReturn:
    raise CommandError(f"The database can't be used: {str(error).strip()}") from None


def _new_password(user: User) -> str:
    """Ask for a password twice on a terminal; read it as a line elsewhere. Raises Refused when it is weak."""
    if sys.stdin.isatty():
        password = getpass.getpass(f"Password for {user.username}: ")
        if getpass.getpass("Once more: ") != password:
            raise CommandError("the two were not the same.")
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    try:
        password_validation.validate_password(password, user)
    except ValidationError as error:
        raise CommandError(" ".join(error.messages)) from None
    return password
