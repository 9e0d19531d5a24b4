"""The contract of the other dialect: Cerbo's operations and objects, out of ``data/``."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from charthouse.engine.execution.routing import Target
from charthouse.gateway.cerbo.registry import get_registry, get_router

DATA = Path(__file__).parent / "data"
PAGING = {"limit", "offset"}

# Keys that the reference says of an object and that are of no one resource: the codec makes them.
OF_THE_CODEC = {"delete_result", "result_message"}
# Types that were chosen where the reference leaves one open; each is named in docs/decisions.
TYPE_CHOSEN: dict[tuple[str, str], str] = {}


@dataclass(frozen=True, eq=False)
class Operation:
    facts: Mapping[str, Any]

    @property
    def method(self) -> str:
        return self.facts["method"]

    @property
    def path(self) -> str:
        """The template below the base, its names left out."""
        return normalize_path(self.facts["path"].removeprefix("/"))

    def parameters(self, where: str) -> list[Mapping[str, Any]]:
        return [p for p in self.facts["parameters"] if p["in"] == where]

    @property
    def answers(self) -> str:
        """The name of the object that it answers with, or that its list is of."""
        return self.facts["response"]["object"]

    @property
    def listed(self) -> bool:
        """Whether it answers with objects in the envelope of lists. An object that calls itself a list is one of its
        own shape."""
        own = (
            list_objects()[self.answers].get("object_tag") == "list"
            if self.answers in list_objects()
            else False
        )
        return self.facts["response"]["kind"] == "list_envelope" and not own

    @property
    def target(self) -> Target | None:
        """What serves it, if this version does."""
        return _list_targets().get((self.method, self.path))

    def __str__(self) -> str:
        return self.facts["id"]


def normalize_path(path: str) -> str:
    return re.sub(r"{\w+}", "{}", path)


@cache
def list_operations() -> tuple[Operation, ...]:
    read = yaml.load((DATA / "cerbo_operations.yaml").read_text(), Loader=yaml.CSafeLoader)
    return tuple(Operation(facts) for facts in read["operations"])


@cache
def list_objects() -> Mapping[str, Mapping[str, Any]]:
    return yaml.load((DATA / "cerbo_objects.yaml").read_text(), Loader=yaml.CSafeLoader)["objects"]


@cache
def _list_targets() -> dict[tuple[str, str], Target]:
    found = {}
    for resource in get_registry():
        templates = {resource.path: resource.list_methods, f"{resource.path}/{{id}}": resource.object_methods}
        templates |= {operation.path: (operation.method,) for operation in resource.operations}
        for template, methods in templates.items():
            found |= {(m, normalize_path(template)): _route(template, m) for m in methods}
    for template, by_method in get_registry().operations.items():
        found |= {(m, normalize_path(template)): _route(template, m) for m in by_method}
    return found


def _route(template: str, method: str) -> Target:
    """Through the router itself, with a number for each name."""
    targets, _ = get_router().find(re.sub(r"{\w+}", "1", template))
    return targets[method]


def list_built() -> list[Operation]:
    return [operation for operation in list_operations() if operation.target]
