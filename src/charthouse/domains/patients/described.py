"""What the hosted API has grown in a patient's object to say codes in words. docs/decisions/0120-later-additions.md"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.models import F, Max, Min, OuterRef, Subquery
from django.db.models.expressions import Combinable, Func

from charthouse.domains.patients.codes import GENDER_IDENTITIES
from charthouse.domains.patients.models import Patient
from charthouse.resource import sql
from charthouse.resource.fields import OPTIONAL, READ_ONLY, REQUIRED, Field, Text
from charthouse.resource.nested import Embedded
from charthouse.resource.times import Date

WORDS = {"other": "Other", "unknown": "Unknown", "declined": "Declined to specify"}


class _Words(dict[str, str]):
    """What a code is in words, found out once: lists ask for hundreds of rows."""

    def __init__(self, find: Callable[[str], str]) -> None:
        super().__init__()
        self.find = find

    def __missing__(self, code: str) -> str:
        found = self[code] = self.find(code)
        return found


def language(code: str) -> tuple[str, str]:
    """ISO 639 alpha-3, or one of WORDS → (the two-letter code, or the three-letter one where there is none; English
    name); empty texts for what is no language."""
    from iso639 import Language, LanguageNotFoundError  # opens a database of its own: not before it is needed

    if code in WORDS:
        return "", WORDS[code]
    try:
        found = Language.from_part3(code)
    except LanguageNotFoundError:
        return "", ""
    return found.part1 or found.part3, found.name


LANGUAGE_CODES = _Words(lambda code: language(code)[0])
LANGUAGE_NAMES = _Words(lambda code: language(code)[1])
IDENTITIES = _Words(lambda code: GENDER_IDENTITIES.get(code, ""))


@dataclass(frozen=True, kw_only=True, eq=False)
class InWords(Text):
    """A code's column, shown in words."""

    words: Mapping[str, str]

    @property
    def finish(self) -> Any:
        return self.words.__getitem__


class _Day(Func):
    template = "(%(expressions)s)::date"
    output_field = models.DateField()


def _appointment(last: bool) -> Any:
    """The day of the first or last visit. The relation is scheduling's, so found by name."""

    def day() -> Combinable:
        relation: Any = Patient._meta.get_field("appointments")
        visits = relation.related_model._default_manager.filter(
            practice=OuterRef("practice_id"), patient=OuterRef("pk"), archived=False, is_virtual_base=False
        )
        end = Max if last else Min
        shown = _Day(end(sql.WallClock(F("scheduled_time"), F("office__doctor__timezone"))))
        return Subquery(sql.ungrouped(visits.order_by().values_list(shown)))

    return day


FIELDS: tuple[Field, ...] = (
    Text("gender_identity_code", READ_ONLY, source="gender_identity", addition=True, doc="SNOMED CT."),
    InWords(
        "gender_identity_description",
        READ_ONLY,
        source="gender_identity",
        words=IDENTITIES,
        addition=True,
    ),
    InWords(
        "preferred_language_code",
        READ_ONLY,
        source="preferred_language",
        words=LANGUAGE_CODES,
        addition=True,
        doc="ISO 639: two letters, or three where there are no two.",
    ),
    InWords(
        "preferred_language_description",
        READ_ONLY,
        source="preferred_language",
        words=LANGUAGE_NAMES,
        addition=True,
        doc="In English.",
    ),
    Embedded(
        "race_subcategories",
        OPTIONAL,
        many=True,
        at_most=50,
        addition=True,
        fields=(
            Text("code", REQUIRED, max_length=20, example="2034-7", doc="CDC's race and ethnicity code set."),
            Text("description", max_length=200, example="Chinese"),
        ),
    ),
    Date(
        "date_of_first_appointment",
        READ_ONLY,
        computed=_appointment(last=False),
        verbose=True,
        addition=True,
        doc="Day of the earliest appointment, coming ones included.",
    ),
    Date(
        "date_of_last_appointment", READ_ONLY, computed=_appointment(last=True), verbose=True, addition=True
    ),
)
