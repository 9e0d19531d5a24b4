"""Keys of Cerbo's appointment types. Facts: reference cerbo/objects.yaml."""

import secrets
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, OuterRef, Q, Value
from django.db.models.expressions import Combinable, ExpressionWrapper
from django.db.models.functions import Coalesce

from charthouse.domains.practice.cerbo_keys import by, created, deleted, tag
from charthouse.domains.scheduling.cerbo_keys import of_doctor, user_ids
from charthouse.engine.declaration.composites import Converted
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.references import Id
from charthouse.engine.declaration.sources import UNSTORED, Expression
from charthouse.engine.declaration.times import Timestamp
from charthouse.engine.declaration.types import Boolean, Integer, Text, Type
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY, REQUIRED, WRITE_ONLY
from charthouse.engine.sql import expressions as sql

SHORTEST, LONGEST_TYPE = 5, 720  # minutes
MOST_HOURS = 720  # that a reminder goes before


def _parse_hex(inner: Type, value: Any) -> str:
    """Six hexadecimal digits; in the column there is a # before them."""
    return f"#{inner.parse(value)}"


def _select_hex() -> Combinable:
    """The color in the column, #rrggbb or rgb(r, g, b), without the #."""
    parts = " || ".join(
        rf"lpad(to_hex((regexp_match(%(color)s, '(\d+)\D+(\d+)\D+(\d+)'))[{n}]::int), 2, '0')"
        for n in (1, 2, 3)
    )
    text = f"case when %(color)s like 'rgb%%' then {parts} else ltrim(%(color)s, '#') end"
    return sql.named_template(text, color=F("color"), output_field=sql.TEXT)


def _which() -> Combinable:
    own = ArraySubquery(of_doctor(OuterRef("doctor_id")).values_list("pk"))
    return Coalesce(F("provider_ids"), own, output_field=ArrayField(models.BigIntegerField()))


def _pick_color() -> str:
    """A color for a type that is given none."""
    return f"#{secrets.token_hex(3)}"


def _is_active() -> Combinable:
    return ExpressionWrapper(Q(archived=False), output_field=models.BooleanField())


def _switch(name: str, source: str = "", doc: str = "") -> Key:
    return Key(name, Boolean(), OPTIONAL, source=source, doc=doc)


def _hours(name: str) -> Key:
    return Key(name, Integer(minimum=1, maximum=MOST_HOURS), OPTIONAL, default=24, doc="Hours before it.")


TYPE: tuple[Key, ...] = (
    tag("appointment_type"),
    Key("id", Id(), READ_ONLY),
    Key(
        "name",
        Text(),
        REQUIRED,
        doc="No two types that are made here have the same; with a letter or a digit.",
    ),
    Key("name_portal", Text(), OPTIONAL, doc="What patients read; as name where it isn't given."),
    Key(
        "color_hex",
        Converted(Text(pattern="[0-9a-fA-F]{6}"), parse_with=_parse_hex),
        OPTIONAL,
        source=Expression(_select_hex, column="color"),
        nullable=False,
        default=_pick_color,
        example="b2f07e",
    ),
    Key("description", Text(), OPTIONAL),
    _switch("allow_on_portal", "online_scheduling"),
    Key(
        "number_of_overlaps_to_allow",
        Integer(minimum=0, maximum=1000),
        OPTIONAL,
        doc="How many visits of the provider at the same time don't stop a booking.",
    ),
    Key("portal_notice", Text(), OPTIONAL),
    user_ids(
        "which_providers",
        source=Expression(_which, column="provider_ids"),
        nullable=True,
        doc="Users who are doctors; [0]: all of them, which is the default.",
    ),
    Key(
        "default_length",
        Integer(minimum=SHORTEST, maximum=LONGEST_TYPE),
        REQUIRED,
        source="duration",
        doc="Minutes.",
    ),
    Key(
        "default_status",
        Text(),
        READ_ONLY,
        source=Expression(lambda: sql.Literal("scheduled")),
        nullable=False,
    ),
    Key(
        "sort_order",
        Integer(),
        OPTIONAL,
        source=Expression(lambda: Coalesce(F("sort_order"), Value(0)), column="sort_order"),
        nullable=False,
        default=0,
        doc="Lower comes first.",
    ),
    _switch("telemedicine", doc="Bookings of it are video visits."),
)

SENT: tuple[Key, ...] = (
    _switch("email_notice_on", doc="The patient is sent an e-mail at the booking."),
    Key("email_notice", Text(), OPTIONAL),
    Key("email_notice_subject", Text(), OPTIONAL),
    _switch("email_reminder_on"),
    Key("email_reminder", Text(), OPTIONAL, doc="Empty: who, where and when."),
    Key("email_reminder_subject", Text(), OPTIONAL),
    _hours("email_reminder_hrs_before"),
    _switch("sms_reminder_on"),
    Key("sms_reminder", Text(max_length=220), OPTIONAL, doc="Empty: who, where and when."),
    _hours("sms_reminder_hrs_before"),
)

TYPE_KEPT: tuple[Key, ...] = (
    Key("is_active", Boolean(), READ_ONLY, source=Expression(_is_active), nullable=False),
    deleted("inactive_date"),
    Key("dateupdated", Timestamp(spaced=True), READ_ONLY, source="updated_at"),
    created(),
    by("created_by"),
)
WHICH = user_ids("which_providers[]", access=WRITE_ONLY, source=UNSTORED, doc="As which_providers.")
