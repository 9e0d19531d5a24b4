"""Types that the billing resources of the DrChrono API share."""

from collections.abc import Mapping
from datetime import date
from functools import partial
from typing import Any

from charthouse import clock
from charthouse.domains.billing.codes import PROCEDURE_TYPES
from charthouse.domains.code_systems import ICD10
from charthouse.domains.practice.drchrono.differences import make_coded_word
from charthouse.engine.declaration.composites import List, Parse, convert
from charthouse.engine.declaration.types import Boolean, Integer, Text, Type


def make_procedure_type(*, blank: bool = False) -> Type:
    """Return the type of a procedure type. ``blank``: "" may be shown."""
    return make_coded_word("line_items.procedure_type", PROCEDURE_TYPES, stores_codes=True, blank=blank)


def _parse_pointer(parse: Parse, value: Any) -> Any:
    return (ICD10.find_code(value) if isinstance(value, str) else "") or parse(value)


# A position in the visit's diagnoses, from 1; 0: none. A write may give the ICD-10 code instead.
POINTER = convert(Integer(minimum=0, maximum=12), parse=_parse_pointer)


def make_list_of_four(item: Type, fill: Any) -> Type:
    """Return the type of a list of four items on reads. ``fill``: completes a shorter one."""

    def parse_filled(parse: Parse, value: Any) -> list[Any]:
        items = parse(value)
        return [*items, *[fill] * (4 - len(items))]

    return convert(List(item, max_items=4), parse=parse_filled)


def _find_label(labels: Mapping[str, str], value: str | None) -> str | None:
    return None if value is None else labels.get(value, value)


def make_labeled(labels: Mapping[str, str]) -> Type:
    """Return the type of a code that is shown as its label."""
    return convert(Text(), render=partial(_find_label, labels))


def _is_past(day: date | None) -> bool:
    return day is not None and day < clock.now().date()


# Whether the day in the column has passed; false if it is not set.
PAST = convert(Boolean(), render=_is_past)
