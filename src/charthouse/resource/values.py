"""One wire value → Python value, by its declaration and by what its column can hold."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, ProhibitNullCharactersValidator
from django.db import models

from charthouse.resource.fields import REQUIRED, Field, ListOf, Text, Wrong


def value(declared: Field, model: type[models.Model], given: Any) -> Any:
    """Null and "" by what the column makes of them; length and validators of the column. Raises Wrong."""
    limits = _limits(declared, model)
    if given is None or (given == "" and not isinstance(declared, Text | ListOf) and limits.null):
        if limits.null:
            return None
        if declared.access is REQUIRED or limits.absent is None:
            raise Wrong("This field may not be null.")
        return limits.absent  # text: null and "" both mean absent
    parsed = declared.parse(given)
    if isinstance(parsed, str):
        if limits.length is not None and len(parsed) > limits.length:
            raise Wrong(f"Ensure this field has no more than {limits.length} characters.")
        if declared.access is REQUIRED and not parsed.strip() and isinstance(declared, Text):
            raise Wrong("This field may not be blank.")
    if parsed not in ("", None):
        for validator in limits.validators:
            try:
                validator(parsed)
            except ValidationError as error:
                raise Wrong(error.messages) from None
    return parsed


@dataclass(frozen=True)
class _Limits:
    null: bool
    absent: Any
    length: int | None
    validators: tuple[Any, ...]


@cache
def _limits(declared: Field, model: type[models.Model]) -> _Limits:
    column = declared.column(model)
    own = (MaxLengthValidator, ProhibitNullCharactersValidator)
    validators = () if column is None else tuple(v for v in column.validators if not isinstance(v, own))
    length = getattr(column, "max_length", None) if isinstance(column, models.CharField) else None
    absent = None if declared.access is REQUIRED else declared.absent(model)
    return _Limits(declared.accepts_null(model), absent, length, validators)
