"""The contract: what DrChrono's v4 reference says, endpoint by endpoint, out of ``data/``.

``data/resources.yaml`` has the endpoints in the order of the reference, ``nested.yaml`` the objects they name,
``live_only.yaml`` the endpoints that the hosted API has grown since.
A fact under a ``live`` key is what the hosted API has grown since: an addition, or another type that it shows.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from charthouse.domains.practice.drchrono.differences import DIFFERENCES, is_live
from charthouse.gateway.drchrono.registry import get_registry

DATA = Path(__file__).parent / "data"
BASE = "/api/"

# Choices where the reference contradicts itself or leaves a type open; each is named in the docs of its resource.
TYPE_CHOSEN = {
    ("appointments", "status_transitions"): "array<object>",  # the reference says object; clients read a list
    ("line_items", "diagnosis_pointers"): "array<integer>",  # "list of 4", each an integer
}


# Keys of endpoints that can only be read in the reference, and that a method which the hosted API has added writes.
ACCESS_CHOSEN = {
    ("clinical_note_field_types", name): "optional"
    for name in ("allowed_values", "archived", "comment", "name", "required")
}

# Keys and parameters of our own making, each marked as an addition.
OUR_OWN = {
    ("patients", "allow_duplicates"),
    ("patients_summary", "allow_duplicates"),
    ("line_items", "use_fee_schedule_defaults"),  # a parameter of the hosted API's POST
    ("appointment_templates", "week_days"),  # the hosted API's name of week_day
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
    def template(self) -> str:
        """The path that an operation would be declared with."""
        return f"{self.path}/{{id}}/{self.action}" if self.action else self.path

    def __str__(self) -> str:
        return f"{self.path}/:id/{self.action}" if self.action else self.path


@cache
def _read(name: str) -> Mapping[str, Any]:
    return yaml.load((DATA / name).read_text(), Loader=yaml.CSafeLoader)


@cache
def list_endpoints() -> tuple[Endpoint, ...]:
    return tuple(_read_endpoints())


def _read_endpoints() -> Iterator[Endpoint]:
    for facts in _read("resources.yaml")["endpoints"]:
        if facts["path"].startswith(BASE):
            path, _, rest = facts["path"].removeprefix(BASE).partition("/")
            yield Endpoint(path, rest.removeprefix(":id/"), facts)


def list_nested(name: str) -> Mapping[str, Mapping[str, Any]]:
    """The keys of a nested object."""
    return _read("nested.yaml")["nested"][name]["fields"]


def get_wire_type(endpoint: Endpoint, name: str) -> str:
    """The type of a key as the reference has it, or as it was chosen."""
    return TYPE_CHOSEN.get((endpoint.path, name), field(endpoint, name)["type"])


def field(endpoint: Endpoint, name: str) -> Mapping[str, Any]:
    """What is said of a key by the reference page, or by the hosted API where the setting DRCHRONO prefers it."""
    said, difference = endpoint.fields[name], f"{endpoint.path}.{name}"
    if difference not in DIFFERENCES or not is_live(difference):
        return said
    return said | {"enum": said["post_enum"]} if "post_enum" in said else said | said["live"]


def is_built(endpoint: Endpoint) -> bool:
    """Whether this version serves it: as a resource, or as an operation, of a resource or of its own."""
    resource = get_registry().resources.get(endpoint.path)
    if endpoint.template in get_registry().operations and (endpoint.action or resource is None):
        return True
    return resource is not None and (not endpoint.action or endpoint.action in resource.operations_by_name)


def access(endpoint: Endpoint, name: str) -> str:
    """Who may write a key, as the reference has it, or as it was chosen."""
    return str(ACCESS_CHOSEN.get((endpoint.path, name), endpoint.fields[name]["access"]))


def not_built_yet() -> list[str]:
    """What the reference has and this version hasn't; the list may only shrink."""
    return [line for line in (DATA / "not_built.txt").read_text().splitlines() if line and line[0] != "#"]


# -- what the hosted API has grown since --------------------------------------------------------------------------

PAGING = frozenset({"cursor", "page", "page_size", "verbose"})
_SUMMARY = (
    "reading patients_summary needs no permission: it shows the keys of the reference, not the whole patient, whose "
    "schema the hosted API prints there"
)
_OF_A_PATIENT = "patients/:id/{} names its patient in the path: the list's parameters find nothing more"

# Facts that this project leaves out, each with its reason. "*": every one of the kind.
LEFT_OUT: Mapping[tuple[str, str, str], str] = {
    ("patients_summary", "key", "*"): _SUMMARY,
    ("patients/:id/onpatient_access", "parameter", "*"): _OF_A_PATIENT.format("onpatient_access"),
    ("signed_consent_forms", "parameter", "signature_file"): "a file is a key of the body, not of a query",
}


def list_additions() -> Iterator[tuple[str, str, str]]:
    """Each (path, kind, name) that the hosted API has beyond the reference: "method", "parameter" or "key"."""
    live = _read("live_only.yaml")
    for facts in live["paths"]:
        path = facts["path"].removeprefix(BASE)
        yield from ((path, "method", method) for method in {route.split()[0] for route in facts["routes"]})
        yield from ((path, "parameter", name) for name in facts.get("filters", {}) if name not in PAGING)
        yield from ((path, "key", name) for name in facts.get("fields", {}))
    for facts in live["extra_methods"]:
        yield from ((facts["path"].removeprefix(BASE), "method", method) for method in facts["methods"])
    for facts in live["extra_filters"]:
        yield from ((facts["path"].removeprefix(BASE), "parameter", name) for name in facts["filters"])
    for endpoint in list_endpoints():
        path = f"{endpoint.path}/:id/{endpoint.action}" if endpoint.action else endpoint.path
        yield from ((path, "method", method) for method in endpoint.methods_added)
        yield from ((path, "parameter", name) for name in endpoint.filters_added)
        yield from ((path, "key", name) for name in endpoint.fields_added)


def is_left_out(path: str, kind: str, name: str) -> bool:
    return (path, kind, name) in LEFT_OUT or (path, kind, "*") in LEFT_OUT


def list_missing_additions() -> list[str]:
    """Paths of live_only.yaml that this version hasn't; the list may only shrink."""
    lines = (DATA / "additions_not_built.txt").read_text().splitlines()
    return [line for line in lines if line and line[0] != "#"]
