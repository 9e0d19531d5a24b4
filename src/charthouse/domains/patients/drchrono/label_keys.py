"""Keys that the hosted API has added to a patient: codes in words, and the days of the first and last visit.
docs/decisions/0120-later-additions.md"""

from collections.abc import Mapping
from typing import Any

from django.db.models import F, Max, Min, OuterRef, Subquery
from django.db.models.expressions import Combinable

from charthouse.domains.patients.code_labels import GENDER_IDENTITY_LABELS, LANGUAGE_CODES, LANGUAGE_LABELS
from charthouse.domains.patients.models import Patient
from charthouse.engine.declaration.composites import List, convert
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.objects import Object
from charthouse.engine.declaration.sources import Expression
from charthouse.engine.declaration.times import Date
from charthouse.engine.declaration.types import Text
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY, REQUIRED
from charthouse.engine.sql import expressions as sql


def _make_label_key(name: str, column: str, labels: Mapping[str, str], doc: str = "") -> Key:
    """Make a key that shows the label of the code in a column."""
    shown = convert(Text(), render=labels.__getitem__)
    return Key(name, shown, READ_ONLY, source=column, addition=True, doc=doc)


def _make_visit_day(*, last: bool) -> Any:
    """Make the expression of the day of the first or last visit, wall clock of the office's doctor. The relation
    belongs to scheduling, so it is found by name."""

    def select_day() -> Combinable:
        relation: Any = Patient._meta.get_field("appointments")
        visits = relation.related_model._default_manager.filter(
            practice=OuterRef("practice_id"), patient=OuterRef("pk"), archived=False, is_virtual_base=False
        )
        end = Max if last else Min
        latest = end(sql.to_wall_clock(F("scheduled_time"), F("office__doctor__timezone")))
        shown = sql.template("(%s)::date", latest, output_field=sql.DATE)
        return Subquery(sql.ungroup(visits.order_by().values_list(shown)))

    return select_day


LABEL_KEYS: tuple[Key, ...] = (
    Key("gender_identity_code", Text(), READ_ONLY, source="gender_identity", addition=True, doc="SNOMED CT."),
    _make_label_key("gender_identity_description", "gender_identity", GENDER_IDENTITY_LABELS),
    _make_label_key(
        "preferred_language_code",
        "preferred_language",
        LANGUAGE_CODES,
        "ISO 639: two letters, or three where there are no two.",
    ),
    _make_label_key("preferred_language_description", "preferred_language", LANGUAGE_LABELS, "In English."),
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
        source=Expression(_make_visit_day(last=False)),
        verbose=True,
        addition=True,
        doc="Date of the earliest appointment, including upcoming ones.",
    ),
    Key(
        "date_of_last_appointment",
        Date(),
        READ_ONLY,
        source=Expression(_make_visit_day(last=True)),
        verbose=True,
        addition=True,
    ),
)
