"""Every event of Cerbo's webhooks, caused by a real write through each door that can do it: the two APIs, the
console. What no door does yet is done to the row itself, as a job or an operator would."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from django.conf import settings

from charthouse import clock
from charthouse.changes import actions, fanout
from charthouse.changes.catalogue import catalogue
from charthouse.changes.models import Delivery, Webhook
from charthouse.dialects.cerbo.registry import registry
from charthouse.dialects.drchrono.registry import registry as drchrono
from charthouse.domains.billing import subscribing
from charthouse.identity import tenancy
from charthouse.resource.declare import Resource
from charthouse.resource.events import Event
from tests.changes.receiver import until
from tests.contract.cerbo_world import CerboWorld, make_cerbo
from tests.identity.dance import hidden, signed_in
from tests.support import PASSWORD, make_user

# reference cerbo/webhooks.yaml
OBSERVED = {"schedule.created", "schedule.modified"}
GROUPS = ["patient", "encounter", "document", "rx", "supplement", "order", "task", "tag", "user", "charge"]
INFERRED = {
    "schedule.deleted",
    "patient_tag.created",
    "patient_tag.deleted",
    "questionnaire.created",
    *(f"{group}.{verb}" for group in GROUPS for verb in ("created", "modified", "deleted")),
}
DECLARED: dict[str, tuple[Resource, Event]] = {
    event.name: (resource, event)
    for resource in registry()
    for event in resource.events
    if event.of is None and not event.column
}
VERBS = {"created": "POST", "modified": "PATCH", "deleted": "DELETE"}
# The same things in DrChrono's API.
THERE = {
    "schedule": "appointments",
    "patient": "patients",
    "rx": "medications",
    "order": "lab_orders",
    "task": "tasks",
    "document": "documents",
    "encounter": "clinical_notes",
}
CHANGES: dict[str, Any] = {  # by what changes: a body that changes something
    "appointments": {"notes": "Bring the cuff"},
    "patients": {"nick_name": "Addy"},
    "medications": {"notes": "With food"},
    "lab_orders": {"notes": "Fasting"},
    "tasks": {"title": "Call again"},
    "documents": {"description": "Another"},
    "schedule": {"appointment_note": "Bring the cuff"},
    "patient": {"nicknames": "Addy"},
    "task": {"notes": "Called again"},
    "tag": {"description": "Another"},
}


@dataclass(eq=False)
class House:
    """A practice, called through every door. ``webhook``: one of everything that happens in it."""

    world: CerboWorld
    browser: httpx.Client
    webhook: Webhook

    def cerbo(self, method: str, path: str, **body: Any) -> Any:
        answer = self.world.client.request(method, f"/api/v1/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def drchrono(self, method: str, path: str, body: Any = None) -> None:
        answer = self.world.other.client.request(method, f"/api/{path}", json=body)
        assert answer.status_code in (200, 201, 204), answer.text

    def console(self, path: str, page: str = "", **values: Any) -> None:
        answer = self.browser.post(path, data=hidden(self.browser.get(page or path)) | values)
        assert answer.status_code == 302, answer.text

    @property
    def patient(self) -> int:
        return self.world.row("patients")

    def settled(self) -> list[Delivery]:
        tenancy.leave()
        until(lambda: not fanout.behind())
        while fanout.fan_out():
            pass
        return list(Delivery.objects.using("owner").filter(webhook=self.webhook).order_by("pk"))

    def caused(self, cause: Callable[[], Any]) -> list[Delivery]:
        before = len(self.settled())
        cause()
        return self.settled()[before:]


@pytest.fixture(scope="module")
def house(database: None) -> Iterator[House]:
    before, settings.SANDBOX = settings.SANDBOX, True
    world = make_cerbo("Events")
    clinic = world.other.clinic
    clinic.user.set_password(PASSWORD)
    clinic.user.save()
    tenancy.leave()
    with tenancy.within(clinic.id):
        webhook = actions.create_for(
            clinic.practice, "https://hooks.example.com/cerbo", {}, catalogue().events["practice"]
        )
    yield House(world, signed_in(clinic.user.username), webhook)
    settings.SANDBOX = before


Door = Callable[[House], Callable[[], Any]]  # what is there before → the write; where it knows, the row's id
DOORS: dict[tuple[str, str], Door] = {}


def door(event: str, name: str) -> Callable[[Door], Door]:
    def keep(made: Door) -> Door:
        DOORS[event, name] = made
        return made

    return keep


def _declared() -> None:
    """What the declarations of the two APIs can do without further ado."""
    for name, (resource, _) in DECLARED.items():
        group, verb = name.split(".")
        if VERBS[verb] in resource.method_set and (verb != "modified" or group in CHANGES):
            DOORS[name, "cerbo"] = _by_cerbo(resource, group, verb)
        path = THERE.get(group)
        if path and VERBS[verb] in drchrono()[path].method_set:
            DOORS[name, "drchrono"] = _by_drchrono(path, verb)


def _by_cerbo(resource: Resource, group: str, verb: str) -> Door:
    def write(house: House) -> Callable[[], int]:
        world = house.world
        if verb == "created":
            return lambda: world.new(resource.path)
        row = world.new(resource.path)
        address = world.object_url(resource, row).removeprefix("/api/v1/")

        def go() -> int:
            house.cerbo(VERBS[verb], address, **(CHANGES[group] if verb == "modified" else {}))
            return row

        return go

    return write


def _by_drchrono(path: str, verb: str) -> Door:
    def write(house: House) -> Callable[[], int]:
        if verb == "created":
            return lambda: house.world.other.new(path)
        row = house.world.other.new(path)

        def go() -> int:
            house.drchrono(VERBS[verb], f"{path}/{row}", CHANGES[path] if verb == "modified" else None)
            return row

        return go

    return write


_declared()


# -- Cerbo: what has endpoints of its own -----------------------------------------------------------------------


@door("patient_tag.created", "cerbo")
def put_tag(house: House) -> Callable[[], Any]:
    name = _tag(house)
    return lambda: house.cerbo("POST", f"patients/{house.patient}/tags", tags=[{"name": name}])


@door("patient_tag.deleted", "cerbo")
def take_tag(house: House) -> Callable[[], Any]:
    name = _tag(house)
    house.cerbo("POST", f"patients/{house.patient}/tags", tags=[{"name": name}])
    return lambda: house.cerbo("DELETE", f"patients/{house.patient}/tags/{name}")


@door("rx.created", "cerbo")
def prescribe(house: House) -> Callable[[], Any]:
    drug = house.world.row("drugs")
    return lambda: house.cerbo("POST", f"patients/{house.patient}/rxs?enqueue=false", drug_id=drug)


@door("rx.modified", "cerbo")
def stop_prescription(house: House) -> Callable[[], int]:
    row = house.world.new("patients/{patient_id}/rxs")
    address = f"patients/{house.patient}/rxs/{row}/discontinue"
    return lambda: int(house.cerbo("PATCH", address, discontinued_reason="Cough")["id"])


@door("supplement.created", "cerbo")
def recommend(house: House) -> Callable[[], Any]:
    kind = house.world.row("supplements")
    address = f"patients/{house.patient}/supplements?enqueue=false"
    return lambda: house.cerbo("POST", address, supplement_id=kind)


@door("supplement.modified", "cerbo")
def stop_supplement(house: House) -> Callable[[], int]:
    row = house.world.new("patients/{patient_id}/supplements", discontinued_at=None)
    address = f"patients/{house.patient}/supplements/{row}/discontinue"
    return lambda: house.cerbo("PATCH", address) and row


def _tag(house: House) -> str:
    row = house.world.new("tags")
    return str(house.world.other.rows_of(registry()["tags"].model, row)["name"])


# -- DrChrono: a visit's note is an encounter -------------------------------------------------------------------


@door("encounter.created", "drchrono")
def visit(house: House) -> Callable[[], Any]:
    return lambda: house.world.other.new("appointments")


@door("encounter.modified", "drchrono")
def write_note(house: House) -> Callable[[], int]:
    row, field = house.world.other.new("appointments"), house.world.other.row("clinical_note_field_types")
    body = {"appointment": row, "clinical_note_field": field, "value": "Lungs clear."}
    return lambda: house.drchrono("POST", "clinical_note_field_values", body) or row


@door("encounter.deleted", "drchrono")
def delete_visit(house: House) -> Callable[[], int]:
    row = house.world.other.new("appointments")
    return lambda: house.drchrono("DELETE", f"appointments/{row}") or row


# -- the console ------------------------------------------------------------------------------------------------


@door("schedule.created", "console")
def book(house: House) -> Callable[[], Any]:
    values = {
        "office": str(house.world.other.row("offices")),
        "exam_room": "1",
        "doctor": str(house.world.other.clinic.doctor.pk),
        "scheduled_time": "2031-05-05T09:00",
        "duration": "20",
        "reason": "Cough",
    }
    return lambda: house.console(f"/book/{house.patient}", **values)


@door("schedule.modified", "console")
def arrive(house: House) -> Callable[[], int]:
    row = house.world.other.new("appointments")
    page = f"/visits/{row}"
    return lambda: house.console(f"{page}/status", page, status="Arrived") or row


@door("schedule.deleted", "console")
def cancel(house: House) -> Callable[[], int]:
    row = house.world.other.new("appointments")
    return lambda: house.console(f"/visits/{row}/delete") or row


@door("patient.created", "console")
def add_patient(house: House) -> Callable[[], Any]:
    doctor = str(house.world.other.clinic.doctor.pk)
    values = {"first_name": "Grace", "last_name": "Hopper", "gender": "Female", "doctor": doctor}
    return lambda: house.console("/patients/new", **values)


@door("patient.modified", "console")
def change_patient(house: House) -> Callable[[], int]:
    doctor = str(house.world.other.clinic.doctor.pk)
    values = {"first_name": "Gracia", "last_name": "Murray", "gender": "Female", "doctor": doctor}
    row = house.world.new("patients")
    return lambda: house.console(f"/patients/{row}/edit", **values) or row


@door("encounter.created", "console")
def write_encounter(house: House) -> Callable[[], Any]:
    return lambda: house.console(f"/patients/{house.patient}/encounters/new", title="Call")


@door("encounter.modified", "console")
def sign_encounter(house: House) -> Callable[[], int]:
    row = house.cerbo("POST", "encounters", pt_id=house.patient)["id"]
    page = f"/patients/{house.patient}/encounters/{row}"
    return lambda: house.console(f"{page}/lock", page) or row


@door("rx.created", "console")
def add_medication(house: House) -> Callable[[], Any]:
    return lambda: house.console(f"/patients/{house.patient}/medications/new", name="Metformin 500 mg tablet")


@door("task.created", "console")
def add_task(house: House) -> Callable[[], Any]:
    values = {
        "title": "Call back",
        "category": str(house.world.other.row("task_categories")),
        "status": str(house.world.other.row("task_statuses")),
        "assignee_user": str(house.world.other.clinic.user.pk),
    }
    return lambda: house.console("/tasks/new", **values)


@door("task.modified", "console")
def note_on_task(house: House) -> Callable[[], int]:
    row = house.world.other.new("tasks")
    page = f"/tasks/{row}"
    return lambda: house.console(f"{page}/note", page, text="Left a voice mail") or row


@door("user.created", "console")
def invite(house: House) -> Callable[[], Any]:
    values = {"first_name": "Nora", "last_name": "Nurse", "email": "nora@clinic.example", "role": "staff"}
    name = f"nora-{house.world.practice}-{house.world.next()}"
    return lambda: house.console("/settings/people/new", **values, username=name, timezone="US/Pacific")


@door("user.modified", "console")
def change_person(house: House) -> Callable[[], int]:
    values = {
        "first_name": "Nora",
        "last_name": "Newname",
        "email": "n@clinic.example",
        "timezone": "US/Pacific",
    }
    row = make_user(house.world.other.clinic.practice, first_name="Nora").pk
    return lambda: house.console(f"/settings/people/{row}", **values) or row


@door("user.deleted", "console")
def switch_off(house: House) -> Callable[[], int]:
    row = make_user(house.world.other.clinic.practice).pk
    return lambda: house.console(f"/settings/people/{row}/off") or row


@door("questionnaire.created", "console")
def take_answers(house: House) -> Callable[[], Any]:
    answers = {"html_content": "<p>No.</p>", "raw_data": {"smokes": False}}
    queued = house.cerbo("POST", f"patients/{house.patient}/questionnaires", **answers)
    page = f"/queue/{queued['portal_queue_id']}"
    return lambda: house.console(f"{page}/accept", page)


@door("charge.created", "console")
def charge(house: House) -> Callable[[], int]:
    return lambda: _charged(house)


@door("charge.modified", "console")
def void_charge(house: House) -> Callable[[], int]:
    row = _charged(house)
    return lambda: house.console(f"/patients/{house.patient}/account/charges/{row}/do/void") or row


@door("charge.deleted", "console")
def delete_charge(house: House) -> Callable[[], int]:
    row = _charged(house)
    return lambda: house.console(f"/patients/{house.patient}/account/charges/{row}/delete") or row


def _charged(house: House) -> int:
    """The id of a charge that somebody wrote."""
    address = f"/patients/{house.patient}/account/charges/new"
    house.console(address, name="Form", amount="25.00")
    return int(house.cerbo("GET", f"patients/{house.patient}/charges")["data"][-1]["id"])


# -- the worker -------------------------------------------------------------------------------------------------


@door("charge.created", "worker")
def charge_subscription(house: House) -> Callable[[], Any]:
    definition = house.world.new("charge_master", inactive=False)
    values = {"definition": str(definition), "schedule_frequency": "annually", "amount": "10.00"}
    house.console(f"/patients/{house.patient}/account/subscriptions/new", **values)
    return lambda: {"charges made": subscribing.due()}


# -- nobody's door ----------------------------------------------------------------------------------------------


def _by_itself(name: str) -> Door:
    resource, event = DECLARED[name]
    columns = {"archived": True} if event.on == "delete" else {"updated_at": clock.now()}

    def write(house: House) -> Callable[[], int]:
        if event.on == "insert":
            return lambda: house.world.new(resource.path)
        row = house.world.new(resource.path)

        def go() -> int:
            with tenancy.within(house.world.practice):
                resource.model._default_manager.filter(pk=row).update(**columns)
            return row

        return go

    return write


for _name in set(DECLARED) - {event for event, _ in DOORS}:
    DOORS[_name, "the row itself"] = _by_itself(_name)


# -- what is told -----------------------------------------------------------------------------------------------


def test_all_36_names_are_declared_and_told_from_those_that_were_seen() -> None:
    assert len(OBSERVED | INFERRED) == 36
    events = catalogue().events["practice"]
    assert {name for name, ours in events.items() if not ours} == OBSERVED
    assert set(events) == OBSERVED | INFERRED
    assert set(DECLARED) == set(events)


@pytest.mark.parametrize(("event", "through"), sorted(DOORS))
def test_a_write_is_told(house: House, event: str, through: str) -> None:
    write = DOORS[event, through](house)
    rows: list[Any] = []
    found = [d for d in house.caused(lambda: rows.append(write())) if d.event == event]
    if isinstance(rows[0], int):
        found = [d for d in found if d.row_id == rows[0]]
    (delivery,) = found
    envelope = json.loads(bytes(delivery.body))
    assert list(envelope) == ["practice_id", "event_type", "event_id", "event_datetime", "data"]
    assert envelope["practice_id"] == str(house.world.practice)
    assert envelope["event_type"] == event
    assert envelope["data"]["id"] == str(delivery.row_id)
    assert delivery.user_id is None
    _by_convention(envelope["data"])


def _by_convention(value: Any, name: str = "") -> None:
    """Ids are text; a patient has first and last."""
    if isinstance(value, dict):
        for key, inner in value.items():
            _by_convention(inner, key)
        if value.get("object") == "patient":
            assert {"first", "last"} <= set(value)
            assert not {"first_name", "last_name"} & set(value)
    elif isinstance(value, list):
        for inner in value:
            _by_convention(inner, name)
    elif name == "id" or name.endswith("_id"):
        assert value is None or isinstance(value, str), name
