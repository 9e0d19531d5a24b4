"""Modes: what strict reading refuses and lenient reading takes, for whom; and explanations."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from charthouse.engine.declaration.modes import Mode, use_mode
from charthouse.engine.errors import Invalid
from charthouse.engine.execution import conformance
from charthouse.gateway.cerbo import paging as cerbo_paging
from charthouse.gateway.cerbo.registry import get_registry as get_cerbo_registry
from charthouse.gateway.drchrono import paging
from charthouse.gateway.drchrono.registry import get_registry
from charthouse.toolkit.client import SandboxError
from charthouse.toolkit.controls.modes import EXPLAIN_HEADER
from tests.toolkit.sandboxes import RunningSandbox


@pytest.fixture(autouse=True)
def _faithful(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "sandbox" in request.fixturenames:
        running: RunningSandbox = request.getfixturevalue("sandbox")
        running.modes.clear()


@pytest.fixture(scope="module")
def practice(sandbox: RunningSandbox) -> Any:
    return sandbox.practices.create(patients=1)


class Caller:
    """Calls both APIs as a practice's app and API user."""

    def __init__(self, sandbox: RunningSandbox, practice: Any) -> None:
        self._base = sandbox.base_url
        self._token = practice.token.access_token
        self._auth = (practice.api_user.username, practice.api_user.secret)

    def __call__(self, method: str, path: str, **options: Any) -> httpx.Response:
        auth = self._auth if path.startswith("/api/v1/") else None
        headers = {} if auth else {"Authorization": f"Bearer {self._token}"}
        headers |= options.pop("headers", {})
        return httpx.request(method, self._base + path, headers=headers, auth=auth, timeout=30, **options)


def read_explanation(answer: httpx.Response) -> Any:
    return json.loads(answer.headers[EXPLAIN_HEADER])


def test_strict_refuses_what_is_ignored_or_taken_silently(sandbox: RunningSandbox, practice: Any) -> None:
    ask = Caller(sandbox, practice)
    patient = f"/api/patients/{practice.patients[0].id}"
    cerbo = f"/api/v1/patients/{practice.patients[0].id}"
    json_type = {"headers": {"Content-Type": "application/json"}}
    taken: list[tuple[str, str, dict[str, Any], set[str]]] = [
        ("GET", "/api/patients?colour=red&page_size=9999", {}, {"colour"}),
        ("GET", "/api/patients?page_size=9999", {}, {"page_size"}),
        ("GET", "/api/patients?since=2026-01-01T00:00:00Z", {}, {"since"}),
        ("GET", "/api/patients?since=2026-01-01T00:00:00%2B02:00&gender=", {}, {"since", "gender"}),
        ("GET", f"{patient}?expand=all", {}, {"expand"}),
        ("PATCH", patient, {"json": {"nick": "x", "id": 7, "first_name": "Ada"}}, {"nick", "id"}),
        ("PATCH", patient, {"json": {"zip_code": 12345}}, {"zip_code"}),
        ("PATCH", f"{patient}?dry_run=1", {"json": {}}, {"dry_run"}),
        ("GET", "/api/v1/patients?colour=red", {}, {"colour"}),
        ("GET", "/api/v1/patients?limit=1000", {}, {"limit"}),
        ("GET", f"{cerbo}?colour=red", {}, {"colour"}),
        ("PATCH", cerbo, {"json": {"colour": "red"}}, {"colour"}),
        ("GET", "/api/patients?page_size=2&page_size=3", {}, {"page_size"}),
        ("GET", "/api/v1/patients?limit=1&limit=2", {}, {"limit"}),
        ("GET", f"{patient}?verbose=maybe", {}, {"verbose"}),
        ("PATCH", patient, {"content": b'{"nick_name": "a", "nick_name": "b"}', **json_type}, {"nick_name"}),
    ]
    for method, path, options, _ in taken:
        assert ask(method, path, **options).status_code in (200, 204), path
    sandbox.modes.set(mode="strict", app=practice.app.client_id)
    sandbox.modes.set(mode="strict", api_user=practice.api_user.username)
    for method, path, options, names in taken:
        refused = ask(method, path, **options)
        assert refused.status_code == 400, path
        errors = refused.json()["error"]["fields"] if path.startswith("/api/v1/") else refused.json()
        assert set(errors) == names, path
    assert ask("GET", f"{patient}?verbose=true").status_code == 200
    assert ask("GET", "/api/patients?page_size=2&since=2026-01-01T00:00:00").status_code == 200
    # what Cerbo shows may be sent back whole, also where it can't be written
    assert ask("PATCH", cerbo, json=ask("GET", cerbo).json()).status_code == 200


