"""The context of a document: patient, practice, doctor, and the dates that it covers."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property, lru_cache
from typing import Any
from uuid import UUID, uuid4, uuid5
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet

from charthouse import clock
from charthouse.domains.patients.models import Patient
from charthouse.domains.practice.models import Doctor, Office
from charthouse.identity.models import Practice

_NAMESPACE = UUID("5a9a1f0e-6d0c-4b55-9b0e-2f6f0d6b7c11")
FIRST, LAST = date.min + timedelta(days=2), date.max - timedelta(days=2)


@dataclass(frozen=True)
class Window:
    """A range of dates in the doctor's time zone, both inclusive. By default unbounded."""

    first: date = FIRST
    last: date = LAST

    @property
    def is_unbounded(self) -> bool:
        return (self.first, self.last) == (FIRST, LAST)


@dataclass(frozen=True, eq=False)
class DocumentContext:
    """The context of a document. ``now``: time of its creation; ``document_id``: a UUID; ``zone``: the doctor's time
    zone. ``released_only``: it is for the patient, who sees results once they are signed off."""

    practice: Practice
    patient: Patient
    doctor: Doctor
    office: Office | None
    window: Window
    now: datetime
    document_id: str
    released_only: bool = False

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.doctor.timezone)

    # -- filters ------------------------------------------------------------------------------------------------

    def filter_patient(self, path: str = "patient") -> Q:
        """Filter rows of this patient that are not archived. ``path``: relation to the patient."""
        return Q(**{"practice": self.practice.pk, path: self.patient.pk, "archived": False})

    def filter_day(self, path: str) -> Q:
        """Filter rows whose date column ``path`` lies in the window."""
        if self.window.is_unbounded:
            return Q()
        return Q(**{f"{path}__gte": self.window.first, f"{path}__lte": self.window.last})

    def filter_time(self, path: str) -> Q:
        """Filter rows whose time column ``path`` lies in the window."""
        if self.window.is_unbounded:
            return Q()
        return Q(
            **{f"{path}__gte": self._start(self.window.first), f"{path}__lt": self._end(self.window.last)}
        )

    def filter_period(self, begun: str, ended: str) -> Q:
        """Filter rows whose period overlaps the window. ``begun``, ``ended``: date columns, null where unknown."""
        if self.window.is_unbounded:
            return Q()
        before = Q(**{f"{begun}__isnull": True}) | Q(**{f"{begun}__lte": self.window.last})
        after = Q(**{f"{ended}__isnull": True}) | Q(**{f"{ended}__gte": self.window.first})
        return before & after

    def _start(self, day: date) -> datetime:
        return datetime.combine(day, time.min, self.zone)

    def _end(self, day: date) -> datetime:
        return self._start(day + timedelta(days=1))

    # -- identifiers --------------------------------------------------------------------------------------------

    def id_root(self, what: str) -> str:
        """Return the root of identifiers of a kind of rows: stable across documents, and unique to the practice across
        servers."""
        return _derive_root(self.practice.pk, self.practice.created_at, what)


@lru_cache(maxsize=512)
def _derive_root(practice: int, since: datetime, what: str) -> str:
    mine = uuid5(_NAMESPACE, f"{practice} {since.isoformat()}")
    return str(uuid5(mine, what))


def list_rows(found: "QuerySet[Any, Any]") -> list[dict[str, Any]]:
    """Return the rows of a ``values()`` query as a list."""
    return list(found)


def load_context(
    patient: Patient,
    window: Window,
    *,
    now: datetime | None = None,
    document_id: str = "",
    released_only: bool = False,
) -> DocumentContext:
    """Load the context of a document about a patient, in three queries."""
    rows: dict[str, Any] = {"practice": patient.practice_id}
    doctor = Doctor.objects.get(**rows, pk=patient.doctor_id)
    office = Office.objects.filter(**rows, doctor=doctor.pk, archived=False).order_by("id").first()
    practice = Practice.objects.get(pk=patient.practice_id)
    made_at, made_id = now or clock.now(), document_id or str(uuid4())
    return DocumentContext(practice, patient, doctor, office, window, made_at, made_id, released_only)
