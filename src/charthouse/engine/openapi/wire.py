"""What an API adds to its declarations in its OpenAPI document."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from charthouse.engine.declaration.json_schema import Schema, list_of, reference
from charthouse.engine.declaration.resources import Declaration, Resource


@dataclass(frozen=True, kw_only=True)
class WireFormat:
    """What an API adds.

    base          the path that resources are below, ``/api/``
    schemes       components/securitySchemes
    security      what an operation needs: (declaration, reading) → Security Requirement objects
    page          the schema of a list's envelope, from the schema of its rows; ``page_example``: from an example row
    paging        query parameters of every list of a resource, as Parameter objects
    schemas       the API's own components/schemas, its error bodies among them
    errors        status → Response object
    created       status of a create; ``takes_lists``: whether one may create a list of rows
    changed       status of a replace or change: with 200, it answers with the object
    deleted       the schema of the answer to a DELETE, and an example of it; None: there is none
    listed        the schema of an operation's answer that is a list, from the schema of its items
    anonymizes    whether some callers are shown less than there is
    media         request bodies' media types that take nested values; ``forms``: those that take plain ones
    """

    title: str
    version: str
    description: str
    base: str
    schemes: Mapping[str, Any]
    security: Callable[[Declaration, bool], list[dict[str, list[str]]]]
    page: Callable[[Schema], Schema]
    page_example: Callable[[Any], Any]
    paging: Callable[[Resource], list[dict[str, Any]]]
    schemas: Mapping[str, Schema]
    errors: Mapping[int, dict[str, Any]]
    created: int = 201
    takes_lists: bool = True
    changed: int = 204
    deleted: tuple[Schema, Any] | None = None
    listed: Callable[[Schema], Schema] = list_of
    anonymizes: bool = False
    media: Sequence[str] = ("application/json",)
    forms: Sequence[str] = ("application/x-www-form-urlencoded", "multipart/form-data")


# Schema of the component "WrongFields", which APIs put into their error bodies. A key of its own makes it a class in
# generated clients: openapi-generator's Java does not compile with a bare map among alternatives.
_MESSAGES: Schema = {"type": "array", "items": {"type": "string"}, "minItems": 1}
WRONG_FIELDS: Schema = {
    "type": "object",
    "description": "Field name → error messages; nested objects and list indexes map in the same way. In a list, "
    "an object that is right has no names.",
    "properties": {"non_field_errors": {**_MESSAGES, "description": "Errors about the object as a whole."}},
    "additionalProperties": {"anyOf": [_MESSAGES, reference("WrongFields")]},
}


def describe_error(
    status: int, description: str, schema: Schema, example: Any, retry_after: str
) -> dict[str, Any]:
    """Return the Response object of an error, with the headers of its status.

    ``retry_after`` says what the seconds of ``Retry-After`` are until.
    """
    headers: dict[int, dict[str, Any]] = {
        401: {"WWW-Authenticate": {"schema": {"type": "string"}, "required": True}},
        405: {"Allow": {"schema": {"type": "string"}, "required": True}},
        429: {
            "Retry-After": {
                "schema": {"type": "integer", "minimum": 0},
                "required": True,
                "description": retry_after,
            }
        },
        503: {
            "Retry-After": {
                "schema": {"type": "integer", "minimum": 0},
                "required": True,
                "description": "Seconds to wait before retrying the request.",
            }
        },
    }
    response = {
        "description": description,
        "content": {"application/json": {"schema": schema, "example": example}},
    }
    return response | ({"headers": headers[status]} if status in headers else {})


def describe_query_parameter(name: str, schema: Schema, description: str) -> dict[str, Any]:
    """Return the Parameter object of an optional query parameter."""
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}
