"""Answers that apps collect: queued, accepted into the chart, and read through the Cerbo API."""

from typing import Any

import httpx
import pytest

from charthouse.domains.patients.models import PortalRequest
from charthouse.domains.patients.portal_requests import settle
from charthouse.domains.questionnaires.models import Answers
from charthouse.identity import tenancy
from tests.domains.caller import Caller

SAID = {
    "questionnaire_type": "intake",
    "questionnaire_name": "New patients",
    "html_content": "<p>Do you smoke? <b>No</b></p>",
    "raw_data": {"smokes": False, "pets": ["cat", "dog"], "deep": {"er": [1, None, 2.5]}},
}


def accept(caller: Caller, queued: dict[str, Any]) -> Any:
    with tenancy.within(caller.clinic.practice.pk):
        return settle(PortalRequest.objects.get(pk=queued["portal_queue_id"]), caller.user.pk, accept=True)


def test_answers_are_queued_then_charted(caller: Caller, program: httpx.Client, patient: int) -> None:
    url = f"patients/{patient}/questionnaires"
    queued = program.post(url, json=SAID).json()
    assert program.get(url).json()["data"] == []
    (waiting,) = program.get(f"patients/{patient}/portal/enqueued").json()["data"]
    assert (waiting["id"], waiting["request_type"]) == (queued["portal_queue_id"], "questionnaire")
    assert waiting["title"] == "New patients"
    accept(caller, queued)
    (shown,) = program.get(url).json()["data"]
    assert shown["raw_data"] is None
    assert shown == program.get(f"{url}/{shown['id']}").json()
    (whole,) = program.get(url, params={"extended_details": "true"}).json()["data"]
    assert whole == program.get(f"{url}/{shown['id']}", params={"extended_details": "1"}).json()
    assert whole == shown | {"raw_data": SAID["raw_data"]}
    assert whole["html_content"] == SAID["html_content"]
    assert (whole["questionnaire_type"], whole["addedby"]) == ("intake", caller.user.pk)
    again = program.get(f"{url}/{shown['id']}", params={"extended_details": "false"}).json()
    assert again["raw_data"] is None


def test_active_content_is_removed_before_storage(
    caller: Caller, program: httpx.Client, patient: int
) -> None:
    hostile = (
        '<p onclick="x()" style="position:fixed" class="btn" id="menu">Hello</p><script>steal()</script>'
        '<img src=x onerror=steal()><iframe src="//evil"></iframe><form action=//evil><input></form>'
        '<a href="javascript:steal()">a</a><a href="https://example.org/" target="_top">b</a><svg onload=steal()>'
    )
    queued = program.post(f"patients/{patient}/questionnaires", json=SAID | {"html_content": hostile}).json()
    made = accept(caller, queued)
    clean = '<p>Hello</p><a rel="noopener noreferrer nofollow">a</a>'
    clean += '<a href="https://example.org/" rel="noopener noreferrer nofollow">b</a>'
    assert made.html_content == clean
    with tenancy.within(caller.clinic.practice.pk):
        kept = PortalRequest.objects.get(pk=queued["portal_queue_id"])
    assert kept.payload["html_content"] == clean


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("html_content", ""),
        ("html_content", None),
        ("html_content", "<script>alert(1)</script>"),
        ("html_content", "a" * 100_001),
        ("html_content", "<b>" * 5_001),
        ("html_content", "null \x00"),
        ("raw_data", None),
        ("raw_data", [1]),
        ("raw_data", "text"),
        ("raw_data", {"a": "x" * 50_000}),
        ("raw_data", {"null\x00": 1}),
        ("raw_data", {"half": ["\ud800"]}),
        ("questionnaire_type", "x" * 101),
        ("questionnaire_name", "x" * 201),
        ("questionnaire_name", {}),
    ],
)
def test_invalid_answers_are_rejected_by_key(
    program: httpx.Client, patient: int, key: str, value: Any
) -> None:
    import json

    answer = program.post(
        f"patients/{patient}/questionnaires",
        content=json.dumps(SAID | {key: value}),
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == 400, answer.text
    if "ud800" not in answer.request.content.decode():  # refused with the JSON text that it stands in
        assert list(answer.json()["error"]["fields"]) == [key]
    assert program.get(f"patients/{patient}/portal/enqueued").json()["data"] == []


def test_depth_of_objects_is_limited(program: httpx.Client, patient: int) -> None:
    deep: Any = "end"
    for _ in range(11):
        deep = {"in": deep}
    url = f"patients/{patient}/questionnaires"
    refused = program.post(url, json=SAID | {"raw_data": deep})
    assert list(refused.json()["error"]["fields"]) == ["raw_data"]
    assert program.post(url, json=SAID | {"raw_data": deep["in"]}).status_code == 200
    nested = '{"in": ' * 5000 + "1" + "}" * 5000
    body = '{"html_content": "<p>a</p>", "raw_data": ' + nested + "}"
    assert program.post(url, content=body).status_code == 400


def test_deidentified_caller_reads_original_answers(
    caller: Caller, program: httpx.Client, patient: int
) -> None:
    """Seed 000 says so, and the console warns."""
    accept(caller, program.post(f"patients/{patient}/questionnaires", json=SAID).json())
    asked = {"anonymize": "true", "extended_details": "true"}
    (shown,) = program.get(f"patients/{patient}/questionnaires", params=asked).json()["data"]
    assert (shown["html_content"], shown["raw_data"]) == (SAID["html_content"], SAID["raw_data"])


def test_answers_of_other_patient_are_not_found(caller: Caller, program: httpx.Client, patient: int) -> None:
    made: Answers = accept(caller, program.post(f"patients/{patient}/questionnaires", json=SAID).json())
    other = caller.new(first_name="Bo")["id"]
    assert program.get(f"patients/{other}/questionnaires/{made.pk}").status_code == 404
    assert program.get(f"patients/{other}/questionnaires").json()["data"] == []
