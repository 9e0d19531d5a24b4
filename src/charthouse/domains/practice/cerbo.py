"""Users as Cerbo shows them. Facts: reference cerbo/objects.yaml, operations.yaml."""

from typing import Any

from django.contrib.auth import get_user_model
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery, Value
from django.db.models.expressions import Combinable, ExpressionWrapper
from django.db.models.functions import Coalesce, Concat, Trim

from charthouse.domains.practice.cerbo_keys import common, created, tag
from charthouse.domains.practice.models import Doctor
from charthouse.resource import sql
from charthouse.resource.declare import Hidden, PageSize, Resource
from charthouse.resource.fields import READ_ONLY, Boolean, Field, Id, Text
from charthouse.resource.filters import Flag

User = get_user_model()

PAGES = PageSize(100, 100, 100)


def _own(column: str) -> Combinable:
    """A column of the doctor that somebody signs in as; empty for staff."""
    doctors = Doctor.objects.filter(practice=OuterRef("practice_id"), pk=OuterRef("doctor_id"))
    own = Subquery(doctors.values_list(column)[:1], output_field=models.TextField())
    return Coalesce(models.Case(models.When(role="doctor", then=own)), sql.Text(""))


def _is(**values: Any) -> Combinable:
    return ExpressionWrapper(Q(**values), output_field=models.BooleanField())


def _name() -> Combinable:
    return Trim(Concat(F("first_name"), Value(" "), F("last_name"), output_field=models.TextField()))


def _computed(name: str, make: Any, doc: str = "") -> Field:
    return Text(name, READ_ONLY, computed=make, nullable=False, doc=doc)


USER: tuple[Field, ...] = (
    tag("user"),
    Id("id", as_text=True),
    Text("first_name", READ_ONLY),
    _computed("middle_name", lambda: sql.Text(""), "Not kept."),
    Text("last_name", READ_ONLY),
    _computed("prefix", lambda: sql.Text(""), "Not kept."),
    _computed("suffix", lambda: _own("suffix")),
    _computed("npi", lambda: _own("npi_number")),
    Text("email", READ_ONLY),
    Boolean(
        "is_resource",
        READ_ONLY,
        computed=lambda: sql.constant(False),
        nullable=False,
        doc="Rooms and devices are no users here.",
    ),
    Boolean("has_calendar", READ_ONLY, computed=lambda: _is(role="doctor"), nullable=False),
    _computed("user_notes", lambda: sql.Text(""), "Not kept."),
    Boolean("login_active", READ_ONLY, source="is_active"),
    Boolean("active", READ_ONLY, source="is_active"),
    Text("display_name_for_messages", READ_ONLY, computed=_name),
    Text("display_name_for_appointments", READ_ONLY, computed=_name),
    created(),
)

users = Resource(
    path="users",
    model=User,
    doc="Who works in the practice: doctors and staff.",
    methods="GET",
    **common("users"),
    page_size=PAGES,
    fields=USER,
    filters=(Flag("status", on_for="any", doc="Any value adds suspended users."),),
    hidden=Hidden(Q(is_active=False), unless="status"),
    example={"first_name": "Amara", "last_name": "Okafor", "npi": "1003000126"},
)

RESOURCES = [users]
