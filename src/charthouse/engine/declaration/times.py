"""Dates, times and timestamps as the wire writes them."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db import models
from django.db.models.expressions import Combinable, F

from charthouse import clock
from charthouse.engine.declaration.json_schema import Schema
from charthouse.engine.declaration.types import Type
from charthouse.engine.declaration.values import InvalidValue, parse_text
from charthouse.engine.sql import expressions as sql

# The first day that is written: birthdays of people who are treated, and of those whose old records are kept.
FIRST_DAY = date(1800, 1, 1)
# What is planned for a person lies within their life, and nobody gets older.
MAX_AHEAD = timedelta(days=130 * 366)
_AHEAD = timedelta(hours=14)  # where it is tomorrow already (UTC+14)
_FUTURE, _TOO_FAR = "This date is in the future.", "This date is too far in the future."


@dataclass(frozen=True, kw_only=True, eq=False)
class Date(Type):
    """A day, from 1800 to MAX_AHEAD from now. ``past``: of something that has happened, so not after today, wherever
    that is."""

    past: bool = False
    json_type = {"type": "string", "format": "date"}
    control = "date"
    output_field = models.DateField()
    sample = "2026-03-02"

    def parse(self, value: Any) -> date:
        day = parse_date(value)
        _check_bounds(day, (clock.now() + _AHEAD).date(), self.past)
        return day

    def parse_parameter(self, text: str) -> date:
        return parse_date(text)


@dataclass(frozen=True, kw_only=True, eq=False)
class Timestamp(Type):
    """A point in time, to the second, on the wire without a zone: UTC, or the wall clock of a zone. From 1800 to
    MAX_AHEAD from now.

    past     of something that has happened: not later than now, whatever the zone of who wrote it
    spaced   with a space in the place of the ``T``
    zone     path of a column with an IANA name: shown as the wall clock there, and parsed to a naive datetime, which
             the hook that stores it puts into that zone
    """

    spaced: bool = False
    zone: str = ""
    past: bool = False
    control = "datetime-local"
    output_field = models.DateTimeField()
    prefers_sample = True

    @property
    def control_attributes(self) -> dict[str, Any]:
        return {"step": 1}

    @property
    def is_utc(self) -> bool:
        return not self.zone

    def parse(self, value: Any) -> datetime:
        timestamp = parse_timestamp(value, naive=bool(self.zone))
        _check_bounds(timestamp.replace(tzinfo=timestamp.tzinfo or UTC), clock.now() + _AHEAD, self.past)
        return timestamp

    def parse_parameter(self, text: str) -> datetime:
        return parse_timestamp(text, naive=bool(self.zone))

    def find_departure(self, value: Any) -> str:
        text = str(value).strip()
        if not re.fullmatch(r"[\d-]+([T ][\d:.]+)?", text, re.ASCII):
            return "Timestamps have no zone here; it is taken all the same."
        wrong = "T" if self.spaced else " "
        return f"Date and time are separated by {'a space' if self.spaced else 'T'}." if wrong in text else ""

    def select(self, column: Combinable) -> Combinable:
        if self.spaced:
            return sql.format_utc(column)
        return sql.to_wall_clock(column, F(self.zone) if self.zone else "UTC")

    def schema(self) -> Schema:
        return {"type": "string", "format": "moment" if self.spaced else "timestamp"}

    def make_sample(self) -> Any:
        if self.zone:
            return "2026-03-02T09:30:00"
        return "2026-02-27 16:04:12" if self.spaced else "2026-02-27T16:04:12"


@dataclass(frozen=True, kw_only=True, eq=False)
class Time(Type):
    json_type = {"type": "string", "format": "time"}
    control = "time"
    sample = "09:30:00"

    def parse(self, value: Any) -> time:
        try:
            parsed = time.fromisoformat(parse_text(value).strip())
        except ValueError:
            parsed = None
        if parsed is None or parsed.tzinfo is not None:
            raise InvalidValue(
                "Time has wrong format. Use one of these formats instead: hh:mm[:ss[.uuuuuu]]."
            )
        return parsed.replace(microsecond=0)


def _check_bounds(moment: Any, latest: Any, past: bool) -> None:
    """Refuse a day or moment before FIRST_DAY, after ``latest`` (now) if it is ``past``, and too far after it. Raises
    InvalidValue."""
    day = moment.date() if isinstance(moment, datetime) else moment
    if day < FIRST_DAY:
        raise InvalidValue(f"This can't be before {FIRST_DAY}.")
    if past and moment > latest:
        raise InvalidValue(_FUTURE)
    if moment - latest > MAX_AHEAD:
        raise InvalidValue(_TOO_FAR)


def parse_date(value: Any) -> date:
    """``YYYY-MM-DD``. Raises InvalidValue."""
    text = parse_text(value).strip()
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
    raise InvalidValue("Date has wrong format. Use one of these formats instead: YYYY-MM-DD.")


def parse_timestamp(value: Any, *, naive: bool = False) -> datetime:
    """``YYYY-MM-DD[Thh:mm[:ss[.ffffff]][Z]]``, T or a space; UTC where no zone is given. Aware in UTC, or naive as
    written (a zone is then refused). Raises InvalidValue."""
    text = parse_text(value).strip()
    message = "Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]]."
    if not re.match(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}|$)", text, re.ASCII):
        raise InvalidValue(message)
    try:
        timestamp = datetime.fromisoformat(text)
        if naive:
            if timestamp.tzinfo is not None:
                raise InvalidValue("Give the wall clock time without a zone.")
            return timestamp
        return timestamp.replace(tzinfo=UTC) if timestamp.tzinfo is None else timestamp.astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidValue(message) from None
