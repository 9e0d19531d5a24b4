"""A synthetic patient: rows, age, conditions."""

from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from charthouse.sandbox.clinical.conditions import PatientCondition, choose_conditions
from charthouse.sandbox.data.featured_patients import FeaturedPatient
from charthouse.sandbox.loader import Row

AGE_DATE = date(2026, 1, 1)  # the day of which ages are: they don't depend on the reference day
ADULT_AGE = 18


@dataclass
class PatientRecord:
    """The rows of a patient; ``row`` is that of the patient table. ``days_known``: days since the chart was opened.
    ``today``: the reference day; ``featured``: the description of a patient who is described one by one."""

    row: Row
    days_known: int
    today: date
    featured: FeaturedPatient | None = None
    coverages: list[Row] = field(default_factory=list)
    flags: list[Row] = field(default_factory=list)
    demographics: list[Row] = field(default_factory=list)
    referring_doctor: Row | None = None

    @cached_property
    def conditions(self) -> tuple[PatientCondition, ...]:
        """The conditions that the patient has today."""
        return choose_conditions(self.row, self.featured, self.today)

    @cached_property
    def born(self) -> date:
        """The date of birth."""
        return date.fromisoformat(self.row["date_of_birth"])

    def get_age(self, day: date) -> float:
        """Return the age in years on a day."""
        return (day - self.born).days / 365.25

    def has_condition(self, code: str, day: date) -> bool:
        """Whether the patient has the condition of this ICD-10-CM code on a day."""
        return any(each.condition.code == code and each.onset <= day.toordinal() for each in self.conditions)

    def get_course(self, value: str, day: date) -> float | None:
        """Return what conditions make of a value on a day, None if none does. ``value``: as in ``Condition.trends``."""
        number, today = day.toordinal(), self.today.toordinal()
        course = None
        for each in self.conditions:
            if each.onset <= number and (trend := each.condition.trends.get(value)):
                course = each.compute(trend, number, today)
        return course


def is_child(patient: Row) -> bool:
    """Whether a patient is under 18 on the day of which ages are."""
    return int(patient["date_of_birth"][:4]) > AGE_DATE.year - ADULT_AGE


def needs_interpreter(patient: Row) -> bool:
    """Whether a patient prefers another language than English."""
    return patient["preferred_language"] not in ("eng", "declined", "blank")
