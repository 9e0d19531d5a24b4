"""Callers that are slow, idle or many: none of them holds a thread, each has its time, and all together their room."""

import socket
import threading
import tracemalloc
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from charthouse.web_server import connections
from charthouse.web_server.answers import FileWrapper
from tests.web_server.loops import echo, read_all, read_until, run_loop

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
LAST = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
ANSWER = b"GET /  - "


def announce(length: int, more: bytes = b"") -> bytes:
    return b"POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n%b\r\n" % (length, more)


def close_all(connections: list[socket.socket]) -> None:
    for connection in connections:
        connection.close()


def answer_much(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """4 MB as a whole, as a file or bit by bit, or nothing much."""
    content = bytes(4_000_000)
    path = environ["PATH_INFO"]
    if path == "/":
        return echo(environ, start)
    if path == "/pieces":
        start("200 OK", [])
        return iter([content[:100_000]] * 40)
    start("200 OK", [("Content-Length", str(len(content)))])
    if path == "/file":
        file = Path(environ["directory"]) / "file"
        return environ["wsgi.file_wrapper"](file.open("rb"))
    return [content]


def serve_much(directory: Path) -> Callable[..., Iterable[bytes]]:
    (directory / "file").write_bytes(bytes(4_000_000))
    return lambda environ, start: answer_much({**environ, "directory": directory}, start)


def test_bodies_that_drip_hold_no_thread(tmp_path: Path) -> None:
    with run_loop(echo, tmp_path, threads=1) as loop:
        slow = [loop.connect(announce(10) + b"x") for _ in range(50)]
        slow += [loop.connect(announce(10)[:-2]) for _ in range(50)]
        loop.wait(lambda: loop.count("BODY", "HEAD") == 100)
        assert loop.ask(LAST).endswith(ANSWER)
        slow[0].sendall(b"123456789")
        assert read_until(slow[0], b"x1234").endswith(b"POST /p  10 x123456789")
        close_all(slow)


def test_bodies_that_drip_wake_nobody(tmp_path: Path) -> None:
    """What has arrived stays with the kernel until it is enough, and counts all the same for the speed."""
    limits = {"grace_seconds": 0, "least_speed": 1, "transfer_seconds": 60}
    chunked = announce(0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    with run_loop(echo, tmp_path, **limits) as loop:
        for head, last in ((announce(100), b""), (chunked + b"64\r\n", b"\r\n0\r\n\r\n")):
            with loop.connect(head + b"x") as sock:
                loop.wait(lambda: loop.count("BODY") == 1)
                (connection,) = (c for c in loop.loop._list_connections() if c.state.name == "BODY")
                loop.wait(lambda c=connection: c.progress == 1)
                for _ in range(98):
                    sock.sendall(b"x")
                loop.wait(lambda c=connection: c._count_arrived() == 98)
                loop.loop.tick()
                assert (connection.progress, loop.refused) == (1, {})
                sock.sendall(b"x" + last)
                assert read_until(sock, b"x" * 100).startswith(b"HTTP/1.1 200 OK")


def test_slow_readers_hold_no_thread(tmp_path: Path) -> None:
    with run_loop(serve_much(tmp_path), tmp_path, threads=1) as loop:
        paths = (b"/whole", b"/file", b"/pieces")
        slow = [
            loop.connect(GET.replace(b" / ", b" %b " % path) + LAST, receive_buffer=4096)
            for path in paths * 2
        ]
        loop.wait(lambda: loop.count("SENDING") == len(slow))
        assert loop.ask(LAST).endswith(ANSWER)
        for path, connection in zip(paths * 2, slow, strict=True):
            content = read_all(connection)
            assert content.endswith(ANSWER), path
            assert content.count(b"\0") == 4_000_000, path
        close_all(slow)
        loop.wait(lambda: not loop.count("SENDING", "BUSY"))
        assert (loop.loop.storage.memory.taken, loop.loop.storage.disk.taken) == (0, 0)
        assert loop.errors == []


def test_what_is_too_slow_is_refused_and_counted(tmp_path: Path) -> None:
    limits = {"head_seconds": 0, "grace_seconds": 0, "least_speed": 10**9, "idle_seconds": 10**9}
    with run_loop(serve_much(tmp_path), tmp_path, **limits) as loop:
        head = loop.connect(b"GET / HTTP/1.1\r\nHo")
        body = loop.connect(announce(10) + b"x")
        reader = loop.connect(GET.replace(b" / ", b" /file "), receive_buffer=4096)
        idle = loop.connect(GET)
        loop.wait(lambda: loop.count("BODY", "HEAD", "SENDING") == 3)
        loop.wait(lambda: loop.refused.total() == 3, tick=True)
        assert loop.refused == {"slow head": 1, "slow body": 1, "slow reader": 1}
        assert read_all(head).startswith(b"HTTP/1.1 408 ")
        assert read_all(body).startswith(b"HTTP/1.1 408 /p")
        assert len(read_all(reader)) < 4_000_000
        idle.sendall(LAST)
        assert read_all(idle).count(ANSWER) == 2
        close_all([head, body, reader, idle])


def test_idle_connections_end(tmp_path: Path) -> None:
    with run_loop(echo, tmp_path, idle_seconds=0) as loop:
        idle = [loop.connect(), loop.connect(GET)]
        read_until(idle[1], ANSWER)
        loop.wait(lambda: not loop.loop._list_connections(), tick=True)
        assert [read_all(connection) for connection in idle] == [b"", b""]
        assert loop.refused == {}
        close_all(idle)


def test_connections_are_bounded(tmp_path: Path) -> None:
    with run_loop(echo, tmp_path, connections=100) as loop:
        idle = [loop.connect() for _ in range(100)]
        loop.wait(lambda: loop.count("IDLE") == 100)
        assert loop.ask(GET).startswith(b"HTTP/1.1 503 ")
        assert loop.refused == {"connections": 1}
        # Those that have been idle for longest make room.
        loop.wait(lambda: loop.count("IDLE") < 95, tick=True)
        assert loop.ask(LAST).endswith(ANSWER)
        close_all(idle)


def test_memory_and_disk_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bodies, unfinished heads and unread answers beyond the bounds are refused; what is given up is given back."""
    monkeypatch.setattr(connections, "AWAITED", 1)  # nothing of a body is left to the kernel
    limits = {"memory": 300_000, "disk": 1_000_000, "body_in_memory": 100_000, "free_disk": 0}
    with run_loop(serve_much(tmp_path), tmp_path, **limits) as loop:
        memory, disk = loop.loop.storage.memory, loop.loop.storage.disk
        held = [loop.connect(announce(500_000) + bytes(400_000)) for _ in range(2)]
        loop.wait(lambda: disk.taken == 800_000)
        assert loop.ask(announce(500_000) + bytes(400_000))[9:12] == b"503"
        held += [loop.connect(announce(500_000) + bytes(90_000)) for _ in range(3)]
        loop.wait(lambda: memory.taken == 270_000)
        heads = [loop.connect(b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 20_000) for _ in range(3)]
        loop.wait(lambda: loop.refused["no room"] == 3)
        reader = loop.connect(GET.replace(b" / ", b" /whole "), receive_buffer=4096)
        loop.wait(lambda: loop.refused["no room"] == 4)
        assert loop.ask(LAST).endswith(ANSWER), "what needs no room goes on"
        close_all([*held, *heads, reader])
        loop.wait(lambda: (memory.taken, disk.taken) == (0, 0))


def test_many_idle_connections_cost_little_memory(tmp_path: Path) -> None:
    with run_loop(echo, tmp_path) as loop:
        loop.ask(LAST)
        tracemalloc.start()
        try:
            idle = [socket.create_connection(loop.address) for _ in range(500)]
            loop.wait(lambda: loop.count("IDLE") >= 500)
            grown = tracemalloc.get_traced_memory()[0]
        finally:
            tracemalloc.stop()
        assert grown < 500 * 5000
        assert loop.ask(LAST).endswith(ANSWER)
        close_all(idle)


def test_a_large_body_goes_to_disk_and_is_not_readable_there(tmp_path: Path) -> None:
    marker = b"zanzibar canary "
    content = marker * 50_000
    seen: list[Any] = []

    def call(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        stream = environ["wsgi.input"]
        seen.append((loop.loop.storage.disk.taken, stream.raw._raw._rolled, stream.raw._raw._file.fileno()))
        seen.append(marker in Path(f"/proc/self/fd/{seen[0][2]}").read_bytes())
        start("200 OK", [])
        return [b"%d" % (stream.read() == content)]

    with run_loop(call, tmp_path, body_in_memory=1000) as loop:
        assert loop.ask(announce(len(content), b"Connection: close\r\n") + content).endswith(b"\r\n1")
        assert seen[0][:2] == (len(content), True)
        assert seen[1] is False
        assert loop.loop.storage.disk.taken == 0


def test_a_body_that_is_too_large_is_for_the_application_to_refuse(tmp_path: Path) -> None:
    """It is answered at once, and what still comes is thrown away, so that the client can read the answer."""
    with run_loop(echo, tmp_path) as loop:
        for head in (announce(2_000_000, b"Expect: 100-continue\r\n"), announce(2_000_000)):
            with loop.connect(head) as sock:
                assert read_until(sock, b"POST /p").startswith(b"HTTP/1.1 200 OK")
                sock.sendall(bytes(2_000_000))
                assert read_all(sock) in (b"", b"  2000000 ")
        chunked = b"POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\n"
        with loop.connect(chunked + bytes(0xFFFFF)) as sock:
            assert b"Connection: close" in read_until(sock, b"POST /p")
        assert loop.refused == {"body too large": 3}


def test_a_client_that_asks_first_is_told_to_go_on(tmp_path: Path) -> None:
    with run_loop(echo, tmp_path) as loop, loop.connect(announce(2, b"Expect: 100-continue\r\n")) as sock:
        assert read_until(sock, b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        sock.sendall(b"ab")
        assert read_until(sock, b"POST").startswith(b"HTTP/1.1 200 OK\r\n")


def test_a_body_that_ends_too_soon(tmp_path: Path) -> None:
    with run_loop(echo, tmp_path) as loop, loop.connect(announce(10) + b"x") as sock:
        sock.shutdown(socket.SHUT_WR)
        assert read_all(sock).startswith(b"HTTP/1.1 400 /p")
        assert loop.refused == {"truncated body": 1}


def test_requests_beyond_the_queue_are_refused_at_once(tmp_path: Path) -> None:
    going_on = threading.Event()
    running: list[str] = []

    def call(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        running.append(environ["PATH_INFO"])
        going_on.wait(60)
        return echo(environ, start)

    with run_loop(call, tmp_path, threads=2, queue=3) as loop:
        taken = [loop.connect(LAST) for _ in range(5)]
        loop.wait(lambda: len(running) == 2 and loop.count("BUSY") == 5)
        with loop.connect(GET * 2) as refused:
            assert read_until(refused, b"\r\n\r\nHTTP").count(b"503") >= 1
            assert loop.refused["overload"] == 2
            assert len(running) == 2
            going_on.set()
            assert [read_all(sock).endswith(ANSWER) for sock in taken] == [True] * 5
            refused.sendall(LAST)  # its connection goes on
            assert read_all(refused).endswith(ANSWER)
        close_all(taken)


def test_a_request_does_not_wait_for_ever(tmp_path: Path) -> None:
    going_on = threading.Event()

    def call(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        going_on.wait(60)
        return echo(environ, start)

    with run_loop(call, tmp_path, threads=1, queue_seconds=0) as loop:
        first = loop.connect(LAST)
        loop.wait(lambda: loop.count("BUSY") == 1)
        second = loop.connect(LAST)
        loop.wait(lambda: loop.count("BUSY") == 2)
        loop.wait(lambda: loop.refused["overload"] == 1, tick=True)
        assert read_all(second).startswith(b"HTTP/1.1 503 ")
        going_on.set()
        assert read_all(first).endswith(ANSWER)
        close_all([first, second])


def test_an_application_that_fails(tmp_path: Path) -> None:
    def call(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == "/at-once":
            raise ValueError("secret")
        start("200 OK", [("X-A", "a\r\nX-B: b")] if path == "/header" else [])
        return [b"ok"] if path == "/header" else fail(path)

    def fail(path: str) -> Iterable[bytes]:
        if path == "/later":
            yield b"something"
        raise ValueError("secret")

    with run_loop(call, tmp_path) as loop:
        for path, expected in (
            (b"/at-once", b"HTTP/1.1 500 "), (b"/first", b"HTTP/1.1 500 "), (b"/later", b"HTTP/1.1 200 "),
            (b"/header", b""),
        ):  # fmt: skip
            content = loop.ask(LAST.replace(b" / ", b" %b " % path))
            assert content[: len(expected)] == expected, path
            assert not content.endswith(b"0\r\n\r\n"), "it must be seen that it is cut"
            assert b"secret" not in content
        assert len(loop.errors) == 4


def test_a_file_that_can_not_be_sought_in(tmp_path: Path) -> None:
    class Pipe:
        def __init__(self) -> None:
            self.left, self.closed = 3, 0

        def read(self, size: int) -> bytes:
            self.left -= 1
            return b"ab" if self.left >= 0 else b""

        def close(self) -> None:
            self.closed += 1

    pipe = Pipe()

    def call(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        start("200 OK", [("content-length", "6")])
        wrapped = environ["wsgi.file_wrapper"](pipe)
        assert isinstance(wrapped, FileWrapper)
        return wrapped

    with run_loop(call, tmp_path) as loop:
        assert loop.ask(LAST).endswith(b"\r\n\r\nababab")
        assert pipe.closed == 1
        assert loop.ask(LAST.replace(b"GET", b"HEAD")).endswith(b"\r\n\r\n")
