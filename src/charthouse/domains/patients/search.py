"""Finding patients by what people write: names in any order, phone, birthday, chart id, e-mail. It asks the index of
search terms (``models.SearchTerm``)."""

import re
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, TextField, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Concat

from charthouse import clock
from charthouse.domains.patients.models import NamePart, SearchTerm
from charthouse.engine.declaration.texts import check_phone
from charthouse.engine.declaration.times import parse_date
from charthouse.engine.declaration.values import InvalidValue
from charthouse.engine.sql.folding import APOSTROPHES, HYPHENS, fold

MAX_WORDS = 5
MAX_FOUND = 100  # patients that a search finds; an ordered list of more is of use to nobody
TERMS_EACH = 3  # terms of one patient that begin alike: a double name and its parts
_LAST_CHARACTER = "\U0010ffff"
_US_DATE = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4}|\d{2})")
_MONTHS = ("%B %d %Y", "%b %d %Y", "%d %B %Y", "%d %b %Y")
_MARKS = str.maketrans(dict.fromkeys(APOSTROPHES, "'") | dict.fromkeys(HYPHENS, "-"))
_BETWEEN_WORDS = re.compile(r"[\s,;]+")
_WITHIN_WORDS = re.compile(r"[-./()\"&+:_#*\u30fb\u00b7]+")
_BEGINS_EMAIL = re.compile(r"\A[^\W_]{2,}[._+]\w{2,}")


def search(rows: "QuerySet[Any]", text: str) -> "tuple[QuerySet[Any], str]":
    """Filter patients by words: each begins a name, the chart id, the e-mail address, a phone number or its last seven
    or four digits, or is the birthday. A text that is a phone number or a date as a whole is one word; "Last, First" is
    two.

    Return them, and a sentence for the reader if there are more than ``MAX_FOUND``: then those are left out whose
    terms come last. One query, before the one of the rows.
    """
    if not split_words(text):
        return rows, ""
    found = find(rows, text, MAX_FOUND + 1)
    more = len(found) > MAX_FOUND
    notice = f"More than {MAX_FOUND} patients match: type more of the name, or a birthday." if more else ""
    return rows.filter(pk__in=found[:MAX_FOUND]), notice


def find(rows: "QuerySet[Any]", text: str, most: int) -> list[int]:
    """Return the ids of the patients among ``rows`` whom a text finds, in the order of what it found: shorter names
    first. One query, whose cost does not grow with how many match."""
    if (born := parse_birthday(text)) is not None:
        found = rows.filter(date_of_birth=born).order_by("last_name_folded", "pk")
        return list(found.values_list("pk", flat=True)[:most])
    first, *others = split_words(text)[:MAX_WORDS] or [""]
    terms = SearchTerm.objects.filter(
        begins_with(first),
        Exists(rows.filter(practice=OuterRef("practice"), pk=OuterRef("patient")).values("pk")),
    )
    for word in others:
        same = SearchTerm.objects.filter(practice=OuterRef("practice"), patient=OuterRef("patient"))
        terms = terms.filter(Exists(same.filter(begins_with(word)).values("term")))
    ids = terms.order_by("term", "patient").values_list("patient", flat=True)[: most * TERMS_EACH]
    return list(dict.fromkeys(ids))[:most]


def begins_with(text: str | Combinable, term: str = "term") -> Q:
    """Match search terms (or the column ``term`` of name parts) that begin with a text."""
    first = fold(text)
    last = Concat(first, Value(_LAST_CHARACTER), output_field=TextField())
    return Q(**{f"{term}__gte": first, f"{term}__lt": last})


def match_name_part(column: str, part: str | Combinable) -> Exists:
    """Match patients whose folded first or last name (``column``) contains a text."""
    names = NamePart.objects.filter(practice=OuterRef("practice"), name=OuterRef(column))
    return Exists(names.filter(begins_with(part, "part")).values("part"))


def match_term(beginning: str | Combinable) -> Exists:
    """Match patients who have a search term that begins with a text."""
    terms = SearchTerm.objects.filter(practice=OuterRef("practice"), patient=OuterRef("pk"))
    return Exists(terms.filter(begins_with(beginning)).values("term"))


def split_words(text: str) -> list[str]:
    """Split a text into the beginnings of search terms, not folded yet."""
    text = unicodedata.normalize("NFKC", text.translate(_MARKS)).translate(_MARKS)
    if _is_phone(text):
        return [_read_digits(text)]
    return [part for word in _BETWEEN_WORDS.split(text) for part in _read_word(word) if part]


def _read_word(word: str) -> Iterator[str]:
    if (born := parse_birthday(word)) is not None:
        yield born.isoformat()
    elif _is_phone(word):
        yield _read_digits(word)
    elif "@" in word or _BEGINS_EMAIL.match(word):
        yield word
    else:
        yield from _WITHIN_WORDS.split(word.replace("'", ""))


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


def _read_digits(text: str) -> str:
    digits = "".join(one for one in text if one.isascii() and one.isdigit())
    return digits[1:] if len(digits) == 11 and digits.startswith("1") else digits


def _is_phone(text: str) -> bool:
    try:
        check_phone(text)
    except InvalidValue:
        return False
    return True
