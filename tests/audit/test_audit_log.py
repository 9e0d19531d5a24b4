"""``/api/audit_log``: entries, filters and pages."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from charthouse import clock
from charthouse.audit import request_log
from charthouse.audit.models import ApiCall, Event
from charthouse.identity.audit_events import emit_audit_event
from charthouse.identity.models import Practice
from tests import support


@pytest.fixture
def clinic() -> support.Clinic:
    return support.make_practice()


@pytest.fixture
def reader(clinic: support.Clinic) -> Iterator[httpx.Client]:
    """Yield a client of a user who reads only the audit log; its own calls are listed too."""
    user = support.make_user(clinic.practice, doctor=clinic.doctor, first_name="Rhea", last_name="Reader")
    with support.client(support.issue_token(user, support.make_app())) as client:
        yield client


@pytest.fixture
def caller(clinic: support.Clinic) -> Iterator[httpx.Client]:
    with support.client(support.issue_token(clinic.user, support.make_app())) as client:
        yield client


def patient(clinic: support.Clinic, client: httpx.Client) -> int:
    answer = client.post("/api/patients", json={"doctor": clinic.doctor.pk, "gender": "Female"})
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def list_entries(client: httpx.Client, **parameters: Any) -> list[dict[str, Any]]:
    """List the entries of all pages, without those of this call and of objects created with every practice."""
    request_log.flush()
    parameters = {"since": "2000-01-01"} | parameters
    url: Any = httpx.URL("/api/audit_log", params=parameters)
    found: list[dict[str, Any]] = []
    while url:
        answer = client.get(url)
        assert answer.status_code == 200, answer.text
        found += answer.json()["results"]
        url = answer.json()["next"]
    made_by_the_test = ("Created doctor ", "Created encounter type ")  # with the practice
    return [
        row
        for row in found
        if row["page"] != "/api/audit_log" and not row["description"].startswith(made_by_the_test)
    ]


def test_a_read_names_user_and_patient(
    clinic: support.Clinic, caller: httpx.Client, reader: httpx.Client
) -> None:
    clinic.user.first_name, clinic.user.last_name = "Ada", "Adams"
    clinic.user.save()
    one = patient(clinic, caller)
    caller.get(f"/api/patients/{one}")
    (row,) = list_entries(reader, action="Read")
    assert row == {
        "created_at": row["created_at"],
        "updated_at": row["created_at"],
        "action": "Read",
        "type": "Chart",
        "description": f"Read patients {one}",
        "field": "",
        "page": f"/api/patients/{one}",
        "patient": one,
        "appointment_id": None,
        "doctor_id": clinic.doctor.pk,
        "user_id": clinic.user.pk,
        "name_of_user": "Ada Adams",
        "ip_address": "127.0.0.1",
    }
    assert abs(clock.now() - clock.now().fromisoformat(row["created_at"] + "+00:00")) < timedelta(minutes=5)


def test_the_entries_of_a_patient_include_lists(
    clinic: support.Clinic, caller: httpx.Client, reader: httpx.Client
) -> None:
    one, two = patient(clinic, caller), patient(clinic, caller)
    caller.get(f"/api/patients/{two}")
    caller.get("/api/patients")
    (row,) = list_entries(reader, patient=one, action="Read")
    assert (row["description"], row["patient"]) == ("Read a list of patients, data of 2 patients", None)
    assert len(list_entries(reader, patient=two, action="Read")) == 2


def test_refused_calls_are_not_listed(
    clinic: support.Clinic, caller: httpx.Client, reader: httpx.Client
) -> None:
    caller.get("/api/patients/999999999")
    caller.get("/api/nothing")
    assert list_entries(reader, action="Read") == []


def test_changes_name_fields_and_patient(
    clinic: support.Clinic, caller: httpx.Client, reader: httpx.Client
) -> None:
    one = patient(clinic, caller)
    caller.patch(f"/api/patients/{one}", json={"nick_name": "Io", "city": "Troy"})
    problem = caller.post("/api/problems", json={"patient": one, "doctor": clinic.doctor.pk}).json()["id"]
    rows = list_entries(reader, patient=one)
    assert [(row["action"], row["type"], row["description"]) for row in rows] == [
        ("Create", "Chart", f"Created patient {one}"),
        ("Update", "Chart", f"Updated patient {one}"),
        ("Create", "Problem", f"Created problem {problem}"),
    ]
    assert rows[1]["field"] == "city, nick_name, updated_at"
    assert {row["patient"] for row in rows} == {one}
    assert {row["user_id"] for row in rows} == {clinic.user.pk}
    assert list_entries(reader, patient=one, action="Update") == rows[1:2]
    assert list_entries(reader, patient=one, type="Problem") == rows[2:]
    assert list_entries(reader, user=clinic.user.pk)[-1] == rows[2]


def test_a_patient_is_found_by_a_long_path(clinic: support.Clinic, reader: httpx.Client) -> None:
    """A result belongs to a test, which belongs to an order, which belongs to a patient."""
    from tests.contract import world

    made = world.World(
        clinic, app := support.make_app(), support.client(support.issue_token(clinic.user, app))
    )
    made.rows["doctors"], made.rows["users"] = [clinic.doctor.pk], [clinic.user.pk]
    result = made.new("lab_results")
    whose = made.row("patients")
    made.client.get(f"/api/lab_results/{result}")
    made.client.get("/api/lab_results")
    made.client.get("/api/clinical_note_field_values")
    reads = [row for row in list_entries(reader, patient=whose) if "lab_result" in row["page"]]
    assert [row["page"] for row in reads] == [f"/api/lab_results/{result}", "/api/lab_results"]
    assert {row["patient"] for row in reads} == {whose}
    written = [
        row["description"] for row in list_entries(reader, patient=whose, type="Lab Order", action="Create")
    ]
    assert f"Created lab result {result}" in written


def test_the_entries_of_an_appointment(clinic: support.Clinic, reader: httpx.Client) -> None:
    from tests.contract import world

    made = world.World(
        clinic, app := support.make_app(), support.client(support.issue_token(clinic.user, app))
    )
    made.rows["doctors"], made.rows["users"] = [clinic.doctor.pk], [clinic.user.pk]
    visit = made.new("appointments")
    made.client.get(f"/api/appointments/{visit}")
    rows = list_entries(reader, appointment=visit)
    assert {row["appointment_id"] for row in rows} == {visit}
    assert {"Create", "Read"} <= {row["action"] for row in rows}
    assert {"Appointment", "Clinical Note"} <= {row["type"] for row in rows}


def test_events_are_listed(clinic: support.Clinic, reader: httpx.Client) -> None:
    emit_audit_event("signed in", practice_id=clinic.id, user_id=clinic.user.pk, ip="192.0.2.7")
    emit_audit_event("exported", practice_id=clinic.id, user_id=clinic.user.pk)
    login, export = list_entries(reader)
    assert (login["type"], login["action"], login["ip_address"]) == ("Login", "Not specified", "192.0.2.7")
    assert (export["type"], export["action"], export["description"]) == (
        "Data Export",
        "Read",
        "Exported data",
    )
    assert [row["type"] for row in list_entries(reader, type="Login")] == ["Login"]
    assert [row["type"] for row in list_entries(reader, action="Read")] == ["Data Export"]
    assert list_entries(reader, type="Fax") == []


def test_filters_by_user_doctor_and_appointment(
    clinic: support.Clinic, caller: httpx.Client, reader: httpx.Client
) -> None:
    caller.get("/api/offices")
    colleague = support.make_doctor(clinic.practice)
    somebody = support.make_user(clinic.practice, doctor=colleague)
    emit_audit_event("exported", practice_id=clinic.id, user_id=somebody.pk)
    assert [row["page"] for row in list_entries(reader, user=clinic.user.pk)] == ["/api/offices"]
    assert [row["user_id"] for row in list_entries(reader, doctor=colleague.pk)] == [somebody.pk]
    caller.get("/api/appointments/999999999")
    assert list_entries(reader, appointment=999999999) == []


def test_pages_are_complete_and_disjoint(clinic: support.Clinic, reader: httpx.Client) -> None:
    """Also where several entries of both kinds have the same timestamp."""
    moment = clock.now()
    for n in range(40):
        at = moment + timedelta(microseconds=n // 8)
        request_log.add(
            request_log.LogEntry(
                at, f"{n:032x}", "drchrono", "GET", f"/api/x/{n}", "", practice_id=clinic.id, status=200
            )
        )
        Event.objects.using("owner").create(
            at=at, practice_id=clinic.id, ip="", what="exported", details={"n": n}
        )
    whole = list_entries(reader)
    assert len(whole) == 80
    for size in (1, 7, 39):
        assert list_entries(reader, page_size=size) == whole
    at = [row["created_at"] for row in whole]
    assert at == sorted(at)


def test_filters_by_date(clinic: support.Clinic, reader: httpx.Client) -> None:
    for day in ("2025-03-01", "2025-03-02", "2025-03-03"):
        for hour in ("00:00:00", "23:59:59.999999"):
            Event.objects.using("owner").create(
                at=f"{day} {hour}+00", practice_id=clinic.id, ip="", what="exported", details={}
            )
    assert len(list_entries(reader, since="2025-03-01")) == 6
    for asked, expected in (
        ({"date": "2025-03-02"}, ["2025-03-02"] * 2),
        ({"date_range": "2025-03-02/2025-03-03"}, ["2025-03-02"] * 2 + ["2025-03-03"] * 2),
        ({"date_range": "2025-03-01/2025-03-03", "since": "2025-03-03T00:00:01"}, ["2025-03-03"]),
    ):
        answer = reader.get("/api/audit_log", params=asked).json()
        assert [
            row["created_at"][:10] for row in answer["results"] if row["type"] == "Data Export"
        ] == expected
    assert reader.get("/api/audit_log?date_range=0001-01-01/9999-12-31").status_code in (200, 400)
    assert reader.get("/api/audit_log?date=9999-12-31").status_code in (200, 400)


def test_one_of_three_parameters_is_required(reader: httpx.Client) -> None:
    answer = reader.get("/api/audit_log")
    assert answer.status_code == 400
    assert "since, date, date_range" in answer.json()["detail"]


@pytest.mark.parametrize("cursor", ["x", "YXxifGM=", "\xff", "YXwyMDI2LTAxLTAxfDE=", "a" * 500])
def test_invalid_cursors(reader: httpx.Client, cursor: str) -> None:
    assert reader.get("/api/audit_log", params={"since": "2020-01-01", "cursor": cursor}).status_code == 404


def test_without_sharing_only_entries_of_the_own_doctor_are_listed(
    clinic: support.Clinic, caller: httpx.Client, reader: httpx.Client
) -> None:
    colleague = support.make_doctor(clinic.practice)
    theirs = support.make_user(clinic.practice, doctor=colleague)
    emit_audit_event("exported", practice_id=clinic.id, user_id=theirs.pk)
    caller.get("/api/offices")
    assert len(list_entries(reader)) == 2
    Practice.objects.using("owner").filter(pk=clinic.id).update(sharing=[])
    assert {row["user_id"] for row in list_entries(reader)} == {clinic.user.pk}
    assert list_entries(reader, doctor=colleague.pk) == []
    nobodys = support.make_user(clinic.practice, doctor=None)
    with support.client(support.issue_token(nobodys, support.make_app())) as client:
        assert list_entries(client) == []


def test_entries_are_visible_to_the_own_practice_only(clinic: support.Clinic, caller: httpx.Client) -> None:
    one = patient(clinic, caller)
    caller.get(f"/api/patients/{one}")
    other = support.make_practice()
    with support.client(support.issue_token(other.user, support.make_app())) as client:
        assert list_entries(client) == []
        assert list_entries(client, patient=one) == []
        assert list_entries(client, user=clinic.user.pk) == []
    request_log.flush()
    assert ApiCall.objects.using("owner").filter(practice_id=clinic.id).count() == 2
