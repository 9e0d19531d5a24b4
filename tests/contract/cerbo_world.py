"""A practice with rows of every Cerbo resource, called by an API user without limits.

Rows are posted where a resource has a POST, from its declared ``example``; else they come into being with a row of the
model. What the record has beside Cerbo (doctors, appointments...) is the other dialect's world of the same practice.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from charthouse.dialects.cerbo.registry import registry
from charthouse.resource import fields as kinds
from charthouse.resource.declare import Resource
from charthouse.resource.fields import Field, Ref
from charthouse.resource.functions import Function
from tests import support

from . import values
from .world import World, make

BASE = "/api/v1/"
# What a create says beside its example, so that no two rows are taken for one: key → value of a number.
UNIQUE: dict[tuple[str, str], Any] = {("tags", "name"): "Tag {n}"}


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

    def at(self, declared: Resource | Function) -> dict[str, int]:
        """The rows above this one's: patients and whatever else its path names."""
        return {parent.name: self.row(parent.to) for parent in declared.parents}

    def url(self, path: str, declared: Resource | Function, row_id: int | None = None, **texts: str) -> str:
        """The address of a template, its names filled with rows of this world, or with ``texts``."""
        filled: dict[str, Any] = {**self.at(declared), "id": row_id, **texts}
        return BASE + re.sub(r"{(\w+)}", lambda found: str(filled[found[1]]), path)

    def list_url(self, resource: Resource) -> str:
        return self.url(resource.path, resource, **self.texts(resource))

    def object_url(self, resource: Resource, row_id: int) -> str:
        return self.url(f"{resource.path}/{{id}}", resource, row_id)

    def texts(self, declared: Resource | Function) -> dict[str, str]:
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
        resource = registry()[path]
        if "POST" in resource.method_set:
            answer = self.post(resource, self.payload(resource) | given)
            assert answer.status_code == 200, f"{path}: its example is refused: {answer.text[:600]}"
            return int(answer.json()["id"])
        above = {parent.attribute: self.row(parent.to) for parent in resource.parents}
        return self.other.instance(resource.model, **above, **AS_LISTED.get(path, {}), **given)

    def post(self, resource: Resource, body: Mapping[str, Any]) -> httpx.Response:
        return self.client.post(self.list_url(resource), json=body)

    def payload(self, resource: Resource) -> dict[str, Any]:
        """A body that a create accepts."""
        n, body = self.next(), {}
        for declared in resource.writable:
            if isinstance(declared, Ref) and (
                declared.name in resource.example or declared.access is kinds.REQUIRED
            ):
                body[declared.name] = self.row(declared.to)
            elif declared.name in resource.example:
                body[declared.name] = resource.example[declared.name]
            elif declared.access is kinds.REQUIRED:
                body[declared.name] = self.good(resource, declared, n)
            if made := UNIQUE.get((resource.path, declared.name)):
                body[declared.name] = made.format(n=n)
        return body

    def good(self, resource: Resource, declared: Field, n: int) -> Any:
        return values.good(declared, resource.model, n, self.row, resource.example.get(declared.name))


# Columns without which a list of a resource doesn't have the row that a test makes of its model.
AS_LISTED: dict[str, dict[str, Any]] = {
    "patients/{patient_id}/portal/enqueued": {"status": "open", "request_type": "image"},
    "patients/{patient_id}/images": {"photo_type": "personal", "request_id": None},
}


def make_cerbo(name: str = "Contract") -> CerboWorld:
    world = make(name)
    program = support.make_api_user(world.clinic.practice)
    return CerboWorld(world, program, program.client())
