"""Finding patients by what people write: names in any order, phone, birthday, chart id, e-mail."""

import re
from contextlib import suppress
from datetime import date, datetime
from typing import Any

from django.db.models import Q, QuerySet, Value
from django.db.models.functions import StrIndex
from django.db.models.lookups import GreaterThan

from charthouse import clock
from charthouse.engine.declaration.texts import check_phone
from charthouse.engine.declaration.times import parse_date
from charthouse.engine.declaration.values import InvalidValue
from charthouse.engine.sql.folding import Digits, fold

PHONES = ("cell_phone", "home_phone", "office_phone", "phone_other")
FOLDED = ("last_name_folded", "first_name_folded", "email_folded", "email2_folded")
MAX_WORDS = 5
_US_DATE = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4}|\d{2})")
_MONTHS = ("%B %d %Y", "%b %d %Y", "%d %B %Y", "%d %b %Y")


def search(rows: "QuerySet[Any]", text: str) -> "QuerySet[Any]":
    """Filter patients by words: each matches a name, the chart id, the e-mail address or a part of a phone number, or
    is the birthday. A text that is a phone number or a date as a whole is one word; "Last, First" is two."""
    if (born := parse_birthday(text)) is not None:
        return rows.filter(date_of_birth=born)
    words = [text] if _is_phone(text) else text.replace(",", " ").split()[:MAX_WORDS]
    for word in words:
        rows = rows.filter(_match(word))
    return rows


def _match(word: str) -> Q:
    matches = Q(chart_id__icontains=word)
    for path in FOLDED:
        matches |= Q(GreaterThan(StrIndex(path, fold(word)), 0))
    if _is_phone(word):
        for path in PHONES:
            matches |= Q(GreaterThan(StrIndex(Digits(path), Digits(Value(word))), 0))
    if (born := parse_birthday(word)) is not None:
        matches |= Q(date_of_birth=born)
    return matches


def parse_birthday(text: str) -> date | None:
    """Parse a birthday as people write it: 4/12/1987, 04-12-87, 1987-04-12, April 12, 1987; None for another text.

    A year of two digits is the latest that is not in the future.
    """
    with suppress(InvalidValue):
        return parse_date(text.strip())
    if found := _US_DATE.fullmatch(text.strip()):
        month, day, year = (int(part) for part in found.groups())
        if len(found[3]) == 2:
            this_year = clock.now().year
            year += this_year // 100 * 100
            year -= 100 if year > this_year else 0
        with suppress(ValueError):
            return date(year, month, day)
        return None
    words = " ".join(text.replace(",", " ").split())
    if words.isascii() and len(words) < 30:
        for form in _MONTHS:
            with suppress(ValueError):
                return datetime.strptime(words, form).date()  # noqa: DTZ007 - a date has no zone
    return None


def _is_phone(text: str) -> bool:
    try:
        check_phone(text)
    except InvalidValue:
        return False
    return True
