"""What an API adds to its declarations in its OpenAPI document."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from charthouse.engine.declaration.json_schema import Schema, list_of
from charthouse.engine.declaration.resources import Operation, Resource


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
    security: Callable[[Resource | Operation, bool], list[dict[str, list[str]]]]
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
