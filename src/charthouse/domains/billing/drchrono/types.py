"""Types that the billing resources of the DrChrono API share."""

import re
from collections.abc import Mapping
from datetime import date
from functools import partial
from typing import Any

from charthouse import clock
from charthouse.domains.billing.codes import PROCEDURE_TYPES
from charthouse.domains.practice.drchrono.differences import make_coded_word
from charthouse.engine.declaration.composites import List, Parse, convert
from charthouse.engine.declaration.types import Boolean, Integer, Text, Type

ICD10 = re.compile(r"[A-TV-Z]\d[0-9A-Z](\.?[0-9A-Z]{1,4})?", re.ASCII)


def make_procedure_type(*, blank: bool = False) -> Type:
    """Return the type of a procedure type. ``blank``: "" may be shown."""
    return make_coded_word("line_items.procedure_type", PROCEDURE_TYPES, stores_codes=True, blank=blank)


def _parse_pointer(parse: Parse, value: Any) -> Any:
    if isinstance(value, str) and ICD10.fullmatch(value.strip().upper()):
        code = value.strip().upper().replace(".", "")
        return f"{code[:3]}.{code[3:]}" if len(code) > 3 else code
    return parse(value)


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
