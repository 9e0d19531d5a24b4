"""Appointments and their types as Cerbo shows them. Facts: reference cerbo/operations.yaml;
docs/decisions/0190-appointments-twice.md"""

from typing import Any

from django.db.models import Q

from charthouse.domains.practice.cerbo_keys import common
from charthouse.domains.scheduling import actions, cerbo_availability, cerbo_reminders, cerbo_vitals
from charthouse.domains.scheduling import cerbo_booking as booking
from charthouse.domains.scheduling.cerbo_keys import APPOINTMENT, END_DATE, START_DATE, STATUS_IN, provider_is
from charthouse.domains.scheduling.cerbo_types import SENT, TYPE, TYPE_KEPT, WHICH
from charthouse.domains.scheduling.models import Appointment, AppointmentProfile
from charthouse.engine.declaration.events import plain_events
from charthouse.engine.declaration.filters import Condition, Filter, Flag
from charthouse.engine.declaration.references import Reference
from charthouse.engine.declaration.resources import PageSize, Resource, Visibility

PAGES = PageSize(100, 100, 100)
_EXAMPLE: dict[str, Any] = {
    "title": "Annual physical",
    "appointment_type": "Physical exam",
    "appointment_note": "Fasting",
    "start_date_time": "2030-03-04 15:00:00",
    "end_date_time": "2030-03-04 15:30:00",
    "provider_ids": [12],
    "pt_id": 1042,
}

appointments = Resource(
    path="appointments",
    model=Appointment,
    doc="Appointments of the providers; a time that is taken is refused with 409.",
    methods="GET POST PATCH DELETE",
    policy=common("appointments"),
    page_size=PAGES,
    rows=Q(archived=False, is_virtual_base=False),
    keys=APPOINTMENT,
    filters=(
        START_DATE,
        END_DATE,
        STATUS_IN,
        Condition(
            "provider_id",
            read=lambda text, given: {"provider_id": Reference("users").parse(text)},
            condition=provider_is,
            described={"type": "integer"},
            doc="A user.",
        ),
        Filter("pt_id", Reference("patients"), source="patient"),
        Flag("include_cancelled", on_for="any", doc="Any value adds cancelled ones."),
        Flag(
            "include_work_schedule",
            on_for="any",
            doc="Any value adds blocks of time that are neither of a patient nor of a type.",
        ),
    ),
    checks=(booking.book,),
    after=(actions.booked, booking.keep_video, booking.announce),
    events=plain_events("schedule.created", "schedule.modified", "schedule.deleted", own="delete"),
    example=_EXAMPLE,
)

appointment_types = Resource(
    path="appointment_types",
    model=AppointmentProfile,
    doc="Kinds of appointments: length, color, who can be booked, what patients are sent.",
    methods="GET POST",
    policy=common("appointment_types"),
    reads=False,
    page_size=PAGES,
    keys=(*TYPE, WHICH, *SENT, *TYPE_KEPT),
    filters=(Flag("include_deleted", on_for="any", doc="Any value adds deleted ones."),),
    visibility=Visibility(Q(archived=True), shown_by="include_deleted"),
    checks=(booking.complete_type,),
    example={"name": "Physical exam", "default_length": 30},
)

RESOURCES = [appointments, appointment_types, *cerbo_vitals.RESOURCES, *cerbo_reminders.RESOURCES]
FUNCTIONS = [*cerbo_availability.FUNCTIONS]
