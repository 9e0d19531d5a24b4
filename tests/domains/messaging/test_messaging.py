"""The message center, messages to patients, and the log of calls."""

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
def calendar() -> Calendar:
    return Calendar()


# -- messages ---------------------------------------------------------------------------------------------------


def test_message_with_attachment(calendar: Calendar) -> None:
    data = {
        "doctor": str(calendar.doctor.pk),
        "title": "Fax",
        "type": "IF",
        "patient": str(calendar.patient_id),
    }
    made = calendar.http.post("/api/messages", data=data, files={"attachment": ("fax.pdf", PDF)})
    assert made.status_code == 201, made.text
    row = made.json()
    assert client().get(row["attachment"]).content == PDF
    assert (row["type_description"], row["patient_first_name"], row["owner_first_name"]) == (
        "Incoming Fax",
        "Ada",
        None,
    )
    assert (row["read"], row["starred"], row["archived"]) == (False, False, False)


def test_messages_are_filtered_by_time(calendar: Calendar) -> None:
    first = calendar.new("messages", title="First")["id"]
    second = calendar.new("messages", title="Second")["id"]
    days = clock.now() - timedelta(days=9)
    with tenancy.within(calendar.clinic.id):
        Message.objects.filter(pk=first).update(received_at=days, updated_at=days)
    since = (days + timedelta(days=1)).date().isoformat()
    assert calendar.ids("messages", received_since=since) == [second]
    assert calendar.ids("messages", updated_since=since) == [second]
    assert calendar.patch(first, "messages", title="Changed").status_code == 204
    assert calendar.ids("messages", received_since=since) == [second]
    assert calendar.ids("messages", updated_since=since) == [first, second]
    assert calendar.get(first, "messages")["received_at"] == days.strftime("%Y-%m-%dT%H:%M:%S")


def test_notes_have_author_and_remain(calendar: Calendar) -> None:
    row = calendar.new("messages", title="Fax", message_notes=[{"text": "One"}])["id"]
    colleague = Caller(calendar.clinic)
    notes = calendar.get(row, "messages")["message_notes"]
    answer = colleague.patch(row, "messages", message_notes=[*notes, {"text": "Two"}])
    assert answer.status_code == 204
    shown = calendar.get(row, "messages")["message_notes"]
    assert [(n["text"], n["created_by"]) for n in shown] == [
        ("One", str(calendar.user.pk)),
        ("Two", str(colleague.user.pk)),
    ]
    assert shown[0] == notes[0]


def test_delete_archives(calendar: Calendar) -> None:
    row = calendar.new("messages", title="Fax")["id"]
    assert calendar.http.delete(f"/api/messages/{row}").status_code == 204
    assert calendar.ids("messages") == []
    assert calendar.ids("messages", show_archived="true") == [row]
    assert calendar.get(row, "messages")["archived"] is True


def test_task_about_message_or_call(calendar: Calendar) -> None:
    status = calendar.new("task_statuses", name="To do")["id"]
    items = [
        {"type": "Message", "value": calendar.new("messages", title="Fax")["id"]},
        {"type": "Communication", "value": calendar.new("comm_logs", patient=calendar.patient_id)["id"]},
    ]
    body = {"title": "Call", "status": status, "assignee_user": calendar.user.pk, "associated_items": items}
    row = calendar.new("tasks", **body)
    assert [{k: item[k] for k in ("type", "value")} for item in row["associated_items"]] == items
    items[0]["value"] += 10**6
    assert list(calendar.post("tasks", body).json()) == ["associated_items"]


# -- messages to patients ---------------------------------------------------------------------------------------


def test_attachments_are_base64_and_added(calendar: Calendar) -> None:
    other = make_doctor(calendar.clinic.practice)
    row = calendar.new(
        "patient_messages",
        patient=calendar.patient_id,
        subject="Results",
        attachments=[{"attachment": text(PDF)}],
    )
    assert row["body"] == ""
    added = [{"attachment": text(PDF), "doctor": other.pk}]
    assert calendar.patch(row["id"], "patient_messages", attachments=added).status_code == 204
    shown = calendar.get(row["id"], "patient_messages")["attachments"]
    assert [item["doctor"] for item in shown] == [calendar.doctor.pk, other.pk]
    assert all(client().get(item["attachment"]).content == PDF for item in shown)


@pytest.mark.parametrize(
    "item", [{}, {"attachment": "no base64!"}, {"attachment": ""}, {"attachment": text(b"")}, 5]
)
def test_invalid_attachments_are_rejected(calendar: Calendar, item: Any) -> None:
    body = {
        "doctor": calendar.doctor.pk,
        "patient": calendar.patient_id,
        "subject": "Results",
        "attachments": [item],
    }
    answer = calendar.post("patient_messages", body)
    assert answer.status_code == 400
    assert list(answer.json()) == ["attachments"]


# -- calls ------------------------------------------------------------------------------------------------------


def test_call_has_time_of_appointment(calendar: Calendar) -> None:
    visit = calendar.book("2026-07-06T09:00:00")["id"]
    row = calendar.new(
        "comm_logs",
        patient=calendar.patient_id,
        appointment=int(visit),
        scheduled_time="2020-01-01T00:00:00",
        cash_charged="12.349",
    )
    assert (row["scheduled_time"], row["cash_charged"]) == ("2026-07-06T09:00:00", "12.34")
    stranger = calendar.new()["id"]
    refused = calendar.patch(row["id"], "comm_logs", patient=stranger)
    assert list(refused.json()) == ["appointment"]


def test_time_of_call_is_wall_clock_of_doctor(calendar: Calendar) -> None:
    for time in ("2026-01-05T09:00:00", "2026-07-06T09:00:00", "2026-11-01T01:30:00"):
        row = calendar.new("comm_logs", patient=calendar.patient_id, scheduled_time=time)
        assert row["scheduled_time"] == time
    body = {"doctor": calendar.doctor.pk, "patient": calendar.patient_id}
    for time in ("2026-07-06T09:00:00Z", "9999-12-31T23:59:59", "soon"):
        assert list(calendar.post("comm_logs", body | {"scheduled_time": time}).json()) == ["scheduled_time"]


def test_author_is_last_editor(calendar: Calendar) -> None:
    row = calendar.new("comm_logs", patient=calendar.patient_id)
    assert row["author"] == calendar.user.pk
    colleague = Caller(calendar.clinic)
    assert colleague.patch(row["id"], "comm_logs", message="Called again").status_code == 204
    assert calendar.get(row["id"], "comm_logs")["author"] == colleague.user.pk
