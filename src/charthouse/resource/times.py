"""Dates, times and moments, as a declaration may say of a value and as the wire writes them."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from django.db.models.expressions import Combinable, F

from charthouse.resource import sql
from charthouse.resource.fields import Field, Wrong, plain_text


@dataclass(frozen=True, kw_only=True, eq=False)
class Date(Field):
    json_type = {"type": "string", "format": "date"}

    def parse(self, value: Any) -> date:
        return parse_date(value)


@dataclass(frozen=True, kw_only=True, eq=False)
class Timestamp(Field):
    """A moment, UTC on the wire without a zone, to the second."""

    json_type = {"type": "string", "format": "timestamp"}

    def parse(self, value: Any) -> datetime:
        return parse_moment(value)

    def shown(self, column: Combinable) -> Combinable:
        return sql.WallClock(column, "UTC")


@dataclass(frozen=True, kw_only=True, eq=False)
class Moment(Timestamp):
    """The same with a space in the place of the T."""

    json_type = {"type": "string", "format": "moment"}

    def shown(self, column: Combinable) -> Combinable:
        return sql.Spaced(column)


@dataclass(frozen=True, kw_only=True, eq=False)
class WallClock(Timestamp):
    """A moment shown as the wall clock of a zone that a column names. Parsed to a naive datetime: the action that
    stores it knows the zone."""

    zone: str = ""

    def parse(self, value: Any) -> datetime:
        return parse_moment(value, naive=True)

    def shown(self, column: Combinable) -> Combinable:
        return sql.WallClock(column, F(self.zone))


@dataclass(frozen=True, kw_only=True, eq=False)
class Time(Field):
    json_type = {"type": "string", "format": "time"}

    def parse(self, value: Any) -> time:
        try:
            parsed = time.fromisoformat(plain_text(value).strip())
        except ValueError:
            parsed = None
        if parsed is None or parsed.tzinfo is not None:
            raise Wrong("Time has wrong format. Use one of these formats instead: hh:mm[:ss[.uuuuuu]].")
        return parsed.replace(microsecond=0)


def parse_date(value: Any) -> date:
    """``YYYY-MM-DD``. Raises Wrong."""
    text = plain_text(value).strip()
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
    raise Wrong("Date has wrong format. Use one of these formats instead: YYYY-MM-DD.")


def parse_moment(value: Any, *, naive: bool = False) -> datetime:
    """``YYYY-MM-DD[Thh:mm[:ss[.ffffff]][Z]]``, T or a space; UTC where no zone is given. Aware in UTC, or naive as
    written (a zone is then refused). Raises Wrong."""
    text = plain_text(value).strip()
    message = "Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]]."
    if not re.match(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}|$)", text, re.ASCII):
        raise Wrong(message)
    try:
        moment = datetime.fromisoformat(text)
        if naive:
            if moment.tzinfo is not None:
                raise Wrong("Give the wall clock time without a zone.")
            return moment
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Wrong(message) from None
