"""Filters of both APIs over the index of search terms: what finds few of many patients reads few rows."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q

from charthouse.domains.patients.search import match_name_part, match_term
from charthouse.engine.declaration.filters import Operator, Values
from charthouse.engine.declaration.types import Type
from charthouse.engine.declaration.values import InvalidValue, parse_text
from charthouse.engine.sql import expressions as sql
from charthouse.engine.sql.expressions import BoundParameter
from charthouse.engine.sql.folding import Digits, Folded

_TEXT: Any = models.TextField()


class ContainsName(Operator):
    """A part of a first or last name, whatever case and accents. The source is its folded column."""

    replan: ClassVar[bool] = True

    def match(self, type: Type, name: str, path: str) -> Q:
        return Q(match_name_part(path, BoundParameter(name, _TEXT)))


class NameLike(Operator):
    """The whole first or last name, whatever case and accents, with ``%`` for any part of it. The source is its folded
    column."""

    replan: ClassVar[bool] = True

    def parse(self, type: Type, name: str, text: Any) -> Values:
        given = parse_text(text)
        return {name: escape_pattern(given), f"{name}_part": max(given.split("%"), key=len)}

    def match(self, type: Type, name: str, path: str) -> Q:
        part = match_name_part(path, BoundParameter(f"{name}_part", _TEXT))
        return Q(part) & match_pattern(F(path), Folded(BoundParameter(name, _TEXT)))


class EmailLike(Operator):
    """One of the e-mail addresses, whatever case, with ``%`` for any part of it."""

    replan: ClassVar[bool] = True
    columns = ("email_folded", "email2_folded")

    def parse(self, type: Type, name: str, text: Any) -> Values:
        given = parse_text(text)
        return {name: escape_pattern(given), f"{name}_first": given.partition("%")[0]}

    def match(self, type: Type, name: str, path: str) -> Q:
        condition = Q()
        for column in self.columns:
            condition |= match_pattern(F(column), Folded(BoundParameter(name, _TEXT)))
        return Q(match_term(BoundParameter(f"{name}_first", _TEXT))) & condition


class PhoneLike(Operator):
    """One of the telephone numbers has these digits, however both are written, with ``%`` for any of them."""

    replan: ClassVar[bool] = True
    columns = ("cell_phone", "home_phone", "office_phone", "phone_other")

    def parse(self, type: Type, name: str, text: Any) -> Values:
        digits = "".join(one for one in parse_text(text) if one == "%" or (one.isascii() and one.isdigit()))
        if not digits.strip("%"):
            raise InvalidValue("Give digits of a telephone number.")
        # The country code of North America counts for nothing where the whole number is given.
        if len(digits) == 11 and digits.startswith("1") and "%" not in digits:
            digits = digits[1:]
        return {name: digits, f"{name}_first": digits.partition("%")[0]}

    def match(self, type: Type, name: str, path: str) -> Q:
        condition = Q()
        for column in self.columns:
            condition |= match_pattern(Digits(F(column)), BoundParameter(name, _TEXT))
        return Q(match_term(BoundParameter(f"{name}_first", _TEXT))) & condition


def escape_pattern(text: str) -> str:
    """Escape what LIKE reads as special, but ``%``."""
    return text.replace("\\", "\\\\").replace("_", "\\_")


def match_pattern(value: Any, pattern: Any) -> Q:
    """Match values that are LIKE a pattern."""
    return Q(sql.template("%s like %s", value, pattern, output_field=sql.BOOLEAN))


CONTAINS_NAME = ContainsName()
