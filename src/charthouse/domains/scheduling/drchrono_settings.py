"""What appointments are made from, as DrChrono shows it. Facts: reference drchrono/resources.yaml."""

from django.db.models import Q
from django.db.models.expressions import F

from charthouse.domains.scheduling import actions, openings
from charthouse.domains.scheduling.models import (
    LONGEST,
    AppointmentProfile,
    AppointmentTemplate,
    CustomAppointmentField,
    CustomVital,
    Reminder,
    ReminderProfile,
)
from charthouse.engine.declaration.composites import List
from charthouse.engine.declaration.filters import Condition, Filter, Flag, make_integer_filter
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.objects import Object
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Resource, Visibility
from charthouse.engine.declaration.sources import Expression
from charthouse.engine.declaration.times import Date, Time, Timestamp
from charthouse.engine.declaration.types import Boolean, Integer, Text, check_color
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY, REQUIRED
from charthouse.engine.sql import expressions as sql
from charthouse.engine.sql.expressions import BoundParameter

ARCHIVED = Visibility(Q(archived=True), shown_by="show_archived")
SHOW_ARCHIVED = Flag("show_archived", doc="Adds archived rows.")


def of_doctor(path: str = "doctor") -> Filter:
    return Filter("doctor", Reference("doctors"), source=path, doc="Rows of this doctor.")


custom_vitals = Resource(
    path="custom_vitals",
    model=CustomVital,
    doc="Measurements that doctors have added to the vitals; their values ride on appointments.",
    methods="GET",
    policy=Policy(
        scopes=("clinical", "settings"),
        permissions=("Access Clinical Notes", "Settings"),
        sharing="share_clinical_templates",
        owner="doctor",
    ),
    keys=(
        Key("archived", Boolean(), READ_ONLY),
        Key("data_type", Text(choices=CustomVital.DataType.values), READ_ONLY),
        Key("doctor", Reference("doctors"), READ_ONLY, doc="Who made it."),
        Key("id", Id(), READ_ONLY),
        Key("is_fraction_field", Boolean(), READ_ONLY),
        Key("name", Text(), READ_ONLY),
        Key("allowed_values", List(Text()), READ_ONLY, doc="Of single_sel; empty for other types."),
        Key("description", Text(), READ_ONLY),
        Key("fraction_delimiter", Text(), READ_ONLY, doc="Between numerator and denominator, mostly /."),
        Key("unit", Text(), READ_ONLY),
    ),
    filters=(of_doctor(), SHOW_ARCHIVED),
    visibility=ARCHIVED,
    example={"name": "Peak flow", "data_type": "number", "unit": "L/min"},
)

appointment_profiles = Resource(
    path="appointment_profiles",
    model=AppointmentProfile,
    doc="Kinds of visits, with the length and color that appointments of the kind have.",
    methods="GET POST PUT PATCH DELETE",
    policy=Policy(
        scopes=("calendar", "settings"),
        permissions=("Access Scheduling", "Settings"),
        sharing="share_appointment_profiles",
        owner="doctor",
    ),
    keys=(
        Key("color", Text(check=check_color), REQUIRED),
        Key("duration", Integer(minimum=1, maximum=LONGEST), REQUIRED, doc="Minutes."),
        Key("name", Text(), REQUIRED),
        Key("online_scheduling", Boolean(), REQUIRED),
        Key("reason", Text(), REQUIRED),
        Key("sort_order", Integer(), OPTIONAL, doc="Lower comes first."),
        Key("archived", Boolean(), READ_ONLY),
        Key("id", Id(), READ_ONLY),
        Key(
            "doctor",
            Reference("doctors"),
            OPTIONAL,
            keep_on_put=True,
            addition=True,
            doc="Default: the authorizing doctor.",
        ),
    ),
    filters=(of_doctor(), SHOW_ARCHIVED),
    visibility=ARCHIVED,
    checks=(actions.own_doctor,),
    example={
        "name": "Physical exam",
        "color": "#3a87ad",
        "duration": 30,
        "online_scheduling": True,
        "reason": "Annual physical",
    },
)


def _match_week_days(days: BoundParameter) -> Q:
    """Whether the template's days and these have one in common."""
    text = "(%s && (%s)::smallint[])"
    return Q(sql.template(text, F("week_days"), days, output_field=sql.BOOLEAN))


