"""Filters that resources of the DrChrono API share."""

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from charthouse.engine.declaration.filters import Condition, Values
from charthouse.engine.declaration.values import InvalidValue, parse_text
from charthouse.engine.sql.expressions import BoundParameter


def make_integer_filter(
    name: str,
    *,
    matches: Callable[[BoundParameter], Q],
    minimum: int = 1,
    maximum: int = 2**63 - 1,
    **options: Any,
) -> Condition:
    """Whole numbers, separated by commas, between ``minimum`` and ``maximum``; ``matches`` makes the condition from the
    array of them. Of a parameter that is ``repeated``, each may have several."""

    def read(text: str | list[str], given: Mapping[str, Any]) -> Values:
        numbers = []
        for part in parse_text(",".join(text) if isinstance(text, list) else text).split(","):
            number = part.strip()
            if not (number.isascii() and number.isdigit()) or len(number) > 19:
                raise InvalidValue("Enter whole numbers separated by commas.")
            if not minimum <= int(number) <= maximum:
                raise InvalidValue(f"Each number must be between {minimum} and {maximum}.")
            numbers.append(int(number))
        return {name: numbers[:1000]}

    array: Any = ArrayField(models.BigIntegerField())
    return Condition(name, read=read, condition=lambda: matches(BoundParameter(name, array)), **options)
