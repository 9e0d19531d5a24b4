"""A PgBouncer in front of this worker's PostgreSQL, as docs/scale.md configures it."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from tests.conftest import PGDATA, RUN, WORKER, find_free_port, wait_for_port

# Debian installs it where only root looks.
PROGRAM = shutil.which("pgbouncer", path=os.environ.get("PATH", "") + ":/usr/sbin")
CONFIGURATION = """
[databases]
* = host={socket} port=5432 user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
admin_users = postgres
pool_mode = {mode}
default_pool_size = {size}
max_client_conn = 500
query_wait_timeout = 20
logfile = {folder}/log
"""


@dataclass(frozen=True)
class Bouncer:
    """``port``: on the loopback interface."""

    port: int

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/charthouse_{WORKER}"

    def show_servers(self) -> list[Any]:
        """The rows of SHOW SERVERS: connections to PostgreSQL."""
        url = f"postgresql://postgres@127.0.0.1:{self.port}/pgbouncer"
        with psycopg.connect(url, autocommit=True, cursor_factory=psycopg.ClientCursor) as console:
            found = console.execute("show servers").fetchall()
        return [row for row in found if row[2] == f"charthouse_{WORKER}"]


@contextmanager
def run_bouncer(mode: str, size: int, port: int = 0) -> Iterator[Bouncer]:
    """Run one in this pool mode, with so many connections to the server."""
    assert PROGRAM is not None, "make pgbouncer"
    port = port or find_free_port()
    folder = RUN / f"bouncer-{WORKER}-{port}"
    folder.mkdir()
    owner = pwd.getpwuid(PGDATA.stat().st_uid)  # it refuses to run as root
    os.chown(folder, owner.pw_uid, owner.pw_gid)
    account: dict[str, Any] = {}
    if os.geteuid() == 0:
        account = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
    written = CONFIGURATION.format(socket=PGDATA, port=port, mode=mode, size=size, folder=folder)
    configuration = folder / "pgbouncer.ini"
    configuration.write_text(written)
    with (folder / "out").open("w+") as out:
        process = subprocess.Popen(
            [PROGRAM, str(configuration)], stdout=out, stderr=out, cwd=Path("/"), **account
        )
        try:
            wait_for_port(port, process, out)
            yield Bouncer(port)
        finally:
            process.kill()
            process.wait()
