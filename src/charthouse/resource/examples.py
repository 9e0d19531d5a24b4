"""Example objects for the printed documentation, from each declaration's ``example`` and the types of its keys."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import models

from charthouse.resource import fields as kinds
from charthouse.resource import times
from charthouse.resource.declare import Resource
from charthouse.resource.fields import ABSENT, Field, ListOf
from charthouse.resource.functions import Function
from charthouse.resource.joined import Constant, Linked, Parts
from charthouse.resource.nested import Embedded, Many, Members, One, RelatedIds, Rows
from charthouse.resource.schema import shows_null


def example_written(resource: Resource) -> dict[str, Any]:
    """A typical body of a create."""
    return {name: value for name, value in resource.example.items() if resource.by_name[name].writable}


def example_shown(resource: Resource, *, verbose: bool) -> dict[str, Any]:
    """A row as GET would show it."""
    return {f.name: _value(f, resource.model, resource.example) for f in resource.shown(verbose)}


def example_answered(function: Function) -> Any:
    """What a function would answer with."""
    answer = {f.name: _value(f, None, function.example) for f in function.answers}
    return [answer] if function.many else answer


def _value(field: Field, model: type[models.Model] | None, given: Mapping[str, Any]) -> Any:
    if field.name in given:
        return _as_shown(field, given[field.name])
    if field.example is not ABSENT:
        return field.example
    if isinstance(field, Parts | Linked):
        return _object(field.fields, field.of(model), given)
    if isinstance(field, Constant):
        return field.value
    if isinstance(field, Members):
        return _members(field)
    if isinstance(field, RelatedIds | ListOf):
        return []
    if shows_null(field, model) and not isinstance(field, times.Timestamp):
        return None
    if field.default is not ABSENT and not callable(field.default):
        return field.default
    return _typical(field)


def _as_shown(field: Field, value: Any) -> Any:
    """What was written, as it is read back."""
    if isinstance(field, Rows) and isinstance(value, Mapping):
        return _object(field.fields, field.to, value)
    if isinstance(field, Many) and isinstance(value, list):
        return [_object(field.fields, field.to, item) for item in value]
    if isinstance(field, kinds.Decimal) and not isinstance(field, kinds.Measure):
        return f"{float(value):.2f}"
    if isinstance(field, kinds.Id) and field.as_text:
        return str(value)
    return value


def _object(fields: Iterable[Field], model: type[models.Model] | None, given: Mapping[str, Any]) -> Any:
    return {f.name: _value(f, model, given) for f in fields if f.readable}


def _members(field: Members) -> Any:
    if isinstance(field, Many) or (isinstance(field, Embedded) and field.many):
        return []
    if isinstance(field, One) and field.always:
        return _object(field.fields, field.to, {})
    return None


def _typical(field: Field) -> Any:
    if isinstance(field, kinds.Text):
        choices = [choice for choice in field.choices or () if choice]
        return choices[0] if choices and field.access is kinds.REQUIRED else ""
    samples = {
        times.WallClock: "2026-03-02T09:30:00",
        times.Moment: "2026-02-27 16:04:12",
        times.Timestamp: "2026-02-27T16:04:12",
        kinds.Measure: 0,
        kinds.Decimal: "0.00",
        times.Date: "2026-03-02",
        times.Time: "09:30:00",
        kinds.Boolean: False,
        kinds.Integer: 0,
        kinds.Ref: 1,
    }
    if isinstance(field, kinds.Id):
        return "1" if field.as_text else 1
    for kind, sample in samples.items():
        if isinstance(field, kind):
            return sample
    return None
