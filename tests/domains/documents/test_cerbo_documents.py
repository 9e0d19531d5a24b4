"""Documents through both APIs: written by one and read by the other, byte for byte; portal requests; Cerbo's own
keys."""

from typing import Any

import httpx
import pytest

from charthouse.domains.patients.models import PortalRequest
from charthouse.domains.patients.portal_requests import settle
from charthouse.identity import tenancy
from tests.domains.caller import Caller
from tests.domains.documents.uploads import MOST, PDF, make_body, make_picture
from tests.support import client, make_user

TEXT = "Hello, doctor.\r\n<script>alert('no')</script>\t± 5\n".encode()


def send_document(
    program: httpx.Client, patient: int, file: bytes = PDF, mime: str = "application/pdf", **v: Any
) -> Any:
    enqueue = {"enqueue": v.pop("enqueue")} if "enqueue" in v else {}
    url = f"patients/{patient}/documents"
    return program.post(url, json=make_body(patient, file, mime, name="Consult note") | v, params=enqueue)


def send_directly(program: httpx.Client, patient: int, *file: Any, **values: Any) -> dict[str, Any]:
    """The document that was written past the queue."""
    answer = send_document(program, patient, *file, enqueue="false", **values)
    assert answer.status_code == 200, answer.text
    told, shown = answer.json(), dict(program.get(f"patients/{patient}/documents").json()["data"][-1])
    assert {name: told.pop(name) for name in ("result", "message")} == {
        "result": True,
        "message": "It was written to the chart.",
    }
    assert told.pop("portal_queue_id") > 0
    assert told == shown
    return shown


def test_what_drchrono_writes_cerbo_shows(caller: Caller, program: httpx.Client, patient: int) -> None:
    made = caller.http.post(
        "/api/documents",
        data={
            "doctor": str(caller.doctor.pk),
            "patient": str(patient),
            "date": "2026-03-02",
            "description": "MRI report",
        },
        files={"document": ("mri.pdf", PDF)},
    ).json()
    (shown,) = program.get(f"patients/{patient}/documents").json()["data"]
    assert shown == program.get(f"documents/{made['id']}").json()
    assert (shown["name"], shown["mime_type"], shown["file_size"]) == (
        "MRI report",
        "application/pdf",
        len(PDF),
    )
    assert (shown["folder"], shown["flag"], shown["result_code"]) == ("", False, 0)
    for name in ("content", "stream"):
        answer = program.get(shown[f"url_{name}"])
        assert (answer.content, answer.headers["Content-Type"]) == (PDF, "application/pdf")
    assert caller.http.delete(f"/api/documents/{made['id']}").status_code == 204
    assert program.get(f"documents/{made['id']}").status_code == 404
    assert program.get(f"documents/{made['id']}/content").status_code == 404


