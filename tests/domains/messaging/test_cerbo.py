"""Secure messages, written through one API, read through the other, answered by staff."""

from typing import Any

import httpx
import pytest

from charthouse.domains.messaging import secure_messages
from charthouse.domains.messaging.models import Message, PatientMessage
from charthouse.domains.patients.models import Patient, PortalRequest
from charthouse.domains.patients.portal_requests import settle
from charthouse.engine.errors import Invalid
from charthouse.identity import tenancy
from tests.domains.caller import Caller
from tests.support import make_user

LETTER = {"subject": "A question", "note": "May I take it with food?", "reply": "phone"}


def accept(caller: Caller, queued: dict[str, Any]) -> PatientMessage:
    with tenancy.within(caller.clinic.practice.pk):
        made: PatientMessage = settle(
            PortalRequest.objects.get(pk=queued["portal_queue_id"]), caller.user.pk, accept=True
        )
    return made


def list_rows(program: httpx.Client, patient: int, **parameters: str) -> list[Any]:
    url = f"patients/{patient}/portal/secure_messages"
    return list(program.get(url, params=parameters).json()["data"])


def test_message_of_patient_is_queued_then_in_message_center(
    caller: Caller, program: httpx.Client, patient: int
) -> None:
    person = make_user(caller.clinic.practice, role="staff", first_name="Sam")
    url = f"patients/{patient}/portal/secure_messages"
    queued = program.post(url, json=LETTER | {"dr_id": person.pk}).json()
    assert list_rows(program, patient) == []
    (waiting,) = program.get(f"patients/{patient}/portal/enqueued").json()["data"]
    assert (waiting["title"], waiting["notes"]) == (LETTER["subject"], LETTER["note"])
    assert waiting["payload"] == {"dr_id": person.pk, "reply": "phone"}
    made = accept(caller, queued)
    (shown,) = list_rows(program, patient)
    assert shown == {
        "object": "secure_message",
        "id": made.pk,
        "pt_id": patient,
        "dr_id": person.pk,
        "sent_by": "pt",
        **LETTER,
        "is_read": False,
        "created": shown["created"],
    }
    found = caller.http.get("/api/messages", params={"patient": patient}).json()["results"]
    assert [(row["type"], row["title"], row["owner"]) for row in found] == [
        ("PI", LETTER["subject"], person.pk)
    ]
    assert [note["text"] for note in found[0]["message_notes"]] == [LETTER["note"]]
    assert caller.ids("patient_messages") == []  # it lists messages to patients only


def test_patient_message_of_drchrono_is_message_of_doctor(
    caller: Caller, program: httpx.Client, patient: int
) -> None:
    letter = caller.new("patient_messages", patient=patient, subject="Your results", body="All is well.")
    (shown,) = list_rows(program, patient, sent_by="dr")
    assert (shown["id"], shown["sent_by"]) == (letter["id"], "dr")
    assert (shown["subject"], shown["note"]) == ("Your results", "All is well.")
    assert list_rows(program, patient, sent_by="pt") == []
    owner = caller.clinic.user
    assert shown["dr_id"] == owner.pk
    assert program.get(f"patients/{patient}/portal/secure_messages?sent_by=nurse").status_code == 400


def test_staff_answer_and_patient_reads(caller: Caller, program: httpx.Client, patient: int) -> None:
    made = accept(caller, program.post(f"patients/{patient}/portal/secure_messages", json=LETTER).json())
    with tenancy.within(caller.clinic.practice.pk):
        message = Message.objects.get(pk=made.message_id)
        assert message.doctor_id == caller.doctor.pk  # the patient's provider, since no recipient is given
        reply = secure_messages.answer(message, "Yes, you may.", caller.user.pk)
        person = Patient.objects.get(pk=patient)
        assert [row.body for row in secure_messages.list_correspondence(person)] == [
            LETTER["note"],
            "Yes, you may.",
        ]
        secure_messages.mark_read_by_patient(person, reply.pk)
    question, answer = list_rows(program, patient)
    assert (question["is_read"], answer["is_read"]) == (True, True)
    assert (answer["sent_by"], answer["subject"]) == ("dr", "Re: A question")
    assert answer["dr_id"] == caller.user.pk
    assert caller.ids("patient_messages") == [answer["id"]]
    assert caller.http.get(f"/api/messages/{made.message_id}").json()["read"] is True


def test_deidentified_caller_reads_no_messages(caller: Caller, program: httpx.Client, patient: int) -> None:
    queued = program.post(f"patients/{patient}/portal/secure_messages", json=LETTER).json()
    url = f"patients/{patient}/portal/enqueued"
    (waiting,) = program.get(url, params={"anonymize": "true"}).json()["data"]
    assert (waiting["title"], waiting["notes"]) == (LETTER["subject"], "")
    accept(caller, queued)
    (shown,) = list_rows(program, patient, anonymize="true")
    assert (shown["subject"], shown["note"]) == (LETTER["subject"], "")


def test_only_messages_of_patients_are_answered(caller: Caller, patient: int) -> None:
    fax = caller.new("messages", patient=patient, title="Fax", type="IF")
    with tenancy.within(caller.clinic.practice.pk):
        for text in ("Yes.", "", "x" * 20_001):
            with pytest.raises(Invalid) as refusal:
                secure_messages.answer(Message.objects.get(pk=fax["id"]), text, caller.user.pk)
            assert list(refusal.value.errors) == ["text"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("subject", ""),
        ("subject", "x" * 55),
        ("note", "too short"),
        ("note", "x" * 20_001),
        ("dr_id", 99_999_999),
        ("dr_id", "me"),
        ("reply", "x" * 101),
    ],
)
def test_invalid_messages_are_rejected_by_api_and_portal(
    caller: Caller, program: httpx.Client, patient: int, key: str, value: Any
) -> None:
    answer = program.post(f"patients/{patient}/portal/secure_messages", json=LETTER | {key: value})
    assert answer.status_code == 400
    assert list(answer.json()["error"]["fields"]) == [key]
    with tenancy.within(caller.clinic.practice.pk), pytest.raises(Invalid) as refusal:
        secure_messages.send_message(Patient.objects.get(pk=patient), LETTER | {key: value})
    assert list(refusal.value.errors) == [key]


def test_inactive_user_receives_no_message(caller: Caller, program: httpx.Client, patient: int) -> None:
    gone = make_user(caller.clinic.practice, role="staff", is_active=False)
    url = f"patients/{patient}/portal/secure_messages"
    refused = program.post(url, json=LETTER | {"dr_id": gone.pk})
    assert list(refused.json()["error"]["fields"]) == ["dr_id"]
    leaving = make_user(caller.clinic.practice, role="staff")
    queued = program.post(url, json=LETTER | {"dr_id": leaving.pk}).json()
    leaving.is_active = False
    leaving.save()
    assert accept(caller, queued).user_id == caller.clinic.user.pk


def test_patient_writes_in_portal(caller: Caller, program: httpx.Client, patient: int) -> None:
    with tenancy.within(caller.clinic.practice.pk):
        request = secure_messages.send_message(Patient.objects.get(pk=patient), LETTER)
    assert (request.api_user_id, request.status) == (None, "open")
    accept(caller, {"portal_queue_id": request.pk})
    assert [row["note"] for row in list_rows(program, patient, sent_by="pt")] == [LETTER["note"]]
