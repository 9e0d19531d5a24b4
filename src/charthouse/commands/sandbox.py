"""``charthouse sandbox``: a complete synthetic practice on one machine, in the foreground.

Checks port, directory and seed, then starts PostgreSQL, applies migrations, builds the synthetic practice, and runs web
server and worker. When one of them ends, or on Ctrl-C, all end.
"""

import argparse
import gc
import http.client
import os
import shlex
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from charthouse import database_urls, datadir, durable, processes
from charthouse.commands.progress import StepProgress
from charthouse.database_server import embedded_postgres, postgres_server
from charthouse.datadir import CommandError

HOST = "127.0.0.1"
DEFAULT_APP_LIMIT = "500"  # calls an hour
READY_TIMEOUT = 90.0  # seconds until the web server has to answer
DEFAULT_SEED = 1
THREADS, JOBS = 4, 4  # requests that a process of the web server handles at once; jobs of the worker


def run(options: argparse.Namespace, serve_forks: Callable[[], None]) -> None:
    """Run the sandbox until it is stopped. ``serve_forks``: what the process does that makes its forks. Raises
    CommandError, also when one of its processes ends by itself."""
    if (reason := processes.find_bind_error(HOST, options.port)) is not None:
        raise CommandError(
            f"can't listen on {HOST}:{options.port}: {reason}. Choose another port with --port."
        )
    data = datadir.prepare(options.data)
    with suppress(processes.StopRequested), processes.raise_on_stop_signals(), datadir.lock(data):
        if options.fresh:
            if embedded_postgres.is_in_use(data):
                raise CommandError(f"the database in {data} is in use by another charthouse command.")
            datadir.clear(data)
        base_url = f"http://{HOST}:{options.port}"
        set_environment(data, base_url, embedded_postgres.database_url(data))
        limit = {None: DEFAULT_APP_LIMIT, "off": ""}.get(options.rate_limit, options.rate_limit)
        os.environ["CHARTHOUSE_NEW_APP_LIMIT"] = str(limit)  # as that of the apps that are there already
        _check_seed(data, options)
        try:
            _run_services(data, base_url, options, serve_forks)
        except embedded_postgres.EmbeddedServerError as error:
            raise CommandError(str(error)) from None
        except processes.ChildEnded as error:
            raise CommandError(f"{error} Everything else has been stopped.") from None


def set_environment(data: Path, base_url: str, database_url: str) -> None:
    """Set the environment that ``settings`` reads, in this process and its children."""
    if "DATABASE_URL" in os.environ:
        print(
            "DATABASE_URL is set; a sandbox leaves that alone and has a database of its own.", file=sys.stderr
        )
    database_urls.use_own_database(database_url, os.environ)
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "charthouse.settings",
        "CHARTHOUSE_DATA": str(data),
        "CHARTHOUSE_SANDBOX": "1",
        "CHARTHOUSE_BASE_URL": base_url,
        # Who has an answer finds its call in the request log.
        "CHARTHOUSE_LOG_FIRST": os.environ.get("CHARTHOUSE_LOG_FIRST", "1"),
        # A single-threaded client on the same machine makes several hundred calls per second.
        "CHARTHOUSE_API_LIMITS": os.environ.get("CHARTHOUSE_API_LIMITS", "standard=60000,heavy_read=60000"),
    }


def _check_seed(data: Path, options: argparse.Namespace) -> None:
    """Set ``options.seed`` to that of an existing practice. Raises CommandError when another one is requested."""
    from charthouse.sandbox.credentials import (
        Credentials,  # reads the settings, so after the environment is set
    )

    try:
        seed = Credentials.load().seed
    except FileNotFoundError:
        return
    if options.seed not in (None, seed):
        raise CommandError(
            f"{data} holds the practice of seed {seed}. Add --fresh to delete it, or choose another --data."
        )
    options.seed = seed


