"""The contract: what DrChrono's v4 reference says, endpoint by endpoint, out of ``data/``.

``data/resources.yaml`` has the endpoints in the order of the reference, ``nested.yaml`` the objects they name.
A fact under a ``live`` key is what the hosted API has grown since: an addition, or another type that it shows.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from charthouse.dialects.drchrono.registry import registry

DATA = Path(__file__).parent / "data"
BASE = "/api/"

# Choices where the reference contradicts itself or leaves a type open; each is named in the docs of its resource.
TYPE_CHOSEN = {
    ("appointments", "status_transitions"): "array<object>",  # the reference says object; clients read a list
    ("line_items", "diagnosis_pointers"): "array<integer>",  # "list of 4", each an integer
}


# Keys and parameters of our own making, each marked as an addition.
OUR_OWN = {
    ("patients", "allow_duplicates"),
    ("patients_summary", "allow_duplicates"),
    ("patients_summary", "show_inactive"),
}


@dataclass(frozen=True, eq=False)
class Endpoint:
    """One heading of the reference. ``path`` is below ``/api/``; ``action`` set for ``/:id/<action>``."""

    path: str
    action: str
    facts: Mapping[str, Any]

    @property
    def fields(self) -> Mapping[str, Mapping[str, Any]]:
        return self.facts.get("fields", {})

    @property
    def filters(self) -> Mapping[str, Mapping[str, Any]]:
        return self.facts.get("filters", {})

    @property
    def methods(self) -> frozenset[str]:
        return frozenset(self.facts["methods"])

    @property
    def methods_added(self) -> frozenset[str]:
        return frozenset(self.facts.get("live_methods_extra", ()))

    @property
    def verbose_keys(self) -> frozenset[str]:
        return frozenset(self.facts.get("verbose_keys", ()))

    @property
    def fields_added(self) -> Mapping[str, Any]:
        return self.facts.get("live_fields", {})

    @property
    def filters_added(self) -> Mapping[str, Any]:
        return self.facts.get("live", {}).get("filters_extra", {})

    @property
    def function(self) -> str:
        """The path that a declared function would have."""
        return f"{self.path}/{{id}}/{self.action}" if self.action else self.path

    def __str__(self) -> str:
        return f"{self.path}/:id/{self.action}" if self.action else self.path


@cache
def _read(name: str) -> Mapping[str, Any]:
    return yaml.load((DATA / name).read_text(), Loader=yaml.CSafeLoader)


@cache
def endpoints() -> tuple[Endpoint, ...]:
    return tuple(_endpoints())


def _endpoints() -> Iterator[Endpoint]:
    for facts in _read("resources.yaml")["endpoints"]:
        if facts["path"].startswith(BASE):
            path, _, rest = facts["path"].removeprefix(BASE).partition("/")
            yield Endpoint(path, rest.removeprefix(":id/"), facts)


def nested(name: str) -> Mapping[str, Mapping[str, Any]]:
    """The keys of a nested object."""
    return _read("nested.yaml")["nested"][name]["fields"]


def wire_type(endpoint: Endpoint, name: str) -> str:
    """The type of a key as the reference has it, or as it was chosen."""
    return TYPE_CHOSEN.get((endpoint.path, name), endpoint.fields[name]["type"])


def built(endpoint: Endpoint) -> bool:
    """Whether this version serves it: as a resource, an action of one, or a function."""
    resource = registry().resources.get(endpoint.path)
    if endpoint.function in registry().functions and (endpoint.action or resource is None):
        return True
    return resource is not None and (not endpoint.action or endpoint.action in resource.actions_by_name)


def not_built_yet() -> list[str]:
    """What the reference has and this version hasn't; the list may only shrink."""
    return [line for line in (DATA / "not_built.txt").read_text().splitlines() if line and line[0] != "#"]
