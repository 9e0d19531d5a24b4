"""Vitals that a practice has defined, as Cerbo sees them: what several doctors have set up alike is one measure, shown
as the first of these definitions. docs/decisions/0191-readings.md"""

from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import Exists, F, OuterRef, QuerySet, Subquery
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from charthouse.domains.scheduling.models import (
    FREEING_STATUSES,
    MAX_DURATION,
    Appointment,
    CustomVital,
    CustomVitalValue,
)
from charthouse.engine.sql.expressions import BoundParameter
from charthouse.engine.sql.folding import Folded

_SAME = ("unit", "data_type", "allowed_values", "is_fraction_field", "fraction_delimiter")


def _select_like(outer: str = "") -> "QuerySet[CustomVital]":
    """Select the definitions that are like that of an outer row, which is at this lookup path (``vital_type__``)."""
    same = {name: OuterRef(f"{outer}{name}") for name in _SAME}
    rows = CustomVital.objects.filter(practice=OuterRef("practice_id"), archived=False, **same)
    return rows.annotate(folded=Folded(F("name"))).filter(folded=Folded(OuterRef(f"{outer}name")))


def is_repeated() -> Exists:
    """Tell whether an earlier definition is like a definition."""
    return Exists(_select_like().filter(pk__lt=OuterRef("pk")))


def select_measure() -> Combinable:
    """Select the definition as which the vital of a value is shown."""
    first = _select_like("vital_type__").order_by("pk").values("pk")[:1]
    return Coalesce(Subquery(first), F("vital_type_id"), output_field=models.BigIntegerField())


def has_values() -> Exists:
    """Tell whether a value of a definition, or of one that is like it, has been written."""
    same = {f"vital_type__{name}": OuterRef(name) for name in _SAME}
    values = CustomVitalValue.objects.filter(practice=OuterRef("practice_id"), archived=False, **same)
    return Exists(
        values.annotate(folded=Folded(F("vital_type__name"))).filter(folded=Folded(OuterRef("name")))
    )


def select_value_ids(measure: Any) -> "QuerySet[Any]":
    """Select the ids of the values of a measure: of all definitions that are like it."""
    practice = BoundParameter("practice", models.BigIntegerField())
    kinds = CustomVital.objects.filter(practice_id=practice).filter(Exists(_select_like().filter(pk=measure)))
    rows = CustomVitalValue.objects.filter(practice_id=practice, archived=False)
    return rows.filter(vital_type__in=kinds.values("pk")).values_list("pk")


def find_visit(practice: int, patient: int, measure: int, taken: datetime) -> int | None:
    """Return the visit during which a value was taken, unless it has one of this measure already."""
    visits = Appointment.objects.filter(
        practice=practice,
        patient=patient,
        archived=False,
        is_virtual_base=False,
        scheduled_time__lte=taken,
        scheduled_time__gt=taken - timedelta(minutes=MAX_DURATION),
    ).exclude(status__in=FREEING_STATUSES)
    for row, begins, minutes in visits.order_by("-scheduled_time").values_list(
        "pk", "scheduled_time", "duration"
    ):
        if taken < begins + timedelta(minutes=minutes):
            values = CustomVitalValue.objects.filter(practice=practice, appointment=row)
            shown = values.annotate(measure=select_measure()).filter(measure=measure)
            return None if shown.exists() else int(row)
    return None
