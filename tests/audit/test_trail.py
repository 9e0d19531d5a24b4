"""The audit log for pages: the calls of an app, the trail of a patient."""

from datetime import timedelta

import pytest

from charthouse import clock
from charthouse.audit import request_log, trail
from charthouse.audit.trail import CallQuery
from charthouse.identity import tenancy
from tests import support


@pytest.fixture
def clinic() -> support.Clinic:
    return support.make_practice()


def add_call(app: int, n: int = 0, **values: object) -> None:
    at = clock.now() + timedelta(microseconds=n // 3)
    request_log.add(
        request_log.LogEntry(
            at, f"{n:032x}", "drchrono", "GET", f"/api/patients/{n}", "", app_id=app, **values
        )
    )  # type: ignore[arg-type]


def test_the_calls_of_an_app_in_all_practices(clinic: support.Clinic) -> None:
    app = support.make_app()
    other = support.make_practice()
    for practice in (clinic, other):
        with support.client(support.issue_token(practice.user, app)) as client:
            client.get("/api/offices")
            client.get("/api/patients/999999999")
    request_log.flush()
    tenancy.clear_tenant()
    calls = trail.list_app_calls(CallQuery(app=app.row.pk))
    assert [(call.status, call.practice_id) for call in calls] == [
        (404, other.id), (200, other.id), (404, clinic.id), (200, clinic.id)
    ]  # fmt: skip
    asked = [
        (CallQuery(app=app.row.pk, gate="not found"), 2),
        (CallQuery(app=app.row.pk, status=(200, 299)), 2),
        (CallQuery(app=app.row.pk, resource="offices"), 2),
        (CallQuery(app=app.row.pk, method="POST"), 0),
        (CallQuery(app=app.row.pk, until=clock.now() - timedelta(hours=1)), 0),
        (CallQuery(app=support.make_app().row.pk), 0),
    ]
    for calls_asked, many in asked:
        assert len(trail.list_app_calls(calls_asked)) == many, calls_asked


def test_pages_of_calls_are_complete_and_disjoint(clinic: support.Clinic) -> None:
    app = support.make_app().row.pk
    for n in range(30):
        add_call(app, n, practice_id=clinic.id, status=200)
    request_log.flush()
    whole = [call.pk for call in trail.list_app_calls(CallQuery(app=app))]
    assert len(whole) == 30
    found, below = [], None
    while page := trail.list_app_calls(CallQuery(app=app, after=below, limit=7)):
        found += [call.pk for call in page]
        below = page[-1].at, page[-1].pk
    assert found == whole
    assert len(trail.list_app_calls(CallQuery(app=app, limit=10**6))) == 30


def test_the_trail_of_a_patient_is_newest_first(clinic: support.Clinic) -> None:
    with support.client(support.issue_token(clinic.user, support.make_app())) as client:
        body = {"doctor": clinic.doctor.pk, "gender": "Female"}
        one, two = (client.post("/api/patients", json=body).json()["id"] for _ in range(2))
        client.get(f"/api/patients/{one}")
        client.patch(f"/api/patients/{one}", json={"city": "Troy"})
        client.get(f"/api/patients/{two}")
        client.get("/api/patients")
    request_log.flush()
    with tenancy.within(clinic.id):
        whole = trail.list_patient_entries(clinic.id, one)
        assert [line.action for line in whole] == ["Read", "Update", "Read", "Create"]
        assert [line.patient_count for line in whole] == [2, 0, 1, 0]
        assert [line.action for line in trail.list_patient_entries(clinic.id, one, action="Read")] == [
            "Read",
            "Read",
        ]
        found, after = [], None
        while page := trail.list_patient_entries(clinic.id, one, after=after, limit=1):
            found += page
            after = page[-1].position
        assert found == whole
    with tenancy.within(support.make_practice().id):
        assert trail.list_patient_entries(clinic.id, one) == []
