"""Appointment templates as DrChrono shows them. Source: reference drchrono/resources.yaml."""

from typing import Any

from django.db.models import Q
from django.db.models.expressions import F

from charthouse.domains.practice.drchrono.filters import make_integer_filter
from charthouse.domains.scheduling import hooks, open_slots
from charthouse.domains.scheduling.drchrono.filters import HIDE_ARCHIVED, SHOW_ARCHIVED, make_doctor_filter
from charthouse.domains.scheduling.models import MAX_DURATION, AppointmentTemplate
from charthouse.engine.declaration.composites import List
from charthouse.engine.declaration.filters import Condition, Filter
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.objects import Object
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.sources import Expression
from charthouse.engine.declaration.times import Date, Time
from charthouse.engine.declaration.types import Boolean, Integer
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY, REQUIRED
from charthouse.engine.sql import expressions as sql
from charthouse.engine.sql.expressions import BoundParameter


def _match_week_days(days: BoundParameter) -> Q:
    """Match templates that have one of these days."""
    text = "(%s && (%s)::smallint[])"
    return Q(sql.template(text, F("week_days"), days, output_field=sql.BOOLEAN))


def _make_week_days_filter(name: str, **options: Any) -> Filter:
    return make_integer_filter(
        name,
        minimum=0,
        maximum=6,
        matches=_match_week_days,
        doc="Templates for any of these days, 0 Monday to 6 Sunday.",
        **options,
    )


appointment_templates = Resource(
    path="appointment_templates",
    model=AppointmentTemplate,
    doc="Weekly blocks for visits of a profile; the doctor is the profile's.",
    methods="GET POST PUT PATCH DELETE",
    policy=Policy(
        scopes=("calendar", "settings"),
        permissions=("Access Scheduling", "Settings"),
        sharing="share_appointment_profiles",
        owner="profile__doctor",
    ),
    keys=(
        Key("duration", Integer(minimum=1, maximum=MAX_DURATION), REQUIRED, doc="Minutes."),
        Key(
            "exam_room",
            Integer(minimum=0, maximum=32767),
            REQUIRED,
            example=1,
            doc="Index of an exam room in the office.",
        ),
        Key("office", Reference("offices"), REQUIRED),
        Key("profile", Reference("appointment_profiles"), REQUIRED),
        Key("scheduled_time", Time(), REQUIRED, doc="Local time of the office's doctor."),
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
            source=Expression(open_slots.select_open_slots, only_with="available"),
            verbose=True,
            doc="Free blocks on the day given as available that are long enough for a visit of the profile.",
        ),
        Key("date_start", Date(), OPTIONAL, addition=True, doc="First day on which the template applies."),
        Key("date_end", Date(), OPTIONAL, addition=True, doc="Last day on which the template applies."),
    ),
    filters=(
        Condition(
            "available",
            read=open_slots.read_available,
            condition=open_slots.match_available,
            needs=("office",),
            described={"type": "string", "format": "date"},
            doc="Templates with a free block on this day that is long enough for a visit of their profile.",
        ),
        make_doctor_filter("profile__doctor"),
        Filter("office", Reference("offices")),
        Filter("profile", Reference("appointment_profiles")),
        SHOW_ARCHIVED,
        open_slots.STRICT,
        _make_week_days_filter("week_day"),
        _make_week_days_filter(
            "week_days",
            repeated=True,
            described={"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 6}},
            addition=True,
        ),
    ),
    visibility=HIDE_ARCHIVED,
    checks=(hooks.check_exam_room, hooks.check_date_order),
    example={
        "office": 2,
        "exam_room": 1,
        "profile": 5,
        "scheduled_time": "09:00:00",
        "duration": 180,
        "week_days": [0, 2],
    },
)

RESOURCES = [appointment_templates]
