"""Supervision of a group of foreground processes: when one of them ends, in whatever way, all end.

The supervisor stops its children when it is asked to stop or when one of them ends. If it is killed, the kernel signals
its children (``follow_parent``). Orphaned grandchildren are reparented to the supervisor, which kills them too.

A child is a command, or a fork of this process (``ForkedChild``), which has already imported what it needs.
"""

import ctypes
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import NoReturn

PARENT_VARIABLE = "CHARTHOUSE_PARENT"  # environment variable of a child: the pid to follow
# Environment variables of a web server that another process binds the sockets for: their file descriptors, and that
# of a pipe into which each of its processes writes a byte when it serves.
LISTENERS_VARIABLE, READY_VARIABLE = "CHARTHOUSE_LISTENERS", "CHARTHOUSE_READY"
PDEATHSIG, NAME, CHILD_SUBREAPER = 1, 15, 36  # linux/prctl.h
GRACE = 15.0  # seconds to finish requests and jobs
SHORT_GRACE = 2.0  # the same when the database has ended
POLL_INTERVAL = 0.02  # seconds


class StopRequested(BaseException):
    """A stop was requested by signal ``number``. A BaseException, so that ``except Exception`` does not catch it."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class ChildEnded(Exception):
    """A child ended unexpectedly. ``code``: its exit code, or minus the number of the signal that killed it."""

    def __init__(self, name: str, code: int) -> None:
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
        super().__init__(f"{name} {how}.")


@contextmanager
def raise_on_stop_signals() -> Iterator[None]:
    """Raise StopRequested at the first SIGINT, SIGTERM or SIGHUP within a block; later ones are ignored during
    cleanup."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def stop(number: int, frame: FrameType | None) -> None:
        for each in numbers:
            signal.signal(each, signal.SIG_IGN)
        raise StopRequested(number)

    for each in numbers:
        signal.signal(each, stop)
    try:
        yield
    finally:
        for each in numbers:
            signal.signal(each, signal.SIG_IGN)


class ForkedChild:
    """A fork of this process that runs a function and ends, as a ``Popen``.

    ``name``: what the system calls it, up to 15 bytes. ``inherited_fds``: file descriptors that stay open in it, with
    standard output and error; all others lead to nothing. What the function raises is printed, and ends it with code 1.
    """

    def __init__(self, name: str, run: Callable[[], None], inherited_fds: Collection[int]) -> None:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        self.returncode: int | None = None
        parent = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            _run_fork(name, run, parent, inherited_fds)

    def poll(self) -> int | None:
        """Return the exit code, None while it runs."""
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end, at most ``timeout`` seconds, and return the exit code. Raises TimeoutExpired."""
        until = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if until is not None and time.monotonic() > until:
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
            time.sleep(POLL_INTERVAL)
        return code

    def terminate(self) -> None:
        if self.poll() is None:
            os.kill(self.pid, signal.SIGTERM)

    def kill(self) -> None:
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)


def _run_fork(name: str, run: Callable[[], None], parent: int, inherited_fds: Collection[int]) -> NoReturn:
    """Run a function in a new fork, without anything of its parent but memory, and end."""
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        # Ctrl-C reaches the whole group; the supervisor stops its children.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        _detach_all_but(inherited_fds)
        _set_name(name)
        follow_process(parent)
        run()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        with suppress(OSError, ValueError):
            for stream in (sys.stdout, sys.stderr):
                stream.flush()
        os._exit(code)


def _detach_all_but(kept: Collection[int]) -> None:
    """Let all file descriptors but these, standard output and error lead to nothing, standard input too.

    They are not closed: objects of the parent (maps, sockets, files) live on in the fork, and each closes its number
    once it is collected, whatever has that number by then.
    """
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    for descriptor in map(int, os.listdir("/dev/fd")):
        if descriptor > 2 and descriptor != nothing and descriptor not in kept:
            with suppress(OSError):  # that of the directory itself is closed already
                os.fstat(descriptor)
                os.dup2(nothing, descriptor, inheritable=False)
    os.close(nothing)


class Supervisor:
    """Starts children in this process's group, waits for the first of them to end, and stops them all."""

    def __init__(self) -> None:
        self._children: dict[str, subprocess.Popen[bytes] | ForkedChild] = {}
        self._watched: dict[str, subprocess.Popen[str]] = {}
        # A signal that arrives just before the wait would be missed; a byte in a pipe is not.
        self._wake, wake = os.pipe()
        for end in (self._wake, wake):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        _prctl(CHILD_SUBREAPER, 1)

    def start(self, name: str, command: list[str], environment: Mapping[str, str], inherited_fd: int) -> None:
        """Start a child. ``inherited_fd``: a file descriptor that the child holds open."""
        self._children[name] = subprocess.Popen(  # noqa: S603
            command,
            stdin=subprocess.DEVNULL,
            env={**environment, PARENT_VARIABLE: str(os.getpid())},
            pass_fds=(inherited_fd,),
        )

    def fork(self, name: str, child: ForkedChild) -> None:
        """Take charge of a fork of this process."""
        self._children[name] = child

    def watch(self, name: str, process: "subprocess.Popen[str]") -> None:
        """Watch a process that is stopped elsewhere: its end makes ``wait`` raise ChildEnded."""
        self._watched[name] = process

    def wait(self, until: Callable[[], bool] = lambda: False, every: float | None = None) -> None:
        """Wait until ``until`` returns true, which is checked every ``every`` seconds; by default forever. Raises
        ChildEnded and StopRequested."""
        while not until():
            for name, child in (self._children | self._watched).items():
                if (code := child.poll()) is not None:
                    raise ChildEnded(name, code)
            select.select([self._wake], [], [], every)
            with suppress(BlockingIOError):
                while os.read(self._wake, 512):
                    pass

    def stop(self) -> None:
        """Stop all children and their orphans: by SIGTERM, and by SIGKILL after ``GRACE`` seconds."""
        for child in self._children.values():
            if child.poll() is None:
                child.terminate()
        lost = any(process.poll() is not None for process in self._watched.values())
        until = time.monotonic() + (SHORT_GRACE if lost else GRACE)
        for child in self._children.values():
            try:
                child.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        while orphans := _children_in_group():
            for pid in orphans:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                with suppress(ChildProcessError):
                    os.waitpid(pid, 0)


