"""Memory of images through Cerbo: ``python -m bench.images [--mb 16]``. A real server with one worker; an image of so
many MB goes up (base64 in JSON, called JSON and called a form) and comes down, whole and in part, alone and four at
once. Prints the worker's highest resident memory during each, above what it was before."""

import argparse
import base64
import http.client
import io
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from PIL import Image

from bench.database import Cluster, load
from bench.files import MB, report_memory
from bench.machine import describe
from bench.servers import Server, compose_charthouse_command


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.images", description=__doc__)
    parser.add_argument("--mb", type=int, default=16)
    size = parser.parse_args().mb * MB
    directory = Path(tempfile.mkdtemp(prefix="charthouse-bench-")).resolve()
    cluster = Cluster(directory)
    try:
        facts = load(cluster, "images", 100)
        environ = {
            "DATABASE_URL": cluster.uri("images"),
            "CHARTHOUSE_DATA": str(directory / "instance"),
            "DJANGO_SETTINGS_MODULE": "charthouse.settings",
        }
        os.environ.update(environ)
        caller = Caller(facts)
        command = compose_charthouse_command(threads=4)
        server = Server("a", "Charthouse", command, environ, directory / "log")
        server.start()
        try:
            print(describe())
            measure(server, caller, size)
        finally:
            server.stop()
    finally:
        cluster.stop()
        shutil.rmtree(directory, ignore_errors=True)


def measure(server: Server, caller: "Caller", size: int) -> None:
    caller.port = server.port
    for media in ("application/json", "application/x-www-form-urlencoded"):
        for _ in range(4):
            caller.download(
                caller.accept(caller.upload(caller.make_body(MB), media)), MB
            )  # everything is loaded
    rows: list[int] = []
    for name, media in (
        ("upload", "application/json"),
        ("upload, called a form", "application/x-www-form-urlencoded"),
    ):
        body = caller.make_body(size)
        report_memory(server, name, size, lambda: rows.append(caller.upload(body, media)))  # noqa: B023  run at once
    image = caller.accept(rows[0])
    report_memory(server, "download", size, lambda: caller.download(image, size))
    report_memory(server, "the last MB of it", MB, lambda: caller.download(image, MB, f"bytes=-{MB}"))
    bodies = [caller.make_body(size) for _ in range(4)]
    works: list[tuple[str, Callable[[int], Any]]] = [
        ("four uploads at once", lambda at: caller.upload(bodies[at], "application/json")),
        ("four downloads at once", lambda _: caller.download(image, size)),
    ]
    for name, work in works:
        with ThreadPoolExecutor(4) as pool:
            report_memory(server, name, 4 * size, lambda: list(pool.map(work, range(4))))  # noqa: B023


class Caller:
    """An API user of the benchmark's practice, and somebody there who accepts what it sends."""

    port: int

    def __init__(self, facts: dict[str, Any]) -> None:
        import django

        django.setup()
        from charthouse.identity import api_users, tenancy
        from charthouse.identity.api_user_models import ApiUser

        self.practice, self.patient, self.user = facts["practice"], facts["first"], facts["user"]
        named = {"nickname": "Bench", "contact": "bench@example.com", "username": "pk_bench"}
        with tenancy.within(self.practice):
            secret = api_users.renew_secret(ApiUser(practice_id=self.practice, **named))
        login = base64.b64encode(f"pk_bench:{secret}".encode()).decode()
        self.headers = {"Authorization": f"Basic {login}"}

    def make_body(self, size: int) -> bytes:
        """An image of so many bytes: what follows a PNG's end is a part of the file. Each is another content."""
        made = io.BytesIO()
        Image.new("RGB", (8, 8), "navy").save(made, "PNG")
        content = made.getvalue() + os.urandom(size - len(made.getvalue()))
        told = {"pt_id": self.patient, "mime_type": "image/png"}
        return json.dumps(told | {"base64_content": base64.b64encode(content).decode()}).encode()

    def upload(self, body: bytes, media: str) -> int:
        """Send it; the number of the request in the queue."""
        answer, content = self._call("POST", "", body, {"Content-Type": media})
        assert answer.status == 200, content[:500]
        return int(json.loads(content)["portal_queue_id"])

    def accept(self, request: int) -> int:
        """The image that staff make of a request."""
        from charthouse.domains.patients.models import PortalRequest
        from charthouse.domains.patients.portal_requests import settle
        from charthouse.identity import tenancy

        with tenancy.within(self.practice):
            return int(settle(PortalRequest.objects.get(pk=request), self.user, accept=True).pk)

    def download(self, image: int, size: int, part: str | None = None) -> None:
        answer, content = self._call("GET", f"/{image}/stream", headers={"Range": part} if part else {})
        assert answer.status == (206 if part else 200), answer.status
        assert len(content) == size, (len(content), size)

    def _call(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[http.client.HTTPResponse, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        url = f"/api/v1/patients/{self.patient}/images{path}"
        connection.request(method, url, body, {**self.headers, **(headers or {})})
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer, content


if __name__ == "__main__":
    main()
