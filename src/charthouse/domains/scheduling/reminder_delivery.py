"""Sending the reminders of appointments whose time has come: to the post, each exactly once.

A reminder more than a day late isn't sent any more, nor one of an appointment that has passed, was deleted, or won't
take place. Reminders by telephone are only noted: nobody here can call.
"""

from zoneinfo import ZoneInfo

from django.db import connection, transaction

from charthouse import clock
from charthouse.domains.patients.models import Patient
from charthouse.domains.scheduling.models import Appointment, Reminder
from charthouse.identity import tenancy
from charthouse.outbox import queue

PURPOSE = "appointment reminder"


def due() -> int:
    """Send what is due, of all practices; how many reminders were given to the post."""
    with connection.cursor() as cursor:
        cursor.execute("select practice, reminder from scheduling_reminders_due(%s)", [clock.now()])
        waiting = cursor.fetchall()
    return sum(_send(practice, reminder) for practice, reminder in waiting)


def _send(practice: int, reminder_id: int) -> bool:
    """One reminder and its message, in one transaction. False when another worker has it, or it can't be sent."""
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
        reminder.sent_at = clock.now()  # also when there is no address: it isn't tried again every minute
        reminder.save(update_fields=["sent_at", "updated_at"])
        return appointment.patient is not None and _post(reminder, appointment, appointment.patient)


def _post(reminder: Reminder, appointment: Appointment, patient: Patient) -> bool:
    words = reminder.text or _words(appointment)
    if reminder.type == Reminder.Type.EMAIL and patient.email:
        subject = reminder.subject or "Reminder of your appointment"
        queue.queue_email(reminder.practice_id, patient.email, subject, words, purpose=PURPOSE)
    elif reminder.type == Reminder.Type.SMS and patient.cell_phone and not patient.disable_sms_messages:
        queue.queue_sms(reminder.practice_id, patient.cell_phone, words, purpose=PURPOSE)
    else:
        return False
    return True


def _words(appointment: Appointment) -> str:
    """What it says: who, where and when, by the clock of the office; nothing of why."""
    when = appointment.scheduled_time.astimezone(ZoneInfo(appointment.office.doctor.timezone))
    office = appointment.office
    phone = f" Questions? Call {office.phone_number}." if office.phone_number else ""
    return (
        f"You have an appointment with {appointment.doctor} at {office} on {when:%A, %B} {when.day}, {when.year} "
        f"at {when.hour % 12 or 12}:{when:%M %p}.{phone}"
    )
