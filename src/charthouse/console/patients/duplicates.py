"""Likely duplicates of a patient who is being registered."""

import unicodedata
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from django.db.models import Q, Value
from django.db.models.functions import StrIndex
from django.db.models.lookups import Exact

from charthouse.console.kit import records
from charthouse.console.kit.page import Request
from charthouse.domains.patients.likeness import BEGINNING, Likeness
from charthouse.domains.patients.models import Patient, SearchTerm
from charthouse.engine.declaration.times import parse_date
from charthouse.engine.declaration.values import InvalidValue
from charthouse.engine.sql.folding import Digits, fold

MAX_FOUND = 5
MIN_PHONE_DIGITS = 7
SIMILAR = 0.6  # of last names, as difflib measures it


@dataclass(frozen=True)
class Duplicate:
    """A patient who may be the same, and what they have in common."""

    patient: Patient
    likeness: Likeness


def find_duplicates(request: Request, values: Mapping[str, Any]) -> list[Duplicate]:
    """Find patients of the practice who share the name, or the birthday and a part of the name, or the phone or e-mail
    where nothing of a name is known that differs: families share those.

    Two queries at most, over indexes alone; none if too little is known. Raises Forbidden.
    """
    matches = _build_matches(values)
    if not matches:
        return []
    rows = records.select_rows(records.get_resource("patients"), request.actor, hidden=True)
    found = rows.filter(matches.pop("any")).annotate(**{name: Q(match) for name, match in matches.items()})
    named = [
        row
        for row in found.select_related("doctor").order_by("-updated_at")[: MAX_FOUND * 4]
        if _has_similar_name(row, values)
    ]
    rated = [Duplicate(row, _compare(row, values)) for row in named]
    return sorted(rated, key=lambda one: (not one.likeness.is_certain, -len(one.likeness.reasons)))[
        :MAX_FOUND
    ]


def _build_matches(values: Mapping[str, Any]) -> dict[str, Q]:
    first, last = (str(values.get(name) or "").strip() for name in ("first_name", "last_name"))
    same: dict[str, Q] = {}
    if last and first:
        same["same_name"] = Q(last_name_folded=fold(last), first_name_folded=fold(first))
    with suppress(InvalidValue):
        born = Q(date_of_birth=parse_date(str(values.get("date_of_birth") or "")))
        alike = Q(last_name_folded=fold(last)) if last else Q(pk__in=[])
        if len(first) > 1:
            alike |= Q(Exact(StrIndex("first_name_folded", fold(first[:BEGINNING])), 1))
        if last or len(first) > 1:
            same["same_birthday"] = born & alike
    digits = "".join(character for character in str(values.get("cell_phone") or "") if character.isdigit())
    if len(digits) >= MIN_PHONE_DIGITS:
        number = SearchTerm.objects.filter(term=Digits(Value(str(values["cell_phone"]))))
        same["same_phone"] = Q(pk__in=list(number.values_list("patient", flat=True)[:MAX_FOUND]))
    if "@" in str(values.get("email") or ""):
        same["same_email"] = Q(email_folded=fold(str(values["email"])))
    if not same:
        return {}
    either = Q()
    for match in same.values():
        either |= match
    return {"any": either, **same}


def _has_similar_name(row: Any, values: Mapping[str, Any]) -> bool:
    """Say whether what is known of the name is the same in one part, or begins alike."""
    if getattr(row, "same_name", False) or getattr(row, "same_birthday", False):
        return True
    first, last = (str(values.get(name) or "").strip() for name in ("first_name", "last_name"))
    begins = bool(first) and _fold(row.first_name)[:BEGINNING] == _fold(first)[:BEGINNING]
    is_near = SequenceMatcher(None, _fold(row.last_name), _fold(last)).ratio() >= SIMILAR if last else True
    return (begins or not first) and (is_near or _fold(row.first_name) == _fold(first))


def _fold(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return "".join(one for one in decomposed if one.isalnum())


def _compare(row: Any, values: Mapping[str, Any]) -> Likeness:
    """Compare a patient with what was entered."""
    first, last = (_fold(str(values.get(name) or "")) for name in ("first_name", "last_name"))
    known_first, known_last = _fold(row.first_name), _fold(row.last_name)
    begins = known_last == last and known_first[:BEGINNING] == first[:BEGINNING]
    return Likeness(
        same_name=getattr(row, "same_name", False),
        same_birthday=getattr(row, "same_birthday", False),
        same_phone=getattr(row, "same_phone", False),
        same_email=getattr(row, "same_email", False),
        similar_name=bool(first) and (known_first == first or begins),
    )
