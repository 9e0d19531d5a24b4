"""Values in the forms that a practice in the United States writes: money, phones, ZIP codes, dates, ages."""

import re
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

STATES = {
    "AL": "Alabama", "AK": "Alaska", "AZ": "Arizona", "AR": "Arkansas", "CA": "California", "CO": "Colorado",
    "CT": "Connecticut", "DE": "Delaware", "DC": "District of Columbia", "FL": "Florida", "GA": "Georgia",
    "HI": "Hawaii", "ID": "Idaho", "IL": "Illinois", "IN": "Indiana", "IA": "Iowa", "KS": "Kansas", "KY": "Kentucky",
    "LA": "Louisiana", "ME": "Maine", "MD": "Maryland", "MA": "Massachusetts", "MI": "Michigan", "MN": "Minnesota",
    "MS": "Mississippi", "MO": "Missouri", "MT": "Montana", "NE": "Nebraska", "NV": "Nevada", "NH": "New Hampshire",
    "NJ": "New Jersey", "NM": "New Mexico", "NY": "New York", "NC": "North Carolina", "ND": "North Dakota",
    "OH": "Ohio", "OK": "Oklahoma", "OR": "Oregon", "PA": "Pennsylvania", "RI": "Rhode Island",
    "SC": "South Carolina", "SD": "South Dakota", "TN": "Tennessee", "TX": "Texas", "UT": "Utah", "VT": "Vermont",
    "VA": "Virginia", "WA": "Washington", "WV": "West Virginia", "WI": "Wisconsin", "WY": "Wyoming",
    "AS": "American Samoa", "GU": "Guam", "MP": "Northern Mariana Islands", "PR": "Puerto Rico",
    "VI": "U.S. Virgin Islands", "AA": "Armed Forces Americas", "AE": "Armed Forces Europe",
    "AP": "Armed Forces Pacific",
}  # fmt: skip
_NUMBER = re.compile(r"^\+?1?[\s.()/-]*(\d{3})[\s.()/-]*(\d{3})[\s./-]*(\d{4})")
_EXTENSION = re.compile(r"^[\s,;]*(?:x|ext\.?|#)\s*(\d{1,6})$", re.IGNORECASE)
_ZIP = re.compile(r"(\d{5})[\s-]*(\d{4})?")
_WEEKS, _MONTHS = 28, 24  # an age is given in days below 28 days, in weeks below 3 months, in months below 24


def format_money(value: object) -> str:
    """Format an amount in dollars: ``$1,234.50``, ``-$5.00``; "" for what is no number."""
    try:
        amount = Decimal(str(value)).quantize(Decimal("0.01"), ROUND_HALF_UP)
    except InvalidOperation:
        return ""
    return f"{'-' if amount < 0 else ''}${abs(amount):,.2f}"


def format_phone(text: str) -> str:
    """Format a number of North America as ``(303) 555-0142``, with its extension; others stay as they are."""
    number = _NUMBER.match(text.strip())
    if number is None:
        return text.strip()
    rest = text.strip()[number.end() :]
    extension = _EXTENSION.match(rest)
    if rest and extension is None:
        return text.strip()
    formatted = f"({number[1]}) {number[2]}-{number[3]}"
    return f"{formatted} x{extension[1]}" if extension else formatted


def format_zip(text: str) -> str | None:
    """Format a ZIP code as five digits or ZIP+4; None for what is none."""
    found = _ZIP.fullmatch(text.strip())
    return None if found is None else f"{found[1]}-{found[2]}" if found[2] else found[1]


def format_date(value: date | None) -> str:
    """Format a date as ``04/12/1987``; "" for None."""
    return f"{value:%m/%d/%Y}" if value else ""


def format_utc(at: datetime) -> str:
    """Format an aware time in UTC as ``Dec 01, 2026, 05:56:23``, for pages whose readers compare it with their logs.
    The zone stands in the heading, or after it."""
    return f"{at.astimezone(UTC):%b %d, %Y, %H:%M:%S}"


def format_age(born: date | None, at: date) -> str:
    """Format an age at a day: in days, weeks or months for small children, else in years; "" if it is unknown."""
    if born is None or born > at:
        return ""
    days = (at - born).days
    months = (at.year - born.year) * 12 + at.month - born.month - (at.day < born.day)
    if days < _WEEKS:
        return _count(days, "day")
    if months < 3:
        return _count(days // 7, "week")
    return _count(months, "month") if months < _MONTHS else _count(months // 12, "year")


def _count(number: int, unit: str) -> str:
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"
