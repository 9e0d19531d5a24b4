"""Reminders of an appointment as Cerbo shows them, with a text and a time of their own. The worker sends them, see
``reminder_delivery``. Source: reference cerbo/operations.yaml; docs/decisions/0192-custom-reminders.md"""

from datetime import timedelta
from typing import Any

from django.db.models import Q

from charthouse import clock
from charthouse.domains.practice.cerbo.keys import (
    API_MADE,
    PAGES,
    make_created_key,
    make_object_key,
    make_policy,
)
from charthouse.domains.scheduling.models import Appointment, Reminder
from charthouse.engine.declaration.changes import Change
from charthouse.engine.declaration.hooks import hook
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Parent, Resource
from charthouse.engine.declaration.sources import Expression
from charthouse.engine.declaration.times import Timestamp
from charthouse.engine.declaration.types import Integer, Text
from charthouse.engine.declaration.values import READ_ONLY, REQUIRED
from charthouse.engine.sql import expressions as sql

PATH = "appointments/{appointment_id}/reminders"
MAX_SMS_LENGTH = 1600  # characters of a text message, in parts


def _make_time_check(how: str) -> Any:
    """Make a hook that checks that the time is in the future and before the patient's visit. It is also stored as
    minutes before the visit, so that the reminder moves with it."""

    @hook(keys=("scheduled_datetime",))
    def check(change: Change) -> None:
        visit = Appointment.objects.get(
            practice=change.actor.practice, pk=change.parent_ids["appointment_id"]
        )
        at = change.values["scheduled_datetime"]
        if visit.patient_id is None:
            change.add_error("non_field_errors", "This appointment has no patient.")
        if at <= clock.now():
            change.add_error("scheduled_datetime", "This time is past.")
        elif at >= visit.scheduled_time:
            change.add_error("scheduled_datetime", "A reminder goes before the appointment.")
        minutes = (visit.scheduled_time - at) // timedelta(minutes=1)
        change.set_columns(type=how, unit=Reminder.Unit.MINUTES, amount=max(0, minutes))

    return check


def _make_keys(*, subject: Key, text: Key) -> tuple[Key, ...]:
    return (
        make_object_key("appointment_reminder"),
        Key("id", Id(), READ_ONLY),
        Key("appointment_id", Reference("appointments"), READ_ONLY, source="appointment"),
        Key("type", Text(choices=("email", "sms")), READ_ONLY),
        Key(
            "scheduled_datetime",
            Timestamp(spaced=True),
            text.access,
            source="scheduled_time",
            example="2029-12-31 09:00:00",
            doc="UTC. Must be before the appointment; moves with it.",
        ),
        subject,
        text,
        Key("sent_datetime", Timestamp(spaced=True), READ_ONLY, source="sent_at", doc="Null: not sent yet."),
        make_created_key(),
        Key(
            "addedby",
            Integer(),
            READ_ONLY,
            source=Expression(lambda: sql.literal(API_MADE)),
            nullable=False,
            doc="Always 99999: created by programs.",
        ),
    )


_COMMON: dict[str, Any] = {
    "model": Reminder,
    "reads": False,
    "page_size": PAGES,
    "parents": (Parent("appointment_id", to="appointments", source="appointment"),),
    "policy": make_policy("appointment_reminders"),
}
_NO_SUBJECT = Key("subject", Text(), READ_ONLY, doc="Empty: only emails have a subject.")
_EXAMPLE: dict[str, Any] = {"scheduled_datetime": "2029-12-31 09:00:00", "text": "See you soon."}

reminders = Resource(
    path=PATH,
    doc="Email and text message reminders of an appointment.",
    methods="GET",
    **_COMMON,
    rows=Q(archived=False, type__in=("email", "sms")),
    keys=_make_keys(
        subject=Key("subject", Text(), READ_ONLY),
        text=Key("text", Text(), READ_ONLY, doc="Empty: the message says who, where, and when."),
    ),
    example=_EXAMPLE,
)

email_reminders = Resource(
    path=f"{PATH}/email",
    doc="Remind the patient by email.",
    methods="POST",
    **_COMMON | {"policy": make_policy("appointment_reminders", rate_class="email_trigger")},
    rows=Q(archived=False, type="email"),
    keys=_make_keys(
        subject=Key("subject", Text(), REQUIRED), text=Key("text", Text(multiline=True), REQUIRED)
    ),
    checks=(_make_time_check("email"),),
    example={**_EXAMPLE, "subject": "Your visit"},
)

sms_reminders = Resource(
    path=f"{PATH}/sms",
    doc="Remind the patient by text message.",
    methods="POST",
    **_COMMON,
    rows=Q(archived=False, type="sms"),
    keys=_make_keys(
        subject=_NO_SUBJECT, text=Key("text", Text(multiline=True, max_length=MAX_SMS_LENGTH), REQUIRED)
    ),
    checks=(_make_time_check("sms"),),
    example=_EXAMPLE,
)

RESOURCES = [reminders, email_reminders, sms_reminders]
