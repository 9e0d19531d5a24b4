"""Filters that the Cerbo resources of patients share."""

from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.models import F, Q

from charthouse.engine.declaration.filters import Operator, Values
from charthouse.engine.declaration.types import Type
from charthouse.engine.declaration.values import InvalidValue, parse_text
from charthouse.engine.sql import expressions as sql
from charthouse.engine.sql.expressions import BoundParameter
from charthouse.engine.sql.folding import Digits, Folded


@dataclass(frozen=True)
class Like(Operator):
    """The whole text, whatever case and accents, with ``%`` for any part of it.

    columns  of one of these, instead of the source
    folded   the columns hold folded text
    """

    columns: tuple[str, ...] = ()
    folded: bool = False

    def parse(self, type: Type, name: str, text: Any) -> Values:
        return {name: parse_text(text).replace("\\", "\\\\").replace("_", "\\_")}

    def match(self, type: Type, name: str, path: str) -> Q:
        pattern, condition = Folded(BoundParameter(name, models.TextField())), Q()
        for searched in self.columns or (path,):
            column = F(searched) if self.folded else Folded(F(searched))
            condition |= Q(sql.template("%s like %s", column, pattern, output_field=sql.BOOLEAN))
        return condition


@dataclass(frozen=True)
class PhoneLike(Operator):
    """One of these columns has these digits, however both are written, with ``%`` for any of them."""

    columns: tuple[str, ...]

    def parse(self, type: Type, name: str, text: Any) -> Values:
        digits = "".join(one for one in parse_text(text) if one == "%" or (one.isascii() and one.isdigit()))
        if not digits.strip("%"):
            raise InvalidValue("Give digits of a telephone number.")
        return {name: digits}

    def match(self, type: Type, name: str, path: str) -> Q:
        given, condition = BoundParameter(name, models.TextField()), Q()
        # The country code of North America counts for nothing where the whole number is given.
        without = sql.template(
            "regexp_replace(%s, '^1([0-9]{10})$', '\\1')", given, output_field=models.TextField()
        )
        for searched in self.columns:
            condition |= Q(sql.template("%s like %s", Digits(F(searched)), without, output_field=sql.BOOLEAN))
        return condition
