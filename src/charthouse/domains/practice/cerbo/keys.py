"""What most objects of Cerbo's API have in common: policy, keys, parents and page size."""

from typing import Any

from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Coalesce

from charthouse.engine.declaration.composites import convert
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.policy import ALWAYS, Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import PageSize, Parent, Resource
from charthouse.engine.declaration.sources import Expression
from charthouse.engine.declaration.times import Timestamp
from charthouse.engine.declaration.types import Integer, Text
from charthouse.engine.declaration.values import READ_ONLY
from charthouse.engine.sql import expressions as sql
from charthouse.files.types import url_key

# The user id of a row that an API user created in its own name (reference cerbo/behaviour.md).
API_MADE = 99999
PAGES = PageSize(100, 100, 100)  # of every list in the Cerbo API


def make_policy(endpoints: str, **more: Any) -> Policy:
    """Make the policy of the resources of a group of endpoints: the scope is the group's name, and API users see the
    whole practice."""
    return Policy(scopes=(endpoints,), permissions=(), sharing=ALWAYS, owner=None, **more)


def make_constant_key(name: str, text: str) -> Key:
    """Make a key that has the same text in every row."""
    shown = convert(Text(), read={"type": "string", "enum": [text]})
    source = Expression(lambda: sql.literal(text))
    return Key(name, shown, READ_ONLY, source=source, nullable=False, example=text)


def make_object_key(kind: str) -> Key:
    """Make the key of the word that says what an object is."""
    return make_constant_key("object", kind)


def select_user(column: str) -> Combinable:
    """Select the id of a user in a column, or API_MADE."""
    return Coalesce(F(column), Value(API_MADE), output_field=models.BigIntegerField())


def make_user_key(name: str, column: str = "added_by_id", *, as_text: bool = False) -> Key:
    """Make the key of who did something: the id of a user, or API_MADE."""
    if as_text:
        shown = lambda: Cast(select_user(column), models.TextField())  # noqa: E731
        return Key(
            name,
            Text(),
            READ_ONLY,
            source=Expression(shown),
            nullable=False,
            doc="A user id; 99999 for an API user.",
        )
    return Key(
        name,
        Integer(),
        READ_ONLY,
        source=Expression(lambda: select_user(column)),
        nullable=False,
        doc="A user id; 99999 for an API user.",
    )


def make_created_key(name: str = "created") -> Key:
    """Make the key of when a row was created, UTC."""
    return Key(name, Timestamp(spaced=True), READ_ONLY, source="created_at")


def make_deleted_key(name: str = "datedeleted") -> Key:
    """Make the key of when a row was archived, UTC; null while it is not. Nothing is written to a row after that."""

    def select_deletion() -> Combinable:
        return Case(
            When(archived=True, then=sql.format_utc(F("updated_at"))),
            default=sql.literal(None),
            output_field=models.TextField(),
        )

    return Key(name, Timestamp(spaced=True), READ_ONLY, source=Expression(select_deletion))


def make_encounter_keys(column: str = "appointment_id") -> tuple[Key, Key]:
    """Make the keys of the visit at which something was charted: its id and its URL."""
    return (
        Key("encounter_id", Integer(), READ_ONLY, source=column, doc="The visit where it was charted."),
        url_key("url_encounter", path_format="/api/v1/encounters/%s", columns=(column,), nullable=True),
    )


def make_patient_key() -> Key:
    """Make the key of the patient whose row it is."""
    return Key("pt_id", Reference("patients"), READ_ONLY, source="patient")


def declare_patient_list(endpoints: str, kind: str, keys: tuple[Key, ...], **more: Any) -> Resource:
    """Declare a list of what a patient has, below ``patients/{patient_id}``.

    ``endpoints``: the group's name; ``kind``: what its objects are called; ``keys``: those after ``object`` and ``id``;
    ``more``: as a Resource has it.
    """
    return Resource(
        policy=make_policy(endpoints),
        page_size=PAGES,
        parents=make_patient_parent(),
        rows=Q(archived=False),
        keys=(make_object_key(kind), Key("id", Id(), READ_ONLY), *keys),
        **more,
    )


def make_patient_parent(source: str = "patient") -> tuple[Parent, ...]:
    """Make the parent of paths below ``patients/{patient_id}``. ``source``: lookup path of the patient."""
    return (Parent("patient_id", to="patients", source=source),)
