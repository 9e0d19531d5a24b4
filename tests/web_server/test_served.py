"""The real server: slow callers of the APIs, what they are answered, and a process that is killed."""

import json
import os
import re
import signal
import socket
from pathlib import Path

import httpx
import psutil

from charthouse.operation import metrics
from charthouse.web_server import serving
from charthouse.web_server.limits import DEFAULT
from charthouse.web_server.refusals import ALL, NO_ROOM, OVERLOAD, REASONS, SLOW_BODY, SLOW_READER
from tests.support import issue_token, make_api_user, make_app, make_practice
from tests.test_commands import until
from tests.web_server.loops import read_until

DOCUMENT = Path(__file__).parents[2] / "docs" / "operating.md"


def test_slow_callers_do_not_stop_the_server(live_server: str) -> None:
    """More of each kind than there are threads: two processes, two threads each."""
    clinic = make_practice()
    token = issue_token(clinic.user, make_app())
    address = ("127.0.0.1", httpx.URL(live_server).port or 0)
    heads = (
        b"POST /api/patients HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{",
        b"POST /api/v1/patients HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
        b"POST /o/token/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\n\r\na",
        b"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9000000\r\n"
        b"Content-Type: multipart/form-data; boundary=b\r\n\r\n-",
        b"GET /static/vendor/tabler.min.css HTTP/1.1\r\nHost: 127.0.0.1\r\n",
        b"",
    )
    slow = []
    try:
        for _ in range(12):
            for head in heads:
                connection = socket.create_connection(address)
                connection.sendall(head)
                slow.append(connection)
        with httpx.Client(headers={"Authorization": f"Bearer {token}"}, timeout=60) as caller:
            for _ in range(4):
                assert caller.get(f"{live_server}/api/patients").status_code == 200
            created = caller.post(
                f"{live_server}/api/patients", json={"doctor": clinic.doctor.pk, "gender": "Female"}
            )
            assert created.status_code == 201
        slow[0].sendall(b"}" + b" " * 98)
        assert read_until(slow[0], b"\r\n\r\n").startswith(b"HTTP/1.1 401 ")
    finally:
        for connection in slow:
            connection.close()


def test_what_is_sent_is_what_is_stored(live_server: str) -> None:
    """Bodies of several sizes, whole and in chunks, through memory and disk."""
    clinic = make_practice()
    made = make_api_user(clinic.practice)
    headers = {"Authorization": f"Bearer {issue_token(clinic.user, make_app())}"}
    auth = httpx.BasicAuth(made.row.username, made.secret)
    with httpx.Client(base_url=live_server, headers=headers, timeout=120) as caller:
        created = caller.post("/api/patients", json={"doctor": clinic.doctor.pk, "gender": "Female"})
        patient = created.json()["id"]
        for size in (1, 100_000, 3_000_000):
            content = b"%PDF-1.7\n" + os.urandom(size)
            body = {
                "doctor": clinic.doctor.pk,
                "patient": patient,
                "date": "2026-03-02",
                "description": "Scan",
            }
            request = caller.build_request(
                "POST", "/api/documents", data=body, files={"document": ("a.pdf", content)}
            )
            whole = caller.send(request)
            assert whole.status_code == 201, whole.text
            text = request.read()
            chunked = caller.post(
                "/api/documents",
                content=iter([text[:10], text[10:]]),
                headers={"Content-Type": request.headers["Content-Type"]},
            )
            assert chunked.status_code == 201, chunked.text
            for number in (whole.json()["id"], chunked.json()["id"]):
                url = f"{live_server}/api/v1/documents/{number}/content"
                assert httpx.get(url, auth=auth, timeout=120).content == content
                part = httpx.get(url, auth=auth, headers={"Range": "bytes=5-9"})
                assert (part.status_code, part.content) == (206, content[5:10])


def test_a_process_that_is_killed_is_replaced(live_server: str) -> None:
    port = httpx.URL(live_server).port
    (main,) = (
        process
        for process in psutil.process_iter(["cmdline"])
        if process.info["cmdline"] and process.info["cmdline"][-1] == str(port)
        and not (process.parent() and process.parent().cmdline()[-1:] == [str(port)])  # type: ignore[union-attr]
    )  # fmt: skip
    before = [child.pid for child in main.children()]
    assert len(before) == 2
    os.kill(before[0], signal.SIGKILL)
    until(lambda: len({c.pid for c in main.children()} - set(before)) == 1, "another process")
    for _ in range(20):
        assert httpx.get(f"{live_server}/health/live", timeout=60).status_code == 200


def test_refusals_have_the_form_of_the_api() -> None:
    for path, expected in (
        ("/api/v1/patients", {"error": {"message": OVERLOAD.detail, "code": 503}}),
        ("/v1/patients", {"error": {"message": OVERLOAD.detail, "code": 503}}),
        ("/api/patients", {"detail": OVERLOAD.detail}),
    ):
        head, _, body = serving.render_refusal(path, OVERLOAD, False).partition(b"\r\n\r\n")
        assert json.loads(body) == expected
        assert head.startswith(b"HTTP/1.1 503 Service Unavailable\r\nDate: ")
        assert b"\r\nRetry-After: 1\r\n" in head
        assert f"\r\nContent-Length: {len(body)}".encode() in head
    for refusal in ALL:
        if refusal is not SLOW_READER:
            head, _, body = serving.render_refusal("/sign-in", refusal, True).partition(b"\r\n\r\n")
            assert (b"\r\nConnection: close" in head, body) == (True, refusal.detail.encode())
    assert b"Retry-After: 5" in serving.render_refusal("", NO_ROOM, True)
    assert b"Retry-After" not in serving.render_refusal("", SLOW_BODY, True)


def test_reasons_and_bounds_are_documented() -> None:
    assert REASONS == metrics.HTTP_REASONS
    text = DOCUMENT.read_text().replace("\n", " ")
    assert ", ".join(f"`{reason}`" for reason in REASONS) in text
    shown = re.search(r"## Slow callers and overload(.*?)(?= ## )", text)
    assert shown
    for bound in (
        f"{DEFAULT.connections:,}", f"{DEFAULT.idle_seconds:.0f} s", f"{DEFAULT.head // 1024} KB",
        f"{DEFAULT.headers} headers", f"{DEFAULT.head_seconds:.0f} s from", f"after {DEFAULT.grace_seconds:.0f} s",
        f"{DEFAULT.least_speed // 1024} KB/s", f"{DEFAULT.memory >> 20} MB |", f"{DEFAULT.disk >> 30} GB,",
        f"{DEFAULT.free_disk >> 20} MB stay free", f"{DEFAULT.queue}, for {DEFAULT.queue_seconds:.0f} s",
        f"{-(-serving.MAX_BODY >> 20)} MB with a document",
    ):  # fmt: skip
        assert bound in shown[1], bound
