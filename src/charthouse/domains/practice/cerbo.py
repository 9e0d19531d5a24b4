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
from charthouse.resource.events import plain
from charthouse.resource.fields import READ_ONLY, REQUIRED, Boolean, Field, Id, Text
from charthouse.resource.filters import Flag
from charthouse.resource.functions import Call, Function
from charthouse.resource.nested import Embedded

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
    events=plain("user.created", "user.modified", "user.deleted", ours="create modify delete"),
    example={"first_name": "Amara", "last_name": "Okafor", "npi": "1003000126"},
)


def _validate(call: Call) -> dict[str, Any]:
    """Whether somebody of the practice signs in with this name and password. A wrong pair is an answer, no error, and
    takes as long as a right one."""
    person = User.objects.filter(
        practice=call.actor.practice, username=call.values["user"], is_active=True
    ).first()
    checked = person or User()
    if person is None:
        checked.set_password(call.values["password"])  # as dear as a check
    right = person is not None and person.check_password(call.values["password"])
    told = {"result": right, "message": "The log-in is right." if right else "The log-in is wrong."}
    if not right or person is None:
        return told | {"user_details": None}
    names = {"first_name": person.first_name, "last_name": person.last_name}
    return told | {"user_details": {"object": "user", "id": person.pk, **names, "email": person.email}}


validate_credentials = Function(
    path="users/validate_credentials",
    method="POST",
    doc="Whether a person of the practice signs in with this name and password.",
    scopes=("users",),
    permissions=(),
    counted="credential_validation",
    reading=True,
    fields=(
        Text("user", REQUIRED, stored=False, max_length=150),
        Text("password", REQUIRED, stored=False, max_length=200),
    ),
    answers=(
        Boolean("result", READ_ONLY, nullable=False),
        Text("message", READ_ONLY, nullable=False),
        Embedded(
            "user_details",
            READ_ONLY,
            open=True,
            fields=(Id("id"), Text("first_name"), Text("last_name"), Text("email")),
            doc="Who it is; null where the log-in is wrong.",
        ),
    ),
    run=_validate,
    example={
        "user": "ada",
        "password": "correct horse battery staple",
        "result": True,
        "message": "The log-in is right.",
        "user_details": {"id": 12, "first_name": "Ada"},
    },
)

RESOURCES = [users]
FUNCTIONS = [validate_credentials]
