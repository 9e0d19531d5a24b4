"""Decimal numbers as the wire writes them."""

import re
from decimal import ROUND_HALF_EVEN, Context
from decimal import Decimal as Number
from typing import Any

from charthouse.engine.declaration.values import InvalidValue

_WRITTEN = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,9})?", re.ASCII)
_MAX_LENGTH = 60
_FLOAT_ERROR = Number("1e-9")
_EXACT = Context(prec=200)


def parse_decimal(value: Any, *, digits: int, places: int, rounding: str) -> Number:
    """Integer, float or text → a number of at most so many places. A float within 1e-9 of such a number is that number:
    3.4499999999999997, which a sum of prices comes out as, is 3.45. Otherwise ``rounding`` (a mode of ``decimal``)
    decides. Raises InvalidValue."""
    if isinstance(value, bool) or not isinstance(value, int | float | str) or len(str(value)) > _MAX_LENGTH:
        raise InvalidValue("A valid number is required.")
    text = str(value).strip()
    if not _WRITTEN.fullmatch(text):
        raise InvalidValue("A valid number is required.")
    number = Number(text)
    if number and number.adjusted() >= digits - places:
        raise InvalidValue(f"Ensure that there are no more than {digits} digits in total.")
    step = Number(1).scaleb(-places)
    if isinstance(value, float):
        nearest = number.quantize(step, ROUND_HALF_EVEN, _EXACT)
        if abs(number - nearest) <= _FLOAT_ERROR:
            number = nearest
    rounded = number.quantize(step, rounding, _EXACT)
    if rounded and rounded.adjusted() >= digits - places:
        raise InvalidValue(f"Ensure that there are no more than {digits} digits in total.")
    return rounded if rounded else abs(rounded)  # no negative zero
