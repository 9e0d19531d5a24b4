"""Scenarios: each is what it says, by the APIs."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from charthouse.toolkit.client import SandboxError
from charthouse.toolkit.controls.scenarios import SCENARIOS
from tests.toolkit.sandboxes import RunningSandbox
from tests.toolkit.test_modes import Caller

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def practice(sandbox: RunningSandbox) -> Any:
    return sandbox.practices.create(patients=0)


@pytest.fixture(scope="module")
def ask(sandbox: RunningSandbox, practice: Any) -> Caller:
    return Caller(sandbox, practice)


def check_expired_token(sandbox: RunningSandbox, ask: Caller, ids: dict[str, Any]) -> None:
    headers = {"Authorization": f"Bearer {ids['access_token']}"}
    assert httpx.get(f"{sandbox.base_url}/api/patients", headers=headers).status_code == 401
    form = {"grant_type": "refresh_token", "refresh_token": ids["refresh_token"]}
    form |= {"client_id": ids["client_id"], "client_secret": ids["client_secret"]}
    assert httpx.post(f"{sandbox.base_url}/o/token/", data=form).status_code == 200


def check_large_patient(sandbox: RunningSandbox, ask: Caller, ids: dict[str, Any]) -> None:
    expected = {"appointments": 1500, "medications": 1250, "problems": 1250, "allergies": 1000}
    for path, rows in expected.items():
        query = f"patient={ids['patient']}&since=2000-01-01&page_size=250&page={rows // 250}"
        last = ask("GET", f"/api/{path}?{query}").json()
        assert (len(last["results"]), last["next"]) == (250, None)
    assert sum(expected.values()) == ids["rows"]


def check_shares_nothing(sandbox: RunningSandbox, ask: Caller, ids: dict[str, Any]) -> None:
    for token, own, foreign in (
        ("access_token", "patients", "other_patients"),
        ("other_access_token", "other_patients", "patients"),
    ):
        headers = {"Authorization": f"Bearer {ids[token]}"}
        listed = httpx.get(f"{sandbox.base_url}/api/patients", headers=headers).json()["results"]
        assert {row["id"] for row in listed} == set(ids[own])
        missing = httpx.get(f"{sandbox.base_url}/api/patients/{ids[foreign][0]}", headers=headers)
        assert missing.status_code == 404


def check_duplicate(sandbox: RunningSandbox, ask: Caller, ids: dict[str, Any]) -> None:
    one, other = (ask("GET", f"/api/patients/{ids[name]}").json() for name in ("patient", "duplicate"))
    same = ("first_name", "last_name", "date_of_birth", "gender", "doctor")
    assert [one[name] for name in same] == [other[name] for name in same]
    third = ask("POST", "/api/patients", json={name: one[name] for name in same})
    assert third.status_code == 409


def check_full_calendar(sandbox: RunningSandbox, ask: Caller, ids: dict[str, Any]) -> None:
    listed = ask("GET", f"/api/appointments?date={ids['day']}").json()["results"]
    assert {row["id"] for row in listed} == {*map(str, ids["appointments"])}
    taken = {name: ids[name] for name in ("doctor", "office", "patient")}
    visit = taken | {"scheduled_time": f"{ids['day']}T10:00:00", "duration": 30, "exam_room": 1}
    assert ask("POST", "/api/appointments", json=visit).status_code == 409


def check_locked_note(sandbox: RunningSandbox, ask: Caller, ids: dict[str, Any]) -> None:
    visit = ask("GET", f"/api/appointments/{ids['appointment']}?verbose=true").json()
    assert visit["clinical_note"]["locked"] is True
    changed = ask("PATCH", f"/api/clinical_note_field_values/{ids['field_value']}", json={"value": "x"})
    assert changed.status_code == 409, changed.text


def check_results(sandbox: RunningSandbox, ask: Caller, ids: dict[str, Any]) -> None:
    path = f"/api/lab_results?order={ids['lab_order']}"
    assert ask("GET", path).json()["results"] == []
    assert sandbox.clock.advance(by="59m").settled
    assert ask("GET", path).json()["results"] == []
    assert sandbox.clock.advance(by="2m").settled
    (result,) = ask("GET", path).json()["results"]
    assert (result["lab_test"], result["value"]) == (ids["lab_test"], "6.1")
    assert ask("GET", f"/api/lab_tests/{ids['lab_test']}").json()["status"] == "final"


def check_refused_card(sandbox: RunningSandbox, ask: Caller, ids: dict[str, Any]) -> None:
    rows = [ask("GET", f"/api/patient_payments/{ids[name]}").json() for name in ("payment", "refusal")]
    assert [row["amount"] for row in rows] == ["25.00", "-25.00"]
    item = ask("GET", f"/api/line_items/{ids['line_item']}").json()
    assert float(item["balance_pt"]) + float(item["balance_ins"]) == float(item["balance_total"]) > 0


CHECKS: dict[str, Callable[[RunningSandbox, Caller, dict[str, Any]], None]] = {
    "expired-token": check_expired_token,
    "large-patient": check_large_patient,
    "shares-nothing": check_shares_nothing,
    "duplicate": check_duplicate,
    "full-calendar": check_full_calendar,
    "locked-note": check_locked_note,
    "results-in-an-hour": check_results,
    "refused-card": check_refused_card,
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario_is_what_it_says(sandbox: RunningSandbox, practice: Any, ask: Caller, name: str) -> None:
    added = sandbox.scenarios.add(name=name, practice=practice.id)
    CHECKS[name](sandbox, ask, added.ids)
    described = json.loads((sandbox.data / "sandbox.json").read_text())["scenarios"][name]
    assert described == {"practice": added.practice, **added.ids}
    assert added in sandbox.scenarios.list().added


def test_scenarios_go_with_the_state_that_has_them(sandbox: RunningSandbox) -> None:
    added = sandbox.scenarios.add(name="locked-note")
    sandbox.snapshots.save(name="with-a-note")
    sandbox.snapshots.reset()
    assert sandbox.scenarios.list().added == []
    assert json.loads((sandbox.data / "sandbox.json").read_text())["scenarios"] == {}
    sandbox.snapshots.restore(name="with-a-note")
    assert added in sandbox.scenarios.list().added
    assert "locked-note" in json.loads((sandbox.data / "sandbox.json").read_text())["scenarios"]
    sandbox.snapshots.delete(name="with-a-note")
    sandbox.snapshots.reset()


def test_unknown_scenarios_are_refused(sandbox: RunningSandbox) -> None:
    with pytest.raises((SandboxError, ValueError), match="name"):
        sandbox.scenarios.add(name="earthquake")
    with pytest.raises(SandboxError, match="practice"):
        sandbox.scenarios.add(name="duplicate", practice=10**9)


def test_each_scenario_has_its_page() -> None:
    page = (DOCS / "sandbox-scenarios.md").read_text()
    for name, text in SCENARIOS.items():
        assert f"## {name}\n\n{text}" in page, name
