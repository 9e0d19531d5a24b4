"""Callers and a receiver of webhooks, and what they have been told."""

import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

PAUSE = 0.02  # seconds of each caller between two patients: the machines of the cluster share this one's processors


@dataclass
class Answer:
    """``began``, ``ended``: by the monotonic clock, in seconds; ``status`` 0 where there was no answer."""

    began: float
    ended: float
    status: int


@dataclass
class Load:
    """Threads that create patients and look for each in a list, one after the other, until they are stopped.

    ``created``: ids that were answered with 201; ``unlisted``: those of them that the next list, by the same caller,
    did not have.
    """

    url: str
    token: str
    doctor: int
    threads: int = 3
    answers: list[Answer] = field(default_factory=list)
    created: list[int] = field(default_factory=list)
    unlisted: list[int] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def start(self) -> None:
        self._done = threading.Event()
        self._running = [
            threading.Thread(target=self._call, args=(number,)) for number in range(self.threads)
        ]
        for thread in self._running:
            thread.start()

    def stop(self) -> None:
        self._done.set()
        for thread in self._running:
            thread.join()

    def _call(self, number: int) -> None:
        headers = {"Authorization": f"Bearer {self.token}"}
        with httpx.Client(base_url=self.url, headers=headers, timeout=120) as client:
            count = 0
            while not self._done.wait(PAUSE):
                count += 1
                name = f"Name {number} {count}"
                patient = {"doctor": self.doctor, "gender": "Female", "first_name": "A", "last_name": name}
                answer = self._send(client, "POST", "/api/patients", json=patient)
                if answer is None or answer.status_code != 201:
                    time.sleep(0.05)
                    continue
                self.created.append(answer.json()["id"])
                listed = self._send(client, "GET", "/api/patients", params={"last_name": name})
                if listed is not None and listed.status_code == 200:
                    found = [row["id"] for row in listed.json()["results"]]
                    if answer.json()["id"] not in found:
                        self.unlisted.append(answer.json()["id"])

    def _send(self, client: httpx.Client, method: str, path: str, **more: Any) -> httpx.Response | None:
        began = time.monotonic()
        try:
            answer = client.request(method, path, **more)
        except httpx.HTTPError as error:
            self.errors.append(repr(error))
            self.answers.append(Answer(began, time.monotonic(), 0))
            return None
        self.answers.append(Answer(began, time.monotonic(), answer.status_code))
        if answer.status_code not in (200, 201, 503):
            self.errors.append(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
        return answer

    def find_recovery(self, since: float) -> float | None:
        """The seconds from a time until a write that began after it was answered with 201; None so far."""
        ended = [one.ended for one in list(self.answers) if one.status == 201 and one.began > since]
        return min(ended) - since if ended else None

    def measure_refusals(self, since: float) -> float:
        """The seconds from the first to the last answer since a time that was no success."""
        refused = [
            one.ended for one in list(self.answers) if one.ended > since and one.status not in (200, 201)
        ]
        return max(refused) - min(refused) if refused else 0.0


class Receiver:
    """A receiver of webhooks on the loopback interface. ``told``: how often it was told of each patient."""

    def __init__(self) -> None:
        self.told: dict[int, int] = {}
        receiver, lock = self, threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with lock:
                    patient = body["object"]["id"]
                    receiver.told[patient] = receiver.told.get(patient, 0) + 1
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/hook"
