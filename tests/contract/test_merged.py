"""Patients who are merged: every row of every table that names one moves, and comes back; what both APIs answer then.

Which tables there are, the database says: a new one is found by itself.
"""

import re
from typing import Any

import pytest
from django.db import connection, transaction

from charthouse.domains.patients import merges
from charthouse.domains.patients.models import Patient, PatientMerge
from charthouse.gateway.cerbo.registry import get_registry as get_cerbo_registry
from charthouse.gateway.drchrono.registry import get_registry
from charthouse.identity import tenancy
from charthouse.identity.models import User
from tests.domains.caller import Caller

from .cerbo_world import BASE, CerboWorld
from .test_deleted import make_whole
from .test_lists import fill_needed

# Tables with a reference to a patient that a merge does not move, and why.
NOT_MOVED = {
    "patients_patientmerge": "says which patients were merged",
    "patients_distinctpatients": "says which patients were not to be merged",
    "patients_searchterm": "a trigger of the patients writes it",
    "audit_event": "history: whom it was about then",
}
Rows = dict[tuple[str, int], dict[str, Any]]


@pytest.fixture(scope="module")
def whole(database: None) -> CerboWorld:
    world = make_whole()
    patient = world.other.row("patients")
    for one in merges.list_references():
        with tenancy.within(world.practice):
            is_missing = not one.select(world.practice, patient).exists()
        if is_missing:
            named = {"type": one.type} if one.type else {}
            world.other.instance(one.model, **{one.column: patient}, **named)
    return world


@pytest.fixture
def other(whole: CerboWorld) -> int:
    """A second patient of the practice."""
    with tenancy.within(whole.practice):
        doctor = Patient.objects.get(pk=whole.other.row("patients")).doctor_id
        made = Patient.objects.create(
            practice_id=whole.practice, doctor_id=doctor, first_name="Ada", gender="Female"
        )
    return made.pk


def read_rows(practice: int, patient: int) -> Rows:
    """Every row that names a patient, without the time of its last change."""
    found = {}
    with tenancy.within(practice):
        for one in merges.list_references():
            for row in one.select(practice, patient).values():
                found[one.table, row["id"]] = {name: row[name] for name in row if name != "updated_at"}
    return found


def merge(practice: int, kept: int, merged: int, **more: Any) -> PatientMerge:
    with tenancy.within(practice), transaction.atomic():
        return merges.merge(practice, kept, merged, find_user(practice), **more)


def find_user(practice: int) -> int:
    return User.objects.filter(practice=practice).order_by("pk")[0].pk


def undo(practice: int, done: PatientMerge) -> None:
    with tenancy.within(practice), transaction.atomic():
        merges.undo(practice, done.pk, find_user(practice))


def test_every_table_that_names_a_patient_is_moved_or_says_why_not() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "select table_name, column_name from information_schema.columns where table_schema = current_schema() "
            "and data_type = 'bigint' and column_name like '%patient_id' union "
            "select c.relname, attname from pg_constraint join pg_class c on c.oid = conrelid "
            "join pg_attribute on attrelid = conrelid and attnum = any(conkey) "
            "where contype = 'f' and confrelid = 'patients_patient'::regclass and attname <> 'practice_id'"
        )
        references = set(cursor.fetchall())
    moved = {(one.table, one.column) for one in merges.list_references() if not one.type}
    assert len(moved) > 40
    assert {table for table, _ in references - moved} == set(NOT_MOVED)
    assert moved <= references


def test_all_rows_move_and_come_back_as_they_were(whole: CerboWorld, other: int) -> None:
    patient = whole.other.row("patients")
    before = read_rows(whole.practice, patient)
    assert {table for table, _ in before} == {one.table for one in merges.list_references()}
    naming: dict[str, set[str]] = {}
    for one in merges.list_references():
        naming.setdefault(one.table, set()).add(one.column)
    kept_before = read_rows(whole.practice, other)
    done = merge(whole.practice, other, patient)
    assert not read_rows(whole.practice, patient)
    after = read_rows(whole.practice, other)
    assert after.keys() == before.keys() | kept_before.keys()
    for key, row in before.items():
        changed = {name for name in row if row[name] != after[key][name]}
        assert changed <= naming[key[0]], key
        assert {after[key][name] for name in changed} <= {other}, key
    undo(whole.practice, done)
    assert read_rows(whole.practice, patient) == before
    assert read_rows(whole.practice, other) == kept_before


def test_both_apis_say_into_whom_a_patient_was_merged(whole: CerboWorld, other: int) -> None:
    patient = whole.other.row("patients")
    done = merge(whole.practice, other, patient)
    try:
        _check_answers(whole, patient, other)
    finally:
        undo(whole.practice, done)
    assert whole.other.client.get(f"/api/patients/{patient}").status_code == 200


def _check_answers(whole: CerboWorld, patient: int, kept: int) -> None:
    detail = f"patients/{patient} was merged into patients/{kept}."
    drchrono, cerbo = whole.other.client, whole.client
    for method, path in (
        ("GET", f"patients/{patient}"),
        ("PATCH", f"patients/{patient}"),
        ("DELETE", f"patients/{patient}"),
        ("GET", f"patients/{patient}/ccda"),
    ):
        answer = drchrono.request(method, f"/api/{path}", **({"json": {}} if method == "PATCH" else {}))
        assert (answer.status_code, answer.json()) == (410, {"detail": detail, "merged_into": kept}), path
    filtered = [
        (one, declared.name)
        for one in get_registry()
        for declared in one.filters
        if declared.refers_to == "patients" and "GET" in one.list_methods
    ]
    assert len(filtered) > 20
    for one, name in filtered:
        answer = drchrono.get(f"/api/{one.path}", params={**fill_needed(one), name: patient})
        assert (answer.status_code, answer.json().get("merged_into")) == (410, kept), one.path
    refused = drchrono.post("/api/allergies", json={"patient": patient, "doctor": whole.other.row("doctors")})
    assert refused.status_code == 400
    assert refused.json()["patient"] == [f'Invalid pk "{patient}" - object was merged into {kept}.']
    assert drchrono.get(f"/api/allergies?patient={kept}").json()["results"]
    assert drchrono.get("/api/allergies?patient=1234567890").json()["results"] == []
    paths = [one.path for one in get_cerbo_registry() if one.parents and "GET" in one.list_methods]
    below = [one.format(patient_id=patient) for one in paths if re.findall(r"{(\w+)}", one) == ["patient_id"]]
    assert len(below) > 10
    for path in (f"patients/{patient}", *below):
        answer = cerbo.get(f"{BASE}{path}")
        error = {"message": detail, "code": 410, "merged_into": kept}
        assert (answer.status_code, answer.json()) == (410, {"error": error}), path
    listed = [row["id"] for row in drchrono.get("/api/patients").json()["results"]]
    assert kept in listed
    assert patient not in listed


def test_nobody_else_is_told_of_a_merge(whole: CerboWorld, other: int) -> None:
    patient, stranger = whole.other.row("patients"), Caller()
    done = merge(whole.practice, other, patient)
    try:
        answer = stranger.http.get(f"/api/patients/{patient}")
    finally:
        undo(whole.practice, done)
    assert (answer.status_code, answer.json()) == (404, {"detail": "Not found."})
