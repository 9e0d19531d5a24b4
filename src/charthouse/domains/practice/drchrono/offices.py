"""Offices as DrChrono shows them. Source: reference drchrono/resources.yaml."""

from django.db.models import F, Q
from django.db.models.expressions import Combinable

from charthouse.domains.practice import hooks
from charthouse.domains.practice.drchrono.work_schedules import make_schedule_key
from charthouse.domains.practice.models import (
    ExamRoom,
    Office,
    OfficeWorkSchedule,
)
from charthouse.engine.declaration.composites import List
from charthouse.engine.declaration.filters import Filter, Flag
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.objects import Object
from charthouse.engine.declaration.policy import ALWAYS, Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.related import ChildRows
from charthouse.engine.declaration.resources import THE_ROW, Operation, Resource, Visibility
from charthouse.engine.declaration.sources import UNSTORED, Expression
from charthouse.engine.declaration.times import Time
from charthouse.engine.declaration.types import Boolean, Integer, Text
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY, REQUIRED
from charthouse.engine.sql import expressions as sql


def _format_hour(column: str) -> Combinable:
    """Format a column of whole hours as a time. Midnight at the end of the day is ``24:00``, as the reference writes
    it."""
    text = "case %(hour)s when 24 then '24:00' else lpad((%(hour)s)::text, 2, '0') || ':00:00' end"
    return sql.named_template(text, hour=F(column), output_field=sql.TEXT)


offices = Resource(
    path="offices",
    model=Office,
    doc="Offices of the practice group; online booking settings can be changed.",
    methods="GET PUT PATCH",  # PUT is the hosted API's addition
    policy=Policy(scopes=("user",), permissions=(), sharing=ALWAYS, owner="doctor"),
    keys=(
        Key("id", Id(), READ_ONLY),
        Key("doctor", Reference("doctors"), READ_ONLY, doc="The doctor who owns the office."),
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
                        Key(
                            "index",
                            Integer(),
                            READ_ONLY,
                            doc="Starts at 1; appointments refer to this number.",
                        ),
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
                        Key("minute", Integer(minimum=0, maximum=45), REQUIRED, doc="0, 15, 30, or 45."),
                    )
                )
            ),
            OPTIONAL,
            verbose=True,
            doc="Start times, in quarter hours, that can be booked online.",
        ),
        Key("archived", Boolean(), READ_ONLY),
        make_schedule_key("office_work_schedule", OfficeWorkSchedule, "office"),
    ),
    filters=(
        Flag("show_archived", doc="Includes archived offices."),
        Filter("doctor", Reference("doctors"), addition=True),
    ),
    visibility=Visibility(Q(archived=True), shown_by="show_archived"),
    checks=(hooks.check_timeslot_minutes,),
    operations=(
        Operation(
            name="add_exam_room",
            method="POST",
            doc="Add an exam room; returns the whole office.",
            keys=(
                Key("name", Text(max_length=200), REQUIRED, source=UNSTORED),
                Key("online_scheduling", Boolean(), OPTIONAL, source=UNSTORED, default=False),
            ),
            run=hooks.add_exam_room,
            answer=THE_ROW,
            status=201,
        ),
    ),
    example={"online_scheduling": True, "online_timeslots": [{"day": 0, "hour": 9, "minute": 30}]},
)

RESOURCES = [offices]
