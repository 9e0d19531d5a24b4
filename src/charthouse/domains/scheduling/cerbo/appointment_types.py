"""Types of appointments as Cerbo shows them. Source: reference cerbo/objects.yaml, operations.yaml."""

import secrets
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, OuterRef, Q, Value
from django.db.models.expressions import Combinable, ExpressionWrapper
from django.db.models.functions import Coalesce

from charthouse.domains.practice.cerbo.keys import (
    PAGES,
    make_created_key,
    make_deleted_key,
    make_object_key,
    make_policy,
    make_user_key,
)
from charthouse.domains.practice.unique_names import is_name_taken
from charthouse.domains.scheduling.cerbo.appointments import make_user_ids_key
from charthouse.domains.scheduling.models import AppointmentProfile
from charthouse.domains.scheduling.providers import find_doctors, find_first_doctor, select_users_of_doctor
from charthouse.engine.declaration.changes import Change
from charthouse.engine.declaration.composites import Parse, convert
from charthouse.engine.declaration.filters import Flag
from charthouse.engine.declaration.hooks import hook
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.references import Id
from charthouse.engine.declaration.resources import Resource, Visibility
from charthouse.engine.declaration.sources import UNSTORED, Expression
from charthouse.engine.declaration.times import Timestamp
from charthouse.engine.declaration.types import Boolean, Integer, Text
from charthouse.engine.declaration.values import (
    OPTIONAL,
    READ_ONLY,
    REQUIRED,
    WRITE_ONLY,
    describe_missing_row,
)
from charthouse.engine.sql import expressions as sql

MIN_DURATION, MAX_TYPE_DURATION = 5, 720  # minutes
MAX_HOURS = 720  # from a reminder to the appointment, at most


def _parse_hex(parse: Parse, value: Any) -> str:
    """Parse six hexadecimal digits; the column has a # before them."""
    return f"#{parse(value)}"


def _select_hex() -> Combinable:
    """Select the color in the column, #rrggbb or rgb(r, g, b), without the #."""
    parts = " || ".join(
        rf"lpad(to_hex((regexp_match(%(color)s, '(\d+)\D+(\d+)\D+(\d+)'))[{n}]::int), 2, '0')"
        for n in (1, 2, 3)
    )
    text = f"case when %(color)s like 'rgb%%' then {parts} else ltrim(%(color)s, '#') end"
    return sql.named_template(text, color=F("color"), output_field=sql.TEXT)


def _select_providers() -> Combinable:
    own = ArraySubquery(select_users_of_doctor(OuterRef("doctor_id")).values_list("pk"))
    return Coalesce(F("provider_ids"), own, output_field=ArrayField(models.BigIntegerField()))


def _pick_color() -> str:
    """Pick a color for a type without one."""
    return f"#{secrets.token_hex(3)}"


def _select_is_active() -> Combinable:
    return ExpressionWrapper(Q(archived=False), output_field=models.BooleanField())


def _make_switch_key(name: str, source: str = "", doc: str = "") -> Key:
    return Key(name, Boolean(), OPTIONAL, source=source, doc=doc)


def _make_hours_key(name: str) -> Key:
    return Key(
        name, Integer(minimum=1, maximum=MAX_HOURS), OPTIONAL, default=24, doc="Hours before the appointment."
    )


