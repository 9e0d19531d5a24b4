"""A practice with rows of every Cerbo resource, called by an API user without limits.

Rows are posted where a resource has a POST, from its declared ``example``; else they come into being with a row of the
model. What the record has beside Cerbo (doctors, appointments...) is the other dialect's world of the same practice.
"""

import re
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from charthouse.domains.labs.models import Sublab
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.references import Reference
from charthouse.engine.declaration.resources import Operation, Resource
from charthouse.engine.declaration.values import REQUIRED
from charthouse.gateway.cerbo.registry import get_registry
from tests import support

from . import values
from .world import World, make

BASE = "/api/v1/"
# What a create says beside its example, so that no two rows are taken for one: key → value of a number.
UNIQUE: dict[tuple[str, str], Callable[[int], str]] = {
    ("tags", "name"): lambda n: f"Tag {n}",
    ("appointment_types", "name"): lambda n: f"Type {n}",
    ("appointments", "start_date_time"): lambda n: values.make_moment(n),
    ("appointments", "end_date_time"): lambda n: values.make_moment(n, hours=1),
}
# Keys that name a row of another resource: by a list of ids, or by a column's value.
IDS = {
    "provider_ids": "users",
    "provider_ids[]": "users",
    "which_providers": "users",
    "which_providers[]": "users",
}
NAMES = {
    ("appointments", "appointment_type"): ("appointment_types", "name"),
    ("encounters", "encounter_type"): ("encounter_types", "code"),
}
# Parameters without which a list can't be asked for.
ASKED = {
    "appointments": {"start_date": "2000-01-01", "end_date": "2099-12-31"},
    "appointments/availability": {"start_date": "2030-03-04", "end_date": "2030-03-08"},
}


@dataclass(eq=False)
class CerboWorld:
    other: World
    program: support.Program
    client: httpx.Client
    made: dict[str, int] = field(default_factory=dict)

    @property
    def practice(self) -> int:
        return self.other.practice

    def next(self) -> int:
        return self.other.next()

    def limited(self, **limits: Any) -> httpx.Client:
        """Another API user of the practice."""
        return support.make_api_user(self.other.clinic.practice, **limits).client()

    # -- addresses ----------------------------------------------------------------------------------------------

    def at(self, declared: Resource | Operation) -> dict[str, int]:
        """The rows above this one's: patients and whatever else its path names."""
        return {parent.name: self.row(parent.to) for parent in declared.parents}

    def url(self, path: str, declared: Resource | Operation, row_id: int | None = None, **texts: str) -> str:
        """The address of a template, its names filled with rows of this world, or with ``texts``."""
        filled: dict[str, Any] = {**self.at(declared), "id": row_id, **texts}
        return BASE + re.sub(r"{(\w+)}", lambda found: str(filled[found[1]]), path)

    def list_url(self, resource: Resource) -> str:
        return self.url(resource.path, resource, **self.texts(resource))

    def page(self, resource: Resource, **parameters: str) -> httpx.Response:
        """A page of a list."""
        asked = {**ASKED.get(resource.path, {}), **parameters}
        return self.client.get(self.list_url(resource), params=asked)

    def object_url(self, resource: Resource, row_id: int) -> str:
        return self.url(f"{resource.path}/{{id}}", resource, row_id)

    def texts(self, declared: Resource | Operation) -> dict[str, str]:
        """Something for the parameters that the path itself takes."""
        names = re.findall(r"{(\w+)}", declared.path)
        return {name: "a" for name in names if name in declared.filters_by_name}

    # -- rows ---------------------------------------------------------------------------------------------------

    def row(self, path: str) -> int:
        if path not in self.made:
            self.made[path] = self.new(path)
        return self.made[path]

    def new(self, path: str, **given: Any) -> int:
        """The id of a fresh row."""
        if path == "users":
            return int(self.other.clinic.user.pk)
        resource = get_registry()[path]
        if "POST" in resource.method_set:
            answer = self.post(resource, self.payload(resource) | given)
            assert answer.status_code == 200, f"{path}: its example is refused: {answer.text[:600]}"
            return int(answer.json()["id"])
        above: dict[str, int] = {}
        for parent in resource.parents:
            above |= self._below(resource.model, parent.source, self.row(parent.to))
        listed = AS_LISTED.get(path, {})
        listed = {name: value(self) if callable(value) else value for name, value in listed.items()}
        return self.other.instance(resource.model, **above, **listed, **given)

    def _below(self, model: Any, source: str, row_id: int) -> dict[str, int]:
        """The column that puts a row below another one, through fresh rows between them."""
        step, _, rest = source.partition("__")
        if rest:
            between = model._meta.get_field(step).related_model
            row_id = self.other.instance(between, **self._below(between, rest, row_id))
        return {step if step.endswith("_id") else f"{step}_id": row_id}

    def post(self, resource: Resource, body: Mapping[str, Any]) -> httpx.Response:
        return self.client.post(self.list_url(resource), json=body)

    def payload(self, resource: Resource) -> dict[str, Any]:
        """A body that a create accepts."""
        n, body = self.next(), {}
        for declared in resource.writable:
            of = declared.type
            if isinstance(of, Reference) and (
                declared.name in resource.example or declared.access is REQUIRED
            ):
                body[declared.name] = self.row(of.to)
            elif declared.name in resource.example:
                body[declared.name] = self.named(resource, declared) or resource.example[declared.name]
            elif declared.access is REQUIRED:
                body[declared.name] = self.good(resource, declared, n)
            if made := UNIQUE.get((resource.path, declared.name)):
                body[declared.name] = made(n)
        return body

    def named(self, resource: Resource, declared: Key) -> Any:
        """The value of a key that names rows of another resource; None for others."""
        if declared.name in IDS:
            return [self.row(IDS[declared.name])]
        if (resource.path, declared.name) not in NAMES:
            return None
        path, column = NAMES[resource.path, declared.name]
        return self.other.rows_of(get_registry()[path].model, self.row(path))[column]

    def good(self, resource: Resource, declared: Key, n: int) -> Any:
        if named := self.named(resource, declared):
            return named
        return values.make_good(declared, resource.model, n, self.row, resource.example.get(declared.name))


