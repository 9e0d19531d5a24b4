"""Which conditions a patient has, since when, and since when they are treated.

All of it follows from the row of the patient, and draws no random numbers.
"""

from datetime import date
from functools import lru_cache
from typing import NamedTuple

from charthouse.sandbox.data.conditions import COMMON, CONDITIONS_BY_CODE
from charthouse.sandbox.data.conditions.condition import Condition, Trend
from charthouse.sandbox.data.featured_patients import FeaturedPatient
from charthouse.sandbox.loader import Row

AGE_YEAR = 2026  # conditions are chosen by the age at its beginning
COUNTS = (0, 1, 1, 2, 3)  # conditions of an adult, by id
YEAR = 365.25  # days
FOLLOW_UP_YEARS = 2  # the time over which what progresses does
EFFECT = 60  # days after which treatment has taken effect


class PatientCondition(NamedTuple):
    """A condition of a patient. Dates as ordinals of ``date``."""

    condition: Condition
    onset: int
    treated_on: int

    def is_treated(self, day: int) -> bool:
        """Whether treatment had taken effect by this day."""
        return day >= self.treated_on + EFFECT

    def compute(self, trend: Trend, day: int, today: int) -> float:
        """Compute the value that a trend of the condition has on a day."""
        if trend.progresses:
            start = max(self.onset, today - int(FOLLOW_UP_YEARS * YEAR))
            share = min(max((day - start) / max(today - start, 1), 0.0), 1.0)
        else:
            share = 1 - 0.5 ** (max(day - self.treated_on, 0) / (EFFECT / 2))
        return trend.before + (trend.after - trend.before) * share


def choose_conditions(
    patient: Row, featured: FeaturedPatient | None, today: date
) -> tuple[PatientCondition, ...]:
    """Choose the conditions of a patient: those that are described, else up to three common ones."""
    born = date.fromisoformat(patient["date_of_birth"])
    if featured:
        chosen: list[Condition] = [CONDITIONS_BY_CODE[code] for code in featured.conditions]
    else:
        chosen = _choose_common(patient["id"], _list_common(patient["gender"], AGE_YEAR - born.year))
    return tuple(
        _date_condition(condition, patient["id"] * 37 + index * 53, born, today.toordinal(), bool(featured))
        for index, condition in enumerate(chosen)
    )


def _choose_common(number: int, common: tuple[Condition, ...]) -> list[Condition]:
    if not common:
        return []
    count = min(COUNTS[number % len(COUNTS)], len(common))
    step = 1 + number // 5 % max(len(common) - 1, 1)
    chosen = [common[(number // 3 + index * step) % len(common)] for index in range(count)]
    return list(dict.fromkeys(chosen))


@lru_cache(maxsize=512)
def _list_common(gender: str, age: int) -> tuple[Condition, ...]:
    return tuple(
        condition
        for condition in COMMON
        if condition.sex in ("", gender) and condition.ages[0] <= age <= condition.ages[1]
    )


def _date_condition(
    condition: Condition, number: int, born: date, today: int, is_featured: bool
) -> PatientCondition:
    """Date a condition: its onset at an age at which one has it, half of the treatments within two years."""
    if condition.began is not None:
        onset = today - condition.began
        return PatientCondition(condition, onset, onset + condition.began // 4)
    earliest = born.toordinal() + int(max(condition.ages[0], 0.3) * YEAR)
    is_recent = is_featured or number % 2 == 0
    treated_on = today - (120 + number % 430 if is_recent else 800 + number * 7 % 3000)
    onset = min(max(earliest, treated_on - 30 - number % 1800), today - 30)
    return PatientCondition(condition, onset, max(treated_on, onset))
