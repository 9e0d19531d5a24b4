"""Write paths that cause the events of Cerbo's webhooks: the APIs here, the console in ``console_write_paths``."""

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
from charthouse.gateway.cerbo.registry import get_registry
from charthouse.gateway.drchrono.registry import get_registry as drchrono
from charthouse.identity import tenancy
from tests.contract.cerbo_world import CerboWorld
from tests.identity.oauth_flow import parse_hidden_fields
from tests.waiting import until

DECLARED: dict[str, tuple[Resource, Event]] = {
    event.name: (resource, event)
    for resource in get_registry()
    for event in resource.events
    if event.of is None and not event.column
}
VERBS = {"created": "POST", "modified": "PATCH", "deleted": "DELETE"}
# The corresponding resources of DrChrono's API.
DRCHRONO_PATHS = {
    "schedule": "appointments",
    "patient": "patients",
    "rx": "medications",
    "order": "lab_orders",
    "task": "tasks",
    "document": "documents",
    "encounter": "clinical_notes",
}
CHANGES: dict[str, Any] = {  # resource → a body that modifies it
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
class PracticeClients:
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
        given = parse_hidden_fields(self.browser.get(page or path)) | values
        answer = self.browser.post(path, data=given, files=files)
        assert answer.status_code == 302, (
            answer.status_code,
            re.findall(r"wrong\"><div>([^<]+)", answer.text),
        )

    @property
    def patient(self) -> int:
        return self.world.row("patients")

    def wait_for_deliveries(self) -> list[Delivery]:
        tenancy.clear_tenant()
        until(lambda: not fanout.is_behind())
        while fanout.create_deliveries():
            pass
        return list(Delivery.objects.using("owner").filter(webhook=self.webhook).order_by("pk"))

    def collect_deliveries(self, cause: Callable[[], Any]) -> list[Delivery]:
        before = len(self.wait_for_deliveries())
        cause()
        return self.wait_for_deliveries()[before:]


WritePath = Callable[
    [PracticeClients], Callable[[], Any]
]  # setup → the write, which returns the row's id if known
WRITE_PATHS: dict[tuple[str, str], WritePath] = {}


def register_write_path(event: str, name: str) -> Callable[[WritePath], WritePath]:
    def register(made: WritePath) -> WritePath:
        WRITE_PATHS[event, name] = made
        return made

    return register


def _check_declared() -> None:
    """Register the write paths that follow from the declarations of the two APIs."""
    for name, (resource, _) in DECLARED.items():
        group, verb = name.split(".")
        if VERBS[verb] in resource.method_set and (verb != "modified" or group in CHANGES):
            WRITE_PATHS[name, "cerbo"] = _write_by_cerbo(resource, group, verb)
        path = DRCHRONO_PATHS.get(group)
        if path and VERBS[verb] in drchrono()[path].method_set:
            WRITE_PATHS[name, "drchrono"] = _write_by_drchrono(path, verb)


def _write_by_cerbo(resource: Resource, group: str, verb: str) -> WritePath:
    def write(clinic: PracticeClients) -> Callable[[], int]:
        world = clinic.world
        if verb == "created":
            return lambda: world.new(resource.path)
        row = world.new(resource.path)
        address = world.object_url(resource, row).removeprefix("/api/v1/")

        def go() -> int:
            clinic.cerbo(VERBS[verb], address, **(CHANGES[group] if verb == "modified" else {}))
            return row

        return go

    return write


def _write_by_drchrono(path: str, verb: str) -> WritePath:
    def write(clinic: PracticeClients) -> Callable[[], int]:
        if verb == "created":
            return lambda: clinic.world.other.new(path)
        row = clinic.world.other.new(path)

        def go() -> int:
            clinic.drchrono(VERBS[verb], f"{path}/{row}", CHANGES[path] if verb == "modified" else None)
            return row

        return go

    return write


_check_declared()


# -- Cerbo: endpoints of their own ------------------------------------------------------------------------------


@register_write_path("patient_tag.created", "cerbo")
def put_tag(clinic: PracticeClients) -> Callable[[], Any]:
    name = _tag(clinic)
    return lambda: clinic.cerbo("POST", f"patients/{clinic.patient}/tags", tags=[{"name": name}])


@register_write_path("patient_tag.deleted", "cerbo")
def take_tag(clinic: PracticeClients) -> Callable[[], Any]:
    name = _tag(clinic)
    clinic.cerbo("POST", f"patients/{clinic.patient}/tags", tags=[{"name": name}])
    return lambda: clinic.cerbo("DELETE", f"patients/{clinic.patient}/tags/{name}")


@register_write_path("rx.created", "cerbo")
def prescribe(clinic: PracticeClients) -> Callable[[], Any]:
    drug = clinic.world.row("drugs")
    return lambda: clinic.cerbo("POST", f"patients/{clinic.patient}/rxs?enqueue=false", drug_id=drug)


@register_write_path("rx.modified", "cerbo")
def stop_prescription(clinic: PracticeClients) -> Callable[[], int]:
    row = clinic.world.new("patients/{patient_id}/rxs")
    address = f"patients/{clinic.patient}/rxs/{row}/discontinue"
    return lambda: int(clinic.cerbo("PATCH", address, discontinued_reason="Cough")["id"])


@register_write_path("supplement.created", "cerbo")
def recommend(clinic: PracticeClients) -> Callable[[], Any]:
    kind = clinic.world.row("supplements")
    address = f"patients/{clinic.patient}/supplements?enqueue=false"
    return lambda: clinic.cerbo("POST", address, supplement_id=kind)


@register_write_path("supplement.modified", "cerbo")
def stop_supplement(clinic: PracticeClients) -> Callable[[], int]:
    row = clinic.world.new("patients/{patient_id}/supplements", discontinued_at=None)
    address = f"patients/{clinic.patient}/supplements/{row}/discontinue"
    return lambda: clinic.cerbo("PATCH", address) and row


def _tag(clinic: PracticeClients) -> str:
    row = clinic.world.new("tags")
    return str(clinic.world.other.rows_of(get_registry()["tags"].model, row)["name"])


@register_write_path("document.created", "cerbo")
def send_document(clinic: PracticeClients) -> Callable[[], Any]:
    text = base64.b64encode(b"Hello, doctor.").decode()
    body = {"pt_id": clinic.patient, "mime_type": "text/plain", "name": "A letter", "base64_content": text}
    return lambda: clinic.cerbo("POST", f"patients/{clinic.patient}/documents?enqueue=false", **body)


# -- DrChrono: a visit's note is an encounter -------------------------------------------------------------------


@register_write_path("encounter.created", "drchrono")
def visit(clinic: PracticeClients) -> Callable[[], Any]:
    return lambda: clinic.world.other.new("appointments")


@register_write_path("encounter.modified", "drchrono")
def write_note(clinic: PracticeClients) -> Callable[[], int]:
    row, field = clinic.world.other.new("appointments"), clinic.world.other.row("clinical_note_field_types")
    body = {"appointment": row, "clinical_note_field": field, "value": "Lungs clear."}
    return lambda: clinic.drchrono("POST", "clinical_note_field_values", body) or row


@register_write_path("encounter.deleted", "drchrono")
def delete_visit(clinic: PracticeClients) -> Callable[[], int]:
    row = clinic.world.other.new("appointments")
    return lambda: clinic.drchrono("DELETE", f"appointments/{row}") or row
