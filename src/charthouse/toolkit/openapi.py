"""The OpenAPI document of the control API, printed from the declarations."""

from functools import lru_cache
from importlib.metadata import version
from typing import Any

import msgspec

from charthouse.toolkit.controls import CONTROLS
from charthouse.toolkit.declaration import BASE, Control

REFERENCE = "#/components/schemas/{name}"
ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["message"],
            "properties": {
                "message": {"type": "string"},
                "fields": {
                    "type": "object",
                    "description": "Error messages by parameter.",
                    "additionalProperties": {"type": "array", "items": {"type": "string"}},
                },
            },
        }
    },
}


@lru_cache(maxsize=1)
def print_document_json() -> bytes:
    """The document as JSON."""
    return msgspec.json.encode(make_document())


def make_document() -> dict[str, Any]:
    """Make the document."""
    paths: dict[str, Any] = {}
    for control in CONTROLS:
        paths.setdefault(BASE + control.path, {})[control.method.lower()] = _describe(control)
    answers = [control.answer for control in CONTROLS]
    _, components = msgspec.json.schema_components(answers, ref_template=REFERENCE)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Charthouse sandbox",
            "version": version("charthouse"),
            "description": "Controls a sandbox: access, the clock, snapshots, faults, and events. Available only on "
            "loopback, with the key in sandbox.json; no other server has it.",
        },
        "servers": [{"url": "http://127.0.0.1:8000"}],
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": "control.key of sandbox.json."}
            },
            "schemas": {**components, "Error": ERROR},
        },
    }


def make_parameter_schemas(control: Control) -> dict[str, dict[str, Any]]:
    """The JSON schema of each parameter of a control."""
    (_,), components = msgspec.json.schema_components([control.parameters], ref_template=REFERENCE)
    found: dict[str, dict[str, Any]] = components[control.parameters.__name__].get("properties", {})
    return found


def _describe(control: Control) -> dict[str, Any]:
    """The operation of a control."""
    schemas = make_parameter_schemas(control)
    required = [field.name for field in control.list_fields() if field.required]
    in_url = schemas if not control.has_body else {name: schemas[name] for name in control.path_names}
    operation: dict[str, Any] = {
        "operationId": control.name.replace(".", "_"),
        "summary": control.summary,
        "tags": [control.group],
        "responses": {
            "200": _respond_with("Done.", _find_answer_schema(control)),
            "default": _respond_with("Refused.", {"$ref": REFERENCE.format(name="Error")}),
        },
    }
    if in_url:
        operation["parameters"] = [
            {
                "name": name,
                "in": "path" if name in control.path_names else "query",
                "required": name in required,
                "schema": {key: value for key, value in schema.items() if key != "description"},
                **({"description": schema["description"]} if "description" in schema else {}),
            }
            for name, schema in in_url.items()
        ]
    if control.has_body:
        operation["requestBody"] = _describe_body(schemas, required, control)
    return operation


def _describe_body(schemas: dict[str, Any], required: list[str], control: Control) -> dict[str, Any]:
    properties = {name: schema for name, schema in schemas.items() if name not in control.path_names}
    needed = [name for name in required if name in properties]
    schema = {"type": "object", "properties": properties, "additionalProperties": False}
    if needed:
        schema["required"] = needed
    return {"required": bool(needed), "content": {"application/json": {"schema": schema}}}


def _respond_with(text: str, schema: Any) -> dict[str, Any]:
    return {"description": text, "content": {"application/json": {"schema": schema}}}


def _find_answer_schema(control: Control) -> Any:
    (schema,), _ = msgspec.json.schema_components([control.answer], ref_template=REFERENCE)
    return schema
