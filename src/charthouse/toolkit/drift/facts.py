"""What an OpenAPI document says of each operation, as facts that can be compared: parameters, and keys of bodies and
answers with their types and values."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

METHODS = ("get", "put", "post", "delete", "patch")
ENVELOPES = ("results", "data")  # keys of a list's answer that hold its rows
MAX_DEPTH = 6  # objects within objects
JSON = "application/json"
ROWS = "[]"  # the key of an array of objects in place of one, and of a list's rows


@dataclass(frozen=True)
class Fact:
    """What is said of a parameter or key. ``types``: of JSON Schema, none for any; ``values``: an enumeration
    without null and "", none where any value may be."""

    types: frozenset[str] = frozenset()
    values: frozenset[str] = frozenset()
    required: bool = False


@dataclass
class OperationFacts:
    """One operation. The names of ``parameters`` begin with where they are (``query page_size``), keys are paths
    (``insurance.payer``, ``flags[].name``); a body that may be an array and a list's
    answer have the key ``[]``. Keys that a schema calls read-only are in no body, and write-only ones in no answer."""

    parameters: dict[str, Fact] = field(default_factory=dict)
    body: dict[str, Fact] = field(default_factory=dict)
    answer: dict[str, Fact] = field(default_factory=dict)


def read_operations(document: Mapping[str, Any]) -> dict[str, OperationFacts]:
    """Read the operations of a document by method and path, in which parameters are ``{}``."""
    found: dict[str, OperationFacts] = {}
    for path, item in (document.get("paths") or {}).items():
        shape = re.sub(r"{[^{}]*}", "{}", path.rstrip("/"))
        for method in METHODS:
            if isinstance(item.get(method), Mapping):
                found[f"{method.upper()} {shape}"] = _read_operation(document, item, item[method])
    return found


def _read_operation(
    document: Mapping[str, Any], item: Mapping[str, Any], operation: Mapping[str, Any]
) -> OperationFacts:
    facts = OperationFacts()
    for declared in (*item.get("parameters", ()), *operation.get("parameters", ())):
        parameter = _resolve(document, declared)
        if parameter.get("in") in ("query", "header", "cookie"):
            fact = _describe(document, parameter.get("schema") or {}, bool(parameter.get("required")))
            facts.parameters[f"{parameter['in']} {parameter['name']}"] = fact
    body = _resolve(document, operation.get("requestBody") or {})
    facts.body = dict(_list_keys(document, _find_schema(document, body), "readOnly"))
    for status, declared in (operation.get("responses") or {}).items():
        if str(status).startswith("2"):
            schema = _find_schema(document, _resolve(document, declared))
            rows = _find_rows(document, schema)
            facts.answer |= dict(_list_keys(document, schema if rows is None else rows, "writeOnly"))
            facts.answer |= {} if rows is None else {ROWS: Fact(frozenset({"array"}))}
    return facts


def _resolve(document: Mapping[str, Any], value: Any) -> Any:
    """Follow references within the document. What points nowhere or in circles is empty."""
    for _ in range(20):
        reference = value.get("$ref") if isinstance(value, Mapping) else None
        if not isinstance(reference, str):
            return value
        value = document
        for part in reference.removeprefix("#/").split("/"):
            name = part.replace("~1", "/").replace("~0", "~")
            value = value.get(name, {}) if isinstance(value, Mapping) else {}
    return {}


def _find_schema(document: Mapping[str, Any], content: Mapping[str, Any]) -> Any:
    """The schema of a body: that of JSON, else of its first media type."""
    media = content.get("content") or {}
    chosen: Mapping[str, Any] = media.get(JSON) or next(iter(media.values()), {})
    return chosen.get("schema") or {}


def _find_rows(document: Mapping[str, Any], schema: Any) -> Any:
    """The schema of the rows of a list's answer. None where it is no list."""
    for variant in _list_variants(document, schema, 0):
        for name in ENVELOPES:
            for rows in _list_variants(document, (variant.get("properties") or {}).get(name) or {}, 0):
                if rows.get("type") == "array":
                    return rows.get("items") or {}
        if variant.get("type") == "array":
            return variant.get("items") or {}
    return None


def _list_variants(document: Mapping[str, Any], schema: Any, depth: int) -> Iterator[Mapping[str, Any]]:
    """The schemas that a schema is made of: itself without combinations, and those of anyOf, oneOf and allOf."""
    schema = _resolve(document, schema)
    if not isinstance(schema, Mapping) or depth > MAX_DEPTH:
        return
    combined = [one for name in ("anyOf", "oneOf", "allOf") for one in schema.get(name) or ()]
    if not combined or schema.get("properties") or schema.get("type"):
        yield schema
    for one in combined:
        yield from _list_variants(document, one, depth + 1)


def _list_keys(
    document: Mapping[str, Any], schema: Any, left_out: str, path: str = "", depth: int = 0
) -> Iterator[tuple[str, Fact]]:
    """Every key of an object, and those of the objects in it. ``left_out``: what a key's schema must not say of it."""
    if depth > MAX_DEPTH:
        return
    for variant in _list_variants(document, schema, 0):
        required = variant.get("required")
        names = required if isinstance(required, list) else ()
        for name, declared in (variant.get("properties") or {}).items():
            variants = (_resolve(document, declared), *_list_variants(document, declared, 0))
            if not any(isinstance(each, Mapping) and each.get(left_out) is True for each in variants):
                yield f"{path}{name}", _describe(document, declared, name in names)
                yield from _list_keys(document, declared, left_out, f"{path}{name}.", depth + 1)
        if "items" in variant:
            if not path:
                yield ROWS, _describe(document, variant, False)
            rows = f"{path.removesuffix('.')}[]."
            yield from _list_keys(document, variant["items"], left_out, rows, depth + 1)


def _describe(document: Mapping[str, Any], schema: Any, required: bool) -> Fact:
    types: set[str] = set()
    values: set[str] = set()
    limited = True
    for variant in _list_variants(document, schema, 0):
        declared = variant.get("type", ())
        types |= {declared} if isinstance(declared, str) else set(declared)
        types |= {"null"} if variant.get("nullable") else set()
        if "enum" in variant or "const" in variant:
            values |= {
                str(value) for value in variant.get("enum", [variant.get("const")]) if value is not None
            }
        elif declared != "null":
            limited = False
    return Fact(frozenset(types), frozenset(values - {"", "None"} if limited else ()), required)
