"""Each type of key: what is parsed from the wire and rendered back is what was meant. No database."""

import math
import unicodedata
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal as Number
from typing import Any

import msgspec
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from charthouse import clock
from charthouse.engine.declaration.composites import List
from charthouse.engine.declaration.contact_types import EmailAddress, PhoneNumber
from charthouse.engine.declaration.references import Reference
from charthouse.engine.declaration.times import FIRST_DAY, MAX_AHEAD, Date, Time, Timestamp
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

BLANKS = (
    " \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009"
    "\u200a\u202f\u205f\u3000\u200b\u2060\ufeff"
)
texts = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=200)
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
    Text(multiline=True),
    Text(verbatim=True),
    EmailAddress(),
    PhoneNumber(),
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
def test_text_is_kept_without_blanks_around_it_in_one_form(text: str) -> None:
    try:
        kept = Text().parse(text)
    except InvalidValue:
        assert text
        assert not text.strip(BLANKS)
        return
    assert kept == unicodedata.normalize("NFC", text).strip(BLANKS)
    assert Text().parse(kept) == kept
    assert Text().parse(unicodedata.normalize("NFD", text)) == kept


CONTROLS = [chr(code) for code in (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029)]
OF_LINES = "\t\n\r\x85\u2028\u2029"


@pytest.mark.parametrize("of", [Text(), Text(multiline=True)], ids=["line", "lines"])
def test_control_characters_are_refused(of: Text) -> None:
    for character in CONTROLS:
        for text in (f"a{character}b", f"{character}a", f"a{character}"):
            if of.multiline and character in OF_LINES:
                assert of.parse(text) == text.strip()
            else:
                with pytest.raises(InvalidValue):
                    of.parse(text)


@pytest.mark.parametrize("blanks", [" ", "\u00a0", "\u3000 ", "\u200b", "\ufeff", "\t", "\r\n"], ids=ascii)
def test_blanks_alone_are_no_text(blanks: str) -> None:
    for of in (Text(), Text(multiline=True), Text(max_length=3), EmailAddress(), PhoneNumber()):
        with pytest.raises(InvalidValue):
            of.parse(blanks)


def test_a_secret_is_kept_to_the_last_blank() -> None:
    assert Text(verbatim=True).parse(" pass\u0301 word ") == " pass\u0301 word "


@pytest.mark.parametrize(
    "number",
    ["911", "555-201-4433", "(555) 201-4433", "+1 555 201 4433", "1.555.201.4433", "+49 (0)30 901820 x12",
     "555-201-4433 ext. 12", "5552014433#7"],
)  # fmt: skip
def test_phone_numbers(number: str) -> None:
    assert PhoneNumber().parse(f" {number} ") == number


@pytest.mark.parametrize(
    "text", ["12", "call me", "555-HOME", "555;rm", "1" * 16, "amara@example.com", "+", "\u0665\u0665\u0665"]
)
def test_what_is_no_phone_number(text: str) -> None:
    with pytest.raises(InvalidValue):
        PhoneNumber().parse(text)


@pytest.mark.parametrize(
    "text", ["amara", "a@b", "a b@example.com", "a@example.com, b@example.com", "@", "<a@b.co>"]
)
def test_what_is_no_email_address(text: str) -> None:
    assert EmailAddress().parse(" Amara@Example.com ") == "Amara@Example.com"
    with pytest.raises(InvalidValue):
        EmailAddress().parse(text)


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


CENTS = st.integers(-(10**11), 10**11)


@given(CENTS, st.floats(-0.9e-9, 0.9e-9))
def test_a_float_beside_a_cent_is_that_cent(cents: int, error: float) -> None:
    """What sums and products of prices come out as; far from zero a float is not that exact."""
    amount = cents / 100 + error
    assume(abs(Number(repr(amount)) - Number(cents) / 100) <= Number("1e-9"))
    assert Decimal().parse(amount) == Number(cents) / 100


@given(CENTS, st.integers(1, 9_999_999))
@example(99_999_999_999, 9_999_941)
def test_anything_else_is_cut(cents: int, tenmillionths: int) -> None:
    number = Number(cents) / 100 + Number(tenmillionths).scaleb(-9) * (1 if cents >= 0 else -1)
    assert Decimal().parse(str(number)) == Number(cents) / 100
    # The nearest float may be, or be as good as, the next cent.
    written = Number(repr(float(number)))
    amount = Decimal().parse(float(number))
    assert amount == Number(cents) / 100 or abs(amount - written) <= Number("1e-9")


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=50))
def test_sums_of_prices_are_booked_to_the_cent(cents: list[int]) -> None:
    assert Decimal().parse(sum(cent / 100 for cent in cents)) == Number(sum(cents)) / 100


@pytest.mark.parametrize(
    ("written", "booked"),
    [
        (3.4499999999999997, "3.45"), ("3.4499999999999997", "3.44"), (3.449, "3.44"), (1.005, "1.00"),
        (-3.4499999999999997, "-3.45"), (-1.239, "-1.23"), (0.1 + 0.2, "0.30"), (1.1 * 3, "3.30"), (-0.0, "0.00"),
        (-0.001, "0.00"), ("1e2", "100.00"), (" 7 ", "7.00"), (9999999999.99, "9999999999.99"),
    ],
)  # fmt: skip
def test_amounts(written: Any, booked: str) -> None:
    assert str(Decimal().parse(written)) == booked


@pytest.mark.parametrize(
    "text", ["1_000", "1,5", "\u0663", "NaN", "Infinity", "0x1", "", "1e", "--1", True, None, 1e10]
)
def test_what_is_no_amount(text: Any) -> None:
    with pytest.raises(InvalidValue):
        Decimal().parse(text)


def test_a_measurement_is_kept_as_it_was_taken() -> None:
    assert str(Measurement().parse(3.2555)) == "3.255500"
    assert str(Measurement().parse("0.3333333333")) == "0.333333"
    assert str(Measurement().parse(0.6666666666)) == "0.666667"


@given(st.dates(FIRST_DAY), st.dates(max_value=FIRST_DAY - timedelta(days=1)))
def test_dates(day: date, early: date) -> None:
    """A day of the past, the later ones as many years ahead as a life has."""
    today, of = clock.now().date(), Date()
    if day - today <= MAX_AHEAD - timedelta(days=1):
        assert of.parse(day.isoformat()) == day
    for wrong in (early, max(day, today + MAX_AHEAD + timedelta(days=2))):
        with pytest.raises(InvalidValue):
            of.parse(wrong.isoformat())


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