def test_strict_looks_into_objects_and_documented_lists(sandbox: RunningSandbox, practice: Any) -> None:
    ask = Caller(sandbox, practice)
    sandbox.modes.set(mode="strict")  # for all
    appointment = {"doctor": practice.doctor.id, "office": practice.office, "exam_room": practice.exam_room}
    appointment |= {
        "patient": practice.patients[0].id,
        "scheduled_time": "2027-05-03T09:00:00",
        "duration": 30,
    }
    usual = ask("POST", "/api/appointments", json=appointment | {"status": "Confirmed"})
    assert usual.status_code == 201, usual.text
    later = appointment | {"scheduled_time": "2027-05-04T09:00:00", "vitals": {"weight": 70, "aura": "blue"}}
    refused = ask("POST", "/api/appointments", json=later | {"duration": "30"})
    assert set(refused.json()) == {"vitals.aura", "duration"}
    form = {"first_name": "Form", "last_name": "Sent", "gender": "Other", "doctor": str(practice.doctor.id)}
    assert ask("POST", "/api/patients", data=form).status_code == 201  # forms have only text


def test_lenient_takes_what_it_can(sandbox: RunningSandbox, practice: Any) -> None:
    ask = Caller(sandbox, practice)
    patient = f"/api/patients/{practice.patients[0].id}"
    assert ask("GET", "/api/appointments").status_code == 400
    assert ask("GET", "/api/patients?since=yesterday").status_code == 400
    assert ask("PATCH", patient, json={"gender": " male "}).status_code == 400
    sandbox.modes.set(mode="lenient", app=practice.app.client_id)
    assert ask("GET", "/api/appointments").status_code == 200
    explained = ask("GET", "/api/patients?since=yesterday", headers={EXPLAIN_HEADER: "1"})
    assert explained.status_code == 200
    assert set(read_explanation(explained)["overlooked"]) == {"since"}
    given = {"gender": " male ", "date_of_birth": "someday", "nick_name": "Al"}
    changed = ask("PATCH", patient, json=given, headers={EXPLAIN_HEADER: "1"})
    assert changed.status_code == 204, changed.text
    assert set(read_explanation(changed)["overlooked"]) == {"date_of_birth"}
    now = ask("GET", patient).json()
    assert (now["gender"], now["nick_name"]) == ("Male", "Al")
    assert ask("POST", "/api/patients", json={"doctor": practice.doctor.id}).status_code == 400  # no gender


def test_modes_are_of_one_caller(sandbox: RunningSandbox, practice: Any) -> None:
    other = sandbox.practices.create(patients=0)
    sandbox.modes.set(mode="strict", app=practice.app.client_id)
    assert Caller(sandbox, practice)("GET", "/api/patients?x=1").status_code == 400
    assert Caller(sandbox, practice)("GET", "/api/v1/patients?x=1").status_code == 200
    assert Caller(sandbox, other)("GET", "/api/patients?x=1").status_code == 200
    sandbox.modes.set(mode="strict")
    assert Caller(sandbox, other)("GET", "/api/v1/patients?x=1").status_code == 400
    sandbox.modes.set(mode="faithful", app=practice.app.client_id)  # its own goes before that of all
    assert Caller(sandbox, practice)("GET", "/api/patients?x=1").status_code == 200
    assert len(sandbox.modes.list().modes) == 2
    unauthenticated = httpx.get(f"{sandbox.base_url}/api/patients?x=1")
    assert unauthenticated.status_code == 401  # who calls is asked first
    with pytest.raises(SandboxError, match="no app"):
        sandbox.modes.set(mode="strict", app="none")
    with pytest.raises(SandboxError, match="not both"):
        sandbox.modes.set(mode="strict", app=practice.app.client_id, api_user=practice.api_user.username)


