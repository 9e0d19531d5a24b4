"""What the hosted API has grown in a patient's object to say codes in words. docs/decisions/0120-later-additions.md"""

from collections.abc import Callable, Mapping
from typing import Any

from django.db.models import F, Max, Min, OuterRef, Subquery
from django.db.models.expressions import Combinable

from charthouse.domains.patients.codes import GENDER_IDENTITIES
from charthouse.domains.patients.models import Patient
from charthouse.engine.declaration.composites import Converted, List
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.objects import Object
from charthouse.engine.declaration.sources import Expression
from charthouse.engine.declaration.times import Date
from charthouse.engine.declaration.types import Text
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY, REQUIRED
from charthouse.engine.sql import expressions as sql

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


def _describe(name: str, column: str, words: Mapping[str, str], doc: str = "") -> Key:
    """A code's column, shown in words."""
    shown = Converted(Text(), render_with=words.__getitem__)
    return Key(name, shown, READ_ONLY, source=column, addition=True, doc=doc)


def _appointment(last: bool) -> Any:
    """The day of the first or last visit. The relation is scheduling's, so found by name."""

    def day() -> Combinable:
        relation: Any = Patient._meta.get_field("appointments")
        visits = relation.related_model._default_manager.filter(
            practice=OuterRef("practice_id"), patient=OuterRef("pk"), archived=False, is_virtual_base=False
        )
        end = Max if last else Min
        latest = end(sql.to_wall_clock(F("scheduled_time"), F("office__doctor__timezone")))
        shown = sql.template("(%s)::date", latest, output_field=sql.DATE)
        return Subquery(sql.ungroup(visits.order_by().values_list(shown)))

    return day


FIELDS: tuple[Key, ...] = (
    Key("gender_identity_code", Text(), READ_ONLY, source="gender_identity", addition=True, doc="SNOMED CT."),
    _describe("gender_identity_description", "gender_identity", IDENTITIES),
    _describe(
        "preferred_language_code",
        "preferred_language",
        LANGUAGE_CODES,
        "ISO 639: two letters, or three where there are no two.",
    ),
    _describe("preferred_language_description", "preferred_language", LANGUAGE_NAMES, "In English."),
    Key(
        "race_subcategories",
        List(
            Object(
                (
                    Key(
                        "code",
                        Text(max_length=20),
                        REQUIRED,
                        example="2034-7",
                        doc="CDC's race and ethnicity code set.",
                    ),
                    Key("description", Text(max_length=200), example="Chinese"),
                )
            ),
            max_items=50,
        ),
        OPTIONAL,
        addition=True,
    ),
    Key(
        "date_of_first_appointment",
        Date(),
        READ_ONLY,
        source=Expression(_appointment(last=False)),
        verbose=True,
        addition=True,
        doc="Day of the earliest appointment, coming ones included.",
    ),
    Key(
        "date_of_last_appointment",
        Date(),
        READ_ONLY,
        source=Expression(_appointment(last=True)),
        verbose=True,
        addition=True,
    ),
)
