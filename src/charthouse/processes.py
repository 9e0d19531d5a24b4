"""Several processes that stand and fall together, in the foreground: whichever way one of them ends, none is left.

The supervisor stops its children when it is asked to stop or when one of them ends. Should it be killed, the kernel
tells them (``follow``). A child's own children that it left behind become the supervisor's, which ends them too.
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
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

PARENT = "CHARTHOUSE_PARENT"  # environment of a child: the process to follow
PDEATHSIG, CHILD_SUBREAPER = 1, 36  # linux/prctl.h
GRACE = 15.0  # seconds to finish requests and jobs in
LITTLE_GRACE = 2.0  # the same when what they work on is gone


class Stopped(BaseException):
    """We were asked to stop, by signal ``number``. Not an Exception: nothing on the way may take it for an error."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class ChildEnded(Exception):
    """One ended that should not have. ``code``: its exit code, negative the signal that killed it."""

    def __init__(self, name: str, code: int) -> None:
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
        super().__init__(f"{name} {how}.")


@contextmanager
def stoppable() -> Iterator[None]:
    """A block in which Ctrl-C, SIGTERM and SIGHUP raise Stopped, once: what follows is clearing up."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def stop(number: int, frame: FrameType | None) -> None:
        for each in numbers:
            signal.signal(each, signal.SIG_IGN)
        raise Stopped(number)

    for each in numbers:
        signal.signal(each, stop)
    try:
        yield
    finally:
        for each in numbers:
            signal.signal(each, signal.SIG_IGN)


class Supervisor:
    """Starts children in this process's group, and waits for the first of them to end."""

    def __init__(self) -> None:
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._watched: dict[str, subprocess.Popen[str]] = {}
        # A signal that comes just before the wait for signals would be slept through; a byte in a pipe is not.
        self._wake, wake = os.pipe()
        for end in (self._wake, wake):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        _prctl(CHILD_SUBREAPER, 1)

    def start(self, name: str, command: list[str], environment: Mapping[str, str], keep: int) -> None:
        """``keep``: a descriptor that the child holds open."""
        self._children[name] = subprocess.Popen(  # noqa: S603
            command,
            stdin=subprocess.DEVNULL,
            env={**environment, PARENT: str(os.getpid())},
            pass_fds=(keep,),
        )

    def watch(self, name: str, process: "subprocess.Popen[str]") -> None:
        """Fall when this one ends, which somebody else stops."""
        self._watched[name] = process

    def wait(self, until: Callable[[], bool] = lambda: False, every: float | None = None) -> None:
        """Wait, for ever or until ``until``, asked every so many seconds. Raises ChildEnded, Stopped."""
        while not until():
            for name, child in (self._children | self._watched).items():
                if (code := child.poll()) is not None:
                    raise ChildEnded(name, code)
            select.select([self._wake], [], [], every)
            with suppress(BlockingIOError):
                while os.read(self._wake, 512):
                    pass

    def stop(self) -> None:
        """End every child and whatever they leave: asking first, by force after ``GRACE`` seconds."""
        for child in self._children.values():
            if child.poll() is None:
                child.terminate()
        lost = any(process.poll() is not None for process in self._watched.values())
        until = time.monotonic() + (LITTLE_GRACE if lost else GRACE)
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


def follow() -> None:
    """In a child: be told to end (SIGTERM) when the parent has ended, however it did."""
    parent = os.environ.pop(PARENT, None)
    if parent is not None:
        signal.signal(
            signal.SIGINT, signal.SIG_IGN
        )  # a Ctrl-C reaches the whole group; the supervisor tells us
        follow_process(int(parent))


def follow_process(parent: int) -> None:
    """The same, for a process whose parent's number is known."""
    if not _prctl(PDEATHSIG, signal.SIGTERM):
        threading.Thread(target=_watch_parent, args=(parent,), daemon=True).start()
    if os.getppid() != parent:  # too late to be told
        raise SystemExit("The parent process has ended.")


def taken(host: str, port: int) -> str | None:
    """Why a server can't listen there; None when it can. Granian shares ports, so it would not notice."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError) as error:
            return getattr(error, "strerror", None) or str(error)
    return None


def _prctl(option: int, value: int) -> bool:
    """False where there is no such call."""
    if sys.platform != "linux":
        return False
    return bool(ctypes.CDLL(None).prctl(option, value, 0, 0, 0) == 0)


def _watch_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGTERM)


def _children_in_group() -> list[int]:
    """Our children in our process group, be they born ours or left to us. Empty where there is no /proc."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            # pid (name) state ppid pgrp ...; the name may hold anything
            _, parent, group = status.read_text().rpartition(")")[2].split()[:3]
            if int(parent) == os.getpid() and int(group) == os.getpgrp():
                found.append(int(status.parent.name))
    return found
