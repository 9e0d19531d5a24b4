"""``charthouse sandbox --fork-of DIR``: a copy of a running sandbox on another port, which the control API starts.

Its databases are on the server of the other sandbox, and its data below the other's directory. It ends with the other.
"""

import argparse
import fcntl
import os
import signal
import threading
from contextlib import suppress
from pathlib import Path

from charthouse import datadir, embedded_postgres, postgres_server, processes, sandbox_command
from charthouse.datadir import CommandError
from charthouse.step_progress import StepProgress


def run(options: argparse.Namespace) -> None:
    """Run the fork until it is stopped, or the sandbox that it was made of ends. Raises CommandError."""
    data, origin = datadir.prepare(options.data), datadir.prepare(options.fork_of)
    base_url = f"http://{sandbox_command.HOST}:{options.port}"
    database = f"{postgres_server.DATABASE_NAME}_fork_{data.name}"
    with suppress(processes.StopRequested), processes.raise_on_stop_signals(), datadir.lock(data):
        database_url = embedded_postgres.database_url(origin, database)
        sandbox_command.set_environment(data, base_url, database_url)
        try:
            _run_services(origin, options)
        except (embedded_postgres.EmbeddedServerError, processes.ChildEnded) as error:
            raise CommandError(str(error)) from None


def _run_services(origin: Path, options: argparse.Namespace) -> None:
    supervisor = processes.Supervisor()
    with StepProgress(has_lines=True) as steps, embedded_postgres.run_server(origin) as lease:
        try:
            begin = sandbox_command.fork_services(supervisor, lease.lock, options)
            _stop_with(origin)  # a thread, so after the forks
            sandbox_command.start_services(supervisor, begin, options, steps)
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
