"""What can be measured on a person, and in which order things happen: values beyond are refused as impossible.

A limit is what was survived and published, not what is healthy: nobody may be kept from writing down what is true.
docs/limits.md has the same table for readers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from charthouse import clock
from charthouse.engine.declaration.changes import Change
from charthouse.engine.declaration.hooks import hook
from charthouse.engine.declaration.types import Integer, Measurement, Type

MAX_AGE = 130  # years; the oldest person whose age is proven was 122 (J. Calment, Robine & Allard 1998)


@dataclass(frozen=True)
class Limit:
    """The lowest and the highest possible value of a kind of measure, both included, in ``unit``."""

    low: Decimal
    high: Decimal
    unit: str
    source: str


def _make_limit(low: str, high: str, unit: str, source: str) -> Limit:
    return Limit(Decimal(low), Decimal(high), unit, source)


LIMITS: Mapping[str, Limit] = {
    "height": _make_limit(
        "20",
        "280",
        "cm",
        "Smallest surviving newborn 24 cm (NUH Singapore, 2020); tallest person 272 cm (Guinness)",
    ),
    "weight": _make_limit(
        "0.2",
        "700",
        "kg",
        "Smallest surviving newborn 212 g (NUH Singapore, 2020); heaviest person 635 kg (Guinness)",
    ),
    "head_circumference": _make_limit(
        "10", "120", "cm", "Fetal growth charts from 13 weeks (INTERGROWTH-21st); hydrocephalus up to 96 cm"
    ),
    "blood_pressure_1": _make_limit(
        "20", "480", "mmHg", "480/350 in the artery while lifting weights (MacDougall et al. 1985)"
    ),
    "blood_pressure_2": _make_limit(
        "0", "360", "mmHg", "As systolic; sounds are heard down to zero in aortic regurgitation"
    ),
    "temperature": _make_limit(
        "10", "48", "c", "Survived: 13.7 (Gilbert et al. 2000) and 46.5 (Slovis et al. 1982)"
    ),
    "pulse": _make_limit("0", "480", "/min", "480 a minute (Chhabra et al. 2012); 0 in arrest"),
    "respiratory_rate": _make_limit("0", "200", "/min", "Newborns up to 150 a minute; 0 in arrest"),
    "oxygen_saturation": _make_limit("0", "100", "%", "By definition"),
}

MAX_REFILLS = 99  # two digits: NCPDP Telecommunication Standard, field 415-DF
MAX_DISPENSED = 9_999_999  # seven digits before the point: the same, field 442-E7
MAX_STOCK = 10_000_000  # pieces of one kind in a practice
MAX_NUMBER = Decimal(10) ** 15  # no number of a body's parts is higher: 4e13 cells (Sender et al. 2016)

_ACIDITY = _make_limit("0", "14", "[pH]", "By definition")
_FRACTION = _make_limit("0", "100", "%", "By definition")
# LOINC code → what a result with it lies within: those of FHIR's vital signs, and what is a part of a whole.
RESULT_LIMITS: Mapping[str, Limit] = {
    "8302-2": LIMITS["height"],
    "29463-7": LIMITS["weight"],
    "3141-9": LIMITS["weight"],
    "9843-4": LIMITS["head_circumference"],
    "8287-5": LIMITS["head_circumference"],
    "8480-6": LIMITS["blood_pressure_1"],
    "8462-4": LIMITS["blood_pressure_2"],
    "8310-5": LIMITS["temperature"],
    "8867-4": LIMITS["pulse"],
    "9279-1": LIMITS["respiratory_rate"],
    "2708-6": LIMITS["oxygen_saturation"],
    "59408-5": LIMITS["oxygen_saturation"],
    "4548-4": _FRACTION,  # hemoglobin A1c
    "4544-3": _FRACTION,  # hematocrit
    "20570-8": _FRACTION,
    "770-8": _FRACTION,  # neutrophils, lymphocytes, monocytes, eosinophils, basophils of the leukocytes
    "736-9": _FRACTION,
    "5905-5": _FRACTION,
    "713-8": _FRACTION,
    "706-2": _FRACTION,
    "2744-1": _ACIDITY,  # of arterial and venous blood, and of urine
    "2746-6": _ACIDITY,
    "5803-2": _ACIDITY,
    "2756-5": _ACIDITY,
}
# How laboratories write the units, in UCUM and otherwise → as LIMITS and _UNITS have them.
_WRITTEN_UNITS = {
    "[in_i]": "inches", "in": "inches", "inches": "inches", "cm": "cm",
    "[lb_av]": "lbs", "lb": "lbs", "lbs": "lbs", "kg": "kg",
    "[degF]": "f", "°F": "f", "F": "f", "Cel": "c", "°C": "c", "C": "c",
    "mm[Hg]": "mmHg", "mmHg": "mmHg", "/min": "/min", "{beats}/min": "/min", "bpm": "/min",
    "%": "%", "[pH]": "[pH]", "pH": "[pH]",
}  # fmt: skip

# Unit → (the unit of the limits, factor, value of the unit's zero in it), exact: NIST SP 811, appendix B.
_UNITS = {
    "inches": ("cm", Fraction("2.54"), Fraction(0)),
    "lbs": ("kg", Fraction("0.45359237"), Fraction(0)),
    "f": ("c", Fraction(5, 9), Fraction(-160, 9)),
}


def convert(value: Decimal, unit: str) -> tuple[Fraction, str]:
    """Convert a value into the unit that limits are given in; one in that unit already stays as it is. Exact."""
    base, factor, zero = _UNITS.get(unit, (unit, Fraction(1), Fraction(0)))
    return Fraction(value) * factor + zero, base


def make_type(kind: str) -> Type:
    """Make the type of a key for a measure. Limits that depend on a unit are left to ``find_impossible``."""
    limit = LIMITS[kind]
    if limit.unit in ("mmHg", "/min"):
        return Integer(minimum=int(limit.low), maximum=int(limit.high))
    if limit.unit == "%":
        return Measurement(minimum=int(limit.low), maximum=int(limit.high))
    return Measurement(minimum=0)


def get_range(kind: str, unit: str) -> tuple[Fraction, Fraction]:
    """Get the limits of a kind of measure in a unit."""
    limit = LIMITS[kind]
    _, factor, zero = _UNITS.get(unit, (unit, Fraction(1), Fraction(0)))
    return (Fraction(limit.low) - zero) / factor, (Fraction(limit.high) - zero) / factor


def find_impossible(values: Mapping[str, Any]) -> dict[str, str]:
    """Find what cannot be in one set of vitals, by column: name → message. Units are under ``…_units``."""
    wrong = {}
    for kind, limit in LIMITS.items():
        if (value := values.get(kind)) is None:
            continue
        unit = values.get(f"{kind}_units") or limit.unit
        found, _ = convert(Decimal(value), unit)
        if not Fraction(limit.low) <= found <= Fraction(limit.high):
            low, high = (f"{float(bound):.4g}" for bound in get_range(kind, unit))
            wrong[kind] = f"This can't be: a value from {low} to {high} {unit} is possible."
    systolic, diastolic = values.get("blood_pressure_1"), values.get("blood_pressure_2")
    if systolic is not None and diastolic is not None and diastolic > systolic and not wrong:
        wrong["blood_pressure_2"] = "The diastolic pressure can't be above the systolic one."
    return wrong


def find_impossible_number(value: Decimal, code: str = "", unit: str = "") -> str:
    """Find why a number can't be what was found: a message, or "". ``code``: of LOINC; ``unit``: as a laboratory wrote
    it. Without both, or with a unit that is not known, any number up to MAX_NUMBER may be."""
    if not value.is_finite() or abs(value) > MAX_NUMBER:
        return f"This can't be: no number above {MAX_NUMBER:.0e} was ever found."
    limit, written = RESULT_LIMITS.get(code.strip()), _WRITTEN_UNITS.get(unit.strip())
    if limit is None or written is None:
        return ""
    found, base = convert(value, written)
    if base != limit.unit or Fraction(limit.low) <= found <= Fraction(limit.high):
        return ""
    _, factor, zero = _UNITS.get(written, (written, Fraction(1), Fraction(0)))
    low, high = (f"{float((Fraction(bound) - zero) / factor):.4g}" for bound in (limit.low, limit.high))
    return f"This can't be: a value from {low} to {high} {unit.strip()} is possible."


# -- dates ------------------------------------------------------------------------------------------------------


def find_impossible_life(born: date | None, died: date | None) -> dict[str, str]:
    """Find what cannot be in the dates of a life: ``born`` or ``died`` → message."""
    if born is not None and died is not None and died < born:
        return {"died": "The death can't be before the birth."}
    last = died or clock.now().date()
    if born is not None and (last - born) > timedelta(days=MAX_AGE * 366):
        return {"born": f"Nobody gets older than {MAX_AGE} years."}
    return {}


def make_order_check(*pairs: tuple[str, str]) -> Any:
    """Make a hook that refuses a write after which the first date or time of a pair is later than the second.

    A row that is so already can be written as long as neither of the two changes.
    """

    names = tuple({name: True for pair in pairs for name in pair})

    @hook(keys=names)
    def check_order(change: Change) -> None:
        for first, last in pairs:
            if change.operation != "create" and not change.changes(first, last):
                continue
            start, end = change.get(first), change.get(last)
            if start is not None and end is not None and end < start:
                change.add_error(last, f"This can't be before {first}.")

    return check_order
