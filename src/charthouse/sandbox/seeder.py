"""The base of what each domain adds to a practice."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from random import Random
from typing import ClassVar

from charthouse.sandbox.calendar import Visit
from charthouse.sandbox.context import PracticeContext
from charthouse.sandbox.patients.record import PatientRecord
from charthouse.sandbox.teams import Team


class Seeder:
    """Rows of one subject, added in up to three steps: subclasses override the steps that they need.

    ``stream`` names the stream of random numbers that it draws from, which seeders may share. The name is part of the
    seed: it says nothing about the subject, and is never changed, since another one would give other rows.
    """

    stream: ClassVar[str]

    def __init__(self, context: PracticeContext, team: Team) -> None:
        self.context, self.team = context, team
        self.calendar, self.today = context.calendar, context.today
        self.copy, self.select = context.copy, context.select

    @cached_property
    def random(self) -> Random:
        """The generator of the stream."""
        return self.context.get_random(self.stream)

    def set_up(self) -> None:
        """Add what the practice has before its first patient."""

    def add_batch(self, patients: Sequence[PatientRecord], visits: Sequence[Visit]) -> None:
        """Add the rows of these new patients and their appointments, which are in the order of time."""

    def finish(self) -> None:
        """Add the rows that need all patients and appointments of the practice."""

    def draw_time(self, day: date, hour: int = 15) -> str:
        """Draw a time of a day, in the six hours after ``hour`` (UTC). ISO text."""
        start = datetime.combine(day, time(hour), tzinfo=UTC)
        return (start + timedelta(minutes=self.random.randrange(0, 360, 5))).isoformat()
