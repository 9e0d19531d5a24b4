"""What an anonymised caller is shown: the shape of a row without what says who a patient is.

A model says of its columns what is left of them (``identifying = {"first_name": NOTHING}``); every key over such a
column follows, wherever it is embedded, so that a declaration can't forget it. A key that computes its value says so
itself (``Field.left``), or the server doesn't start.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.expressions import Combinable, Func
from django.db.models.functions import Cast

from charthouse.resource import sql
from charthouse.resource.fields import Field
from charthouse.resource.joined import Linked, Parts
from charthouse.resource.nested import Embedded, Many, Members, Rows

KEPT, NOTHING, AREA, YEAR = "kept", "nothing", "area code", "year"


class _AreaCode(Func):
    """Of a phone number of the United States; the empty text of any other."""

    template = (
        r"coalesce(substring(regexp_replace(%(expressions)s, '\D', '', 'g') from '^1?(\d{3})\d{7}$'), '')"
    )
    output_field = models.TextField()


class _Year(Func):
    template = "to_char(%(expressions)s, 'YYYY')"
    output_field = models.TextField()


def left(declared: Field, model: type[models.Model] | None) -> str:
    """What is left of a key: KEPT, NOTHING, AREA or YEAR."""
    if declared.left or model is None or declared.computed or not declared.stored:
        return declared.left or KEPT
    if isinstance(declared, Rows | Linked | Parts):
        return KEPT  # its members follow their own model
    return _said(model, declared.path)


def _said(model: Any, path: str) -> str:
    """What the model at the end of a path says of its column."""
    *steps, name = path.split("__")
    for step in steps:
        model = model._meta.get_field(step).related_model
    return str(getattr(model, "identifying", {}).get(name, KEPT))


def without_names(fields: Sequence[Field], model: type[models.Model] | None) -> tuple[Field, ...]:
    """The same keys as they are shown to an anonymised caller."""
    return tuple(_anonymised(declared, model) for declared in fields)


def _anonymised(declared: Field, model: type[models.Model] | None) -> Field:
    remains = left(declared, model)
    if remains == NOTHING:
        return _emptied(declared, model)
    if remains in (AREA, YEAR):
        cut = _AreaCode if remains == AREA else _Year
        return Field(declared.name, doc=declared.doc, computed=lambda: cut(declared.sql()))
    if isinstance(declared, Members) and not isinstance(declared, Embedded):
        return replace(declared, fields=without_names(declared.fields, declared.of(model)))
    return declared


def _emptied(declared: Field, model: type[models.Model] | None) -> Field:
    from charthouse.resource.schema import shows_null

    if isinstance(declared, Many) or (isinstance(declared, Embedded) and declared.many):
        empty: Combinable = Cast(Value("[]"), models.JSONField())
    elif shows_null(declared, model):
        empty = sql.constant(None)
    else:
        empty = sql.Text("")
    return Field(declared.name, doc=declared.doc, computed=lambda: empty)


def faults(fields: Iterable[Field], model: type[models.Model] | None) -> Iterable[str]:
    """Keys that compute their value from an identifying column and don't say what is left of it."""
    for declared in fields:
        if isinstance(declared, Members) and not isinstance(declared, Embedded):
            yield from faults(declared.fields, declared.of(model))
        if declared.left or model is None or not declared.readable:
            continue
        if declared.computed and (named := _identifying(declared.computed(), model)):
            yield f"{declared.name}: shows {named}; say what is left of it for anonymised callers"


def _identifying(expression: Any, model: type[models.Model]) -> str:
    """The first identifying column that an expression names."""
    for part in _parts(expression):
        path = part.name if isinstance(part, F) else str(part)  # type: ignore[attr-defined]
        try:
            if _said(model, path) != KEPT:
                return str(path)
        except (FieldDoesNotExist, AttributeError):  # a path of its own kind
            continue
    return ""


def _parts(expression: Any) -> Iterable[Any]:
    if isinstance(expression, F):
        yield expression
    elif isinstance(expression, Q):
        for child in expression.children:
            yield from [child[0]] if isinstance(child, tuple) else _parts(child)
    elif hasattr(expression, "get_source_expressions"):
        for inner in expression.get_source_expressions():
            yield from _parts(inner)
