"""SQL expressions over a row of appointments."""

from django.db import models
from django.db.models import Case, F, OuterRef, Subquery, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, Greatest

from charthouse.domains.scheduling.models import (
    CustomVitalValue,
    Vitals,
)
from charthouse.engine.sql import expressions as sql


def join_array(column: str, separator: str) -> Combinable:
    """Join the texts of an array."""
    return sql.template(f"array_to_string(%s, '{separator}')", F(column), output_field=sql.TEXT)


def select_extended_updated_at() -> Combinable:
    """Select when the appointment, its vitals or its custom vitals were written last, UTC."""

    def last(model: type[models.Model]) -> Combinable:
        rows = model._default_manager.filter(practice=OuterRef("practice_id"), appointment=OuterRef("pk"))
        return Subquery(rows.order_by("-updated_at").values("updated_at")[:1])

    return sql.to_wall_clock(Greatest(F("updated_at"), last(Vitals), last(CustomVitalValue)), "UTC")


def select_instance_key() -> Combinable:
    """Select the name of a visit of a series: id of the first visit, a hyphen, its own id; empty for a single visit."""
    first = Case(When(recur_end_date__isnull=False, then=F("id")), default=F("base_recurring_appointment_id"))
    key = sql.template("(%s::text || '-' || %s)::text", first, F("id"), output_field=sql.TEXT)
    return Coalesce(key, sql.literal(""))
