"""Doctors, users, groups and offices as DrChrono shows them. Facts: reference drchrono/resources.yaml."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth import get_user_model
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.expressions import Combinable, ExpressionWrapper, Func

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
from charthouse.files.fields import File
from charthouse.resource import sql
from charthouse.resource.actor import Actor
from charthouse.resource.declare import ALWAYS, Action, Hidden, Resource
from charthouse.resource.fields import OPTIONAL, READ_ONLY, REQUIRED, Boolean, Id, Integer, Ref, Text
from charthouse.resource.filters import Flag, RefIs, Where
from charthouse.resource.nested import Embedded, Many, RelatedIds
from charthouse.resource.sql import Slot
from charthouse.resource.times import Time, Timestamp

User = get_user_model()

doctors = Resource(
    path="doctors",
    model=Doctor,
    doc="The doctors of the practice group.",
    methods="GET",
    scopes=("user",),
    permissions=(),
    sharing=ALWAYS,
    owner=None,
    fields=(
        Id("id"),
        Text("first_name", READ_ONLY),
        Text("last_name", READ_ONLY),
        Text("suffix", READ_ONLY),
        Text("specialty", READ_ONLY),
        Text("job_title", READ_ONLY),
        Text("email", READ_ONLY),
        Text("cell_phone", READ_ONLY),
        Text("home_phone", READ_ONLY),
        Text("office_phone", READ_ONLY),
        Text("npi_number", READ_ONLY, doc="Preferred over group_npi_number."),
        Text("group_npi_number", READ_ONLY),
        Text("website", READ_ONLY),
        Text("country", READ_ONLY, doc="ISO 3166-1 alpha-2."),
        Text(
            "timezone", READ_ONLY, doc="Name of the zone whose wall clock the doctor's appointments follow."
        ),
        File("profile_picture", READ_ONLY, doc="A link that works for an hour."),
        Integer("practice_group", READ_ONLY, source="practice_id"),
        Text("practice_group_name", READ_ONLY, source="practice__name"),
        Boolean("is_account_suspended", READ_ONLY),
        drchrono_additions.schedule_of("doctor_work_schedule", DoctorWorkSchedule, "doctor"),
    ),
    filters=(RefIs("doctor", source="id", to="doctors", addition=True),),
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


class _Object(Func):
    """``json_build_object`` of any names, slashes included."""

    function = "json_build_object"
    output_field = models.JSONField()


def _granted() -> dict[str, Combinable]:
    """The value of every slug, over a row of users."""
    granted: dict[str, Combinable] = {
        slug: sql.IsAny(sql.Text(permission), F("permissions"))
        for permission, slugs in _SLUGS_OF.items()
        for slug in slugs
    }
    granted |= {slug: F("is_primary") for slug in _OF_PRIMARY_USER}
    granted |= {slug: sql.constant(True) for slug in _OF_EVERYONE}
    granted |= {slug: sql.constant(False) for slug in _OF_NOBODY}
    granted["share_patients"] = sql.IsAny(sql.Text("share_patients"), F("practice__sharing"))
    return dict(sorted(granted.items()))


def _permissions() -> Combinable:
    return _Object(*(part for slug, value in _granted().items() for part in (sql.Text(slug), value)))


def _is(**values: Any) -> Combinable:
    return ExpressionWrapper(Q(**values), output_field=models.BooleanField())


def _own_user(actor: Actor) -> int:
    return actor.person


users = Resource(
    path="users",
    model=User,
    doc="Who may sign in to the practice group: doctors and staff.",
    methods="GET",
    scopes=(),
    permissions=(),
    sharing=ALWAYS,
    owner=None,
    fields=(
        Id("id"),
        Text("username", READ_ONLY),
        Ref("doctor", READ_ONLY, source="doctor_id", to="doctors", doc="Own id, or the primary physician's."),
        Boolean("is_doctor", READ_ONLY, computed=lambda: _is(role="doctor"), nullable=False),
        Boolean("is_staff", READ_ONLY, computed=lambda: _is(role="staff"), nullable=False),
        Integer("practice_group", READ_ONLY, source="practice_id"),
        Text("plan_type", READ_ONLY, source="practice__plan_type"),
        Embedded(
            "permissions",
            READ_ONLY,
            fields=tuple(Boolean(slug, READ_ONLY) for slug in _granted()),
            computed=_permissions,
            nullable=False,
            doc="What the user may do, by slug. Slugs of rights that have no permission of their own follow the "
            "permission that guards the same data.",
        ),
    ),
    filters=(RefIs("doctor", source="doctor_id", to="doctors", addition=True),),
    aliases={"current": _own_user},
    example={"username": "amara.okafor"},
)


def _doctor_given(text: str, given: Mapping[str, str]) -> dict[str, Any]:
    return {"doctor": Ref("doctor", to="doctors").parse(text)}


def _has_member_of_doctor() -> Q:
    members = UserGroupMember.objects.filter(
        practice=OuterRef("practice"),
        group=OuterRef("pk"),
        archived=False,
        user__doctor_id=Slot("doctor", models.BigIntegerField()),
    )
    return Q(Exists(members))


user_groups = Resource(
    path="user_groups",
    model=UserGroup,
    doc="Groups of users of the practice group.",
    methods="GET",
    scopes=(),
    permissions=(),
    sharing=ALWAYS,
    owner=None,
    fields=(
        Id("id"),
        Text("name", READ_ONLY),
        RelatedIds("members", READ_ONLY, over="members__user", base=UserGroup, doc="Ids of users."),
        Integer("practice_group", READ_ONLY, source="practice_id"),
        Boolean("archived", READ_ONLY),
        Timestamp("created_at", READ_ONLY),
        Timestamp("updated_at", READ_ONLY),
    ),
    filters=(
        Where(
            "doctor",
            read=_doctor_given,
            condition=_has_member_of_doctor,
            type={"type": "integer"},
            addition=True,
            doc="Groups with a user of this doctor.",
        ),
    ),
    example={"name": "Front desk"},
)

# -- offices ----------------------------------------------------------------------------------------------------


class _Hour(Func):
    """A whole hour as a time. Midnight at the end of the day is ``24:00``, as the seed writes it."""

    template = (
        "case %(expressions)s when 24 then '24:00' else lpad((%(expressions)s)::text, 2, '0') || ':00:00' end"
    )
    output_field = models.TextField()


offices = Resource(
    path="offices",
    model=Office,
    doc="Where the practice group sees patients; online booking can be changed.",
    methods="GET PUT PATCH",  # PUT is the hosted API's addition
    scopes=("user",),
    permissions=(),
    sharing=ALWAYS,
    owner="doctor",
    fields=(
        Id("id"),
        Ref("doctor", READ_ONLY, to="doctors", doc="Who owns the office."),
        Text("name", READ_ONLY),
        Text("address", READ_ONLY),
        Text("city", READ_ONLY),
        Text("state", READ_ONLY, doc="Two-letter abbreviation."),
        Text("zip_code", READ_ONLY),
        Text("country", READ_ONLY, doc="ISO 3166-1 alpha-2."),
        Text("phone_number", READ_ONLY),
        Text("fax_number", READ_ONLY),
        Text("tax_id_number_professional", READ_ONLY, addition=True),
        Time("start_time", READ_ONLY, computed=lambda: _Hour(F("start_hour")), nullable=False),
        Time(
            "end_time", READ_ONLY, computed=lambda: _Hour(F("end_hour")), nullable=False, doc="At most 24:00."
        ),
        Many(
            "exam_rooms",
            READ_ONLY,
            to=ExamRoom,
            link="office",
            order=("index",),
            fields=(
                Integer("index", READ_ONLY, doc="Counts from 1; what appointments name."),
                Text("name", READ_ONLY),
                Boolean("online_scheduling", READ_ONLY),
            ),
        ),
        Boolean("online_scheduling", OPTIONAL, default=False),
        Embedded(
            "online_timeslots",
            OPTIONAL,
            many=True,
            verbose=True,
            doc="Beginnings of the quarters of an hour that can be booked online.",
            fields=(
                Integer("day", REQUIRED, minimum=0, maximum=6, doc="0 Monday to 6 Sunday."),
                Integer("hour", REQUIRED, minimum=0, maximum=23),
                Integer("minute", REQUIRED, minimum=0, maximum=45, doc="0, 15, 30 or 45."),
            ),
        ),
        Boolean("archived", READ_ONLY),
        drchrono_additions.schedule_of("office_work_schedule", OfficeWorkSchedule, "office"),
    ),
    filters=(
        Flag("show_archived", doc="Adds archived offices."),
        RefIs("doctor", to="doctors", addition=True),
    ),
    hidden=Hidden(Q(archived=True), unless="show_archived"),
    checks=(actions.quarters_only,),
    actions=(
        Action(
            name="add_exam_room",
            doc="Add an exam room; answers with the whole office.",
            fields=(
                Text("name", REQUIRED, stored=False, max_length=200),
                Boolean("online_scheduling", OPTIONAL, stored=False, default=False),
            ),
            run=actions.add_exam_room,
        ),
    ),
    example={"online_scheduling": True, "online_timeslots": [{"day": 0, "hour": 9, "minute": 30}]},
)

RESOURCES = [doctors, users, user_groups, offices, *drchrono_additions.RESOURCES]
FUNCTIONS = iframes.FUNCTIONS
