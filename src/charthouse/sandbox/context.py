"""What the modules of the domains need to fill a practice: its row, its calendar, random numbers, rows so far."""

from collections.abc import Iterable
from datetime import date, timedelta
from functools import cached_property
from random import Random
from typing import Any

from django.db.models import QuerySet

from charthouse.identity.models import Practice, User
from charthouse.sandbox.calendar import Calendar
from charthouse.sandbox.credentials import Credentials
from charthouse.sandbox.data.practices import PracticeSpec
from charthouse.sandbox.loader import Loader, Row
from charthouse.sandbox.patients.record import PatientRecord


class PracticeContext:
    """A practice that is being filled. ``practice``: its id.

    All rows follow from ``seed``, except passwords and keys. ``random`` is for the practice before it has patients;
    each domain draws from streams of its own (``get_random``), so that its rows don't change with those of others.
    """

    def __init__(self, loader: Loader, spec: PracticeSpec, seed: str, credentials: Credentials) -> None:
        self.loader, self.spec, self.seed, self.credentials = loader, spec, seed, credentials
        self.today = date.fromisoformat(credentials.reference_day)
        self.calendar = Calendar(spec.timezone, self.today)
        self.random = Random(seed)  # noqa: S311
        self._streams: dict[str, Random] = {}
        self.patients: dict[int, PatientRecord] = {}  # of the practice's own doctors, by id
        (self.practice,) = loader.copy(
            Practice, [{"name": spec.name, "sharing": list(spec.sharing), "plan_type": "Provider"}]
        )

    def get_random(self, stream: str) -> Random:
        """Return the generator of a stream of random numbers, the same at each call."""
        if stream not in self._streams:
            self._streams[stream] = Random(f"{self.seed}/{stream}")  # noqa: S311
        return self._streams[stream]

    def get_day(self, days: int) -> date:
        """Return the day so many days after the reference day."""
        return self.today + timedelta(days=days)

    def copy(self, model: Any, rows: Iterable[Row]) -> list[int]:
        """Load rows of the practice and return their ids. Sets ``id`` in rows that have none."""
        return self.loader.copy(model, rows, self.practice)

    def select(self, model: Any) -> "QuerySet[Any]":
        """Select the rows that the practice has so far, in the order of their ids."""
        rows: QuerySet[Any] = model._default_manager.using(self.loader.connection.alias)
        return rows.filter(practice_id=self.practice).order_by("pk")

    # The users are cached: they must not be asked for before ``practice.add_users``.

    @cached_property
    def users(self) -> list[int]:
        """The ids of the users: doctors, then staff."""
        return list(self.select(User).values_list("pk", flat=True))

    @property
    def primary_user(self) -> int:
        """The id of the primary user, the first doctor."""
        return self.users[0]

    @cached_property
    def doctor_users(self) -> dict[int, int]:
        """The ids of users by that of the doctor who they are."""
        return dict(self.select(User).filter(role=User.Role.DOCTOR).values_list("doctor_id", "pk"))