# Columns without which a list of a resource doesn't have the row that a test makes of its model, or the table doesn't;
# a callable makes the value.
AS_LISTED: dict[str, dict[str, Any]] = {
    "patients/{patient_id}/portal/enqueued": {"status": "open", "request_type": "image"},
    "laboratories": {"kind": "laboratory"},
    "specialists": {"kind": "specialist"},
    "patients/{patient_id}/rxs": {"request_id": None},
    "patients/{patient_id}/supplements": {"request_id": None},
    "encounter_types": {"code": lambda world: _code(world.next())},
    "patients/{patient_id}/encounters": {
        "appointment_id": None,
        "encounter_type_id": lambda world: world.row("encounter_types"),
    },
    "patients/{patient_id}/images": {"photo_type": "personal", "request_id": None},
    "documents": {"request_id": None, "result_code": 1, "pt_notified": 1},
    "patients/{patient_id}/documents": {"request_id": None, "result_code": 2, "pt_notified": 2},
    "patients/{patient_id}/questionnaires": {"request_id": None},
    "patients/{patient_id}/portal/secure_messages": {"sent_by": "dr", "request_id": None},
    "partners/quest/orders": {"sublab_id": lambda world: _quest(world)},
    "patients/{patient_id}/partners/quest/orders": {"sublab_id": lambda world: _quest(world)},
}


def _quest(world: CerboWorld) -> int:
    """A laboratory of the partner."""
    return world.other.instance(Sublab, name="Quest Diagnostics")


def _code(n: int) -> str:
    """Two characters of a number, which a practice's own types don't begin with."""
    return f"{n // 36 % 10}{string.printable[n % 36]}"


def make_cerbo(name: str = "Contract") -> CerboWorld:
    world = make(name)
    program = support.make_api_user(world.clinic.practice)
    return CerboWorld(world, program, program.client())
