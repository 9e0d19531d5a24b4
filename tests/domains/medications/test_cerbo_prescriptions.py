"""The formulary and prescriptions in the Cerbo API, and the same medications in DrChrono's."""

from typing import Any

import httpx
import pytest

from charthouse import clock
from charthouse.domains.medications import cerbo
from charthouse.domains.medications.models import Drug, Medication
from charthouse.domains.patients.models import PortalRequest
from charthouse.identity import tenancy
from tests.domains.caller import Caller


@pytest.fixture
def drug(caller: Caller) -> int:
    with tenancy.within(caller.clinic.practice.pk):
        row = Drug.objects.create(
            practice=caller.clinic.practice,
            name="Metformin 500 mg tablet",
            product_name="Glucophage",
            generic_name="metformin",
            strength="500 mg",
            dose_form="tablet",
            route="Oral",
            rxnorm="861007",
        )
    return int(row.pk)


def list_rows(program: httpx.Client, patient: int) -> list[Any]:
    return list(program.get(f"patients/{patient}/rxs").json()["data"])


def accept(caller: Caller, queued: Any) -> Medication:
    """Return the row that staff create by accepting a request."""
    with tenancy.within(caller.clinic.practice.pk):
        request = PortalRequest.objects.get(pk=queued["portal_queue_id"])
        made: Medication = cerbo.ACCEPT[request.request_type](request, caller.user.pk)
    return made


def test_formulary_is_searched_by_words(caller: Caller, program: httpx.Client, drug: int) -> None:
    for words in ("metf", "500%20GLUCO", "glucophage%20tablet"):
        (found,) = program.get(f"drugs/search/{words}").json()["data"]
        assert found == program.get(f"drugs/{drug}").json()
    assert found["url_drug"] == f"http://testserver/api/v1/drugs/{drug}"
    assert program.get("drugs/search/metf", params={"favorites-only": "true"}).json()["data"] == []
    assert program.get("drugs/search/metf", params={"favorites-only": "false"}).json()["total_count"] == 1
    assert program.get("drugs/search/aspirin").json()["data"] == []


def test_frequencies_are_numbers(program: httpx.Client) -> None:
    answer = program.get("drugs/frequencies").json()
    times = {row["name"]: float(row["times_per_day"]) for row in answer["data"]}
    assert times["Every 6 hours"] == times["Four times a day"] == 4
    assert times["Every other day"] == 0.5
    assert answer["total_count"] == len(times)


def test_medication_of_drchrono_is_a_prescription(
    caller: Caller, program: httpx.Client, patient: int, drug: int
) -> None:
    medication = caller.new(
        "medications",
        patient=patient,
        name="Metformin 500 mg",
        rxnorm="861007",
        route="Oral",
        dispense_quantity="90.50",
        number_refills=2,
        daw=True,
        signature_note="With meals",
        notes="Watch kidneys",
        pharmacy_note="Call first",
        date_prescribed="2024-02-29",
    )
    (shown,) = list_rows(program, patient)
    assert shown["id"] == medication["id"]
    assert shown["addedby"] == caller.user.pk
    wanted = {
        "roa": "Oral",
        "strength": "500 mg",
        "doses_rxed": "90.5",
        "refills_rxed": 2,
        "generic_ok": False,
        "instructions_to_pt": "With meals",
        "instructions_to_dr": "Watch kidneys",
        "instructions_to_pharmacist": "Call first",
        "is_expired": True,
        "date_expired": "2025-02-28 00:00:00",
        "is_discontinued": False,
        "date_discontinued": None,
    }
    assert {name: shown[name] for name in wanted} == wanted
    assert shown["drug_details"]["id"] == drug
    today = clock.now().date().isoformat()
    caller.patch(
        medication["id"], "medications", status="inactive", date_stopped_taking="2024-05-06", rxnorm=""
    )
    caller.patch(medication["id"], "medications", date_prescribed=today, dispense_quantity=None)
    (shown,) = list_rows(program, patient)
    assert (shown["is_discontinued"], shown["date_discontinued"]) == (True, "2024-05-06 00:00:00")
    assert (shown["is_expired"], shown["drug_details"], shown["doses_rxed"]) == (False, None, "")


