"""Keys that most objects of Cerbo share, and whom its integer ids of people mean."""

from typing import Any

from django.db import models
from django.db.models import Case, F, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Coalesce

from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.policy import ALWAYS, Policy
from charthouse.engine.declaration.resources import PageSize, Parent
from charthouse.engine.declaration.sources import Constant, Expression
from charthouse.engine.declaration.times import Timestamp
from charthouse.engine.declaration.types import Integer, Text
from charthouse.engine.declaration.values import READ_ONLY
from charthouse.engine.sql import expressions as sql
from charthouse.files.types import url_key

# Who made a row that no person made: a program that called in its own name (reference cerbo/behaviour.md).
API_MADE = 99999
PAGES = PageSize(100, 100, 100)  # of every list in the Cerbo API


def common(endpoints: str, **more: Any) -> Policy:
    """The policy of every resource of a group of endpoints: the scope is its name, and API users see the whole
    practice."""
    return Policy(scopes=(endpoints,), permissions=(), sharing=ALWAYS, owner=None, **more)


def tag(kind: str) -> Key:
    """The word that says what an object is."""
    return Key("object", Text(), READ_ONLY, source=Constant(kind), nullable=False)


def person(column: str) -> Combinable:
    return Coalesce(F(column), Value(API_MADE), output_field=models.BigIntegerField())


def by(name: str, column: str = "added_by_id", *, as_text: bool = False) -> Key:
    """Who did it: the id of a user, or API_MADE."""
    if as_text:
        shown = lambda: Cast(person(column), models.TextField())  # noqa: E731
        return Key(
            name,
            Text(),
            READ_ONLY,
            source=Expression(shown),
            nullable=False,
            doc="A user's id; 99999: by an API user.",
        )
    return Key(
        name,
        Integer(),
        READ_ONLY,
        source=Expression(lambda: person(column)),
        nullable=False,
        doc="A user's id; 99999: by an API user.",
    )


def created(name: str = "created") -> Key:
    return Key(name, Timestamp(spaced=True), READ_ONLY, source="created_at")


def deleted(name: str = "datedeleted") -> Key:
    """When a row was put away, null while it is there: nothing is written to a row after that."""

    def shown() -> Combinable:
        return Case(
            When(archived=True, then=sql.format_utc(F("updated_at"))),
            default=sql.literal(None),
            output_field=models.TextField(),
        )

    return Key(name, Timestamp(spaced=True), READ_ONLY, source=Expression(shown))


def encounter(column: str = "appointment_id") -> tuple[Key, Key]:
    """The visit during which something was charted."""
    return (
        Key("encounter_id", Integer(), READ_ONLY, source=column, doc="The visit it was charted at."),
        url_key("url_encounter", path_format="/api/v1/encounters/%s", columns=(column,), nullable=True),
    )


def below_patient(source: str = "patient") -> tuple[Parent, ...]:
    """For paths below ``patients/{patient_id}``."""
    return (Parent("patient_id", to="patients", source=source),)
