"""Pieces of JSON Schema 2020-12, as types describe themselves with them."""

from collections.abc import Mapping
from typing import Any

Schema = dict[str, Any]

PATTERNS = {
    "date": r"^\d{4}-\d{2}-\d{2}$",
    "timestamp": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$",
    "moment": r"^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$",
    "time": r"^\d{2}:\d{2}(:\d{2})?$",
    "decimal": r"^-?\d+\.\d{2}$",
}

# The names of the OpenAPI format registry. JSON Schema's own "time" would need a zone.
FORMATS = {"timestamp": "date-time-local", "time": "time-local"}


def add_pattern(schema: Schema) -> Schema:
    """The schema with the pattern of its format: what is shown has exactly this form."""
    pattern = PATTERNS.get(schema.get("format", ""))
    return name_format({**schema, "pattern": pattern} if pattern else schema)


def name_format(schema: Schema) -> Schema:
    """The schema with its format named as OpenAPI names it."""
    name = schema.get("format")
    if name == "moment":  # no format of the registry; its pattern describes it
        return {key: value for key, value in schema.items() if key != "format"}
    return {**schema, "format": FORMATS[name]} if name in FORMATS else schema


def allow_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def list_of(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def strict_object(properties: Mapping[str, Schema]) -> Schema:
    """An object with all of these keys and no others."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def reference(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def name_component(path: str, suffix: str = "") -> str:
    """The name of the schema of a path: ``PatientsSummary``, ``PatientsSummaryVerbose``, ``PatientsSummaryWrite``."""
    return "".join(word.title() for word in slugify(path).split("_")) + suffix


def slugify(path: str) -> str:
    """``patients/{patient_id}/images`` → ``patients_images``."""
    return "_".join(part for part in path.split("/") if "{" not in part)