def _run_services(
    data: Path, base_url: str, options: argparse.Namespace, serve_forks: Callable[[], None]
) -> None:
    supervisor = processes.Supervisor()
    load = partial(load_program, is_new=not (data / "postgres").exists())
    with StepProgress(has_lines=True) as steps, embedded_postgres.run_server(data, load) as lease:
        if lease.keeper is not None:
            supervisor.watch("PostgreSQL", lease.keeper)
        try:
            postgres_server.stop_waiting_for_disk(data)
            durable.stop_waiting()  # the keys are on the disk by now
            begin = fork_services(supervisor, lease.lock, options, serve_forks)
            described = _prepare_practice(data, base_url, options, steps)
            start_services(supervisor, begin, options, steps)
            steps.end()
            print(_format_summary(described, data), flush=True)
            supervisor.wait()
        finally:
            steps.end()
            supervisor.stop()


def _prepare_practice(
    data: Path, base_url: str, options: argparse.Namespace, steps: StepProgress
) -> dict[str, Any]:
    """Apply migrations, build the synthetic practice if missing, set rate limits. Return the content of
    sandbox.json."""
    from django.db import connections

    from charthouse import clock
    from charthouse.changes import clock_control
    from charthouse.commands import installation  # sets up Django for the next imports
    from charthouse.identity.models import Practice
    from charthouse.sandbox import description, oauth_apps
    from charthouse.sandbox.control import forks, snapshots
    from charthouse.toolkit.controls.snapshots import SEED

    steps("Tables", 0, 1)
    is_new = False
    installation.migrate()
    clock_control.restore_offset(clock.get_stopped_time())
    steps("Tables", 1, 1)
    if not Practice.objects.using("owner").exists():
        from charthouse.sandbox import seed  # all seeders, which a practice that is there has no use for

        seed.build(DEFAULT_SEED if options.seed is None else options.seed, options.patients, steps)
        is_new = True
    elif options.patients is not None:
        print(
            "--patients is for a new practice, and this one is there already; see --fresh.", file=sys.stderr
        )
    oauth_apps.set_rate_limit(options.rate_limit)
    described = description.write(data / "sandbox.json", base_url)
    forks.remove_all()
    if is_new:
        steps("Snapshot", 0, 1)
        snapshots.save(SEED)
        steps("Snapshot", 1, 1)
    connections.close_all()
    return described


def load_program(*, is_new: bool = False) -> None:
    """Import what web server and worker need, which are forked afterwards and share it; ``is_new``: also what fills a
    database. Needs none itself."""
    from charthouse.commands import installation  # noqa: F401 - sets up Django for the next imports

    gc.disable()  # what is imported stays: looking for garbage meanwhile takes a tenth of the time
    from django.conf import settings

    from charthouse.changes import sender  # noqa: F401
    from charthouse.identity import schema_versions

    schema_versions.list_migrations()  # each process compares them with the database's
    if is_new:
        from charthouse.sandbox import seed  # noqa: F401
    if not settings.METRICS:  # with metrics, counters are set up before it is loaded
        from charthouse.web_server import serving  # noqa: F401
    gc.enable()


def load_pages() -> None:
    """Import what the web server needs for pages and controls. Needs no database."""
    from charthouse import urls  # noqa: F401
    from charthouse.sandbox.control import application  # noqa: F401


def fork_services(
    supervisor: processes.Supervisor,
    lock: int,
    options: argparse.Namespace,
    serve_forks: Callable[[], None] | None = None,
) -> Callable[[], None]:
    """Fork web server, worker and who makes forks, which share the memory of this process. All inherit the database's
    lock. Return a function that lets them begin."""
    load_program()
    waiting, telling = os.pipe()
    gc.freeze()  # what is loaded stays, and is not written to

    def run(load: Callable[[], object], work: Callable[[], None]) -> None:
        load()
        if not os.read(waiting, 1):
            return  # the parent has ended
        try:
            work()
        except CommandError as refused:
            raise SystemExit(f"charthouse sandbox: {refused}") from None

    services = _list_services(options, serve_forks)
    for name, title, load, work in services:
        supervisor.fork(title, processes.ForkedChild(name, partial(run, load, work), (lock, waiting)))
    os.close(waiting)

    def begin() -> None:
        os.write(telling, b"." * len(services))
        os.close(telling)

    return begin


