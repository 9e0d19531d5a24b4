"""Users as Cerbo shows them. Source: reference cerbo/objects.yaml, operations.yaml."""

from typing import Any

from django.contrib.auth import get_user_model
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery, Value
from django.db.models.expressions import Combinable, ExpressionWrapper
from django.db.models.functions import Coalesce, Concat, Trim

from charthouse.domains.practice.cerbo.credentials import declare_credential_check, make_person
from charthouse.domains.practice.cerbo.keys import make_created_key, make_object_key, make_policy
from charthouse.domains.practice.models import Doctor
from charthouse.engine.declaration.calls import Call
from charthouse.engine.declaration.events import plain_events
from charthouse.engine.declaration.filters import Flag
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.references import Id
from charthouse.engine.declaration.resources import PageSize, Resource, Visibility
from charthouse.engine.declaration.sources import UNSTORED, Expression
from charthouse.engine.declaration.types import Boolean, Text
from charthouse.engine.declaration.values import READ_ONLY, REQUIRED
from charthouse.engine.sql import expressions as sql
from charthouse.identity.audit_events import emit_audit_event

User = get_user_model()

PAGES = PageSize(100, 100, 100)


def _select_doctor_column(column: str) -> Combinable:
    """Select a column of the doctor as whom the user signs in; empty text for staff."""
    doctors = Doctor.objects.filter(practice=OuterRef("practice_id"), pk=OuterRef("doctor_id"))
    own = Subquery(doctors.values_list(column)[:1], output_field=models.TextField())
    return Coalesce(models.Case(models.When(role="doctor", then=own)), sql.Literal(""))


def _has_values(**values: Any) -> Combinable:
    return ExpressionWrapper(Q(**values), output_field=models.BooleanField())


def _select_full_name() -> Combinable:
    """Select first and last name in one text."""
    return Trim(Concat(F("first_name"), Value(" "), F("last_name"), output_field=models.TextField()))


def _make_computed_key(name: str, select: Any, doc: str = "") -> Key:
    """Make the key of a text that is computed."""
    return Key(name, Text(), READ_ONLY, source=Expression(select), nullable=False, doc=doc)


USER_KEYS: tuple[Key, ...] = (
    make_object_key("user"),
    Key("id", Id(as_text=True), READ_ONLY),
    Key("first_name", Text(), READ_ONLY),
    _make_computed_key("middle_name", lambda: sql.Literal(""), "Not stored."),
    Key("last_name", Text(), READ_ONLY),
    _make_computed_key("prefix", lambda: sql.Literal(""), "Not stored."),
    _make_computed_key("suffix", lambda: _select_doctor_column("suffix")),
    _make_computed_key("npi", lambda: _select_doctor_column("npi_number")),
    Key("email", Text(), READ_ONLY),
    Key(
        "is_resource",
        Boolean(),
        READ_ONLY,
        source=Expression(lambda: sql.literal(False)),
        nullable=False,
        doc="Always false: rooms and devices are not users here.",
    ),
    Key(
        "has_calendar",
        Boolean(),
        READ_ONLY,
        source=Expression(lambda: _has_values(role="doctor")),
        nullable=False,
    ),
    _make_computed_key("user_notes", lambda: sql.Literal(""), "Not stored."),
    Key("login_active", Boolean(), READ_ONLY, source="is_active"),
    Key("active", Boolean(), READ_ONLY, source="is_active"),
    Key("display_name_for_messages", Text(), READ_ONLY, source=Expression(_select_full_name)),
    Key("display_name_for_appointments", Text(), READ_ONLY, source=Expression(_select_full_name)),
    make_created_key(),
)

users = Resource(
    path="users",
    model=User,
    doc="Users of the practice: doctors and staff.",
    methods="GET",
    policy=make_policy("users"),
    page_size=PAGES,
    keys=USER_KEYS,
    filters=(Flag("status", on_for="any", doc="Any value includes suspended users."),),
    visibility=Visibility(Q(is_active=False), shown_by="status"),
    events=plain_events("user.created", "user.modified", "user.deleted", own="create modify delete"),
    example={"first_name": "Amara", "last_name": "Okafor", "npi": "1003000126"},
)


def _find_user(call: Call) -> dict[str, Any] | None:
    """Find the user of the practice who signs in with this name and password.

    A wrong pair takes as long as a right one, so that timing tells nothing.
    """
    user = User.objects.filter(
        practice=call.actor.practice, username=call.values["user"], is_active=True
    ).first()
    checked = user or User()
    if user is None:
        checked.set_password(call.values["password"])  # costs as much as checking one
    is_right = user is not None and user.check_password(call.values["password"])
    emit_audit_event(
        "credentials checked",
        practice_id=call.actor.practice,
        api_user_id=call.actor.api_user,
        details={"user": user and user.pk, "right": is_right},
    )
    if not is_right or user is None:
        return None
    names = {"first_name": user.first_name, "last_name": user.last_name}
    return {"object": "user", "id": user.pk, **names, "email": user.email}


validate_credentials = declare_credential_check(
    "users/validate_credentials",
    "users",
    doc="Check whether a user of the practice can sign in with this name and password.",
    find=_find_user,
    name=Key("user", Text(max_length=150), REQUIRED, source=UNSTORED),
    details="user_details",
    who=make_person("first_name", "last_name", "email"),
    example={"user": "ada", "user_details": {"id": 12, "first_name": "Ada"}},
)

RESOURCES = [users]

OPERATIONS = [validate_credentials]
