"""Objects on the wire, and the keys they consist of."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
from django.db import models
from django.db.models.expressions import Combinable

from charthouse.engine.declaration import json_schema
from charthouse.engine.declaration.json_schema import Schema
from charthouse.engine.declaration.types import References, Type
from charthouse.engine.declaration.values import (
    ABSENT,
    REQUIRED,
    InvalidValue,
    decode_json_text,
)
from charthouse.engine.sql import expressions as sql

if TYPE_CHECKING:
    from charthouse.engine.declaration.keys import Key
    from charthouse.engine.declaration.resources import Resource

Model = type[models.Model]


@dataclass(frozen=True, kw_only=True, eq=False)
class Object(Type):
    """An object with these keys; ``open``: others may be in it as well.

    Its source says where it is: in a JSON column, in the row's own columns, in a related row, in child rows.
    """

    keys: tuple["Key", ...] = field(kw_only=False, default=())  # the default replaces the property of Type
    open: bool = False
    control = "object"

    def with_keys(self, keys: tuple["Key", ...]) -> Type:
        return replace(self, keys=keys)

    def parse(self, value: Any) -> dict[str, Any]:
        """The object of a JSON column, with the defaults of its keys."""
        parsed = parse_object(self.keys, value, None)
        for key in self.keys:
            if key.writable and key.name not in parsed and key.default is not ABSENT:
                parsed[key.name] = key.default
        return parsed

    def select(self, column: Combinable) -> Combinable:
        return sql.cast_json(column)

    @property
    def render(self) -> Callable[[Any], Any] | None:
        """Objects leave the database as JSON text; it is decoded only for members that SQL cannot complete."""
        members = {k.name: k.type.render for k in self.keys if k.readable and k.type.render}
        return partial(_render_members, members) if members else None

    def find_references(self, value: Any) -> References:
        for key in self.keys if value is not None else ():
            for to, row_id, path in key.type.find_references(value.get(key.name)):
                yield to, row_id, (key.name, *path)

    def read_schema(self, *, in_json: bool = False) -> Schema:
        properties = {
            key.name: json_schema.allow_null(key.source.read_schema(key.type, None, False))
            for key in self.keys
            if key.readable
        }
        return {"type": "object", "properties": properties, "additionalProperties": self.open}

    def write_schema(self, *, in_json: bool = False) -> Schema:
        return write_object_schema(self.keys, None)

    @property
    def word(self) -> str:
        return "object"


@dataclass(frozen=True, kw_only=True, eq=False)
class ResourceObject(Type):
    """In an operation's answer: an object as its resource shows it; ``verbose``: or as it shows it with verbose on."""

    resource: "Resource" = field(kw_only=False)
    verbose: bool = False
    never_null = True

    @property
    def keys(self) -> tuple["Key", ...]:
        return self.resource.list_shown(True)

    @property
    def item_keys(self) -> tuple["Key", ...]:
        return ()  # the reference has them where the resource is

    def read_schema(self, *, in_json: bool = False) -> Schema:
        suffixes = ("", "Verbose") if self.verbose and self.resource.has_verbose else ("",)
        names = [json_schema.name_component(self.resource.path, suffix) for suffix in suffixes]
        shown = [json_schema.reference(name) for name in names]
        return {"anyOf": shown} if self.verbose else shown[0]

    @property
    def word(self) -> str:
        return "object"


def parse_object(keys: Sequence["Key"], value: Any, model: Model | None) -> dict[str, Any]:
    """An object's own keys, those that were given. ``model`` None: the object is in a JSON column. Raises
    InvalidValue."""
    value = decode_json_text(value)
    if not isinstance(value, dict):
        message = f"Invalid data. Expected a dictionary, but got {type(value).__name__}."
        raise InvalidValue({"non_field_errors": [message]})
    parsed: dict[str, Any] = {}
    errors: dict[str, Any] = {}
    for key in keys:
        if not key.writable or key.name not in value:
            if key.writable and key.access is REQUIRED:
                errors[key.name] = ["This field is required."]
            continue
        try:
            parsed[key.name] = _parse_member(key, value[key.name], model)
        except InvalidValue as error:
            errors[key.name] = error.messages
    if errors:
        raise InvalidValue(errors)
    return parsed


def _parse_member(key: "Key", value: Any, model: Model | None) -> Any:
    if model is not None:
        return key.parse(value, model)
    if value is not None:
        return key.type.parse(value)
    if key.access is REQUIRED:
        raise InvalidValue("This field may not be null.")
    return None


def _render_members(members: Mapping[str, Any], value: Any) -> Any:
    decoded = msgspec.json.decode(value) if isinstance(value, msgspec.Raw) else value
    for item in decoded if isinstance(decoded, list) else [decoded]:
        if item is not None:
            for name, render in members.items():
                item[name] = render(item[name])
    return decoded


def write_object_schema(keys: Iterable["Key"], model: Model | None) -> Schema:
    members = [key for key in keys if key.writable]
    schema: Schema = {
        "type": "object",
        "properties": {key.name: key.write_schema(model) for key in members},
    }
    if required := [key.name for key in members if key.access is REQUIRED]:
        schema["required"] = required
    return schema
