"""What the hosted API has grown in a patient's object to say codes in words. docs/decisions/0120-later-additions.md"""

from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db import models
from django.db.models import F, Max, Min, OuterRef, Subquery
from django.db.models.expressions import Combinable, Func

from charthouse.domains.patients.codes import GENDER_IDENTITIES
from charthouse.domains.patients.models import Patient
from charthouse.resource import sql
from charthouse.resource.fields import OPTIONAL, READ_ONLY, REQUIRED, Date, Field, Text
from charthouse.resource.nested import Embedded

WORDS = {"other": "Other", "unknown": "Unknown", "declined": "Declined to specify"}


@cache
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


@dataclass(frozen=True, kw_only=True, eq=False)
class LanguagePart(Text):
    """Code (0) or name (1) of the preferred language."""

    part: int

    def finish(self, value: str) -> str:
        return language(value)[self.part]


@dataclass(frozen=True, kw_only=True, eq=False)
class GenderIdentity(Text):
    """The words for a code."""

    def finish(self, value: str) -> str:
        return GENDER_IDENTITIES.get(value, "")


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
    GenderIdentity("gender_identity_description", READ_ONLY, source="gender_identity", addition=True),
    LanguagePart(
        "preferred_language_code",
        READ_ONLY,
        source="preferred_language",
        part=0,
        addition=True,
        doc="ISO 639: two letters, or three where there are no two.",
    ),
    LanguagePart(
        "preferred_language_description",
        READ_ONLY,
        source="preferred_language",
        part=1,
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
