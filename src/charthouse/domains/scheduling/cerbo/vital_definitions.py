"""The vitals that a practice defines, and groups of vitals, as Cerbo shows them. Source: reference cerbo/objects.yaml;
docs/decisions/0191-readings.md"""

from django.contrib.auth import get_user_model
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, NullIf

from charthouse.domains.practice.cerbo.keys import (
    API_MADE,
    PAGES,
    make_created_key,
    make_object_key,
    make_policy,
    make_user_key,
)
from charthouse.domains.scheduling.measures import has_values, is_repeated
from charthouse.domains.scheduling.models import CustomVital, VitalsTagGroup
from charthouse.engine.declaration.composites import List
from charthouse.engine.declaration.filters import Flag
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.references import Id
from charthouse.engine.declaration.resources import Resource, Visibility
from charthouse.engine.declaration.sources import Expression
from charthouse.engine.declaration.types import Boolean, Integer, Text
from charthouse.engine.declaration.values import READ_ONLY
from charthouse.engine.sql import expressions as sql

User = get_user_model()


def _select_doctors_user() -> Combinable:
    users = User._default_manager.filter(
        practice=OuterRef("practice_id"), doctor_id=OuterRef("doctor_id"), role="doctor"
    )
    return Coalesce(Subquery(users.order_by("pk").values_list("pk")[:1]), Value(API_MADE))


def _select_full_name() -> Combinable:
    description = NullIf(F("description"), sql.Literal(""))
    return Coalesce(description, F("name"), output_field=models.TextField())


def _make_null_key(name: str, doc: str) -> Key:
    return Key(name, Text(), READ_ONLY, source=Expression(lambda: sql.literal(None)), doc=doc)


vitals = Resource(
    path="vitals",
    model=CustomVital,
    doc="Vitals defined by the practice. Vitals that several doctors set up alike are listed once.",
    methods="GET",
    policy=make_policy("vitals"),
    page_size=PAGES,
    rows=Q(archived=False) & ~Q(is_repeated()),
    keys=(
        make_object_key("vital_definition"),
        Key("id", Id(), READ_ONLY),
        Key("name", Text(), READ_ONLY),
        Key("name_full", Text(), READ_ONLY, source=Expression(_select_full_name), nullable=False),
        _make_null_key("nicknames", "Null: a definition has one name."),
        Key("units", Text(), READ_ONLY, source="unit"),
        Key("unit_type", Text(choices=CustomVital.DataType.values), READ_ONLY, source="data_type"),
        _make_null_key("normal_low", "Null: definitions have no limits."),
        _make_null_key("normal_high", "Null."),
        Key("notes", Text(), READ_ONLY, source="description"),
        Key(
            "dashboard_active",
            Boolean(),
            READ_ONLY,
            source=Expression(lambda: sql.literal(True)),
            nullable=False,
            doc="Always true: archived vitals aren't listed.",
        ),
        Key(
            "addedby",
            Integer(),
            READ_ONLY,
            source=Expression(_select_doctors_user),
            nullable=False,
            doc="The user of the vital's doctor.",
        ),
        make_created_key(),
    ),
    filters=(Flag("show_all", doc="Includes vitals without any values."),),
    visibility=Visibility(~Q(has_values()), shown_by="show_all", referable=True),
    example={"name": "Peak flow", "units": "L/min"},
)

vitals_tag_groups = Resource(
    path="vitals_tag_groups",
    model=VitalsTagGroup,
    doc="Vitals that are shown together.",
    methods="GET",
    policy=make_policy("vitals"),
    reads=False,
    page_size=PAGES,
    rows=Q(archived=False),
    keys=(
        Key("name", Text(), READ_ONLY),
        Key(
            "included_fields",
            List(Text()),
            READ_ONLY,
            doc="Names used in the URLs of readings: bp, height, weight, or a vital's id.",
        ),
        make_user_key("created_by"),
        make_created_key(),
    ),
    example={"name": "Weight clinic", "included_fields": ["weight", "bp", "12"]},
)

RESOURCES = [vitals, vitals_tag_groups]
