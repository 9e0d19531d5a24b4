"""The operations that the API explorer offers: those of the OpenAPI documents of both APIs."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import msgspec
from django.urls import reverse

from charthouse.gateway.cerbo import wire_format as cerbo
from charthouse.gateway.drchrono import wire_format as drchrono

TITLES = {"drchrono": "DrChrono v4", "cerbo": "Cerbo v1"}
_DOCUMENTS = {"drchrono": drchrono.make_document, "cerbo": cerbo.make_document}


@dataclass(frozen=True)
class Operation:
    """One method of one path. ``parameters``: as in OpenAPI; ``body``: example in JSON, "" for none."""

    api: str
    name: str
    method: str
    path: str
    tag: str
    summary: str
    description: str
    scopes: tuple[str, ...]
    parameters: tuple[dict[str, Any], ...]
    body: str

    @cached_property
    def address(self) -> str:
        return reverse("operation", args=[self.api, self.name])

    @cached_property
    def color(self) -> str:
        return {"GET": "green", "POST": "blue", "DELETE": "red"}.get(self.method, "orange")


@lru_cache(maxsize=2)
def load_operations(api: str) -> dict[str, Operation]:
    """Load the operations of an API by operationId, in the document's order, once a process."""
    return {one.name: one for one in _parse_operations(api, _DOCUMENTS[api]())}


def _parse_operations(api: str, document: dict[str, Any]) -> Iterator[Operation]:
    for path, item in document["paths"].items():
        for method, one in item.items():
            if method == "parameters":
                continue
            content = one.get("requestBody", {}).get("content", {}).get("application/json", {})
            example = content.get("example")
            yield Operation(
                api=api,
                name=one["operationId"],
                method=method.upper(),
                path=path,
                tag=one["tags"][0],
                summary=one["summary"],
                description=one.get("description", "").replace("`", ""),
                scopes=tuple(scope for needs in one.get("security", ()) for scope in needs.get("oauth2", ())),
                parameters=tuple(
                    parameter
                    for parameter in (*item.get("parameters", ()), *one.get("parameters", ()))
                    if parameter.get("in") in ("path", "query")
                ),
                body=format_json(example) if example is not None else "{}" if "requestBody" in one else "",
            )


def name_input(parameter: dict[str, Any]) -> str:
    """The name of the field of the form for a parameter."""
    return f"{parameter['in']}.{parameter['name']}"


def format_json(value: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
