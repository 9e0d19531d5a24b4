"""Every answer of either API that contains a patient's details is in the request log with that patient.

Each patient of a world has a name of its own, which is searched for in the answers; so are keys that hold a patient's
id, and rows that the answer shows by id are followed to their patients.
"""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
from django.db import connection

from charthouse import clock
from charthouse.audit import request_log, subjects
from charthouse.audit.models import ApiCall, Event
from charthouse.domains.patients.models import Patient
from charthouse.domains.scheduling.models import Appointment
from charthouse.domains.tasks.models import Task
from charthouse.engine.declaration.resources import Resource
from charthouse.gateway.cerbo import delta
from charthouse.gateway.cerbo import registry as cerbo_registry
from charthouse.gateway.drchrono import registry as drchrono_registry
from charthouse.gateway.drchrono.bulk_lists import LISTS, BulkList
from charthouse.identity import tenancy
from tests import support
from tests.cases import each_case
from tests.gateway.test_bulk import begin
from tests.jobs.worker import work_off
from tests.portal.portal_patients import make_portal_patient

from .cerbo_world import CerboWorld
from .test_access import _write_needed
from .world import World

CANARY = re.compile(r"Canary(\d+)x")
PATIENT_KEYS = ("patient", "pt_id", "patient_id", "patient_number")
DRCHRONO = [resource for resource in drchrono_registry.get_registry() if "GET" in resource.method_set]
CERBO = [resource for resource in cerbo_registry.get_registry() if "GET" in resource.method_set]


def name_patients(practice: int) -> set[int]:
    """Give every patient a name of their own; return their ids."""
    with tenancy.within(practice):
        patients = list(Patient.objects.all())
        for patient in patients:
            name = f"Canary{patient.pk}x"
            if patient.last_name != name:
                patient.first_name = patient.last_name = patient.nick_name = name
                patient.email = f"{name}@example.org"
                patient.save()
    return {patient.pk for patient in patients}


def find_patients(value: Any, known: set[int]) -> Iterator[int]:
    """Yield the patients whose ids stand in an answer's keys."""
    if isinstance(value, list):
        for item in value:
            yield from find_patients(item, known)
    elif isinstance(value, dict):
        if value.get("type") == "Patient":
            yield int(value["value"])
        for key, item in value.items():
            if key in PATIENT_KEYS and str(item).isdigit() and int(item) in known:
                yield int(item)
            yield from find_patients(item, known)


def get_logged(answer: httpx.Response) -> set[int]:
    request_log.flush()
    row = ApiCall.objects.using("owner").get(request=answer.headers["X-Request-Id"])
    return set(row.patients)


def find_shown(answer: httpx.Response, known: set[int]) -> set[int]:
    shown = {int(number) for number in CANARY.findall(answer.text)}
    return shown | set(find_patients(json.loads(answer.text), known))


def check(answer: httpx.Response, known: set[int], model: Any) -> None:
    assert answer.status_code == 200, answer.text
    shown, logged = find_shown(answer, known), get_logged(answer)
    assert shown <= logged, f"{answer.url} shows {shown - logged}, who are not in the log"
    assert logged <= known
    if answer.json() and model._meta.db_table in subjects.find_patient_paths():
        assert logged or "null" in answer.text, f"{answer.url}: nobody is in the log"


@each_case("resource", DRCHRONO, ids=lambda resource: resource.path)
def test_of_drchrono(world: World, resource: Resource) -> None:
    row_id = world.row(resource.path)
    known = name_patients(world.practice)
    if "GET" in resource.list_methods:
        check(world.client.get(f"/api/{resource.path}?{_write_needed(resource)}"), known, resource.model)
    if "GET" in resource.object_methods and "id" in resource.keys_by_name:
        for verbose in ("false", "true"):
            url = f"/api/{resource.path}/{row_id}?verbose={verbose}"
            check(world.client.get(url), known, resource.model)


@each_case("resource", CERBO, ids=lambda resource: resource.path)
def test_of_cerbo(cerbo: CerboWorld, resource: Resource) -> None:
    row_id = cerbo.row(resource.path)
    known = name_patients(cerbo.practice)
    if "GET" in resource.list_methods:
        check(cerbo.page(resource), known, resource.model)
    if "GET" in resource.object_methods:
        check(cerbo.client.get(cerbo.object_url(resource, row_id)), known, resource.model)


