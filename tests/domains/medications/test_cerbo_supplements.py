"""Supplements in the Cerbo API: search, requests, acceptance and discontinuation."""

from typing import Any

import httpx
import pytest

from charthouse.domains.medications import supplements
from charthouse.domains.medications.models import PatientSupplement
from charthouse.domains.patients.models import PortalRequest
from charthouse.identity import tenancy
from tests.domains.caller import Caller


def supplement(program: httpx.Client, **values: Any) -> int:
    answer = program.post("supplements", json={"name": "Magnesium glycinate 400 mg"} | values)
    assert answer.status_code == 200, answer.text
    return int(answer.json()["id"])


def found(program: httpx.Client, words: str, **parameters: str) -> list[str]:
    answer = program.get(f"supplements/search/{words}", params=parameters)
    assert answer.status_code == 200, answer.text
    return [row["name"] for row in answer.json()["data"]]


def test_search_matches_every_word_in_name_and_nicknames(program: httpx.Client) -> None:
    supplement(program, nicknames="Mag, sleep", vendor_code="MG")
    supplement(program, name="Magnesium citrate", inactive=True)
    supplement(program, name="100% whey_protein")
    assert found(program, "magnes") == ["Magnesium glycinate 400 mg", "Magnesium citrate"]
    assert found(program, "SLEEP%20gly") == ["Magnesium glycinate 400 mg"]
    assert found(program, "sleep%20citrate") == []
    assert found(program, "magnesium", active_only="no") == ["Magnesium glycinate 400 mg"]
    assert found(program, "magnesium", vendor_code="MG") == ["Magnesium glycinate 400 mg"]
    assert found(program, "0%25") == found(program, "y_p") == ["100% whey_protein"]
    assert found(program, "%25") == ["100% whey_protein"]
    assert program.get("supplements/search/" + "a%20" * 21).status_code == 400
    assert program.get("supplements/search/a%00b").status_code == 400


def test_supplement_is_queued_until_accepted(caller: Caller, program: httpx.Client, patient: int) -> None:
    row = supplement(program)
    body = {"supplement_id": str(row), "notes": "For sleep"}
    answer = program.post(f"patients/{patient}/supplements", json=body).json()
    assert answer["result"] is True
    queue = program.get(f"patients/{patient}/portal/enqueued").json()["data"]
    assert [(entry["id"], entry["request_type"], entry["title"], entry["notes"]) for entry in queue] == [
        (answer["portal_queue_id"], "supplement", "Magnesium glycinate 400 mg", "For sleep")
    ]
    assert program.get(f"patients/{patient}/supplements").json()["total_count"] == 0
    with tenancy.within(caller.clinic.practice.pk):
        request = PortalRequest.objects.get(pk=answer["portal_queue_id"])
        supplements.accept_supplement(request, caller.user.pk)
        kept = PatientSupplement.objects.get(request=request)
        assert (kept.added_by_id, kept.notes) == (caller.user.pk, "For sleep")
    (taken,) = program.get(f"patients/{patient}/supplements").json()["data"]
    assert (taken["associated_plan_id"], taken["is_discontinued"]) == (row, False)
    assert taken["plan_definition"]["name"] == "Magnesium glycinate 400 mg"
    assert (taken["encounter_id"], taken["url_encounter"]) == (None, None)


@pytest.mark.parametrize("off", ["false", "0"])
def test_without_queue_supplement_is_charted_immediately(
    program: httpx.Client, patient: int, off: str
) -> None:
    row = supplement(program)
    url = f"patients/{patient}/supplements"
    answer = program.post(url, params={"enqueue": off}, json={"supplement_id": row})
    assert answer.status_code == 200, answer.text
    assert program.get(f"patients/{patient}/portal/enqueued").json()["data"] == []
    accepted = program.get(f"patients/{patient}/portal/enqueued", params={"status": "accepted"}).json()
    assert [entry["id"] for entry in accepted["data"]] == [answer.json()["portal_queue_id"]]
    (taken,) = program.get(url).json()["data"]
    assert program.get(f"{url}/{taken['id']}").json() == taken
    assert {name: answer.json()[name] for name in taken} == taken


@pytest.mark.parametrize(
    ("parameters", "body", "wrong"),
    [
        ({}, {}, {"supplement_id"}),
        ({}, {"supplement_id": 999_999_999, "notes": "x" * 10_001}, {"supplement_id", "notes"}),
        ({"enqueue": "perhaps"}, {"supplement_id": 1}, {"enqueue"}),
    ],
)
def test_invalid_requests_are_rejected(
    program: httpx.Client, patient: int, parameters: Any, body: Any, wrong: Any
) -> None:
    answer = program.post(f"patients/{patient}/supplements", params=parameters, json=body)
    assert answer.status_code == 400
    assert set(answer.json()["error"]["fields"]) == wrong
    assert program.get(f"patients/{patient}/portal/enqueued").json()["data"] == []


def test_supplement_is_discontinued_once(caller: Caller, program: httpx.Client, patient: int) -> None:
    url, row = f"patients/{patient}/supplements", supplement(program)
    program.post(url, params={"enqueue": "false"}, json={"supplement_id": row})
    (taken,) = program.get(url).json()["data"]
    stop = f"{url}/{taken['id']}/discontinue"
    later = program.patch(stop, json={"discontinued_date": "2999-01-01 00:00:00"})
    assert later.status_code == 400
    assert set(later.json()["error"]["fields"]) == {"discontinued_date"}
    someone_else = caller.new(first_name="Imani")["id"]
    assert (
        program.patch(f"patients/{someone_else}/supplements/{taken['id']}/discontinue", json={}).status_code
        == 404
    )
    said = {"discontinued_date": "2024-05-06 07:08:09", "discontinued_note": "Cramps"}
    stopped = program.patch(stop, json=said).json()
    assert stopped["is_discontinued"] is True
    details = stopped["prescribing_details"]
    assert {name: details[name] for name in said} == said
    assert details["discontinued"] == "1"
    assert program.patch(stop, json={}).status_code == 409
    assert program.get(f"{url}/{taken['id']}").json() == stopped
