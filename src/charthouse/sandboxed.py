"""``charthouse sandbox``: everything of a practice on one machine, in the foreground.

In order: what can go wrong at once (port, directory, seed), PostgreSQL, migrations, the synthetic practice, the web
server and the worker. When one of them ends, or on Ctrl-C, all end.
"""

import argparse
import http.client
import os
import shlex
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from charthouse import datadir, embedded, processes
from charthouse.datadir import Refused

HOST = "127.0.0.1"
READY = 90.0  # seconds the web server may take to answer
DEFAULT_SEED = 1


def run(options: argparse.Namespace) -> None:
    """Run until stopped. Raises Refused with what is wrong, also when a part of it ends by itself."""
    if (reason := processes.taken(HOST, options.port)) is not None:
        raise Refused(f"can't listen on {HOST}:{options.port}: {reason}. Choose another port with --port.")
    data = datadir.use(options.data)
    with suppress(processes.Stopped), processes.stoppable(), datadir.exclusively(data):
        if options.fresh:
            if embedded.in_use(data):
                raise Refused(f"the database in {data} is in use by another charthouse command.")
            datadir.empty(data)
        base_url = f"http://{HOST}:{options.port}"
        _set_environment(data, base_url)
        _check_seed(data, options)
        try:
            _run_on(data, base_url, options)
        except embedded.Unavailable as error:
            raise Refused(str(error)) from None
        except processes.ChildEnded as error:
            raise Refused(f"{error} Everything else has been stopped.") from None


def _set_environment(data: Path, base_url: str) -> None:
    """What ``settings`` reads, here and in the children."""
    if "DATABASE_URL" in os.environ:
        print(
            "DATABASE_URL is set; a sandbox leaves that alone and has a database of its own.", file=sys.stderr
        )
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "charthouse.settings",
        "CHARTHOUSE_DATA": str(data),
        "CHARTHOUSE_SANDBOX": "1",
        "CHARTHOUSE_BASE_URL": base_url,
        "DATABASE_URL": embedded.url(data),
        # On one machine, a client of one thread calls several hundred times a second.
        "CHARTHOUSE_API_LIMITS": os.environ.get("CHARTHOUSE_API_LIMITS", "standard=60000"),
    }


def _check_seed(data: Path, options: argparse.Namespace) -> None:
    """Take up the seed that is there. Raises Refused when another one is asked for."""
    from charthouse.sandbox.credentials import Credentials

    try:
        seed = Credentials.load().seed
    except FileNotFoundError:
        return
    if options.seed not in (None, seed):
        raise Refused(
            f"{data} holds the practice of seed {seed}. Add --fresh to delete it, or choose another --data."
        )
    options.seed = seed


def _run_on(data: Path, base_url: str, options: argparse.Namespace) -> None:
    supervisor = processes.Supervisor()
    with Steps() as steps, embedded.running(data) as use:
        if use.keeper is not None:
            supervisor.watch("PostgreSQL", use.keeper)
        try:
            described = _prepare(data, base_url, options, steps)
            _start(supervisor, use.lock, options, steps)
            steps.end()
            print(_text(described, data), flush=True)
            supervisor.wait()
        finally:
            steps.end()
            supervisor.stop()


def _prepare(data: Path, base_url: str, options: argparse.Namespace, steps: "Steps") -> dict[str, Any]:
    """Migrations, the synthetic practice if there is none, its rate limits; the content of sandbox.json."""
    from django.db import connections

    from charthouse import commands  # sets Django up, for what follows
    from charthouse.changes import timewarp
    from charthouse.identity.models import Practice
    from charthouse.sandbox import describe, practice

    steps("Tables", 0, 1)
    commands.migrate()
    timewarp.restore()
    steps("Tables", 1, 1)
    if not Practice.objects.using("owner").exists():
        practice.build(DEFAULT_SEED if options.seed is None else options.seed, options.patients, steps)
    elif options.patients is not None:
        print(
            "--patients is for a new practice, and this one is there already; see --fresh.", file=sys.stderr
        )
    practice.set_rate_limit(options.rate_limit)
    described = describe.write(data / "sandbox.json", base_url)
    connections.close_all()
    return described


def _start(supervisor: processes.Supervisor, lock: int, options: argparse.Namespace, steps: "Steps") -> None:
    """Start server and worker, and wait until the server answers. The database stays until both have ended."""
    steps("Server", 0, 1)
    if (reason := processes.taken(HOST, options.port)) is not None:
        raise Refused(f"can't listen on {HOST}:{options.port} any more: {reason}.")
    charthouse = [sys.executable, "-m", "charthouse"]
    web = ["serve", "--host", HOST, "--port", str(options.port), "--workers", str(options.workers)]
    supervisor.start("The web server", charthouse + web, os.environ, keep=lock)
    supervisor.start("The worker", [*charthouse, "worker"], os.environ, keep=lock)
    until = time.monotonic() + READY
    supervisor.wait(lambda: _answers(options.port) or time.monotonic() > until, every=0.1)
    if time.monotonic() > until:
        raise Refused(f"the web server did not answer within {READY:.0f} seconds.")
    steps("Server", 1, 1)


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/sign-in")
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


class Steps:
    """How far the start is: a bar for each step on a terminal, else a line as each begins."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        self._bars: dict[str, TaskID] = {}
        self._display = Progress(
            TextColumn("{task.description:12}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
        )

    def __call__(self, what: str, done: int, of: int) -> None:
        """``done`` of ``of`` parts of the step are done."""
        if what not in self._bars:
            self._bars[what] = self._display.add_task(what, total=of)
            if self._display.disable:
                print(f"{what} ...", file=sys.stderr, flush=True)
        self._display.update(self._bars[what], completed=done, total=of)

    def end(self) -> None:
        self._display.stop()

    def __enter__(self) -> "Steps":
        self._display.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()


def _text(described: dict[str, Any], data: Path) -> str:
    """Addresses, log-ins, and a call to begin with."""
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
        f"  Reference   {base_url}/docs",
    ]
    lines += [
        f"  Secrets     {data / 'sandbox.json'} (log-ins, apps and their tokens, API users, for scripts)"
    ]
    for practice in described["practices"]:
        lines += [
            "",
            f"{practice['name']} (practice {practice['id']}, {practice['patients_count']:,} patients)",
        ]
        width = max(
            (len(user["username"]) for user in (*practice["users"], *practice["portal_users"])), default=0
        )
        for user in practice["users"]:
            lines.append(f"  {user['username']:{width}}  {user['password']}  {user['role']}")
        for guest in practice["portal_users"]:
            lines.append(f"  {guest['username']:{width}}  {guest['password']}  patient, at {base_url}/portal")
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