@pytest.mark.parametrize(
    ("content", "mime"),
    [
        (PDF, "application/pdf"),
        (make_picture("JPEG"), "image/jpg"),
        (make_picture("WEBP"), "image/webp"),
        (TEXT, "text/plain"),
        (b"junk\r\n" + PDF, "application/pdf"),
        (b"II*\0\x08\0\0\0", "image/tiff"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "image/heic"),
        ('\ufeff<?xml version="1.0"?><ClinicalDocument/>'.encode(), "text/xml"),
        ('<?xml version="1.0"?><ClinicalDocument/>'.encode("utf-16"), "application/xml"),
        (b"PK\x03\x04\xff\0", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (PDF, "application/octet-stream"),
    ],
    ids=[
        "pdf",
        "jpeg",
        "webp",
        "text",
        "junk before",
        "tiff",
        "heic",
        "xml",
        "xml in utf-16",
        "other",
        "unnamed",
    ],
)
def test_what_cerbo_writes_drchrono_shows(
    caller: Caller, program: httpx.Client, patient: int, content: bytes, mime: str
) -> None:
    row = send_directly(program, patient, content, mime)
    found = caller.get(row["id"], "documents")
    assert (found["description"], found["patient"], found["doctor"]) == (
        "Consult note",
        patient,
        caller.doctor.pk,
    )
    opened = client().get(found["document"])
    assert opened.content == content == program.get(row["url_content"]).content
    named = {"image/jpg": "image/jpeg", "text/xml": "application/xml"}.get(mime, mime)
    if content != PDF:
        assert opened.headers["Content-Type"].split(";")[0] == named == row["mime_type"]
    assert opened.headers["X-Content-Type-Options"] == "nosniff"


def test_through_the_queue_the_notes_become_its_content(
    caller: Caller, program: httpx.Client, patient: int
) -> None:
    queued = send_document(
        program, patient, notes="From my aunt", folder="Ignored", subfolder="2026", flag=True
    ).json()
    assert program.get(f"patients/{patient}/documents").json()["data"] == []
    (waiting,) = program.get(f"patients/{patient}/portal/enqueued").json()["data"]
    assert (waiting["title"], waiting["notes"]) == ("Consult note", "From my aunt")
    with tenancy.within(caller.clinic.practice.pk):
        made = settle(PortalRequest.objects.get(pk=queued["portal_queue_id"]), caller.user.pk, accept=True)
    (shown,) = program.get(f"patients/{patient}/documents").json()["data"]
    assert (shown["id"], shown["content"], shown["folder"]) == (made.pk, "From my aunt", "")
    assert (shown["subfolder"], shown["flag"], shown["addedby"]) == ("2026", True, caller.user.pk)
    assert program.get(shown["url_stream"], headers={"Range": "bytes=-5"}).content == PDF[-5:]


def test_every_key_reads_back(caller: Caller, program: httpx.Client, patient: int) -> None:
    values = {
        "content": "Normal sinus rhythm",
        "folder": "Cardiology",
        "subfolder": "ECG",
        "flag": True,
        "requires_review": caller.user.pk,
        "dr_reviewer": caller.user.pk,
        "dr_review_date": "2026-03-02 17:00:00",
        "review_status": 1,
        "result_code": 2,
        "follow_up_required_date": "2030-03-09 09:00:00",
        "pt_notified": 2,
        "pt_notified_method": "By phone",
    }
    row = send_directly(program, patient, **values)
    assert {name: row[name] for name in values} == values
    assert send_directly(program, patient, requires_review=-1, folder="Other")["requires_review"] == -1
    (found,) = program.get(f"patients/{patient}/documents", params={"folder": "Cardiology"}).json()["data"]
    assert found == row
    assert program.get(f"patients/{patient}/documents", params={"folder": "None"}).json()["data"] == []


def test_a_follow_up_is_a_task_of_that_day(caller: Caller, program: httpx.Client, patient: int) -> None:
    person = make_user(caller.clinic.practice, role="staff")
    row = send_directly(program, patient, follow_up_required_date="2030-03-09", requires_review=person.pk)
    (task,) = program.get("task").json()["data"]
    assert (task["subject"], task["dr_id"]) == ("Follow up: Consult note", person.pk)
    assert task["due_date"] == "2030-03-09 00:00:00"
    assert (task["associated_resource_type"], task["associated_resource_id"]) == ("document", row["id"])
    assert task["patient_details"]["id"] == str(patient)
    queued = send_document(program, patient, follow_up_required_date="2030-04-01").json()
    assert len(program.get("task").json()["data"]) == 1, "what waits in the queue asks for nothing yet"
    with tenancy.within(caller.clinic.practice.pk):
        settle(PortalRequest.objects.get(pk=queued["portal_queue_id"]), caller.user.pk, accept=True)
    assert program.get("task").json()["data"][-1]["due_date"] == "2030-04-01 00:00:00"


@pytest.mark.parametrize(
    ("enqueue", "values", "keys"),
    [
        ("true", {"content": "x"}, ["content"]),
        ("false", {"notes": "x"}, ["notes"]),
        ("false", {"dr_review_date": "2026-03-02"}, ["dr_review_date"]),
        ("false", {"pt_notified_method": "phone"}, ["pt_notified_method"]),
        ("false", {"pt_notified": 1, "pt_notified_method": "phone"}, ["pt_notified_method"]),
        ("false", {"pt_notified": 2, "pt_notified_method": "x" * 155}, ["pt_notified_method"]),
        (
            "false",
            {"pt_notified": 3, "review_status": 2, "result_code": 3},
            ["pt_notified", "result_code", "review_status"],
        ),
        ("false", {"requires_review": 99_999_999, "dr_reviewer": -1}, ["dr_reviewer", "requires_review"]),
        (
            "false",
            {"follow_up_required_date": "soon", "flag": "perhaps"},
            ["flag", "follow_up_required_date"],
        ),
        ("true", {"name": "", "mime_type": ""}, ["mime_type", "name"]),
        ("true", {"mime_type": "image/png"}, ["base64_content"]),
        ("perhaps", {}, ["enqueue"]),
    ],
)
def test_wrong_keys_are_named(
    program: httpx.Client, patient: int, enqueue: str, values: dict[str, Any], keys: list[str]
) -> None:
    answer = send_document(program, patient, enqueue=enqueue, **values)
    assert answer.status_code == 400, answer.text
    assert sorted(answer.json()["error"]["fields"]) == keys
    assert program.get(f"patients/{patient}/documents").json()["data"] == []
    assert program.get(f"patients/{patient}/portal/enqueued").json()["data"] == []


def test_invalid_documents_are_refused(caller: Caller, program: httpx.Client, patient: int) -> None:
    for content, mime in (
        (b"\x00\x01binary", "text/plain"),
        ("ünïcode".encode("utf-16"), "text/plain"),
        (b"caf\xe9", "text/plain"),
        (b"PK\x03\x04", "application/pdf"),
        (TEXT, "application/pdf"),
        (PDF, "text/plain"),
        (b"PK\x03\x04", "text/html"),
        (b"II*\0\x08\0\0\0", "image/jpeg"),
    ):
        answer = send_document(program, patient, content, mime)
        assert list(answer.json()["error"]["fields"]) == ["base64_content"], (mime, content)
    other = caller.new(first_name="Bo")["id"]
    assert list(send_document(program, patient, pt_id=other).json()["error"]["fields"]) == ["pt_id"]
    too_large = send_document(program, patient, b"x" * (MOST + 1), "text/plain")
    assert too_large.status_code == 413
    assert send_directly(program, patient, "é".encode() * (MOST // 2), "text/plain")["file_size"] == MOST
