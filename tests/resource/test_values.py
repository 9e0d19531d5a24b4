"""Each type of key: what is parsed from the wire and rendered back is what was meant. No database."""

import math
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal as Number
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charthouse.resource import fields as kinds
from charthouse.resource import times
from charthouse.resource.fields import Wrong
from charthouse.resource.run import encode

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
    kinds.Text("k"),
    kinds.Text("k", choices=("a", "b"), pattern="[ab]*", max_length=1),
    kinds.Color("k"),
    kinds.Integer("k", minimum=0, maximum=10),
    kinds.Ref("k", to="x"),
    kinds.Boolean("k"),
    kinds.Decimal("k"),
    kinds.Measure("k"),
    times.Date("k"),
    times.Timestamp("k"),
    times.WallClock("k", zone="z"),
    times.Time("k"),
    kinds.ListOf("k", item=kinds.Integer(""), commas=True),
)


@pytest.mark.parametrize("field", TYPES, ids=lambda f: type(f).__name__)
@given(value=ANYTHING)
def test_anything_is_parsed_or_refused(field: kinds.Field, value: Any) -> None:
    """Nothing but Wrong comes out, and what is taken can be bound to a statement."""
    try:
        parsed = field.parse(value)
    except Wrong:
        return
    assert isinstance(encode(parsed), bytes)


@given(texts)
def test_text(text: str) -> None:
    assert kinds.Text("k").parse(text) == text


@given(st.integers(-(2**31), 2**31 - 1))
def test_integers_as_numbers_and_as_digits(number: int) -> None:
    field = kinds.Integer("k")
    assert field.parse(number) == field.parse(str(number)) == field.parse(f" {number} ") == number


@given(
    st.decimals(-(10**9), 10**9, allow_nan=False, allow_infinity=False).filter(lambda n: len(str(n)) <= 60)
)
def test_decimals_are_cut_to_two_places(number: Number) -> None:
    parsed = kinds.Decimal("k").parse(str(number))
    assert parsed == Number(math.trunc(number * 100)) / 100
    assert kinds.Decimal("k").parse(str(parsed)) == parsed


@given(st.dates())
def test_dates(day: date) -> None:
    assert times.Date("k").parse(day.isoformat()) == day


zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1), timezones=zones))  # noqa: DTZ001
def test_timestamps_are_utc_whatever_zone_they_come_in(moment: datetime) -> None:
    field = times.Timestamp("k")
    assert field.parse(moment.isoformat()) == moment
    plain = moment.astimezone(UTC).replace(tzinfo=None)
    assert field.parse(plain.isoformat()) == field.parse(plain.isoformat(" ")) == moment
    assert field.parse(f"{plain.isoformat()}Z") == moment


@given(st.times())
def test_times_to_the_second(moment: time) -> None:
    assert times.Time("k").parse(moment.isoformat()) == moment.replace(microsecond=0)


@given(st.booleans())
def test_booleans(value: bool) -> None:
    for text in (value, str(value), str(value).lower(), int(value), "yes" if value else "no"):
        assert kinds.Boolean("k").parse(text) is value


@given(st.lists(st.integers(-(2**31), 2**31 - 1), max_size=20))
def test_lists_as_json_and_as_text(numbers: list[int]) -> None:
    field = kinds.ListOf("k", item=kinds.Integer(""), commas=True)
    assert field.parse(numbers) == field.parse(msgspec.json.encode(numbers).decode()) == numbers
    if numbers:
        assert field.parse(",".join(map(str, numbers))) == numbers