def follow_parent() -> None:
    """In a child of a supervisor: get SIGTERM when the parent ends, in whatever way."""
    parent = os.environ.pop(PARENT_VARIABLE, None)
    if parent is not None:
        signal.signal(
            signal.SIGINT, signal.SIG_IGN
        )  # Ctrl-C reaches the whole group; the supervisor stops its children
        follow_process(int(parent))


def follow_process(parent: int) -> None:
    """Get SIGTERM when the process ``parent`` (a pid), which must be the parent, ends."""
    if not _prctl(PDEATHSIG, signal.SIGTERM):
        threading.Thread(target=_watch_parent, args=(parent,), daemon=True).start()
    if os.getppid() != parent:  # it ended before the signal was set up
        raise SystemExit("The parent process has ended.")


def is_running(pid: int) -> bool:
    """Return whether there is a process with this pid."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def set_parent_death_signal(number: int) -> None:
    """Get this signal when the parent ends, where the system can do so."""
    _prctl(PDEATHSIG, number)


def bind(host: str, port: int, count: int) -> list[socket.socket]:
    """Bind a socket for each of ``count`` processes; the kernel spreads connections over them. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sockets = []
    for _ in range(count):
        sock = socket.socket(family, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind((host, port))
        sock.setblocking(False)
        sockets.append(sock)
    return sockets


def take_listeners() -> list[socket.socket]:
    """Return the bound sockets that this process was given, none where it was given none."""
    given = os.environ.pop(LISTENERS_VARIABLE, "")
    return [socket.socket(fileno=int(number)) for number in given.split(",") if number]


def has_listeners() -> bool:
    """Return whether this process was given bound sockets."""
    return LISTENERS_VARIABLE in os.environ


def find_bind_error(host: str, port: int) -> str | None:
    """Return why a server can't listen on an address, None if it can. The web server sets SO_REUSEPORT and would
    not notice."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError) as error:
            return getattr(error, "strerror", None) or str(error)
    return None


def _prctl(option: int, value: int) -> bool:
    """Call prctl. Return False on failure, or where it does not exist."""
    if sys.platform != "linux":
        return False
    return bool(ctypes.CDLL(None).prctl(option, value, 0, 0, 0) == 0)


def _set_name(name: str) -> None:
    """Let the system call this process by a name, where it can."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(NAME, name.encode(), 0, 0, 0)


def _watch_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGTERM)


def _children_in_group() -> list[int]:
    """List the pids of children in this process group, reparented ones included. Empty without /proc."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            # pid (name) state ppid pgrp ...; the name may contain any character
            _, parent, group = status.read_text().rpartition(")")[2].split()[:3]
            if int(parent) == os.getpid() and int(group) == os.getpgrp():
                found.append(int(status.parent.name))
    return found
