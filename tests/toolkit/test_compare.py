"""``charthouse compare``, Charthouse against Charthouse: what is the same is so, planted differences are found, and
nothing of a patient is recorded."""

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from charthouse import cli
from charthouse.commands.handlers import render_openapi
from charthouse.toolkit.compare.asking import Questioner
from charthouse.toolkit.compare.command import Comparison
from charthouse.toolkit.compare.exchanges import make_exchange, read_exchanges
from charthouse.toolkit.compare.proxy import Proxy
from charthouse.toolkit.compare.shapes import compare_shapes, read_shape
from charthouse.toolkit.shell_variables import list_variables
from tests.toolkit.sandboxes import RunningSandbox
from tests.waiting import PATIENCE, until


class Between:
    """A vendor that is a sandbox with a planted difference: ``change`` gets each answer, as (path, status, body)."""

    def __init__(self, sandbox: RunningSandbox) -> None:
        self.change: Callable[[str, int, Any], tuple[int, Any]] = lambda path, status, body: (status, body)
        between = self

        class Handler(BaseHTTPRequestHandler):
            def serve(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                named = {"authorization": self.headers["Authorization"], "content-type": "application/json"}
                answer = httpx.request(
                    self.command, sandbox.base_url + self.path, headers=named, content=body, timeout=PATIENCE
                )
                shown = answer.json() if answer.content else None
                status, shown = between.change(self.path, answer.status_code, shown)
                content = b"" if shown is None else json.dumps(shown).encode()
                self.send_response(status)
                self.send_header("Content-Type", answer.headers.get("content-type", ""))
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PATCH = serve  # noqa: N815

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class Compared:
    """A client of the vendor through the proxy; ``lines`` are what the comparison shows."""

    def __init__(self, sandbox: RunningSandbox, record: Path) -> None:
        self.vendor, self.lines, self.record = Between(sandbox), list[str](), record
        self.questioner = Questioner(sandbox, lambda api: json.loads(render_openapi(api)))
        self.comparison = Comparison(self.questioner, self.lines.append, record)
        self.proxy = Proxy(self.vendor.url, self.comparison.note)
        variables = list_variables(sandbox.described)
        self.bearer = {"Authorization": f"Bearer {variables['ACCESS_TOKEN']}"}
        self.basic = (variables["CERBO_USERNAME"], variables["CERBO_SECRET"])

    def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Call the vendor through the proxy, and wait until it is compared."""
        calls = self.comparison.calls
        cerbo = path.startswith("/api/v1/")
        credentials: dict[str, Any] = {"auth": self.basic} if cerbo else {"headers": self.bearer}
        answer = httpx.request(method, self.proxy.url + path, timeout=PATIENCE, **credentials, **options)
        before = len(self.lines)
        until(lambda: self.comparison.calls > calls and len(self.lines) >= before, "the call is compared")
        until(lambda: not self.comparison._lock.locked(), "its differences are shown")
        return answer

    def close(self) -> None:
        self.proxy.close()
        self.vendor.close()
        self.questioner.close()


@pytest.fixture
def compared(sandbox: RunningSandbox, tmp_path: Path) -> Iterator[Compared]:
    made = Compared(sandbox, tmp_path / "calls.jsonl")
    yield made
    made.close()


CALLS: list[tuple[str, str, dict[str, Any]]] = [
    ("GET", "/api/patients?page_size=2&verbose=true", {}),
    ("GET", "/api/appointments?since=2020-01-01", {}),
    ("GET", "/api/patients/999999999", {}),
    ("GET", "/api/nothing_here", {}),
    ("POST", "/api/patients", {"json": {"gender": "?"}}),
    ("GET", "/api/v1/patients?limit=2", {}),
    ("GET", "/api/v1/patients/999999999", {}),
]


def test_charthouse_is_the_same_as_charthouse(compared: Compared) -> None:
    for method, path, options in CALLS:
        compared.call(method, path, **options)
    shown = [line for line in compared.lines if "999999999" not in line]
    # The sandbox is asked of rows that it has: what was not found there is found here.
    assert [line for line in shown if line.startswith("    ")] == ["    status: 200 here, 404 there"] * 2
    assert compared.comparison.calls == len(CALLS)


def plant(compared: Compared, change: Callable[[Any], Any], status: int | None = None) -> list[str]:
    """Plant a difference in the rows of patients, and return what is shown of it."""

    def apply(path: str, answered: int, body: Any) -> tuple[int, Any]:
        return status or answered, body | {"results": [change(row) for row in body["results"]]}

    compared.vendor.change = apply
    compared.call("GET", "/api/patients?page_size=2")
    return [line.strip() for line in compared.lines if line.startswith("    ")]


@pytest.mark.parametrize(
    ("change", "status", "line"),
    [
        (lambda row: row | {"shoe_size": 42}, None, "key results[].shoe_size: nothing here, integer there"),
        (
            lambda row: {name: value for name, value in row.items() if name != "chart_id"},
            None,
            "key results[].chart_id: text here, nothing there",
        ),
        (lambda row: row | {"id": str(row["id"])}, None, "type results[].id: integer here, digits there"),
        (
            lambda row: row | {"created_at": "2026-03-02 09:30:00"},
            None,
            "format results[].created_at: timestamp here, spaced timestamp there",
        ),
        (lambda row: row | {"copay": 40.5}, None, "type results[].copay: decimal here, number there"),
        (lambda row: row, 500, "status: 200 here, 500 there"),
    ],
)
def test_a_planted_difference_is_found(
    compared: Compared, change: Callable[[Any], Any], status: int | None, line: str
) -> None:
    assert plant(compared, change, status) == [line]


def test_nothing_of_a_patient_is_recorded(compared: Compared, tmp_path: Path) -> None:
    first = compared.call("GET", "/api/patients?page_size=1").json()["results"][0]
    query = {name: first[name] for name in ("last_name", "date_of_birth", "email")}
    compared.call("GET", f"/api/patients?{urlencode(query)}")
    compared.call("GET", f"/api/patients/{first['id']}")
    compared.call("GET", f"/api/patients/{first['last_name'].lower()}/{first['first_name'].lower()}")
    compared.call(
        "PATCH", f"/api/patients/{first['id']}", json={"first_name": "Canary", "email": "canary@x.example"}
    )
    recorded = compared.record.read_text()
    for value in first.values():
        if isinstance(value, str) and len(value) > 3 and value not in ("blank", "Male", "Female"):
            assert value not in recorded, value
    for value in (
        f"{first['id']}",
        "Canary",
        "canary",
        compared.bearer["Authorization"],
        first["last_name"].lower(),
    ):
        assert value not in recorded + "\n".join(compared.lines), value
    assert json.loads(recorded.splitlines()[1])["query"] == {
        "last_name": "<text>",
        "date_of_birth": "<date>",
        "email": "<email>",
    }
    assert len(read_exchanges(recorded.splitlines())) == 5


def test_links_lead_back_through_the_proxy(compared: Compared, sandbox: RunningSandbox) -> None:
    compared.vendor.change = lambda path, status, body: (
        status,
        json.loads(json.dumps(body).replace(sandbox.base_url, compared.vendor.url)),
    )
    page = compared.call("GET", "/api/patients?page_size=1").json()
    assert page["next"].startswith(compared.proxy.url)


def test_writes_are_asked_with_rows_of_the_sandbox(compared: Compared, sandbox: RunningSandbox) -> None:
    practice = sandbox.practices.create()
    body = {
        "doctor": practice.doctor.id,
        "first_name": "Ada",
        "last_name": "Lovelace",
        "gender": "Female",
        "date_of_birth": "1990-01-01",
    }
    compared.bearer = {"Authorization": f"Bearer {practice.token.access_token}"}
    assert compared.call("POST", "/api/patients", json=body).status_code == 201
    assert [line for line in compared.lines if line.startswith("    ")] == []


def test_what_was_recorded_is_replayed(
    compared: Compared, sandbox: RunningSandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    plant(compared, lambda row: row | {"shoe_size": 42})
    with pytest.raises(SystemExit) as ended:
        cli.main(["compare", "--replay", str(compared.record), "--data", str(sandbox.data)])
    assert ended.value.code == 1
    printed = capsys.readouterr().out
    assert "key results[].shoe_size: nothing here, integer there" in printed
    assert "1 calls, 1 with differences" in printed


def test_an_upstream_that_does_not_answer_is_a_502(compared: Compared) -> None:
    proxy = Proxy("http://127.0.0.1:1", compared.comparison.note)
    try:
        assert httpx.get(f"{proxy.url}/api/patients").status_code == 502
        assert httpx.post(f"{proxy.url}/api/patients", content=iter([b"x"])).status_code == 411
    finally:
        proxy.close()


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ({"a": []}, {"a": [{"b": 1}]}),
        ({"a": None}, {"a": {"b": 1}}),
        ({"a": ""}, {"a": "2026-01-01"}),
        ({"a": "Denver"}, {"a": "80202"}),
        ({"a": [{"b": 1}, {"b": None}]}, {"a": [{"b": 2}]}),
        ({"4711": 1}, {"4712": 1}),
    ],
)
def test_what_says_nothing_is_no_difference(ours: Any, theirs: Any) -> None:
    assert list(compare_shapes(read_shape(ours), read_shape(theirs))) == []


def test_paths_have_no_ids_and_no_names() -> None:
    words = {"tags", "extended"}
    targets = {
        "/api/patients/17": "/api/patients/{}",
        "/api/v1/patients/smith/tags": "/api/v1/patients/{}/tags",
        "/api/v1/patients/ab-12/extended/": "/api/v1/patients/{}/extended",
        "/api/4711": "/api/{}",
        "/api/mu_2015_report": "/api/mu_2015_report",
    }
    assert {t: make_exchange("GET", t, b"", 200, "", b"", words).path for t in targets} == targets
