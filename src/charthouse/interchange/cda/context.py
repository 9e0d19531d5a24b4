"""The context of a document: patient, practice, doctor, and the dates that it covers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property, lru_cache
from typing import Any, NamedTuple, TypeVar
from uuid import UUID, uuid4, uuid5
from zoneinfo import ZoneInfo

from django.db.models import Model, Q, QuerySet

from charthouse import clock
from charthouse.domains.patients.models import Patient
from charthouse.domains.practice.models import Doctor, Office
from charthouse.identity.models import Practice

Row = TypeVar("Row", bound=Model)
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
    zone. ``released_only``: it is for the patient, who sees results once they are signed off. ``batch``: of patients
    whose documents are made together."""

    practice: Practice
    patient: Patient
    doctor: Doctor
    office: Office | None
    window: Window
    now: datetime
    document_id: str
    released_only: bool = False
    batch: "PatientBatch | None" = None

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.doctor.timezone)

    # -- filters ------------------------------------------------------------------------------------------------

    def select(self, model: type[Row], path: str = "patient") -> "QuerySet[Row]":
        """Select rows of this patient that are not archived. ``path``: relation to the patient. Where the batch knows
        that there are none, PostgreSQL is not asked."""
        rows = model._default_manager
        if self.batch is not None and not self.batch.has_rows(model, path, self.patient.pk):
            return rows.none()
        return rows.filter(**{"practice": self.practice.pk, path: self.patient.pk, "archived": False})

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


class PatientBatch:
    """Patients of a practice whose documents are made one after the other, within one snapshot of the database: what
    they have in common, and which of them have rows of a kind, is asked once for all."""

    def __init__(self, practice: int, ids: Sequence[int]) -> None:
        self.practice, self._ids = practice, ids
        self._with_rows: dict[tuple[type[Model], str], set[int]] = {}
        self._authors: dict[int, Author] = {}

    def has_rows(self, model: type[Model], path: str, patient: int) -> bool:
        """Tell whether a patient has rows of a model that are not archived. ``path``: relation to the patient."""
        found = self._with_rows.get((model, path))
        if found is None:
            rows = model._default_manager.filter(
                **{"practice": self.practice, f"{path}__in": self._ids, "archived": False}
            )
            found = self._with_rows[model, path] = set(rows.values_list(path, flat=True).distinct())
        return patient in found

    def load_author(self, doctor: int) -> "Author":
        """Load who speaks in the documents of a doctor's patients."""
        if doctor not in self._authors:
            self._authors[doctor] = load_author(self.practice, doctor)
        return self._authors[doctor]


class Author(NamedTuple):
    """Who speaks in a document. ``office``: the doctor's first, if there is one."""

    practice: Practice
    doctor: Doctor
    office: Office | None


def load_author(practice: int, doctor: int) -> Author:
    """Load who speaks in a document, in three queries."""
    office = Office.objects.filter(practice=practice, doctor=doctor, archived=False).order_by("id").first()
    return Author(Practice.objects.get(pk=practice), Doctor.objects.get(practice=practice, pk=doctor), office)


def load_context(
    patient: Patient,
    window: Window,
    *,
    now: datetime | None = None,
    document_id: str = "",
    released_only: bool = False,
    batch: PatientBatch | None = None,
) -> DocumentContext:
    """Load the context of a document about a patient, in three queries; of a batch, in three for each doctor."""
    load = load_author if batch is None else lambda _, doctor: batch.load_author(doctor)
    author = load(patient.practice_id, patient.doctor_id)
    made_at, made_id = now or clock.now(), document_id or str(uuid4())
    return DocumentContext(
        author.practice, patient, author.doctor, author.office, window, made_at, made_id, released_only, batch
    )
