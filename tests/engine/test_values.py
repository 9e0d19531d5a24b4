"""Each type of key: what is parsed from the wire and rendered back is what was meant. No database."""

import math
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal as Number
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charthouse.engine.declaration.composites import List
from charthouse.engine.declaration.references import Reference
from charthouse.engine.declaration.times import Date, Time, Timestamp
from charthouse.engine.declaration.types import (
    Boolean,
    Decimal,
    Integer,
    Measurement,
    Text,
    Type,
    check_color,
)
from charthouse.engine.declaration.values import InvalidValue
from charthouse.engine.sql.statements import encode

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=200)
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary().map(lambda b: b.decode("latin-1")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
TYPES = (
    Text(),
    Text(choices=("a", "b"), pattern="[ab]*", max_length=1),
    Text(check=check_color),
    Integer(minimum=0, maximum=10),
    Reference("x"),
    Boolean(),
    Decimal(),
    Measurement(),
    Date(),
    Timestamp(),
    Timestamp(zone="z"),
    Time(),
    List(Integer(), commas=True),
)


@pytest.mark.parametrize("of", TYPES, ids=lambda of: type(of).__name__)
@given(value=ANYTHING)
def test_anything_is_parsed_or_refused(of: Type, value: Any) -> None:
    """Nothing but InvalidValue comes out, and what is taken can be bound to a statement."""
    try:
        parsed = of.parse(value)
    except InvalidValue:
        return
    assert isinstance(encode(parsed), bytes)


@given(texts)
def test_text(text: str) -> None:
    assert Text().parse(text) == text


@given(st.integers(-(2**31), 2**31 - 1))
def test_integers_as_numbers_and_as_digits(number: int) -> None:
    of = Integer()
    assert of.parse(number) == of.parse(str(number)) == of.parse(f" {number} ") == number


@given(
    st.decimals(-(10**9), 10**9, allow_nan=False, allow_infinity=False).filter(lambda n: len(str(n)) <= 60)
)
def test_decimals_are_cut_to_two_places(number: Number) -> None:
    parsed = Decimal().parse(str(number))
    assert parsed == Number(math.trunc(number * 100)) / 100
    assert Decimal().parse(str(parsed)) == parsed


@given(st.dates())
def test_dates(day: date) -> None:
    assert Date().parse(day.isoformat()) == day


zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1), timezones=zones))  # noqa: DTZ001
def test_timestamps_are_utc_whatever_zone_they_come_in(moment: datetime) -> None:
    of = Timestamp()
    assert of.parse(moment.isoformat()) == moment
    plain = moment.astimezone(UTC).replace(tzinfo=None)
    assert of.parse(plain.isoformat()) == of.parse(plain.isoformat(" ")) == moment
    assert of.parse(f"{plain.isoformat()}Z") == moment


@given(st.times())
def test_times_to_the_second(moment: time) -> None:
    assert Time().parse(moment.isoformat()) == moment.replace(microsecond=0)


@given(st.booleans())
def test_booleans(value: bool) -> None:
    for text in (value, str(value), str(value).lower(), int(value), "yes" if value else "no"):
        assert Boolean().parse(text) is value


@given(st.lists(st.integers(-(2**31), 2**31 - 1), max_size=20))
def test_lists_as_json_and_as_text(numbers: list[int]) -> None:
    of = List(Integer(), commas=True)
    assert of.parse(numbers) == of.parse(msgspec.json.encode(numbers).decode()) == numbers
    if numbers:
        assert of.parse(",".join(map(str, numbers))) == numbers
