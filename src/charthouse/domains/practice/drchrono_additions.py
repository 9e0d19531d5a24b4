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
from charthouse.engine.declaration.composites import List
from charthouse.engine.declaration.filters import Filter, Flag
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.objects import Object
from charthouse.engine.declaration.policy import ALWAYS, Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.related import ChildRow
from charthouse.engine.declaration.resources import Resource, Visibility
from charthouse.engine.declaration.sources import Expression
from charthouse.engine.declaration.times import Timestamp
from charthouse.engine.declaration.types import Boolean, Integer, Text
from charthouse.engine.declaration.values import READ_ONLY, REQUIRED
from charthouse.engine.sql import expressions as sql
from charthouse.engine.sql.expressions import BoundParameter

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
        Key("active", Boolean(), READ_ONLY, source="user__is_active", doc="May sign in."),
        Key("cell_phone", Text(), READ_ONLY),
        Key("email", Text(), READ_ONLY, source="user__email"),
    ),
    filters=(Filter("doctor", Reference("doctors"), source="user__doctor_id"),),
    example={"username": "jo.keller", "first_name": "Jo", "last_name": "Keller"},
)

doctor_options = Resource(
    path="doctor_options",
    model=DoctorOptions,
    doc="Settings of each doctor.",
    methods="GET",
    policy=Policy(scopes=("user",), permissions=(), sharing=ALWAYS, owner="doctor"),
    addition=True,
    rows=Q(archived=False),
    keys=(
        Key("default_supervising_provider", Reference("doctors"), READ_ONLY),
        Key("doctor", Reference("doctors"), READ_ONLY),
        Key("updated_at", Timestamp(), READ_ONLY),
        Key("patient_statement_office", Reference("offices"), READ_ONLY),
        Key("allowed_payment_methods", List(Text()), READ_ONLY),
        Key("default_report", Integer(), READ_ONLY),
        Key("default_billing_provider", Reference("doctors"), READ_ONLY),
        Key("default_reminder_profile", Reference("reminder_profiles"), READ_ONLY),
        Key("enable_everhealth_scribe", Boolean(), READ_ONLY),
        Key("office_for_lab_results", Reference("offices"), READ_ONLY),
        Key("erx_supervising_providers", List(Integer(maximum=2**63 - 1)), READ_ONLY),
        Key(
            "iframe_apps",
            List(Text()),
            READ_ONLY,
            source=Expression(iframes.names),
            nullable=False,
            doc="Names of the apps on the doctor's patients' pages: iframe_integration.",
        ),
        Key("id", Id(), READ_ONLY),
    ),
    filters=(Filter("doctor", Reference("doctors")),),
    example={"doctor": 1, "allowed_payment_methods": ["Cash", "Check"]},
)

# -- work schedules -----------------------------------------------------------------------------------------------

_CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?|24:00(:00)?"

work_days = Key(
    "work_days",
    List(
        Object(
            (
                Key("iso_weekday", Text(choices=tuple("1234567")), REQUIRED, doc="1 Monday to 7 Sunday."),
                Key("enabled", Boolean(), default=True),
                Key("id", Id(), READ_ONLY),
                Key(
                    "work_hours",
                    List(
                        Object(
                            (
                                Key(
                                    "start_time",
                                    Text(pattern=_CLOCK),
                                    REQUIRED,
                                    example="09:00",
                                    doc="Wall clock.",
                                ),
                                Key("enabled", Boolean(), default=True),
                                Key("id", Id(), READ_ONLY),
                                Key(
                                    "end_time",
                                    Text(pattern=_CLOCK),
                                    REQUIRED,
                                    example="17:00:00",
                                    doc="At most 24:00.",
                                ),
                            )
                        ),
                        max_items=20,
                    ),
                ),
            )
        ),
        max_items=7,
    ),
    REQUIRED,
    doc="Takes the place of the days that were there.",
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


def _schedules(path: str, model: type[models.Model], doc: str, doctor: str, *keys: Key) -> Resource:
    """``doctor``: path to the id of the doctor whose schedules are shown."""
    return Resource(
        path=path,
        model=model,
        doc=doc,
        methods="GET PUT PATCH",
        policy=Policy(scopes=("user",), permissions=(), sharing=ALWAYS, owner=None),
        addition=True,
        rows=Q(archived=False),
        visibility=Visibility(
            ~Q(**{doctor: BoundParameter("caller_doctor", models.BigIntegerField())}),
            shown_by="show_all",
            referable=True,
        ),
        keys=(work_days, Key("id", Id(), READ_ONLY), *keys),
        filters=(Flag("show_all", addition=True, doc="Those of other doctors as well."),),
        checks=(actions.number_work_days,),
        example=_EXAMPLE,
    )


def _nobody() -> Any:
    return sql.literal(None)


_OF_DOCTOR = (
    Key("office", Integer(), READ_ONLY, source=Expression(_nobody), doc="Null: it holds at all offices."),
    Key("doctor", Reference("doctors"), READ_ONLY),
)
_OF_OFFICE = (
    Key("office", Reference("offices"), READ_ONLY),
    Key("doctor", Reference("doctors"), READ_ONLY, source="office__doctor_id", doc="Who owns the office."),
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


def schedule_of(name: str, model: type[models.Model], link: str) -> Key:
    """The schedule of a doctor or an office, inside its own object."""
    keys = _OF_DOCTOR if link == "doctor" else _OF_OFFICE
    return Key(
        name,
        Object((replace(work_days, access=READ_ONLY), Key("id", Id(), READ_ONLY), *keys)),
        READ_ONLY,
        source=ChildRow(model, link=link),
        addition=True,
        doc=f"As {name} shows it; null where there is none.",
    )


RESOURCES = [staff, doctor_options, doctor_work_schedule, office_work_schedule]
