"""Keys that most objects of Cerbo share, and whom its integer ids of people mean."""

from typing import Any

from django.db import models
from django.db.models import Case, F, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Coalesce

from charthouse.files.fields import Address
from charthouse.resource import sql
from charthouse.resource.declare import ALWAYS, Parent
from charthouse.resource.fields import READ_ONLY, Field, Integer, Text
from charthouse.resource.joined import Constant
from charthouse.resource.times import Moment

# Who made a row that no person made: a program that called in its own name (reference cerbo/behaviour.md).
API_MADE = 99999


def common(endpoints: str) -> dict[str, Any]:
    """What every resource of a group of endpoints declares: its name, and that API users see the whole practice."""
    return {"scopes": (endpoints,), "permissions": (), "sharing": ALWAYS, "owner": None}


def tag(kind: str) -> Field:
    """The word that says what an object is."""
    return Constant("object", value=kind)


def person(column: str) -> Combinable:
    return Coalesce(F(column), Value(API_MADE), output_field=models.BigIntegerField())


def by(name: str, column: str = "added_by_id", *, as_text: bool = False) -> Field:
    """Who did it: the id of a user, or API_MADE."""
    if as_text:
        shown = lambda: Cast(person(column), models.TextField())  # noqa: E731
        return Text(
            name, READ_ONLY, computed=shown, nullable=False, doc="A user's id; 99999: by an API user."
        )
    return Integer(
        name,
        READ_ONLY,
        computed=lambda: person(column),
        nullable=False,
        doc="A user's id; 99999: by an API user.",
    )


def created(name: str = "created") -> Field:
    return Moment(name, READ_ONLY, source="created_at")


def deleted(name: str = "datedeleted") -> Field:
    """When a row was put away, null while it is there: nothing is written to a row after that."""

    def shown() -> Combinable:
        return Case(
            When(archived=True, then=sql.Spaced(F("updated_at"))),
            default=sql.constant(None),
            output_field=models.TextField(),
        )

    return Moment(name, READ_ONLY, computed=shown)


def encounter(column: str = "appointment_id") -> tuple[Field, Field]:
    """The visit during which something was charted."""
    return (
        Integer("encounter_id", READ_ONLY, source=column, doc="The visit it was charted at."),
        Address("url_encounter", where="/api/v1/encounters/%s", about=(column,), nullable=True),
    )


def below_patient(source: str = "patient") -> tuple[Parent, ...]:
    """For paths below ``patients/{patient_id}``."""
    return (Parent("patient_id", to="patients", source=source),)
