"""Write paths that cause the events of Cerbo's webhooks: the APIs here, the console in ``cerbo_pages``."""

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from charthouse.changes import fanout
from charthouse.changes.models import Delivery, Webhook
from charthouse.engine.declaration.events import Event
from charthouse.engine.declaration.resources import Resource
from charthouse.gateway.cerbo.registry import registry
from charthouse.gateway.drchrono.registry import registry as drchrono
from charthouse.identity import tenancy
from tests.changes.receiver import until
from tests.contract.cerbo_world import CerboWorld
from tests.identity.oauth_flow import hidden

DECLARED: dict[str, tuple[Resource, Event]] = {
    event.name: (resource, event)
    for resource in registry()
    for event in resource.events
    if event.of is None and not event.column
}
VERBS = {"created": "POST", "modified": "PATCH", "deleted": "DELETE"}
# The corresponding resources of DrChrono's API.
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
    """A practice with clients of every write path. ``webhook``: one subscribed to all events."""

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

    def console(self, path: str, page: str = "", files: Any = None, **values: Any) -> None:
        given = hidden(self.browser.get(page or path)) | values
        answer = self.browser.post(path, data=given, files=files)
        assert answer.status_code == 302, (
            answer.status_code,
            re.findall(r"wrong\"><div>([^<]+)", answer.text),
        )

    @property
    def patient(self) -> int:
        return self.world.row("patients")

    def settled(self) -> list[Delivery]:
        tenancy.leave()
        until(lambda: not fanout.is_behind())
        while fanout.create_deliveries():
            pass
        return list(Delivery.objects.using("owner").filter(webhook=self.webhook).order_by("pk"))

    def caused(self, cause: Callable[[], Any]) -> list[Delivery]:
        before = len(self.settled())
        cause()
        return self.settled()[before:]


Door = Callable[[House], Callable[[], Any]]  # what is there before → the write; where it knows, the row's id
DOORS: dict[tuple[str, str], Door] = {}


def door(event: str, name: str) -> Callable[[Door], Door]:
    def keep(made: Door) -> Door:
        DOORS[event, name] = made
        return made

    return keep


def _declared() -> None:
    """Register the write paths that follow from the declarations of the two APIs."""
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


# -- Cerbo: endpoints of their own ------------------------------------------------------------------------------


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


@door("document.created", "cerbo")
def send_document(house: House) -> Callable[[], Any]:
    text = base64.b64encode(b"Hello, doctor.").decode()
    body = {"pt_id": house.patient, "mime_type": "text/plain", "name": "A letter", "base64_content": text}
    return lambda: house.cerbo("POST", f"patients/{house.patient}/documents?enqueue=false", **body)


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
