"""What an anonymous caller is shown: the shape of a row without what identifies a patient.

A model says of its columns what remains of them (``identifying = {"first_name": REMOVED}``); every key over such a
column follows, wherever it is embedded, so that no declaration can forget it. A key with an expression says so itself
(``Key.deidentified``), or the server does not start.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast

from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.sources import Expression, Model, find_deidentified
from charthouse.engine.declaration.types import Type
from charthouse.engine.declaration.values import AREA_CODE, READ_ONLY, REMOVED, SHOWN, YEAR
from charthouse.engine.sql import expressions as sql


def _select_area_code(number: Combinable) -> Combinable:
    """Of a phone number of the United States; the empty text of any other."""
    text = r"coalesce(substring(regexp_replace(%s, '\D', '', 'g') from '^1?(\d{3})\d{7}$'), '')"
    return sql.template(text, number, output_field=sql.TEXT)


def _select_year(date: Combinable) -> Combinable:
    return sql.template("to_char(%s, 'YYYY')", date, output_field=sql.TEXT)


def deidentify(keys: Sequence[Key], model: Model | None) -> tuple[Key, ...]:
    """The same keys as they are shown to an anonymous caller."""
    return tuple(_deidentify(key, model) for key in keys)


def _deidentify(key: Key, model: Model | None) -> Key:
    deidentified = key.find_deidentified(model)
    if deidentified == REMOVED:
        return _replace(key, _select_nothing(key, model))
    if deidentified == AREA_CODE:
        return _replace(key, _select_area_code(key.select()))
    if deidentified == YEAR:
        return _replace(key, _select_year(key.select()))
    if key.source.has_members:
        return key.with_members(deidentify(key.type.keys, key.source.member_model(model)))
    return key


def _replace(key: Key, shown: Combinable) -> Key:
    return Key(key.name, Type(), READ_ONLY, doc=key.doc, source=Expression(lambda: shown))


def _select_nothing(key: Key, model: Model | None) -> Combinable:
    if key.type.is_list and key.type.keys:
        return Cast(Value("[]"), models.JSONField())
    return sql.literal(None if key.shows_null(model) else "")


def find_faults(keys: Iterable[Key], model: Model | None) -> Iterable[str]:
    """Keys whose expression uses an identifying column and that do not say what remains of it."""
    for key in keys:
        if key.source.has_members:
            yield from find_faults(key.type.keys, key.source.member_model(model))
            continue
        expression = key.source.make() if key.readable and key.source.make else None
        if expression is None or key.deidentified or model is None:
            continue
        if named := _find_identifying(expression, model):
            yield f"{key.name}: shows {named}; say what anonymous callers are shown of it (deidentified=)"


def _find_identifying(expression: Any, model: Model) -> str:
    """The first identifying column that an expression names."""
    for part in _list_parts(expression):
        path = part.name if isinstance(part, F) else str(part)  # type: ignore[attr-defined]
        try:
            if find_deidentified(model, path) != SHOWN:
                return str(path)
        except (FieldDoesNotExist, AttributeError):  # a path of another model
            continue
    return ""


def _list_parts(expression: Any) -> Iterable[Any]:
    if isinstance(expression, F):
        yield expression
    elif isinstance(expression, Q):
        for child in expression.children:
            yield from [child[0]] if isinstance(child, tuple) else _list_parts(child)
    elif hasattr(expression, "get_source_expressions"):
        for inner in expression.get_source_expressions():
            yield from _list_parts(inner)
