"""Example objects for the printed documentation, from each declaration's ``example`` and the types of its keys."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import models

from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.resources import Operation, Resource
from charthouse.engine.declaration.values import ABSENT

Model = type[models.Model]


def make_written_example(resource: Resource) -> dict[str, Any]:
    """A typical body of a create."""
    return {name: value for name, value in resource.example.items() if resource.keys_by_name[name].writable}


def make_shown_example(resource: Resource, *, verbose: bool) -> dict[str, Any]:
    """A row as GET would show it."""
    return {
        key.name: _make_value(key, resource.model, resource.example) for key in resource.list_shown(verbose)
    }


def make_answer_example(operation: Operation) -> Any:
    """What an operation would answer with."""
    answer = {key.name: _make_value(key, None, operation.example) for key in operation.answer}
    return [answer] if operation.many else answer


def _make_value(key: Key, model: Model | None, given: Mapping[str, Any]) -> Any:
    if key.name in given:
        return _show(key, given[key.name])
    if key.example is not ABSENT:
        return key.example
    source = key.source
    if source.has_members and not source.writes_rows:
        return _make_object(key.type.keys, source.member_model(model), given)
    if key.type.keys:
        return _make_members(key)
    if key.type.is_list:
        return []
    if key.shows_null(model) and not key.type.prefers_sample:
        return None
    if key.default is not ABSENT and not callable(key.default):
        return key.default
    return key.type.make_sample()


def _show(key: Key, value: Any) -> Any:
    """A written example as it is read back."""
    if key.source.writes_rows:
        model = key.source.member_model(None)
        if isinstance(value, list):
            return [_make_object(key.type.keys, model, item) for item in value]
        if isinstance(value, Mapping):
            return _make_object(key.type.keys, model, value)
    return key.type.show_sample(value)


def _make_object(keys: Iterable[Key], model: Model | None, given: Mapping[str, Any]) -> Any:
    return {key.name: _make_value(key, model, given) for key in keys if key.readable}


def _make_members(key: Key) -> Any:
    """An object for which the example says nothing."""
    if key.type.is_list:
        return []
    if key.source.writes_rows and not key.source.may_be_null(None):
        return _make_object(key.type.keys, key.source.member_model(None), {})
    return None