def test_of_tasks(cerbo: CerboWorld) -> None:
    """A task has no patient of its own: the rows that it is about lead to them, and its notes are about them too."""
    world = cerbo.other
    visit, patient = world.new("appointments"), world.new("patients")
    known = name_patients(world.practice)
    with tenancy.within(world.practice):
        of_visit = Appointment.objects.get(pk=visit).patient_id
    items = [{"type": "Patient", "value": patient}, {"type": "Appointment", "value": visit}]
    task = world.new("tasks", associated_items=items)
    note = world.new("task_notes", task=task)
    for url in (f"tasks/{task}", f"task_notes/{note}"):
        assert get_logged(world.client.get(f"/api/{url}")) == {patient, of_visit}
    for client, url in ((world.client, "/api/tasks?since=2000-01-01"), (cerbo.client, "/api/v1/task")):
        answer = client.get(url)
        check(answer, known, Task)
        assert {patient, of_visit} <= get_logged(answer)


@each_case("bulk", LISTS.values(), ids=lambda bulk: bulk.path)
def test_of_bulk_lists(world: World, bulk: BulkList) -> None:
    world.row(bulk.resource.path)
    known = name_patients(world.practice)
    uuid = begin(world.client, bulk.path, **({"since": "2000-01-01"} if bulk.resource.one_of else {}))
    work_off()
    answer = world.client.get(f"/api/{bulk.path}", params={"uuid": uuid})
    assert answer.json()["results"]
    check(answer, known, bulk.resource.model)
    assert get_logged(answer)


@each_case("kind", delta.TYPES)
def test_of_deltas(cerbo: CerboWorld, kind: str) -> None:
    now = clock.now()
    period = {
        "start_date": f"{now - timedelta(days=1):%Y-%m-%d %H:%M:%S}",
        "end_date": f"{now + timedelta(hours=1):%Y-%m-%d %H:%M:%S}",
    }
    path = next(r.path for r in CERBO if r.path.replace("{patient_id}/", "") == delta.TYPES[kind])
    cerbo.row(path)
    answer = cerbo.client.get(f"/api/v1/delta/{kind}", params=period)
    ids = {row for found in answer.json()["delta_data"].values() for row in found}
    assert ids, "nothing has changed"
    model = cerbo_registry.get_registry()[path].model
    with tenancy.within(cerbo.practice), connection.cursor() as cursor:
        expected = set()
        if model._meta.db_table in subjects.find_patient_paths():
            cursor.execute(
                subjects.build_patients_sql((model._meta.db_table,)),
                {"practice": cerbo.practice, "ids0": list(ids), "entries0": [7] * len(ids)},
            )
            ((entry, found),) = cursor.fetchall()
            expected = set(map(int, re.findall(r"\d+", found)))
            assert entry == 7
            assert expected
    assert get_logged(answer) == expected


def test_of_operations(cerbo: CerboWorld) -> None:
    world, patient = cerbo.other, cerbo.row("patients")
    name_patients(world.practice)
    answers = [
        cerbo.client.get(f"/api/v1/patients/{patient}/extended_details"),
        cerbo.client.get(f"/api/v1/patients/{patient}/pharmacies"),
        world.client.get(f"/api/patients/{patient}/ccda"),
        world.client.get(f"/api/patients/{patient}/qrda1"),
        world.client.get(f"/api/patients/{patient}/onpatient_access"),
    ]
    for answer in answers:
        assert answer.status_code == 200, answer.text
        assert get_logged(answer) == {patient}, answer.url
    trail = world.client.get(f"/api/audit_log?since=2000-01-01&patient={patient}")
    assert patient in get_logged(trail)


def test_checks_of_credentials_say_of_whom(cerbo: CerboWorld) -> None:
    guest = make_portal_patient(cerbo.other.clinic)
    user = support.make_user(cerbo.other.clinic.practice, password=support.PASSWORD)
    secret = "not the password 7431"
    cases = [
        ("patients/portal", "username", guest.username, support.PASSWORD, guest.patient.pk, True),
        ("patients/portal", "username", guest.username, secret, guest.patient.pk, False),
        ("patients/portal", "username", "nobody-7431", secret, None, False),
        ("users", "user", user.username, support.PASSWORD, user.pk, True),
        ("users", "user", user.username, secret, user.pk, False),
        ("users", "user", "nobody-7431", secret, None, False),
    ]
    for path, key, name, password, whose, right in cases:
        body = {key: name, "password": password}
        answer = cerbo.client.post(f"/api/v1/{path}/validate_credentials", json=body)
        assert answer.json()["result"] is right
        event = Event.objects.using("owner").filter(practice_id=cerbo.practice).order_by("-id")[0]
        assert event.api_user_id == cerbo.program.row.pk
        assert event.details["right"] is right
        if path == "users":
            assert (event.what, event.details["user"]) == ("credentials checked", whose)
        else:
            assert (event.what, event.patient_id) == ("portal credentials checked", whose)
            assert get_logged(answer) == ({whose} if right else set())
        assert "7431" not in str(event.details)