appointment_templates = Resource(
    path="appointment_templates",
    model=AppointmentTemplate,
    doc="Blocks of the week in which visits of a profile are booked; the doctor is the profile's.",
    methods="GET POST PUT PATCH DELETE",
    policy=Policy(
        scopes=("calendar", "settings"),
        permissions=("Access Scheduling", "Settings"),
        sharing="share_appointment_profiles",
        owner="profile__doctor",
    ),
    keys=(
        Key("duration", Integer(minimum=1, maximum=LONGEST), REQUIRED, doc="Minutes."),
        Key(
            "exam_room",
            Integer(minimum=0, maximum=32767),
            REQUIRED,
            example=1,
            doc="Index of a room of the office.",
        ),
        Key("office", Reference("offices"), REQUIRED),
        Key("profile", Reference("appointment_profiles"), REQUIRED),
        Key("scheduled_time", Time(), REQUIRED, doc="Wall clock of the office's doctor."),
        Key(
            "week_days",
            List(Integer(minimum=0, maximum=6), commas=True, max_items=7),
            REQUIRED,
            doc="0 Monday to 6 Sunday.",
        ),
        Key("archived", Boolean(), READ_ONLY),
        Key("id", Id(), READ_ONLY),
        Key(
            "open_slots",
            List(Object((Key("start", Time(), READ_ONLY), Key("end", Time(), READ_ONLY)))),
            READ_ONLY,
            source=Expression(openings.select_open_slots, only_with="available"),
            verbose=True,
            doc="Free blocks of the day of available, those long enough for a visit of the profile.",
        ),
        Key("date_start", Date(), OPTIONAL, addition=True, doc="First day that it holds."),
        Key("date_end", Date(), OPTIONAL, addition=True, doc="Last day that it holds."),
    ),
    filters=(
        Condition(
            "available",
            read=openings.read,
            condition=openings.condition,
            needs=("office",),
            described={"type": "string", "format": "date"},
            doc="Templates with a free block on this day that is long enough for a visit of their profile.",
        ),
        of_doctor("profile__doctor"),
        Filter("office", Reference("offices")),
        Filter("profile", Reference("appointment_profiles")),
        SHOW_ARCHIVED,
        openings.STRICT,
        make_integer_filter(
            "week_day",
            minimum=0,
            maximum=6,
            matches=_match_week_days,
            doc="Templates of any of these days, 0 Monday to 6 Sunday.",
        ),
    ),
    visibility=ARCHIVED,
    checks=(actions.room_of_office, actions.in_order),
    example={
        "office": 2,
        "exam_room": 1,
        "profile": 5,
        "scheduled_time": "09:00:00",
        "duration": 180,
        "week_days": [0, 2],
    },
)

reminder_profiles = Resource(
    path="reminder_profiles",
    model=ReminderProfile,
    doc="Sets of reminders to patients, to be applied to appointments.",
    methods="GET POST PUT PATCH DELETE",
    policy=Policy(
        scopes=("calendar",),
        permissions=("Access Scheduling",),
        sharing="share_reminder_profile",
        owner="doctor",
    ),
    rows=Q(archived=False),
    keys=(
        Key("doctor", Reference("doctors"), REQUIRED),
        Key("name", Text(), REQUIRED),
        Key(
            "reminders",
            List(
                Object(
                    (
                        Key("amount", Integer(minimum=0, maximum=1000), REQUIRED),
                        Key("unit", Text(choices=Reminder.Unit.values), REQUIRED),
                        Key("type", Text(choices=Reminder.Type.values), REQUIRED),
                    )
                ),
                max_items=20,
            ),
            REQUIRED,
            doc="When to remind: so much before the appointment.",
        ),
        Key("id", Id(), READ_ONLY),
    ),
    filters=(Filter("doctor", Reference("doctors"), addition=True),),
    example={
        "doctor": 1,
        "name": "Day before and hour before",
        "reminders": [{"amount": 1, "unit": "days", "type": "email"}],
    },
)

custom_appointment_fields = Resource(
    path="custom_appointment_fields",
    model=CustomAppointmentField,
    doc="Fields that doctors have added to appointments.",
    methods="GET POST PUT PATCH",
    policy=Policy(
        scopes=("clinical", "settings"),
        permissions=("Access Clinical Notes", "Settings"),
        sharing="share_patients",
        owner="doctor",
    ),
    keys=(
        Key("archived", Boolean(), READ_ONLY),
        Key("doctor", Reference("doctors"), REQUIRED),
        Key("field_name", Text(), REQUIRED),
        Key("field_desc", Text()),
        Key("id", Id(), READ_ONLY),
        Key("order", Integer(), READ_ONLY),
        Key("created_at", Timestamp(), READ_ONLY),
        Key("updated_at", Timestamp(), READ_ONLY),
    ),
    filters=(of_doctor(), SHOW_ARCHIVED),
    visibility=ARCHIVED,
    checks=(actions.next_in_order,),
    example={"doctor": 1, "field_name": "Interpreter", "field_desc": "Language needed"},
)

RESOURCES = [
    custom_vitals,
    appointment_profiles,
    appointment_templates,
    reminder_profiles,
    custom_appointment_fields,
]
