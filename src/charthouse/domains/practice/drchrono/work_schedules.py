"""Work schedules of doctors and offices, which the hosted API has added since its v4 reference.

Source: reference drchrono/live_only.yaml. A list "returns the schedule of the authorising doctor"; the schedules of
others can be read by id, or with ``show_all``, a parameter of this project. The source does not say whether a schedule
can be moved to another doctor or office: here it can't.
"""

from dataclasses import replace
from typing import Any

from django.db import models
from django.db.models import Q

from charthouse.domains.practice import hooks
from charthouse.domains.practice.models import DoctorWorkSchedule, OfficeWorkSchedule
from charthouse.engine.declaration.composites import List
from charthouse.engine.declaration.filters import Flag
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.objects import Object
from charthouse.engine.declaration.policy import ALWAYS, Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.related import ChildRow
from charthouse.engine.declaration.resources import Resource, Visibility
from charthouse.engine.declaration.sources import Expression
from charthouse.engine.declaration.types import Boolean, Integer, Text
from charthouse.engine.declaration.values import READ_ONLY, REQUIRED
from charthouse.engine.sql import expressions as sql
from charthouse.engine.sql.expressions import BoundParameter

_TIME_PATTERN = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?|24:00(:00)?"

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
                                    Text(pattern=_TIME_PATTERN),
                                    REQUIRED,
                                    example="09:00",
                                    doc="Local time.",
                                ),
                                Key("enabled", Boolean(), default=True),
                                Key("id", Id(), READ_ONLY),
                                Key(
                                    "end_time",
                                    Text(pattern=_TIME_PATTERN),
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
    doc="Replaces the existing days.",
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


def _make_resource(path: str, model: type[models.Model], doc: str, doctor: str, *keys: Key) -> Resource:
    """Make the resource of a kind of schedule. ``doctor``: lookup path to the id of the doctor whose schedules are
    listed."""
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
        filters=(Flag("show_all", addition=True, doc="Includes other doctors' schedules."),),
        checks=(hooks.number_work_days,),
        example=_EXAMPLE,
    )


def _select_null() -> Any:
    return sql.literal(None)


_DOCTOR_KEYS = (
    Key("office", Integer(), READ_ONLY, source=Expression(_select_null), doc="Null: applies to all offices."),
    Key("doctor", Reference("doctors"), READ_ONLY),
)
_OFFICE_KEYS = (
    Key("office", Reference("offices"), READ_ONLY),
    Key(
        "doctor",
        Reference("doctors"),
        READ_ONLY,
        source="office__doctor_id",
        doc="The doctor who owns the office.",
    ),
)

doctor_work_schedule = _make_resource(
    "doctor_work_schedule",
    DoctorWorkSchedule,
    "Doctors' working hours; a list has the authorizing doctor's schedule.",
    "doctor_id",
    *_DOCTOR_KEYS,
)
office_work_schedule = _make_resource(
    "office_work_schedule",
    OfficeWorkSchedule,
    "Offices' opening hours; a list has those of the authorizing doctor's offices, oldest first.",
    "office__doctor_id",
    *_OFFICE_KEYS,
)


def make_schedule_key(name: str, model: type[models.Model], link: str) -> Key:
    """Make the key that embeds the schedule of a doctor or an office in its own object. ``link``: ``doctor`` or
    ``office``."""
    keys = _DOCTOR_KEYS if link == "doctor" else _OFFICE_KEYS
    return Key(
        name,
        Object((replace(work_days, access=READ_ONLY), Key("id", Id(), READ_ONLY), *keys)),
        READ_ONLY,
        source=ChildRow(model, link=link),
        addition=True,
        doc=f"Same as in {name}; null if there is none.",
    )


RESOURCES = [doctor_work_schedule, office_work_schedule]
