"""Memory of large files: ``python -m bench.files [--mb 200]``. A real server with one worker; a document of so many MB
goes up (multipart, with and without its length) and comes down, whole and in part, alone and four at once. Prints the
worker's highest resident memory during each, above what it was before."""

import argparse
import http.client
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bench.database import Cluster, load
from bench.machine import describe
from bench.servers import Server, compose_charthouse_command

MB = 1024 * 1024
BOUNDARY = "bench-of-files"
PIECE = os.urandom(MB)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.files", description=__doc__)
    parser.add_argument("--mb", type=int, default=200)
    size = parser.parse_args().mb * MB
    directory = Path(tempfile.mkdtemp(prefix="charthouse-bench-")).resolve()
    cluster = Cluster(directory)
    try:
        facts = load(cluster, "files", 100)
        environ = {
            "DATABASE_URL": cluster.uri("files"),
            "CHARTHOUSE_DATA": str(directory / "instance"),
            "DJANGO_SETTINGS_MODULE": "charthouse.settings",
        }
        command = compose_charthouse_command(threads=4)
        server = Server("a", "Charthouse", command, environ, directory / "log")
        server.start()
        try:
            print(describe())
            measure(server, facts, size)
        finally:
            server.stop()
    finally:
        cluster.stop()
        shutil.rmtree(directory, ignore_errors=True)


def measure(server: Server, facts: dict[str, Any], size: int) -> None:
    caller = Caller(server, facts)
    for _ in range(4):
        caller.download(caller.upload(MB), MB)  # everything is loaded and connected
    links: list[str] = []
    report_memory(server, "upload", size, lambda: links.append(caller.upload(size)))
    report_memory(
        server, "upload, its length unknown", size, lambda: links.append(caller.upload(size, chunked=True))
    )
    report_memory(server, "download", size, lambda: caller.download(links[0], size))
    report_memory(
        server, "the last MB of it", MB, lambda: caller.download(links[0], MB, f"bytes={size - MB}-")
    )
    for name, work in (
        ("four uploads at once", lambda _: caller.upload(size)),
        ("four downloads at once", lambda _: caller.download(links[0], size)),
    ):
        with ThreadPoolExecutor(4) as pool:
            report_memory(server, name, 4 * size, lambda work=work: list(pool.map(work, range(4))))  # type: ignore[misc]


def report_memory(server: Server, name: str, size: int, work: Callable[[], Any]) -> None:
    worker = _find_worker(server)
    (worker / "clear_refs").write_text("5")  # the highest value begins again
    before, began = _read_memory(worker, "VmRSS"), time.perf_counter()
    work()
    took, highest = time.perf_counter() - began, _read_memory(worker, "VmHWM")
    print(
        f"{name:28} {size // MB:5} MB  {took:6.2f} s  {size / MB / took:7.0f} MB/s  "
        f"{before:6.1f} MB before, at most {highest:6.1f} MB: {highest - before:+6.1f} MB"
    )


class Caller:
    def __init__(self, server: Server, facts: dict[str, Any]) -> None:
        self.port, self.facts = server.port, facts
        self.headers = {"Authorization": f"Bearer {facts['token']}"}

    def upload(self, size: int, *, chunked: bool = False) -> str:
        """Upload a document of so many bytes; the link that shows it."""
        fields = {
            "doctor": self.facts["places"][0][0],
            "patient": self.facts["first"],
            "date": "2026-03-02",
            "description": "Scan",
        }
        head = "".join(
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in fields.items()
        )
        head += f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="document"; filename="a.pdf"\r\n\r\n'
        tail = f"\r\n--{BOUNDARY}--\r\n"
        headers = {**self.headers, "Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        if not chunked:
            headers["Content-Length"] = str(len(head) + size + len(tail))

        def body() -> Iterator[bytes]:
            yield head.encode()
            first = b"%PDF-1.7\n" + os.urandom(16)  # each is another content
            yield first + PIECE[len(first) :]
            for _ in range(size // MB - 1):
                yield PIECE
            yield tail.encode()

        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        connection.request("POST", "/api/documents", body(), headers, encode_chunked=chunked)
        answer = connection.getresponse()
        made = answer.read()
        connection.close()
        assert answer.status == 201, made[:500]
        return str(json.loads(made)["document"])

    def download(self, link: str, size: int, part: str | None = None) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        headers = {"Host": urlsplit(link).netloc} | ({"Range": part} if part else {})
        connection.request("GET", urlsplit(link).path, headers=headers)
        answer, count = connection.getresponse(), 0
        assert answer.status == (206 if part else 200), answer.status
        while piece := answer.read(MB):
            count += len(piece)
        connection.close()
        assert count == size, (count, size)


def _find_worker(server: Server) -> Path:
    """The server's process that answers."""
    assert server.process is not None
    tasks = Path(f"/proc/{server.process.pid}/task").iterdir()
    children = [child for task in tasks for child in (task / "children").read_text().split()]
    return max((Path("/proc") / child for child in children), key=lambda child: _read_memory(child, "VmRSS"))


def _read_memory(process: Path, name: str) -> float:
    (line,) = (line for line in (process / "status").read_text().splitlines() if line.startswith(name))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    main()
