"""Forks of a running sandbox: copies on another port, which the control API starts.

The databases of a fork are on the server of the other sandbox, and its data below the other's directory. It ends with
the other. Its process is forked from one of the other's that has loaded what it needs.
"""

import argparse
import fcntl
import importlib
import json
import logging.config
import os
import signal
import socket
import sys
import threading
from contextlib import suppress
from functools import partial
from pathlib import Path

from charthouse import datadir, processes
from charthouse.commands import sandbox
from charthouse.commands.progress import StepProgress
from charthouse.database_server import embedded_postgres, postgres_server
from charthouse.datadir import CommandError

MAX_REQUEST = 65536  # bytes
WORKERS = 1  # processes of the web server


def serve_forks() -> None:
    """Make the forks that the control API asks for, until stopped. A request is ``{"data", "port"}``, the answer the
    pid of the fork; the connection ends with the fork."""
    from charthouse.sandbox.control.worker import get_socket_path

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # forks that have ended are nobody's to wait for
    path = get_socket_path("forks")
    Path(path).unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        os.chmod(path, 0o600)
        listener.listen()
        while True:
            connection, _ = listener.accept()
            with connection, suppress(OSError, ValueError, LookupError):
                _load()  # while who asks copies the data
                request = json.loads(connection.recv(MAX_REQUEST))
                work = partial(_run, Path(request["data"]), int(request["port"]))
                fork = processes.ForkedChild("charthouse:fork", work, (connection.fileno(),))
                connection.sendall(str(fork.pid).encode())


def _load() -> None:
    """Load what a sandbox loads after its start. Once, and not in a fork, so that the next one finds it loaded."""
    from charthouse.identity import schema_versions

    sandbox.load_pages()
    schema_versions.list_migrations()


def _run(data: Path, port: int) -> None:
    """Run a fork until it is stopped, or the sandbox that it was made of ends. Raises SystemExit."""
    os.setsid()
    log = os.open(data.with_suffix(".log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream in (1, 2):
        os.dup2(log, stream)
    origin = data.parent.parent
    database_url = embedded_postgres.database_url(origin, f"{postgres_server.DATABASE_NAME}_fork_{data.name}")
    options = argparse.Namespace(port=port, workers=WORKERS)
    with suppress(processes.StopRequested), processes.raise_on_stop_signals(), datadir.lock(data):
        sandbox.set_environment(data, f"http://{sandbox.HOST}:{port}", database_url)
        _read_settings()
        try:
            _run_services(origin, options)
        except (CommandError, embedded_postgres.EmbeddedServerError, processes.ChildEnded) as error:
            raise SystemExit(f"charthouse: {error}") from None


def _read_settings() -> None:
    """Read the settings again, from the environment of the fork."""
    from django.conf import settings
    from django.core.files.storage import storages
    from django.db import connections

    os.environ.pop("CHARTHOUSE_METRICS", None)
    read = importlib.reload(sys.modules["charthouse.settings"])
    for name in filter(str.isupper, vars(read)):
        setattr(settings, name, getattr(read, name))  # packages have added settings, which stay
    for alias, described in settings.DATABASES.items():
        connections.settings[alias].update(described)
    storages.__init__()  # type: ignore[misc]
    storages.__dict__.pop("backends", None)
    logging.config.dictConfig(settings.LOGGING)


def _run_services(origin: Path, options: argparse.Namespace) -> None:
    supervisor = processes.Supervisor()
    with StepProgress(has_lines=True) as steps, embedded_postgres.run_server(origin) as lease:
        try:
            begin = sandbox.fork_services(supervisor, lease.lock, options)
            _stop_with(origin)  # a thread, so after the forks
            sandbox.start_services(supervisor, begin, options, steps)
            supervisor.wait()
        finally:
            supervisor.stop()


def _stop_with(origin: Path) -> None:
    """Stop this process when the sandbox with this data directory ends, by the lock that it holds."""

    def wait() -> None:
        with (origin / "sandbox.lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_SH)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="origin", daemon=True).start()
