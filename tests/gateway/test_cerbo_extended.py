"""Extended details: what the lists show, of one moment, in pieces; hand tests beside the contract kit."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from django.db import connections

from charthouse.gateway.cerbo import extended_details
from charthouse.gateway.cerbo.extended_details import LISTS, VITALS, ChartList
from charthouse.gateway.cerbo.registry import get_registry
from tests.contract.cerbo_world import BASE, CerboWorld, make_cerbo


@pytest.fixture(scope="module")
def cerbo(database: None) -> CerboWorld:
    """A practice with two rows of everything, all of one patient where they are of patients."""
    made = make_cerbo("Extended")
    for resource in get_registry():
        made.row(resource.path)
    for of in (*LISTS.values(), *VITALS.values()):
        if isinstance(of, ChartList):
            for _ in range(2):
                made.new(of.path)
    return made


def ask(cerbo: CerboWorld, client: httpx.Client | None = None, **parameters: str) -> httpx.Response:
    url = f"{BASE}patients/{cerbo.row('patients')}/extended_details"
    return (client or cerbo.client).get(url, params=parameters)


def found(cerbo: CerboWorld, **parameters: str) -> dict[str, Any]:
    answer = ask(cerbo, **parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


def list_rows(cerbo: CerboWorld, path: str, **parameters: str) -> list[Any]:
    """What the list itself shows of the patient."""
    patient = cerbo.row("patients")
    if path == "appointments":
        parameters |= {"start_date": "2000-01-01", "end_date": "2099-12-31", "pt_id": str(patient)}
    answer = cerbo.client.get(BASE + path.replace("{patient_id}", str(patient)), params=parameters)
    assert answer.status_code == 200, answer.text
    assert not answer.json()["has_more"]
    return answer.json()["data"]


@pytest.mark.parametrize("anonymize", ["false", "true"])
def test_each_list_is_what_its_own_address_shows(cerbo: CerboWorld, anonymize: str) -> None:
    shown = found(cerbo, anonymize=anonymize)
    patient = cerbo.row("patients")
    own = cerbo.client.get(f"{BASE}patients/{patient}", params={"anonymize": anonymize}).json()
    assert shown["patient"] == own
    assert list(shown) == ["object", "patient", *LISTS]
    assert list(shown["vitals"]) == list(VITALS)
    for key, of in {**LISTS, **VITALS}.items():
        if isinstance(of, ChartList) and key != "custom":
            rows = shown["vitals"][key] if key in VITALS else shown[key]
            assert rows == list_rows(cerbo, of.path, anonymize=anonymize), key
            assert rows, f"a world without {key}"
    assert shown["pharmacies"] == list_rows(cerbo, "patients/{patient_id}/pharmacies", anonymize=anonymize)


def test_custom_vitals_are_those_of_all_definitions(cerbo: CerboWorld) -> None:
    definitions = {cerbo.row("vitals"), cerbo.new("vitals")}
    patient = cerbo.row("patients")
    for definition in definitions:
        answer = cerbo.client.post(f"{BASE}patients/{patient}/vitals/{definition}", json={"value": "410"})
        assert answer.status_code == 200, answer.text
    shown = found(cerbo)["vitals"]["custom"]
    assert {row["vital_id"] for row in shown} >= definitions
    of_one = [row for row in shown if row["vital_id"] == cerbo.row("vitals")]
    assert of_one == list_rows(cerbo, f"patients/{{patient_id}}/vitals/{cerbo.row('vitals')}")


def test_pieces_make_one_answer(cerbo: CerboWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = ask(cerbo)
    monkeypatch.setattr(extended_details, "BATCH", 1)
    assert ask(cerbo).content == whole.content
    assert whole.headers["Content-Length"] == str(len(whole.content))


def test_a_chart_that_is_too_large_is_refused(cerbo: CerboWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extended_details, "BATCH", 1)
    monkeypatch.setattr(extended_details, "MAX_ROWS", 1)
    answer = ask(cerbo)
    assert answer.status_code == 400
    assert "more than 1 of encounters" in answer.json()["error"]["message"]


def test_all_of_it_is_of_one_moment(cerbo: CerboWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tag that somebody else removes, and a reading that they add, while the lists are read, are not seen."""
    before = found(cerbo)
    read_page, written = extended_details.reading.read_page, []

    def write() -> None:
        patient = cerbo.row("patients")
        answer = cerbo.client.post(f"{BASE}patients/{patient}/vitals/height", json={"height": "67"})
        written.append(answer.json()["id"])
        connections.close_all()  # this thread's

    def slow(*given: Any) -> Any:
        if not written:
            with ThreadPoolExecutor(1) as other:
                other.submit(write).result()
        return read_page(*given)

    monkeypatch.setattr(extended_details.reading, "read_page", slow)
    assert found(cerbo) == before
    monkeypatch.undo()
    assert written[0] in [row["id"] for row in found(cerbo)["vitals"]["height"]]


def test_others_patients_and_groups(cerbo: CerboWorld) -> None:
    other = make_cerbo("Elsewhere")
    assert ask(cerbo, other.client).status_code == 404
    assert ask(cerbo, cerbo.limited(endpoints=["patients"])).status_code == 403
    assert ask(cerbo, cerbo.limited(endpoints=["extended_patient_details"])).status_code == 200
