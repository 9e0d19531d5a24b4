"""Cerbo's delta over the change feed: what was added, changed, removed; exact at its edges, whoever wrote."""

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from django.db import connections, transaction

from charthouse import clock
from charthouse.domains.patients.models import Patient
from charthouse.gateway.cerbo.delta import TYPES
from charthouse.identity import tenancy
from tests.support import Clinic, client, issue_token, make_api_user, make_app, make_practice, make_user
from tests.waiting import PATIENCE


@pytest.fixture
def clinic() -> Clinic:
    return make_practice()


@pytest.fixture
def cerbo(clinic: Clinic) -> Iterator[httpx.Client]:
    with make_api_user(clinic.practice).client() as opened:
        yield opened


def text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S.%f}"


def list_delta(cerbo: httpx.Client, kind: str, start: datetime, end: datetime) -> dict[str, list[int]]:
    answer = cerbo.get(f"/api/v1/delta/{kind}", params={"start_date": text(start), "end_date": text(end)})
    assert answer.status_code == 200, answer.text
    found: dict[str, list[int]] = answer.json()["delta_data"]
    return found


def make(cerbo: httpx.Client, name: str) -> int:
    body = {"first_name": name, "last_name": "Okafor", "dob": "1987-04-12", "sex": "F"}
    answer = cerbo.post("/api/v1/patients", json=body)
    assert answer.status_code == 200, answer.text
    return int(answer.json()["id"])


def test_each_row_is_in_one_list(clinic: Clinic, cerbo: httpx.Client) -> None:
    kept, changed, gone = (make(cerbo, name) for name in ("Ada", "Bea", "Cleo"))
    start = clock.now()
    added, made_and_gone = make(cerbo, "Dora"), make(cerbo, "Eve")
    cerbo.patch(f"/api/v1/patients/{changed}", json={"first_name": "Beatrice"})
    cerbo.patch(f"/api/v1/patients/{kept}", json={"first_name": "Ada"})  # changes nothing
    for row in (gone, made_and_gone):
        assert cerbo.delete(f"/api/v1/patients/{row}").status_code == 200
    found = list_delta(cerbo, "patients", start, clock.now() + timedelta(seconds=1))
    assert found == {"added": [added], "modified": [changed], "removed": sorted([gone, made_and_gone])}
    before = list_delta(cerbo, "patients", start - timedelta(days=1), start)
    assert before == {"added": sorted([kept, changed, gone]), "modified": [], "removed": []}
    assert list_delta(cerbo, "tasks", start, clock.now()) == {"added": [], "modified": [], "removed": []}


def test_what_the_other_api_writes_is_told_as_well(clinic: Clinic, cerbo: httpx.Client) -> None:
    start = clock.now()
    with client(issue_token(clinic.user, make_app())) as drchrono:
        made = drchrono.post(
            "/api/patients", json={"doctor": clinic.doctor.pk, "first_name": "Ada", "gender": "Female"}
        )
    assert list_delta(cerbo, "patients", start, clock.now() + timedelta(seconds=1))["added"] == [
        made.json()["id"]
    ]


def test_another_practice_is_not_told(clinic: Clinic, cerbo: httpx.Client) -> None:
    start = clock.now()
    other = make_practice()
    with make_api_user(other.practice).client() as theirs:
        make(theirs, "Ada")
    assert list_delta(cerbo, "patients", start, clock.now() + timedelta(seconds=1))["added"] == []


def test_a_late_commit_is_told_next_time(clinic: Clinic, cerbo: httpx.Client) -> None:
    """Written before the end of a period, committed after somebody had asked for it."""
    written, asked = threading.Event(), threading.Event()
    rows: list[int] = []

    def write() -> None:
        try:
            with tenancy.within(clinic.id), transaction.atomic():
                row = Patient.objects.create(practice=clinic.practice, doctor=clinic.doctor, gender="Other")
                rows.append(row.pk)
                written.set()
                asked.wait(PATIENCE)
        finally:
            connections.close_all()

    start = clock.now() - timedelta(seconds=1)
    writer = threading.Thread(target=write)
    writer.start()
    assert written.wait(PATIENCE)
    middle = clock.now()
    assert list_delta(cerbo, "patients", start, middle)["added"] == []
    asked.set()
    writer.join()
    assert list_delta(cerbo, "patients", middle, clock.now() + timedelta(seconds=1))["added"] == rows


def test_users(clinic: Clinic, cerbo: httpx.Client) -> None:
    """Made, changed, switched off; who signs in or changes their password isn't modified."""
    staying, going = make_user(clinic.practice), make_user(clinic.practice)
    start = clock.now()
    new = make_user(clinic.practice)
    staying.last_name = "Newname"
    staying.save()
    make_user(make_practice().practice)
    quiet = clinic.user
    quiet.set_password("correct horse battery staple")
    quiet.last_login = clock.now()
    quiet.save()
    going.is_active = False
    going.save()
    found = list_delta(cerbo, "users", start, clock.now() + timedelta(seconds=1))
    assert found == {"added": [new.pk], "modified": [staying.pk], "removed": [going.pk]}


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({}, {"start_date", "end_date"}),
        ({"start_date": "2025-03-01"}, {"end_date"}),
        ({"start_date": "2025-03-02", "end_date": "2025-03-02"}, {"end_date"}),
        ({"start_date": "2025-03-02", "end_date": "2025-03-01"}, {"end_date"}),
        ({"start_date": "2025-03-01", "end_date": "2025-03-08 00:00:01"}, {"end_date"}),
        ({"start_date": "x", "end_date": "9999-99-99"}, {"start_date", "end_date"}),
        ({"start_date": "9999-12-30", "end_date": "9999-12-31"}, set()),
    ],
)
def test_periods_that_can_not_be(cerbo: httpx.Client, given: Any, wrong: set[str]) -> None:
    answer = cerbo.get("/api/v1/delta/patients", params=given)
    if not wrong:
        assert answer.status_code == 200, answer.text
        return
    assert answer.status_code == 400
    assert set(answer.json()["error"]["fields"]) == wrong


def test_types(cerbo: httpx.Client) -> None:
    period = {"start_date": "2025-03-01", "end_date": "2025-03-08"}
    for kind in TYPES:
        assert cerbo.get(f"/api/v1/delta/{kind}", params=period).status_code in (200, 400), kind
    assert cerbo.get("/api/v1/delta/nonsense", params=period).status_code == 400
