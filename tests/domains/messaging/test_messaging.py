"""The message center, messages to patients, the log of calls."""

import base64
from datetime import timedelta
from typing import Any

import pytest

from charthouse import clock
from charthouse.domains.messaging.models import Message
from charthouse.identity import tenancy
from tests.domains.caller import Caller
from tests.domains.scheduling.calendar import Calendar
from tests.support import client, make_doctor

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF"


def text(content: bytes) -> str:
    return base64.b64encode(content).decode()


@pytest.fixture
def desk() -> Calendar:
    return Calendar()


# -- messages ---------------------------------------------------------------------------------------------------


def test_a_message_with_an_attachment(desk: Calendar) -> None:
    data = {"doctor": str(desk.doctor.pk), "title": "Fax", "type": "IF", "patient": str(desk.patient_id)}
    made = desk.http.post("/api/messages", data=data, files={"attachment": ("fax.pdf", PDF)})
    assert made.status_code == 201, made.text
    row = made.json()
    assert client().get(row["attachment"]).content == PDF
    assert (row["type_description"], row["patient_first_name"], row["owner_first_name"]) == (
        "Incoming Fax",
        "Ada",
        None,
    )
    assert (row["read"], row["starred"], row["archived"]) == (False, False, False)


def test_what_is_received_and_what_has_changed(desk: Calendar) -> None:
    first = desk.new("messages", title="First")["id"]
    second = desk.new("messages", title="Second")["id"]
    days = clock.now() - timedelta(days=9)
    with tenancy.within(desk.clinic.id):
        Message.objects.filter(pk=first).update(received_at=days, updated_at=days)
    since = (days + timedelta(days=1)).date().isoformat()
    assert desk.ids("messages", received_since=since) == [second]
    assert desk.ids("messages", updated_since=since) == [second]
    assert desk.patch(first, "messages", title="Changed").status_code == 204
    assert desk.ids("messages", received_since=since) == [second]
    assert desk.ids("messages", updated_since=since) == [first, second]
    assert desk.get(first, "messages")["received_at"] == days.strftime("%Y-%m-%dT%H:%M:%S")


def test_notes_are_signed_and_kept(desk: Calendar) -> None:
    row = desk.new("messages", title="Fax", message_notes=[{"text": "One"}])["id"]
    colleague = Caller(desk.clinic)
    notes = desk.get(row, "messages")["message_notes"]
    answer = colleague.patch(row, "messages", message_notes=[*notes, {"text": "Two"}])
    assert answer.status_code == 204
    shown = desk.get(row, "messages")["message_notes"]
    assert [(n["text"], n["created_by"]) for n in shown] == [
        ("One", str(desk.user.pk)),
        ("Two", str(colleague.user.pk)),
    ]
    assert shown[0] == notes[0]


def test_delete_archives(desk: Calendar) -> None:
    row = desk.new("messages", title="Fax")["id"]
    assert desk.http.delete(f"/api/messages/{row}").status_code == 204
    assert desk.ids("messages") == []
    assert desk.ids("messages", show_archived="true") == [row]
    assert desk.get(row, "messages")["archived"] is True


def test_a_task_can_be_about_a_message_or_a_call(desk: Calendar) -> None:
    status = desk.new("task_statuses", name="To do")["id"]
    items = [
        {"type": "Message", "value": desk.new("messages", title="Fax")["id"]},
        {"type": "Communication", "value": desk.new("comm_logs", patient=desk.patient_id)["id"]},
    ]
    body = {"title": "Call", "status": status, "assignee_user": desk.user.pk, "associated_items": items}
    row = desk.new("tasks", **body)
    assert [{k: item[k] for k in ("type", "value")} for item in row["associated_items"]] == items
    items[0]["value"] += 10**6
    assert list(desk.post("tasks", body).json()) == ["associated_items"]


# -- messages to patients ---------------------------------------------------------------------------------------


def test_attachments_are_base64_and_added(desk: Calendar) -> None:
    other = make_doctor(desk.clinic.practice)
    row = desk.new(
        "patient_messages",
        patient=desk.patient_id,
        subject="Results",
        attachments=[{"attachment": text(PDF)}],
    )
    assert row["body"] == ""
    added = [{"attachment": text(PDF), "doctor": other.pk}]
    assert desk.patch(row["id"], "patient_messages", attachments=added).status_code == 204
    shown = desk.get(row["id"], "patient_messages")["attachments"]
    assert [item["doctor"] for item in shown] == [desk.doctor.pk, other.pk]
    assert all(client().get(item["attachment"]).content == PDF for item in shown)


@pytest.mark.parametrize("item", [{}, {"attachment": "no base64"}, {"attachment": text(b"<html>")}, 5])
def test_attachments_that_are_none(desk: Calendar, item: Any) -> None:
    body = {
        "doctor": desk.doctor.pk,
        "patient": desk.patient_id,
        "subject": "Results",
        "attachments": [item],
    }
    answer = desk.post("patient_messages", body)
    assert answer.status_code == 400
    assert list(answer.json()) == ["attachments"]


# -- calls ------------------------------------------------------------------------------------------------------


def test_a_call_has_the_time_of_its_appointment(desk: Calendar) -> None:
    visit = desk.book("2026-07-06T09:00:00")["id"]
    row = desk.new(
        "comm_logs",
        patient=desk.patient_id,
        appointment=int(visit),
        scheduled_time="2020-01-01T00:00:00",
        cash_charged="12.349",
    )
    assert (row["scheduled_time"], row["cash_charged"]) == ("2026-07-06T09:00:00", "12.34")
    stranger = desk.new()["id"]
    refused = desk.patch(row["id"], "comm_logs", patient=stranger)
    assert list(refused.json()) == ["appointment"]


def test_a_call_is_at_the_wall_clock_of_the_doctor(desk: Calendar) -> None:
    for time in ("2026-01-05T09:00:00", "2026-07-06T09:00:00", "2026-11-01T01:30:00"):
        row = desk.new("comm_logs", patient=desk.patient_id, scheduled_time=time)
        assert row["scheduled_time"] == time
    body = {"doctor": desk.doctor.pk, "patient": desk.patient_id}
    for time in ("2026-07-06T09:00:00Z", "9999-12-31T23:59:59", "soon"):
        assert list(desk.post("comm_logs", body | {"scheduled_time": time}).json()) == ["scheduled_time"]


def test_the_author_is_who_changed_it_last(desk: Calendar) -> None:
    row = desk.new("comm_logs", patient=desk.patient_id)
    assert row["author"] == desk.user.pk
    colleague = Caller(desk.clinic)
    assert colleague.patch(row["id"], "comm_logs", message="Called again").status_code == 204
    assert desk.get(row["id"], "comm_logs")["author"] == colleague.user.pk
