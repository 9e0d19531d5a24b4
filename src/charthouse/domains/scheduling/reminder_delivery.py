"""Sending reminders of appointments that are due: each is given to the outbox exactly once.

A reminder that is more than a day late isn't sent any more, nor one of an appointment that has passed, was deleted, or
won't take place, nor one to a patient who has died, nor one of an imported practice before ``charthouse resume``.
Reminders by telephone are only recorded: the server makes no calls.
"""

from zoneinfo import ZoneInfo

from django.db import connection, transaction

from charthouse import clock
from charthouse.domains.patients import correspondence
from charthouse.domains.patients.models import Patient
from charthouse.domains.scheduling.models import Appointment, Reminder
from charthouse.identity import tenancy
from charthouse.identity.models import Practice

PURPOSE = "appointment reminder"


def send_due_reminders() -> int:
    """Send the due reminders of all practices; return how many were given to the outbox."""
    with connection.cursor() as cursor:
        cursor.execute("select practice, reminder from scheduling_reminders_due(%s)", [clock.now()])
        waiting = cursor.fetchall()
    held = (
        set(Practice.objects.exclude(reminders_held_since=None).values_list("pk", flat=True))
        if waiting
        else ()
    )
    return sum(_send_reminder(practice, reminder) for practice, reminder in waiting if practice not in held)


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
    words = reminder.text or _make_text(appointment)
    if reminder.type == Reminder.Type.EMAIL:
        subject = reminder.subject or "Reminder of your appointment"
        return correspondence.queue_patient_email(patient, subject, words, purpose=PURPOSE)
    if reminder.type == Reminder.Type.SMS:
        return correspondence.queue_patient_sms(patient, words, purpose=PURPOSE)
    return False


def _make_text(appointment: Appointment) -> str:
    """Make the default text: who, where and when, by the clock of the office; not the reason."""
    when = appointment.scheduled_time.astimezone(ZoneInfo(appointment.office.doctor.timezone))
    office = appointment.office
    phone = f" Questions? Call {office.phone_number}." if office.phone_number else ""
    return (
        f"You have an appointment with {appointment.doctor} at {office} on {when:%A, %B} {when.day}, {when.year} "
        f"at {when.hour % 12 or 12}:{when:%M %p}.{phone}"
    )