def _list_services(
    options: argparse.Namespace, serve_forks: Callable[[], None] | None
) -> list[tuple[str, str, Callable[[], object], Callable[[], None]]]:
    """List name, title, what each loads before its turn, and what it does then."""
    from django.conf import settings

    from charthouse.commands import installation

    def serve() -> None:
        installation.serve(processes.bind(HOST, options.port, options.workers), THREADS)

    def run_worker() -> None:
        installation.run_worker(JOBS)

    def load_nothing() -> None:
        pass

    services: list[tuple[str, str, Callable[[], object], Callable[[], None]]] = [
        ("charthouse:web", "The web server", load_nothing if settings.METRICS else load_pages, serve),
        ("charthouse:job", "The worker", load_nothing, run_worker),
    ]
    if serve_forks is not None:
        services.append(("charthouse:fork", "The process of forks", load_nothing, serve_forks))
    return services


def start_services(
    supervisor: processes.Supervisor,
    begin: Callable[[], None],
    options: argparse.Namespace,
    steps: StepProgress,
) -> None:
    """Let the forked services begin, and wait until the web server answers."""
    steps("Server", 0, 1)
    if (reason := processes.find_bind_error(HOST, options.port)) is not None:
        raise CommandError(f"can't listen on {HOST}:{options.port} any more: {reason}.")
    begin()
    until = time.monotonic() + READY_TIMEOUT
    supervisor.wait(lambda: _is_answering(options.port) or time.monotonic() > until, every=0.03)
    if time.monotonic() > until:
        raise CommandError(f"the web server did not answer within {READY_TIMEOUT:.0f} seconds.")
    steps("Server", 1, 1)


def _is_answering(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/health/live")
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _format_summary(described: dict[str, Any], data: Path) -> str:
    """Format the summary: URLs, logins and example calls."""
    base_url = described["base_url"]
    app = described["practices"][0]["oauth_apps"][0]
    curl = [
        "curl",
        "-H",
        f"Authorization: Bearer {app['access_token']}",
        f"{base_url}/api/patients?page_size=3",
    ]
    program = described["practices"][0]["api_users"][0]
    basic = [
        "curl",
        "-u",
        f"{program['username']}:{program['secret']}",
        f"{base_url}/api/v1/patients?limit=3",
    ]
    lines = ["", f"Charthouse is running at {base_url}", ""]
    lines += [
        f"  Sign in     {base_url}/sign-in",
        f"  API         {base_url}/api/ (DrChrono v4), {base_url}/api/v1/ (Cerbo v1)",
        f"  Guides      {base_url}/docs/guides, references at {base_url}/docs",
    ]
    lines += [
        f"  Secrets     {data / 'sandbox.json'} (log-ins, apps and their tokens, API users, for scripts)"
    ]
    for practice in described["practices"]:
        lines += _format_logins(practice, base_url)
    lines += [
        "",
        "Try it:",
        "",
        f"  {shlex.join(curl)}",
        f"  {shlex.join(basic)}",
        "",
        "Ctrl-C stops everything; the data stays.",
    ]
    return "\n".join(lines)


def _format_logins(practice: dict[str, Any], base_url: str) -> list[str]:
    """Format the users of a practice and of its portal with their passwords."""
    users, portal_users = practice["users"], practice["portal_users"]
    width = max((len(user["username"]) for user in (*users, *portal_users)), default=0)
    return [
        "",
        f"{practice['name']} (practice {practice['id']}, {practice['patients_count']:,} patients)",
        *(f"  {user['username']:{width}}  {user['password']}  {user['role']}" for user in users),
        *(
            f"  {user['username']:{width}}  {user['password']}  patient, at {base_url}/portal"
            for user in portal_users
        ),
    ]
