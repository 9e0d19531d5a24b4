"""Doctors, users, groups and offices as DrChrono shows them. Facts: reference drchrono/resources.yaml."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth import get_user_model
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.expressions import Combinable, ExpressionWrapper

from charthouse.domains.practice import actions, drchrono_additions, iframes
from charthouse.domains.practice.models import (
    Doctor,
    DoctorWorkSchedule,
    ExamRoom,
    Office,
    OfficeWorkSchedule,
    UserGroup,
    UserGroupMember,
)
from charthouse.engine.declaration.calls import Call
from charthouse.engine.declaration.composites import List
from charthouse.engine.declaration.filters import Condition, Filter, Flag
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.objects import Object
from charthouse.engine.declaration.policy import ALWAYS, Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.related import ChildRows
from charthouse.engine.declaration.resources import ROW_LOCATION, THE_ROW, Operation, Resource, Visibility
from charthouse.engine.declaration.sources import UNSTORED, Expression, select_related_ids
from charthouse.engine.declaration.times import Time, Timestamp
from charthouse.engine.declaration.types import Boolean, Integer, Text
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY, REQUIRED
from charthouse.engine.sql import expressions as sql
from charthouse.engine.sql.expressions import BoundParameter
from charthouse.files.types import File

User = get_user_model()

doctors = Resource(
    path="doctors",
    model=Doctor,
    doc="The doctors of the practice group.",
    methods="GET",
    policy=Policy(scopes=("user",), permissions=(), sharing=ALWAYS, owner=None),
    keys=(
        Key("id", Id(), READ_ONLY),
        Key("first_name", Text(), READ_ONLY),
        Key("last_name", Text(), READ_ONLY),
        Key("suffix", Text(), READ_ONLY),
        Key("specialty", Text(), READ_ONLY),
        Key("job_title", Text(), READ_ONLY),
        Key("email", Text(), READ_ONLY),
        Key("cell_phone", Text(), READ_ONLY),
        Key("home_phone", Text(), READ_ONLY),
        Key("office_phone", Text(), READ_ONLY),
        Key("npi_number", Text(), READ_ONLY, doc="Preferred over group_npi_number."),
        Key("group_npi_number", Text(), READ_ONLY),
        Key("website", Text(), READ_ONLY),
        Key("country", Text(), READ_ONLY, doc="ISO 3166-1 alpha-2."),
        Key(
            "timezone",
            Text(),
            READ_ONLY,
            doc="Name of the zone whose wall clock the doctor's appointments follow.",
        ),
        Key("profile_picture", File(), READ_ONLY, doc="A link that works for an hour.", keep_on_put=True),
        Key("practice_group", Integer(), READ_ONLY, source="practice_id"),
        Key("practice_group_name", Text(), READ_ONLY, source="practice__name"),
        Key("is_account_suspended", Boolean(), READ_ONLY),
        drchrono_additions.schedule_of("doctor_work_schedule", DoctorWorkSchedule, "doctor"),
    ),
    filters=(Filter("doctor", Reference("doctors"), source="id", addition=True),),
    example={"first_name": "Amara", "last_name": "Okafor", "specialty": "Family Practitioner"},
)

# -- users ------------------------------------------------------------------------------------------------------

# The wire's map has more slugs than this record has rights. A slug follows the permission that guards the same
# data here; the ones that administer the practice follow from being its primary user; what does not exist here is
# false. Slugs: reference drchrono/nested.yaml user_permissions; the first of each: enums.yaml user_permission_slug.
_SLUGS_OF = {
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
_OF_PRIMARY_USER = ("access_reports", "manage_accounts", "manage_permissions")
_OF_EVERYONE = ("view_practice_group",)
_OF_NOBODY = ("access_all_messages_for_practice_group", "emergency_access")


def _granted() -> dict[str, Combinable]:
    """The value of every slug, over a row of users."""
    granted: dict[str, Combinable] = {
        slug: sql.is_any(sql.Literal(permission), F("permissions"))
        for permission, slugs in _SLUGS_OF.items()
        for slug in slugs
    }
    granted |= {slug: F("is_primary") for slug in _OF_PRIMARY_USER}
    granted |= {slug: sql.literal(True) for slug in _OF_EVERYONE}
    granted |= {slug: sql.literal(False) for slug in _OF_NOBODY}
    granted["share_patients"] = sql.is_any(sql.Literal("share_patients"), F("practice__sharing"))
    return dict(sorted(granted.items()))


def _permissions() -> Combinable:
    return sql.json_object(**_granted())


def _is(**values: Any) -> Combinable:
    return ExpressionWrapper(Q(**values), output_field=models.BooleanField())


def _get_own_id(call: Call) -> int:
    return call.actor.required_user


users = Resource(
    path="users",
    model=User,
    doc="Who may sign in to the practice group: doctors and staff.",
    methods="GET",
    policy=Policy(scopes=(), permissions=(), sharing=ALWAYS, owner=None),
    keys=(
        Key("id", Id(), READ_ONLY),
        Key("username", Text(), READ_ONLY),
        Key(
            "doctor",
            Reference("doctors"),
            READ_ONLY,
            source="doctor_id",
            doc="Own id, or the primary physician's.",
        ),
        Key("is_doctor", Boolean(), READ_ONLY, source=Expression(lambda: _is(role="doctor")), nullable=False),
        Key("is_staff", Boolean(), READ_ONLY, source=Expression(lambda: _is(role="staff")), nullable=False),
        Key("practice_group", Integer(), READ_ONLY, source="practice_id"),
        Key("plan_type", Text(), READ_ONLY, source="practice__plan_type"),
        Key(
            "permissions",
            Object(tuple(Key(slug, Boolean(), READ_ONLY) for slug in _granted())),
            READ_ONLY,
            source=Expression(_permissions),
            nullable=False,
            doc="What the user may do, by slug. Slugs of rights that have no permission of their own follow the "
            "permission that guards the same data.",
        ),
    ),
    filters=(Filter("doctor", Reference("doctors"), source="doctor_id", addition=True),),
    operations=(
        Operation(
            name="current",
            method="GET",
            doc="Where the caller's own row of users is.",
            run=_get_own_id,
            answer=ROW_LOCATION,
            status=302,
        ),
    ),
    example={"username": "amara.okafor"},
)


def _doctor_given(text: str, given: Mapping[str, str]) -> dict[str, Any]:
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
            List(Integer(), is_list_of="ids"),
            READ_ONLY,
            source=select_related_ids(UserGroup, "members", "user"),
            doc="Ids of users.",
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
            read=_doctor_given,
            condition=_has_member_of_doctor,
            described={"type": "integer"},
            addition=True,
            doc="Groups with a user of this doctor.",
        ),
    ),
    example={"name": "Front desk"},
)

# -- offices ----------------------------------------------------------------------------------------------------


def _format_hour(column: str) -> Combinable:
    """A whole hour as a time. Midnight at the end of the day is ``24:00``, as the seed writes it."""
    text = "case %(hour)s when 24 then '24:00' else lpad((%(hour)s)::text, 2, '0') || ':00:00' end"
    return sql.named_template(text, hour=F(column), output_field=sql.TEXT)


offices = Resource(
    path="offices",
    model=Office,
    doc="Where the practice group sees patients; online booking can be changed.",
    methods="GET PUT PATCH",  # PUT is the hosted API's addition
    policy=Policy(scopes=("user",), permissions=(), sharing=ALWAYS, owner="doctor"),
    keys=(
        Key("id", Id(), READ_ONLY),
        Key("doctor", Reference("doctors"), READ_ONLY, doc="Who owns the office."),
        Key("name", Text(), READ_ONLY),
        Key("address", Text(), READ_ONLY),
        Key("city", Text(), READ_ONLY),
        Key("state", Text(), READ_ONLY, doc="Two-letter abbreviation."),
        Key("zip_code", Text(), READ_ONLY),
        Key("country", Text(), READ_ONLY, doc="ISO 3166-1 alpha-2."),
        Key("phone_number", Text(), READ_ONLY),
        Key("fax_number", Text(), READ_ONLY),
        Key("tax_id_number_professional", Text(), READ_ONLY, addition=True),
        Key(
            "start_time",
            Time(),
            READ_ONLY,
            source=Expression(lambda: _format_hour("start_hour")),
            nullable=False,
        ),
        Key(
            "end_time",
            Time(),
            READ_ONLY,
            source=Expression(lambda: _format_hour("end_hour")),
            nullable=False,
            doc="At most 24:00.",
        ),
        Key(
            "exam_rooms",
            List(
                Object(
                    (
                        Key("index", Integer(), READ_ONLY, doc="Counts from 1; what appointments name."),
                        Key("name", Text(), READ_ONLY),
                        Key("online_scheduling", Boolean(), READ_ONLY),
                    )
                )
            ),
            READ_ONLY,
            source=ChildRows(ExamRoom, link="office", order=("index",)),
        ),
        Key("online_scheduling", Boolean(), OPTIONAL, default=False),
        Key(
            "online_timeslots",
            List(
                Object(
                    (
                        Key("day", Integer(minimum=0, maximum=6), REQUIRED, doc="0 Monday to 6 Sunday."),
                        Key("hour", Integer(minimum=0, maximum=23), REQUIRED),
                        Key("minute", Integer(minimum=0, maximum=45), REQUIRED, doc="0, 15, 30 or 45."),
                    )
                )
            ),
            OPTIONAL,
            verbose=True,
            doc="Beginnings of the quarters of an hour that can be booked online.",
        ),
        Key("archived", Boolean(), READ_ONLY),
        drchrono_additions.schedule_of("office_work_schedule", OfficeWorkSchedule, "office"),
    ),
    filters=(
        Flag("show_archived", doc="Adds archived offices."),
        Filter("doctor", Reference("doctors"), addition=True),
    ),
    visibility=Visibility(Q(archived=True), shown_by="show_archived"),
    checks=(actions.quarters_only,),
    operations=(
        Operation(
            name="add_exam_room",
            method="POST",
            doc="Add an exam room; answers with the whole office.",
            keys=(
                Key("name", Text(max_length=200), REQUIRED, source=UNSTORED),
                Key("online_scheduling", Boolean(), OPTIONAL, source=UNSTORED, default=False),
            ),
            run=actions.add_exam_room,
            answer=THE_ROW,
            status=201,
        ),
    ),
    example={"online_scheduling": True, "online_timeslots": [{"day": 0, "hour": 9, "minute": 30}]},
)

RESOURCES = [doctors, users, user_groups, offices, *drchrono_additions.RESOURCES]
FUNCTIONS = iframes.FUNCTIONS
