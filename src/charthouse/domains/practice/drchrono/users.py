"""Users, groups of users and staff as DrChrono shows them. Source: reference drchrono/resources.yaml, nested.yaml,
enums.yaml, live_only.yaml."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth import get_user_model
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.expressions import Combinable, ExpressionWrapper

from charthouse.domains.practice.drchrono.related_ids import select_related_ids
from charthouse.domains.practice.models import Staff, UserGroup, UserGroupMember
from charthouse.engine.declaration.calls import Call
from charthouse.engine.declaration.composites import List
from charthouse.engine.declaration.filters import Condition, Filter
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.objects import Object
from charthouse.engine.declaration.policy import ALWAYS, Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import ROW_LOCATION, Operation, Resource
from charthouse.engine.declaration.sources import Expression
from charthouse.engine.declaration.times import Timestamp
from charthouse.engine.declaration.types import Boolean, Integer, Text
from charthouse.engine.declaration.values import READ_ONLY
from charthouse.engine.sql import expressions as sql
from charthouse.engine.sql.expressions import BoundParameter

User = get_user_model()

# The API's map has more slugs than there are permissions here. A slug follows the permission that guards the same
# data; those that administer the practice follow from being its primary user; a slug without a counterpart is
# false. Source: reference drchrono/nested.yaml user_permissions; the first of each: enums.yaml user_permission_slug.
_SLUGS_BY_PERMISSION = {
    "Access Billing": (
        "access_billing",
        "access_balance/ledger",
        "access_institutional_billing",
        "access_patient_statements",
        "billing_administrator",
        "show_patient_balance",
    ),
    "Access Clinical Notes": (
        "access_clinical_notes",
        "access_to_erx",
        "drug_interactions_check",
        "sign/lock_clinical_notes",
        "use_ipad_ehr",
    ),
    "Access Message Center": ("access_to_message_center",),
    "Access Patients Payments": ("access_patient_payments",),
    "Access Scheduling": ("access_scheduling", "appointment_provider_selection", "provider_dropdown"),
    "Manage Patients": (
        "create_and_update_patients",
        "access_patient_analytics",
        "add_new_referring_sources",
        "create_and_update_contacts",
        "export_patients",
    ),
    "Settings": ("settings", "manage_templates"),
    "Show Billing Tab": ("show_billing_tab", "show_billing_summary"),
}
_PRIMARY_USER_SLUGS = ("access_reports", "manage_accounts", "manage_permissions")
_ALWAYS_GRANTED = ("view_practice_group",)
_NEVER_GRANTED = ("access_all_messages_for_practice_group", "emergency_access")


def _select_slugs() -> dict[str, Combinable]:
    """Map every slug to an expression of its value over a row of users."""
    granted: dict[str, Combinable] = {
        slug: sql.is_any(sql.Literal(permission), F("permissions"))
        for permission, slugs in _SLUGS_BY_PERMISSION.items()
        for slug in slugs
    }
    granted |= {slug: F("is_primary") for slug in _PRIMARY_USER_SLUGS}
    granted |= {slug: sql.literal(True) for slug in _ALWAYS_GRANTED}
    granted |= {slug: sql.literal(False) for slug in _NEVER_GRANTED}
    granted["share_patients"] = sql.is_any(sql.Literal("share_patients"), F("practice__sharing"))
    return dict(sorted(granted.items()))


def _select_permissions() -> Combinable:
    return sql.json_object(**_select_slugs())


def _has_values(**values: Any) -> Combinable:
    return ExpressionWrapper(Q(**values), output_field=models.BooleanField())


def _get_own_id(call: Call) -> int:
    return call.actor.required_user


users = Resource(
    path="users",
    model=User,
    doc="Users who can sign in to the practice group: doctors and staff.",
    methods="GET",
    policy=Policy(scopes=(), permissions=(), sharing=ALWAYS, owner=None),
    referable=Q(is_active=True),
    keys=(
        Key("id", Id(), READ_ONLY),
        Key("username", Text(), READ_ONLY),
        Key(
            "doctor",
            Reference("doctors"),
            READ_ONLY,
            source="doctor_id",
            doc="The user's own doctor id, or the primary physician's.",
        ),
        Key(
            "is_doctor",
            Boolean(),
            READ_ONLY,
            source=Expression(lambda: _has_values(role="doctor")),
            nullable=False,
        ),
        Key(
            "is_staff",
            Boolean(),
            READ_ONLY,
            source=Expression(lambda: _has_values(role="staff")),
            nullable=False,
        ),
        Key("practice_group", Integer(), READ_ONLY, source="practice_id"),
        Key("plan_type", Text(), READ_ONLY, source="practice__plan_type"),
        Key(
            "permissions",
            Object(tuple(Key(slug, Boolean(), READ_ONLY) for slug in _select_slugs())),
            READ_ONLY,
            source=Expression(_select_permissions),
            nullable=False,
            doc=(
                "The user's permissions, by slug. A slug without a permission of its own follows the "
                "permission that protects the same data."
            ),
        ),
    ),
    filters=(Filter("doctor", Reference("doctors"), source="doctor_id", addition=True),),
    operations=(
        Operation(
            name="current",
            method="GET",
            doc="Redirects to the caller's own user.",
            run=_get_own_id,
            answer=ROW_LOCATION,
            status=302,
        ),
    ),
    example={"username": "amara.okafor"},
)


def _read_doctor(text: str, given: Mapping[str, str]) -> dict[str, Any]:
    return {"doctor": Reference("doctors").parse(text)}


def _has_member_of_doctor() -> Q:
    members = UserGroupMember.objects.filter(
        practice=OuterRef("practice"),
        group=OuterRef("pk"),
        archived=False,
        user__doctor_id=BoundParameter("doctor", models.BigIntegerField()),
    )
    return Q(Exists(members))


user_groups = Resource(
    path="user_groups",
    model=UserGroup,
    doc="Groups of users of the practice group.",
    methods="GET",
    policy=Policy(scopes=(), permissions=(), sharing=ALWAYS, owner=None),
    keys=(
        Key("id", Id(), READ_ONLY),
        Key("name", Text(), READ_ONLY),
        Key(
            "members",
            List(Integer(), named="list of ids"),
            READ_ONLY,
            source=select_related_ids(UserGroup, "members", "user"),
            doc="User ids.",
            nullable=False,
        ),
        Key("practice_group", Integer(), READ_ONLY, source="practice_id"),
        Key("archived", Boolean(), READ_ONLY),
        Key("created_at", Timestamp(), READ_ONLY),
        Key("updated_at", Timestamp(), READ_ONLY),
    ),
    filters=(
        Condition(
            "doctor",
            read=_read_doctor,
            condition=_has_member_of_doctor,
            described={"type": "integer"},
            addition=True,
            doc="Groups that include a user of this doctor.",
        ),
    ),
    example={"name": "Front desk"},
)


staff = Resource(
    path="staff",
    model=Staff,
    doc="Staff accounts of the practice group.",
    methods="GET",
    policy=Policy(scopes=(), permissions=(), sharing=ALWAYS, owner=None),
    addition=True,
    rows=Q(archived=False),
    keys=(
        Key("username", Text(), READ_ONLY, source="user__username"),
        Key("first_name", Text(), READ_ONLY, source="user__first_name"),
        Key("last_name", Text(), READ_ONLY, source="user__last_name"),
        Key("user_id", Reference("users"), READ_ONLY),
        Key(
            "doctor", Reference("doctors"), READ_ONLY, source="user__doctor_id", doc="The primary physician."
        ),
        Key("created_at", Timestamp(), READ_ONLY),
        Key("updated_at", Timestamp(), READ_ONLY),
        Key("id", Id(), READ_ONLY),
        Key("home_phone", Text(), READ_ONLY),
        Key("active", Boolean(), READ_ONLY, source="user__is_active", doc="Whether the user can sign in."),
        Key("cell_phone", Text(), READ_ONLY),
        Key("email", Text(), READ_ONLY, source="user__email"),
    ),
    filters=(Filter("doctor", Reference("doctors"), source="user__doctor_id"),),
    example={"username": "jo.keller", "first_name": "Jo", "last_name": "Keller"},
)

RESOURCES = [users, user_groups, staff]