TYPE_KEYS: tuple[Key, ...] = (
    make_object_key("appointment_type"),
    Key("id", Id(), READ_ONLY),
    Key(
        "name",
        Text(),
        REQUIRED,
        doc="Must be unique among types created here, and contain a letter or digit.",
    ),
    Key("name_portal", Text(), OPTIONAL, doc="Name shown to patients; default: name."),
    Key(
        "color_hex",
        convert(Text(pattern="[0-9a-fA-F]{6}"), parse=_parse_hex),
        OPTIONAL,
        source=Expression(_select_hex, column="color"),
        nullable=False,
        default=_pick_color,
        example="b2f07e",
    ),
    Key("description", Text(multiline=True), OPTIONAL),
    _make_switch_key("allow_on_portal", "online_scheduling"),
    Key(
        "number_of_overlaps_to_allow",
        Integer(minimum=0, maximum=1000),
        OPTIONAL,
        doc="How many other visits the provider may have at the same time.",
    ),
    Key("portal_notice", Text(multiline=True), OPTIONAL),
    make_user_ids_key(
        "which_providers",
        source=Expression(_select_providers, column="provider_ids"),
        nullable=True,
        doc="Users who are doctors; [0], the default, means all of them.",
    ),
    Key(
        "default_length",
        Integer(minimum=MIN_DURATION, maximum=MAX_TYPE_DURATION),
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
        doc="Lower numbers come first.",
    ),
    _make_switch_key("telemedicine", doc="Bookings of this type are video visits."),
)

MESSAGE_KEYS: tuple[Key, ...] = (
    _make_switch_key("email_notice_on", doc="The patient gets an email at booking."),
    Key("email_notice", Text(multiline=True), OPTIONAL),
    Key("email_notice_subject", Text(), OPTIONAL),
    _make_switch_key("email_reminder_on"),
    Key("email_reminder", Text(multiline=True), OPTIONAL, doc="Empty: the email says who, where, and when."),
    Key("email_reminder_subject", Text(), OPTIONAL),
    _make_hours_key("email_reminder_hrs_before"),
    _make_switch_key("sms_reminder_on"),
    Key("sms_reminder", Text(max_length=220), OPTIONAL, doc="Empty: the email says who, where, and when."),
    _make_hours_key("sms_reminder_hrs_before"),
)

RECORD_KEYS: tuple[Key, ...] = (
    Key("is_active", Boolean(), READ_ONLY, source=Expression(_select_is_active), nullable=False),
    make_deleted_key("inactive_date"),
    Key("dateupdated", Timestamp(spaced=True), READ_ONLY, source="updated_at"),
    make_created_key(),
    make_user_key("created_by"),
)
_PROVIDERS_ALIAS = make_user_ids_key(
    "which_providers[]", access=WRITE_ONLY, source=UNSTORED, doc="Same as which_providers."
)


@hook(keys=("which_providers[]",))
def complete_type(change: Change) -> None:
    """Check the name and the providers of a new type, and set the doctor that it belongs to."""
    values, practice = change.values, change.actor.practice
    name = values["name"]
    if not any(letter.isalnum() for letter in name):
        change.add_error("name", "A name has a letter or a digit.")
    if is_name_taken(AppointmentProfile, practice, name):
        change.add_error("name", "An appointment type with this name exists already.")
    change.set("name_portal", values.get("name_portal") or name)
    change.set_columns(added_by_id=change.actor.user, reason=name[:1000])
    given = "which_providers[]" if "which_providers[]" in change.given else "which_providers"
    users = sorted(set(values.get(given) or [0]))
    found = find_doctors(practice, users)
    for user in users:
        if user not in found and users != [0]:
            change.add_error(given, describe_missing_row(user))
    change.set("which_providers", users)
    doctor = next(iter(found.values()), None) or find_first_doctor(practice)
    if doctor is None:
        change.add_error("which_providers", "The practice has no doctor yet.")
    change.set_columns(doctor_id=doctor)


appointment_types = Resource(
    path="appointment_types",
    model=AppointmentProfile,
    doc="Appointment types: length, color, providers who can be booked, and messages to patients.",
    methods="GET POST",
    policy=make_policy("appointment_types"),
    reads=False,
    page_size=PAGES,
    keys=(*TYPE_KEYS, _PROVIDERS_ALIAS, *MESSAGE_KEYS, *RECORD_KEYS),
    filters=(Flag("include_deleted", on_for="any", doc="Any value includes deleted types."),),
    visibility=Visibility(Q(archived=True), shown_by="include_deleted"),
    checks=(complete_type,),
    example={"name": "Physical exam", "default_length": 30},
)

RESOURCES = [appointment_types]
