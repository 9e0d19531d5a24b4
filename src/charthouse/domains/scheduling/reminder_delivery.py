"""Sending reminders of appointments that are due: each is given to the outbox exactly once.

A reminder that is more than a day late isn't sent any more, nor one of an appointment that has passed, was deleted, or
won't take place, nor one to a patient who has died, nor one of an imported practice before ``charthouse resume``. Text
messages wait for the end of the practice's quiet hours.
Reminders by telephone are only recorded: the server makes no calls.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import connection, transaction

from charthouse import clock
from charthouse.domains.patients import correspondence
from charthouse.domains.patients.models import Patient
from charthouse.domains.scheduling import patient_texts
from charthouse.domains.scheduling.models import Appointment, Reminder
from charthouse.identity import tenancy
from charthouse.identity.models import Practice

PURPOSE = "appointment reminder"


def send_due_reminders() -> int:
    """Send the due reminders of all practices; return how many were given to the outbox."""
    with connection.cursor() as cursor:
        cursor.execute("select practice, reminder from scheduling_reminders_due(%s)", [clock.now()])
        waiting = cursor.fetchall()
    by_practice: dict[int, list[int]] = {}
    for practice, reminder in waiting:
        by_practice.setdefault(practice, []).append(reminder)
    sent = 0
    for row in Practice.objects.filter(pk__in=by_practice, reminders_held_since=None).order_by("pk"):
        due = by_practice[row.pk]
        quiet = _find_quiet_reminders(row, due)
        sent += sum(_send_reminder(row.pk, reminder) for reminder in due if reminder not in quiet)
    return sent


def is_quiet(practice: Practice, at: datetime) -> bool:
    """Whether text messages wait at a local time of an office."""
    start, end = practice.quiet_from, practice.quiet_until
    if start < end:
        return start <= at.hour < end
    return start != end and (at.hour >= start or at.hour < end)


def _find_quiet_reminders(practice: Practice, due: list[int]) -> set[int]:
    """Find the text messages among reminders that wait, since it is night at the office."""
    now = clock.now()
    with tenancy.within(practice.pk):
        texts = Reminder.objects.filter(practice=practice.pk, pk__in=due, type=Reminder.Type.SMS)
        zones = list(texts.values_list("pk", "appointment__office__doctor__timezone"))
    return {pk for pk, zone in zones if is_quiet(practice, now.astimezone(ZoneInfo(zone)))}


def _send_reminder(practice: int, reminder_id: int) -> bool:
    """Send a reminder in one transaction. Returns False when another worker has it, or it can't be sent."""
    with tenancy.within(practice), transaction.atomic():
        reminder = (
            Reminder.objects.select_for_update(of=("self",), skip_locked=True)
            .filter(practice=practice, pk=reminder_id, sent_at=None, archived=False)
            .first()
        )
        if reminder is None:
            return False
        appointment = Appointment.objects.select_related("patient", "doctor", "office__doctor").get(
            practice=practice, pk=reminder.appointment_id
        )
        reminder.sent_at = clock.now()  # also without an address, so that it isn't tried again every minute
        reminder.save(update_fields=["sent_at", "updated_at"])
        return appointment.patient is not None and _queue_message(reminder, appointment, appointment.patient)


def _queue_message(reminder: Reminder, appointment: Appointment, patient: Patient) -> bool:
    """Queue the e-mail or text message. Returns False where the patient cannot get it."""
    subject, text = patient_texts.make_reminder(appointment, patient)
    words = reminder.text or text
    if reminder.type == Reminder.Type.EMAIL:
        subject = reminder.subject or subject
        return correspondence.queue_patient_email(patient, subject, words, purpose=PURPOSE)
    if reminder.type == Reminder.Type.SMS:
        return correspondence.queue_patient_sms(patient, words, purpose=PURPOSE)
    return False