def test_drug_is_queued_until_accepted(
    caller: Caller, program: httpx.Client, patient: int, drug: int
) -> None:
    queued = program.post(f"patients/{patient}/rxs", json={"drug_id": drug, "notes": "Ran out"}).json()
    assert list_rows(program, patient) == []
    row = accept(caller, queued)
    (shown,) = list_rows(program, patient)
    assert (shown["id"], shown["name"], shown["instructions_to_dr"]) == (
        row.pk,
        "Metformin 500 mg tablet",
        "Ran out",
    )
    assert shown["drug_details"]["id"] == drug
    medication = caller.get(row.pk, "medications")
    assert (medication["rxnorm"], medication["doctor"]) == ("861007", caller.doctor.pk)
    assert (medication["order_status"], medication["date_prescribed"]) == ("", None)


def test_without_queue_drug_is_charted_immediately(program: httpx.Client, patient: int, drug: int) -> None:
    answer = program.post(f"patients/{patient}/rxs", params={"enqueue": "false"}, json={"drug_id": drug})
    assert answer.json()["result"] is True
    (shown,) = list_rows(program, patient)
    assert shown["addedby"] == 99999
    assert program.get(f"patients/{patient}/rxs/{shown['id']}").json() == shown
    assert {name: answer.json()[name] for name in shown} == shown


def test_refill_creates_prescription(caller: Caller, program: httpx.Client, patient: int, drug: int) -> None:
    medication = caller.new(
        "medications",
        patient=patient,
        name="Metformin",
        rxnorm="861007",
        frequency="Daily",
        date_prescribed="2024-01-01",
    )
    url, body = f"patients/{patient}/rxs/refill", {"original_prescription_id": medication["id"]}
    queued = program.post(url, json=body | {"agreed_to_terms": "All"}).json()
    (entry,) = program.get(f"patients/{patient}/portal/enqueued").json()["data"]
    assert (entry["request_type"], entry["title"]) == ("rx_refill", "Metformin")
    assert entry["payload"] == body | {"agreed_to_terms": "All"}
    row = accept(caller, queued)
    first, second = list_rows(program, patient)
    assert (first["id"], second["id"]) == (medication["id"], row.pk)
    assert second["frequency"] == "Daily"
    again = caller.get(row.pk, "medications")
    assert (again["order_status"], again["date_prescribed"]) == ("Ordered", clock.now().date().isoformat())
    elsewhere = caller.new(first_name="Imani")["id"]
    assert program.post(f"patients/{elsewhere}/rxs/refill", json=body).status_code == 400
    caller.patch(medication["id"], "medications", status="inactive")
    refused = program.post(url, json=body)
    assert refused.status_code == 400
    assert set(refused.json()["error"]["fields"]) == {"original_prescription_id"}


def test_discontinuation_is_shown_by_both_apis(
    caller: Caller, program: httpx.Client, patient: int, drug: int
) -> None:
    medication = caller.new("medications", patient=patient, name="Metformin", rxnorm="861007")
    url = f"patients/{patient}/rxs/{medication['id']}"
    said = {"discontinued_date": "2024-05-06 07:08:09", "discontinued_reason": "Nausea"}
    for wrong in ({}, {"discontinued_reason": "x", "discontinued_date": "2999-01-01 00:00:00"}):
        assert program.patch(f"{url}/discontinue", json=wrong).status_code == 400
    elsewhere = caller.new(first_name="Imani")["id"]
    foreign = f"patients/{elsewhere}/rxs/{medication['id']}/discontinue"
    assert program.patch(foreign, json=said).status_code == 404
    answer = program.patch(f"{url}/discontinue", json=said)
    assert answer.json() == said | {
        "object": "prescription",
        "id": medication["id"],
        "drug_id": drug,
        "drug_name": "Metformin",
        "status": "discontinued",
    }
    shown = program.get(url).json()
    assert (shown["is_discontinued"], shown["date_discontinued"]) == (True, "2024-05-06 07:08:09")
    there = caller.get(medication["id"], "medications")
    assert (there["status"], there["order_status"]) == ("inactive", "Discontinued")
    assert there["date_stopped_taking"] == "2024-05-06"
    assert program.patch(f"{url}/discontinue", json=said).status_code == 409
    caller.patch(medication["id"], "medications", date_stopped_taking="2024-06-07")
    assert program.get(url).json()["date_discontinued"] == "2024-06-07 00:00:00"
