"""Keys of Cerbo's appointment types. Facts: reference cerbo/objects.yaml."""

import secrets
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, OuterRef, Q, Value
from django.db.models.expressions import Combinable, ExpressionWrapper, Func
from django.db.models.functions import Coalesce

from charthouse.domains.practice.cerbo_keys import by, created, deleted, tag
from charthouse.domains.scheduling.cerbo_keys import of_doctor, user_ids
from charthouse.resource import sql
from charthouse.resource.fields import (
    OPTIONAL,
    READ_ONLY,
    REQUIRED,
    WRITE_ONLY,
    Boolean,
    Field,
    Id,
    Integer,
    Text,
)
from charthouse.resource.times import Moment

SHORTEST, LONGEST_TYPE = 5, 720  # minutes
MOST_HOURS = 720  # that a reminder goes before


@dataclass(frozen=True, kw_only=True, eq=False)
class Hex(Text):
    """Six hexadecimal digits; in the column there is a # before them."""

    pattern: str = "[0-9a-fA-F]{6}"

    def keep(self, value: Any, practice: int) -> Any:
        return f"#{value}"


class _HexOf(Func):
    """A color as it is kept, #rrggbb or rgb(r, g, b), without the #."""

    arity = 1
    output_field = models.TextField()

    def as_sql(self, compiler: Any, connection: Any, *names: Any, **extra: Any) -> Any:
        text, given = compiler.compile(self.source_expressions[0])
        parts = " || ".join(
            f"lpad(to_hex((regexp_match({text}, '(\\d+)\\D+(\\d+)\\D+(\\d+)'))[{n}]::int), 2, '0')"
            for n in (1, 2, 3)
        )
        return f"case when {text} like 'rgb%%' then {parts} else ltrim({text}, '#') end", [*given * 5]


def _which() -> Combinable:
    own = ArraySubquery(of_doctor(OuterRef("doctor_id")).values_list("pk"))
    return Coalesce(F("provider_ids"), own, output_field=ArrayField(models.BigIntegerField()))


def some_color() -> str:
    """A color for a type that is given none."""
    return secrets.token_hex(3)


def _is_active() -> Combinable:
    return ExpressionWrapper(Q(archived=False), output_field=models.BooleanField())


def _switch(name: str, source: str = "", doc: str = "") -> Field:
    return Boolean(name, OPTIONAL, source=source, doc=doc)


def _hours(name: str) -> Field:
    return Integer(name, OPTIONAL, minimum=1, maximum=MOST_HOURS, default=24, doc="Hours before it.")


TYPE: tuple[Field, ...] = (
    tag("appointment_type"),
    Id("id"),
    Text("name", REQUIRED, doc="No two types that are made here have the same; with a letter or a digit."),
    Text("name_portal", OPTIONAL, doc="What patients read; as name where it isn't given."),
    Hex(
        "color_hex",
        OPTIONAL,
        source="color",
        computed=lambda: _HexOf(F("color")),
        nullable=False,
        default=some_color,
        example="b2f07e",
    ),
    Text("description", OPTIONAL),
    _switch("allow_on_portal", "online_scheduling"),
    Integer(
        "number_of_overlaps_to_allow",
        OPTIONAL,
        minimum=0,
        maximum=1000,
        doc="How many visits of the provider at the same time don't stop a booking.",
    ),
    Text("portal_notice", OPTIONAL),
    user_ids(
        "which_providers",
        source="provider_ids",
        computed=_which,
        nullable=True,
        doc="Users who are doctors; [0]: all of them, which is the default.",
    ),
    Integer(
        "default_length", REQUIRED, source="duration", minimum=SHORTEST, maximum=LONGEST_TYPE, doc="Minutes."
    ),
    Text("default_status", READ_ONLY, computed=lambda: sql.Text("scheduled"), nullable=False),
    Integer(
        "sort_order",
        OPTIONAL,
        computed=lambda: Coalesce(F("sort_order"), Value(0)),
        nullable=False,
        default=0,
        doc="Lower comes first.",
    ),
    _switch("telemedicine", doc="Bookings of it are video visits."),
)

SENT: tuple[Field, ...] = (
    _switch("email_notice_on", doc="The patient is sent an e-mail at the booking."),
    Text("email_notice", OPTIONAL),
    Text("email_notice_subject", OPTIONAL),
    _switch("email_reminder_on"),
    Text("email_reminder", OPTIONAL, doc="Empty: who, where and when."),
    Text("email_reminder_subject", OPTIONAL),
    _hours("email_reminder_hrs_before"),
    _switch("sms_reminder_on"),
    Text("sms_reminder", OPTIONAL, max_length=220, doc="Empty: who, where and when."),
    _hours("sms_reminder_hrs_before"),
)

TYPE_KEPT: tuple[Field, ...] = (
    Boolean("is_active", READ_ONLY, computed=_is_active, nullable=False),
    deleted("inactive_date"),
    Moment("dateupdated", READ_ONLY, source="updated_at"),
    created(),
    by("created_by"),
)
WHICH = user_ids("which_providers[]", access=WRITE_ONLY, stored=False, doc="As which_providers.")
