"""What appointments are made from, as DrChrono shows it. Facts: reference drchrono/resources.yaml."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Func, Q
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
from charthouse.resource.declare import Hidden, Resource
from charthouse.resource.fields import (
    OPTIONAL,
    READ_ONLY,
    REQUIRED,
    Boolean,
    Color,
    Id,
    Integer,
    ListOf,
    Ref,
    Text,
)
from charthouse.resource.filters import Chosen, Flag, RefIs, Where
from charthouse.resource.nested import Embedded
from charthouse.resource.times import Date, Time, Timestamp

ARCHIVED = Hidden(Q(archived=True), unless="show_archived")
SHOW_ARCHIVED = Flag("show_archived", doc="Adds archived rows.")


def of_doctor(path: str = "doctor") -> RefIs:
    return RefIs("doctor", source=path, to="doctors", doc="Rows of this doctor.")


custom_vitals = Resource(
    path="custom_vitals",
    model=CustomVital,
    doc="Measurements that doctors have added to the vitals; their values ride on appointments.",
    methods="GET",
    scopes=("clinical", "settings"),
    permissions=("Access Clinical Notes", "Settings"),
    sharing="share_clinical_templates",
    owner="doctor",
    fields=(
        Boolean("archived", READ_ONLY),
        Text("data_type", READ_ONLY, choices=CustomVital.DataType.values),
        Ref("doctor", READ_ONLY, to="doctors", doc="Who made it."),
        Id("id"),
        Boolean("is_fraction_field", READ_ONLY),
        Text("name", READ_ONLY),
        ListOf("allowed_values", READ_ONLY, item=Text("value"), doc="Of single_sel; empty for other types."),
        Text("description", READ_ONLY),
        Text("fraction_delimiter", READ_ONLY, doc="Between numerator and denominator, mostly /."),
        Text("unit", READ_ONLY),
    ),
    filters=(of_doctor(), SHOW_ARCHIVED),
    hidden=ARCHIVED,
    example={"name": "Peak flow", "data_type": "number", "unit": "L/min"},
)

appointment_profiles = Resource(
    path="appointment_profiles",
    model=AppointmentProfile,
    doc="Kinds of visits, with the length and color that appointments of the kind have.",
    methods="GET POST PUT PATCH DELETE",
    scopes=("calendar", "settings"),
    permissions=("Access Scheduling", "Settings"),
    sharing="share_appointment_profiles",
    owner="doctor",
    fields=(
        Color("color", REQUIRED),
        Integer("duration", REQUIRED, minimum=1, maximum=LONGEST, doc="Minutes."),
        Text("name", REQUIRED),
        Boolean("online_scheduling", REQUIRED),
        Text("reason", REQUIRED),
        Integer("sort_order", OPTIONAL, doc="Lower comes first."),
        Boolean("archived", READ_ONLY),
        Id("id"),
        Ref(
            "doctor", OPTIONAL, to="doctors", kept=True, addition=True, doc="Default: the authorizing doctor."
        ),
    ),
    filters=(of_doctor(), SHOW_ARCHIVED),
    hidden=ARCHIVED,
    checks=(actions.own_doctor,),
    example={
        "name": "Physical exam",
        "color": "#3a87ad",
        "duration": 30,
        "online_scheduling": True,
        "reason": "Annual physical",
    },
)


class _Overlap(Func):
    """Whether two arrays have an element in common."""

    arity = 2
    arg_joiner = " && "
    template = "(%(expressions)s)"
    conditional = True
    output_field = models.BooleanField()


class _SmallIntegers(Func):
    template = "(%(expressions)s)::smallint[]"
    output_field = ArrayField(models.SmallIntegerField())


appointment_templates = Resource(
    path="appointment_templates",
    model=AppointmentTemplate,
    doc="Blocks of the week in which visits of a profile are booked; the doctor is the profile's.",
    methods="GET POST PUT PATCH DELETE",
    scopes=("calendar", "settings"),
    permissions=("Access Scheduling", "Settings"),
    sharing="share_appointment_profiles",
    owner="profile__doctor",
    fields=(
        Integer("duration", REQUIRED, minimum=1, maximum=LONGEST, doc="Minutes."),
        Integer(
            "exam_room", REQUIRED, minimum=0, maximum=32767, example=1, doc="Index of a room of the office."
        ),
        Ref("office", REQUIRED, to="offices"),
        Ref("profile", REQUIRED, to="appointment_profiles"),
        Time("scheduled_time", REQUIRED, doc="Wall clock of the office's doctor."),
        ListOf(
            "week_days",
            REQUIRED,
            item=Integer("day", minimum=0, maximum=6),
            commas=True,
            at_most=7,
            doc="0 Monday to 6 Sunday.",
        ),
        Boolean("archived", READ_ONLY),
        Id("id"),
        Embedded(
            "open_slots",
            READ_ONLY,
            many=True,
            verbose=True,
            computed=openings.OpenSlots,
            given_with="available",
            fields=(Time("start", READ_ONLY), Time("end", READ_ONLY)),
            doc="Free blocks of the day of available, those long enough for a visit of the profile.",
        ),
        Date("date_start", OPTIONAL, addition=True, doc="First day that it holds."),
        Date("date_end", OPTIONAL, addition=True, doc="Last day that it holds."),
    ),
    filters=(
        Where(
            "available",
            read=openings.read,
            condition=openings.condition,
            needs=("office",),
            type={"type": "string", "format": "date"},
            doc="Templates with a free block on this day that is long enough for a visit of their profile.",
        ),
        of_doctor("profile__doctor"),
        RefIs("office", to="offices"),
        RefIs("profile", to="appointment_profiles"),
        SHOW_ARCHIVED,
        openings.STRICT,
        Chosen(
            "week_day",
            minimum=0,
            maximum=6,
            matches=lambda days: Q(_Overlap(F("week_days"), _SmallIntegers(days))),
            doc="Templates of any of these days, 0 Monday to 6 Sunday.",
        ),
    ),
    hidden=ARCHIVED,
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
    scopes=("calendar",),
    permissions=("Access Scheduling",),
    sharing="share_reminder_profile",
    owner="doctor",
    rows=Q(archived=False),
    fields=(
        Ref("doctor", REQUIRED, to="doctors"),
        Text("name", REQUIRED),
        Embedded(
            "reminders",
            REQUIRED,
            many=True,
            at_most=20,
            doc="When to remind: so much before the appointment.",
            fields=(
                Integer("amount", REQUIRED, minimum=0, maximum=1000),
                Text("unit", REQUIRED, choices=Reminder.Unit.values),
                Text("type", REQUIRED, choices=Reminder.Type.values),
            ),
        ),
        Id("id"),
    ),
    filters=(RefIs("doctor", to="doctors", addition=True),),
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
    scopes=("clinical", "settings"),
    permissions=("Access Clinical Notes", "Settings"),
    sharing="share_patients",
    owner="doctor",
    fields=(
        Boolean("archived", READ_ONLY),
        Ref("doctor", REQUIRED, to="doctors"),
        Text("field_name", REQUIRED),
        Text("field_desc"),
        Id("id"),
        Integer("order", READ_ONLY),
        Timestamp("created_at", READ_ONLY),
        Timestamp("updated_at", READ_ONLY),
    ),
    filters=(of_doctor(), SHOW_ARCHIVED),
    hidden=ARCHIVED,
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