def test_explanations_name_the_gate_and_what_would_pass(sandbox: RunningSandbox, practice: Any) -> None:
    headers = {EXPLAIN_HEADER: "1"}

    def explain(token: str, method: str, path: str, **options: Any) -> Any:
        sent = headers | {"Authorization": f"Bearer {token}"}
        return read_explanation(httpx.request(method, sandbox.base_url + path, headers=sent, **options))

    narrow = sandbox.tokens.mint(user=practice.user, scopes=["user:read"]).access_token
    refused = explain(narrow, "GET", "/api/patients")
    assert (refused["gate"], refused["required"], refused["granted"]) == (
        "scope",
        ["patients:read"],
        ["user:read"],
    )
    assert "authorizes the app" in refused["fix"]
    few = sandbox.users.create(practice=practice.id, permissions=["Manage Patients"]).username
    refused = explain(sandbox.tokens.mint(user=few).access_token, "GET", "/api/appointments?since=2026-01-01")
    assert (refused["gate"], refused["granted"]) == ("permission", ["Manage Patients"])
    assert refused["required"]
    expired = sandbox.tokens.mint(user=practice.user, state="expired").access_token
    assert explain(expired, "GET", "/api/patients")["gate"] == "expired"
    assert explain("nonsense", "GET", "/api/patients")["gate"] == "token"
    token = practice.token.access_token
    wrong = explain(token, "POST", "/api/patients", json={})
    assert (wrong["gate"], "gender" in wrong["fields"]) == ("validation", True)
    assert explain(token, "GET", "/api/patients/999999999")["gate"] == "not found"
    assert explain(token, "GET", "/api/nothing")["gate"] == "not found"
    assert explain(token, "DELETE", "/api/doctors")["gate"] == "method"
    sandbox.faults.add(kind="500", count=1)
    assert "charthouse faults" in explain(token, "GET", "/api/patients")["fix"]
    passed = explain(token, "GET", "/api/patients?colour=red")
    assert (passed["gate"], passed["mode"], set(passed["overlooked"])) == ("", "faithful", {"colour"})
    users = {"read_only": True, "endpoints": ["patients"]}
    user = sandbox.api_users.create(practice=practice.id, **users)
    auth = (user.username, user.secret)
    for method, path, gate in (
        ("POST", "/api/v1/patients", "read_only"),
        ("GET", "/api/v1/tags", "endpoint"),
    ):
        answer = httpx.request(method, sandbox.base_url + path, auth=auth, headers=headers, json={})
        assert read_explanation(answer)["gate"] == gate
    quiet = httpx.get(f"{sandbox.base_url}/api/patients", headers={"Authorization": f"Bearer {token}"})
    assert EXPLAIN_HEADER not in quiet.headers


def test_documented_parameters_are_known_in_strict_mode() -> None:
    """Of every list of either API, and each example of a write departs in nothing."""
    with use_mode(Mode.STRICT):
        for resource in get_registry():
            names = [*resource.filters_by_name, "page", "page_size", "cursor"]
            query = {name: "1" for name in names if name.startswith("page")}
            paging._check(resource, query | dict.fromkeys(resource.filters_by_name, "x"))
        for registry in (get_registry(), get_cerbo_registry()):
            for resource in registry:
                example = {
                    name: value
                    for name, value in resource.example.items()
                    if resource.keys_by_name[name].writable
                }
                assert (
                    conformance.find_errors(resource.keys, example, resource.model, resource.example) == {}
                ), resource.path
        for resource in get_cerbo_registry():
            conformance.check_names(resource.filters_by_name, cerbo_paging.list_page_parameters(resource))
        with pytest.raises(Invalid):
            conformance.check_names(["x"], [])
