"""The operations of an API, as its printed OpenAPI document has them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

METHODS = ("get", "post", "put", "patch", "delete")
MAX_DEPTH = 4  # of the schemas of a body
WORD = re.compile(r"[a-z0-9]+")


@dataclass(frozen=True)
class Operation:
    """One operation. ``parameters``: those of path and query as OpenAPI has them; ``body``: the schema of its JSON
    body, {} where it has none."""

    name: str
    method: str
    path: str
    summary: str
    description: str
    parameters: tuple[Mapping[str, Any], ...]
    body: Mapping[str, Any]

    @property
    def is_list(self) -> bool:
        return self.method == "GET" and self.name.endswith("_list")

    @property
    def path_names(self) -> list[str]:
        return re.findall(r"{(\w+)}", self.path)

    @property
    def query_names(self) -> list[str]:
        return [each["name"] for each in self.parameters if each["in"] == "query"]

    def describe(self) -> dict[str, Any]:
        """Everything that a caller has to know."""
        shown = [
            {name: each[name] for name in ("name", "in", "required", "description", "schema") if name in each}
            for each in self.parameters
        ]
        found = {"operation": self.name, "call": f"{self.method} {self.path}", "summary": self.summary}
        return found | {"description": self.description, "parameters": shown, "body": self.body}


def read_operations(document: Mapping[str, Any]) -> dict[str, Operation]:
    """Read the operations of a document, by name."""
    found: dict[str, Operation] = {}
    for path, item in document["paths"].items():
        for method in METHODS:
            if (printed := item.get(method)) is not None:
                name = printed["operationId"]
                name = name if name not in found else f"{name}_{method}"
                found[name] = _read(document, name, method, path, item, printed)
    return found


def _read(
    document: Mapping[str, Any],
    name: str,
    method: str,
    path: str,
    item: Mapping[str, Any],
    printed: Mapping[str, Any],
) -> Operation:
    parameters = [*item.get("parameters", ()), *printed.get("parameters", ())]
    content = printed.get("requestBody", {}).get("content", {}).get("application/json", {})
    return Operation(
        name,
        method.upper(),
        path,
        printed.get("summary", ""),
        printed.get("description", ""),
        tuple(parameters),
        _resolve(document, content.get("schema", {}), MAX_DEPTH),
    )


def _resolve(document: Mapping[str, Any], schema: Any, depth: int) -> Any:
    """A schema with its references replaced by what they refer to, so deep."""
    if isinstance(schema, list):
        return [_resolve(document, each, depth) for each in schema]
    if not isinstance(schema, Mapping):
        return schema
    if "$ref" in schema:
        if not depth:
            return {}
        target: Any = document
        for step in schema["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        return _resolve(document, target, depth - 1)
    return {name: _resolve(document, value, depth) for name, value in schema.items()}


def search(operations: Mapping[str, Operation], words: str, most: int) -> list[Operation]:
    """The operations in whose names and texts the words are, the best first."""
    wanted = set(WORD.findall(words.lower()))
    ranked = sorted(operations.values(), key=lambda each: (-_rank(each, wanted), each.name))
    return [each for each in ranked[:most] if _rank(each, wanted)]


def _rank(operation: Operation, wanted: set[str]) -> int:
    """How well an operation fits: a word of its name or path counts more than one of its texts."""
    named = set(WORD.findall(f"{operation.name} {operation.path}".lower().replace("_", " ")))
    described = set(
        WORD.findall(f"{operation.summary} {operation.description} {operation.query_names}".lower())
    )
    return sum(5 * _has(named, word) + _has(described, word) for word in wanted)


def _has(words: set[str], word: str) -> bool:
    """Whether a word, or its plural or singular, is among others."""
    return word in words or f"{word}s" in words or word.removesuffix("s") in words
