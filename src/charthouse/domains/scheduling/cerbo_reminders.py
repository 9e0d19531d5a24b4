"""Reminders of an appointment as Cerbo shows them: with words and a time of their own. The worker sends them, see
``remind``. Facts: reference cerbo/operations.yaml; docs/decisions/0192-reminders-with-words.md"""

from datetime import timedelta
from typing import Any

from django.db.models import Q

from charthouse import clock
from charthouse.domains.practice.cerbo_keys import API_MADE, common, created, tag
from charthouse.domains.scheduling.models import Appointment, Reminder
from charthouse.resource import sql
from charthouse.resource.change import Change
from charthouse.resource.declare import PageSize, Parent, Resource
from charthouse.resource.fields import READ_ONLY, REQUIRED, Field, Id, Integer, Ref, Text
from charthouse.resource.times import Moment

PATH = "appointments/{appointment_id}/reminders"
LONGEST_SMS = 1600  # characters of a text message, in parts


def _before_the_visit(how: str) -> Any:
    """The time is to come, and before the visit of somebody; kept as minutes before it too, so that it moves along."""

    def check(change: Change) -> None:
        visit = Appointment.objects.get(practice=change.actor.practice, pk=change.at["appointment_id"])
        at = change.values["scheduled_datetime"]
        if visit.patient_id is None:
            change.wrong("non_field_errors", "Nobody comes to this appointment: it has no patient.")
        if at <= clock.now():
            change.wrong("scheduled_datetime", "This time is past.")
        elif at >= visit.scheduled_time:
            change.wrong("scheduled_datetime", "A reminder goes before the appointment.")
        minutes = (visit.scheduled_time - at) // timedelta(minutes=1)
        change.columns |= {"type": how, "unit": Reminder.Unit.MINUTES, "amount": max(0, minutes)}

    return check


def _keys(*, subject: Field, text: Field) -> tuple[Field, ...]:
    return (
        tag("appointment_reminder"),
        Id("id"),
        Ref("appointment_id", READ_ONLY, source="appointment", to="appointments"),
        Text("type", READ_ONLY, choices=("email", "sms")),
        Moment(
            "scheduled_datetime",
            text.access,
            source="scheduled_time",
            example="2029-12-31 09:00:00",
            doc="UTC; before the appointment, with which it moves.",
        ),
        subject,
        text,
        Moment("sent_datetime", READ_ONLY, source="sent_at", doc="Null: it waits."),
        created(),
        Integer(
            "addedby",
            READ_ONLY,
            computed=lambda: sql.constant(API_MADE),
            nullable=False,
            doc="99999: programs make them.",
        ),
    )


_COMMON: dict[str, Any] = {
    "model": Reminder,
    "reads": False,
    **common("appointment_reminders"),
    "page_size": PageSize(100, 100, 100),
    "parents": (Parent("appointment_id", to="appointments", source="appointment"),),
}
_NO_SUBJECT = Text("subject", READ_ONLY, doc="Empty: of e-mails alone.")
_WORDS: dict[str, Any] = {"scheduled_datetime": "2029-12-31 09:00:00", "text": "See you soon."}

reminders = Resource(
    path=PATH,
    doc="Reminders of an appointment by e-mail and text message.",
    methods="GET",
    **_COMMON,
    rows=Q(archived=False, type__in=("email", "sms")),
    fields=_keys(
        subject=Text("subject", READ_ONLY),
        text=Text("text", READ_ONLY, doc="Empty: it says who, where and when."),
    ),
    example=_WORDS,
)

email_reminders = Resource(
    path=f"{PATH}/email",
    doc="Remind the patient by e-mail.",
    methods="POST",
    **_COMMON,
    counted="email_trigger",
    rows=Q(archived=False, type="email"),
    fields=_keys(subject=Text("subject", REQUIRED), text=Text("text", REQUIRED)),
    checks=(_before_the_visit("email"),),
    example={**_WORDS, "subject": "Your visit"},
)

sms_reminders = Resource(
    path=f"{PATH}/sms",
    doc="Remind the patient by text message.",
    methods="POST",
    **_COMMON,
    rows=Q(archived=False, type="sms"),
    fields=_keys(subject=_NO_SUBJECT, text=Text("text", REQUIRED, max_length=LONGEST_SMS)),
    checks=(_before_the_visit("sms"),),
    example=_WORDS,
)

RESOURCES = [reminders, email_reminders, sms_reminders]
