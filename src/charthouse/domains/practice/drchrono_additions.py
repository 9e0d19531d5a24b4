"""Staff, doctors' settings and work schedules: what the hosted API has grown since its v4 reference.

Facts: reference drchrono/live_only.yaml. A list of schedules "returns the schedule of the authorising
doctor": those of others are there by id, or with ``show_all``, which is ours. Whether a schedule can be moved to
another doctor or office is left open: here it can't.
"""

from dataclasses import replace
from typing import Any

from django.db import models
from django.db.models import Q

from charthouse.domains.practice import actions, iframes
from charthouse.domains.practice.models import DoctorOptions, DoctorWorkSchedule, OfficeWorkSchedule, Staff
from charthouse.resource import sql
from charthouse.resource.declare import ALWAYS, Hidden, Resource
from charthouse.resource.fields import READ_ONLY, REQUIRED, Boolean, Field, Id, Integer, ListOf, Ref, Text
from charthouse.resource.filters import Flag, RefIs
from charthouse.resource.nested import Embedded, One
from charthouse.resource.sql import Slot
from charthouse.resource.times import Timestamp

staff = Resource(
    path="staff",
    model=Staff,
    doc="Staff accounts of the practice group.",
    methods="GET",
    scopes=(),
    permissions=(),
    sharing=ALWAYS,
    owner=None,
    addition=True,
    rows=Q(archived=False),
    fields=(
        Text("username", READ_ONLY, source="user__username"),
        Text("first_name", READ_ONLY, source="user__first_name"),
        Text("last_name", READ_ONLY, source="user__last_name"),
        Ref("user_id", READ_ONLY, to="users"),
        Ref("doctor", READ_ONLY, source="user__doctor_id", to="doctors", doc="The primary physician."),
        Timestamp("created_at", READ_ONLY),
        Timestamp("updated_at", READ_ONLY),
        Id("id"),
        Text("home_phone", READ_ONLY),
        Boolean("active", READ_ONLY, source="user__is_active", doc="May sign in."),
        Text("cell_phone", READ_ONLY),
        Text("email", READ_ONLY, source="user__email"),
    ),
    filters=(RefIs("doctor", source="user__doctor_id", to="doctors"),),
    example={"username": "jo.keller", "first_name": "Jo", "last_name": "Keller"},
)

doctor_options = Resource(
    path="doctor_options",
    model=DoctorOptions,
    doc="Settings of each doctor.",
    methods="GET",
    scopes=("user",),
    permissions=(),
    sharing=ALWAYS,
    owner="doctor",
    addition=True,
    rows=Q(archived=False),
    fields=(
        Ref("default_supervising_provider", READ_ONLY, to="doctors"),
        Ref("doctor", READ_ONLY, to="doctors"),
        Timestamp("updated_at", READ_ONLY),
        Ref("patient_statement_office", READ_ONLY, to="offices"),
        ListOf("allowed_payment_methods", READ_ONLY, item=Text("method")),
        Integer("default_report", READ_ONLY),
        Ref("default_billing_provider", READ_ONLY, to="doctors"),
        Ref("default_reminder_profile", READ_ONLY, to="reminder_profiles"),
        Boolean("enable_everhealth_scribe", READ_ONLY),
        Ref("office_for_lab_results", READ_ONLY, to="offices"),
        ListOf("erx_supervising_providers", READ_ONLY, item=Integer("doctor", maximum=2**63 - 1)),
        ListOf(
            "iframe_apps",
            READ_ONLY,
            item=Text("app"),
            computed=iframes.names,
            nullable=False,
            doc="Names of the apps on the doctor's patients' pages: iframe_integration.",
        ),
        Id("id"),
    ),
    filters=(RefIs("doctor", to="doctors"),),
    example={"doctor": 1, "allowed_payment_methods": ["Cash", "Check"]},
)

# -- work schedules -----------------------------------------------------------------------------------------------

_CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?|24:00(:00)?"

work_days = Embedded(
    "work_days",
    REQUIRED,
    many=True,
    at_most=7,
    doc="Takes the place of the days that were there.",
    fields=(
        Text("iso_weekday", REQUIRED, choices=tuple("1234567"), doc="1 Monday to 7 Sunday."),
        Boolean("enabled", default=True),
        Id("id"),
        Embedded(
            "work_hours",
            many=True,
            at_most=20,
            fields=(
                Text("start_time", REQUIRED, pattern=_CLOCK, example="09:00", doc="Wall clock."),
                Boolean("enabled", default=True),
                Id("id"),
                Text("end_time", REQUIRED, pattern=_CLOCK, example="17:00:00", doc="At most 24:00."),
            ),
        ),
    ),
)
_EXAMPLE = {
    "work_days": [
        {
            "iso_weekday": "1",
            "enabled": True,
            "work_hours": [{"start_time": "09:00", "end_time": "17:00", "enabled": True}],
        }
    ]
}


def _schedules(path: str, model: type[models.Model], doc: str, doctor: str, *keys: Field) -> Resource:
    """``doctor``: path to the id of the doctor whose schedules are shown."""
    return Resource(
        path=path,
        model=model,
        doc=doc,
        methods="GET PUT PATCH",
        scopes=("user",),
        permissions=(),
        sharing=ALWAYS,
        owner=None,
        addition=True,
        rows=Q(archived=False),
        hidden=Hidden(
            ~Q(**{doctor: Slot("caller_doctor", models.BigIntegerField())}), unless="show_all", usable=True
        ),
        fields=(work_days, Id("id"), *keys),
        filters=(Flag("show_all", addition=True, doc="Those of other doctors as well."),),
        checks=(actions.number_work_days,),
        example=_EXAMPLE,
    )


def _nobody() -> Any:
    return sql.constant(None)


_OF_DOCTOR = (
    Integer("office", READ_ONLY, computed=_nobody, doc="Null: it holds at all offices."),
    Ref("doctor", READ_ONLY, to="doctors"),
)
_OF_OFFICE = (
    Ref("office", READ_ONLY, to="offices"),
    Ref("doctor", READ_ONLY, source="office__doctor_id", to="doctors", doc="Who owns the office."),
)

doctor_work_schedule = _schedules(
    "doctor_work_schedule",
    DoctorWorkSchedule,
    "When doctors work; a list has the schedule of the authorising doctor.",
    "doctor_id",
    *_OF_DOCTOR,
)
office_work_schedule = _schedules(
    "office_work_schedule",
    OfficeWorkSchedule,
    "When offices are open; a list has those of the authorising doctor, the oldest first.",
    "office__doctor_id",
    *_OF_OFFICE,
)


def schedule_of(name: str, model: type[models.Model], link: str) -> One:
    """The schedule of a doctor or an office, inside its own object."""
    keys = _OF_DOCTOR if link == "doctor" else _OF_OFFICE
    return One(
        name,
        READ_ONLY,
        to=model,
        link=link,
        addition=True,
        fields=(replace(work_days, access=READ_ONLY), Id("id"), *keys),
        doc=f"As {name} shows it; null where there is none.",
    )


RESOURCES = [staff, doctor_options, doctor_work_schedule, office_work_schedule]
