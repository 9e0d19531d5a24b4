"""Times of reminders of appointments.

Minutes and hours are counted back from the moment, days and weeks over the wall clock: the reminder of a day before
comes at the same time of day, even where the clocks change in between.
"""

from collections.abc import Sequence

from django.db import connection

from charthouse import clock
from charthouse.domains.scheduling.models import Reminder, ReminderProfile

_DUE = """
    case r.unit
        when 'minutes' then a.scheduled_time - r.amount * interval '1 minute'
        when 'hours' then a.scheduled_time - r.amount * interval '1 hour'
        else ((a.scheduled_time at time zone z.timezone)
            - r.amount * case r.unit when 'weeks' then 7 else 1 end * interval '1 day') at time zone z.timezone
    end
"""
_APPOINTMENT = """
    scheduling_appointment a
    join practice_office o on o.practice_id = a.practice_id and o.id = a.office_id
    join practice_doctor z on z.practice_id = o.practice_id and z.id = o.doctor_id
"""


def has_reminders(practice: int, appointment: int) -> bool:
    """Return whether an appointment has reminders."""
    return Reminder.objects.filter(practice=practice, appointment=appointment, archived=False).exists()


def apply_profile(profile_id: int, practice: int, appointments: Sequence[int]) -> None:
    """Create the reminders of a profile for each of the appointments."""
    profile = ReminderProfile.objects.get(practice=practice, pk=profile_id)
    now = clock.now()
    parts = ([item[name] for item in profile.reminders] for name in ("type", "amount", "unit"))
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into scheduling_reminder (practice_id, appointment_id, type, amount, unit, scheduled_time, "  # noqa: S608
            "subject, text, archived, created_at, updated_at) "
            f"select a.practice_id, a.id, r.type, r.amount, r.unit, {_DUE}, '', '', false, %s, %s from {_APPOINTMENT} "
            "cross join unnest(%s::text[], %s::int[], %s::text[]) with ordinality as r (type, amount, unit, n) "
            "where a.practice_id = %s and a.id = any(%s) order by a.id, r.n",
            [now, now, *parts, practice, list(appointments)],
        )


def withdraw_reminders(practice: int, ids: Sequence[int]) -> None:
    """Delete reminders that an undone edit had added; one that was sent stays, as the patient has it."""
    rows = Reminder.objects.filter(practice=practice, pk__in=ids, archived=False, sent_at=None)
    rows.update(archived=True, updated_at=clock.now())


def move_reminders(practice: int, appointment: int) -> None:
    """Move the reminders of an appointment that was moved. A reminder that was sent is sent again if its new time is in
    the future."""
    now = clock.now()
    with connection.cursor() as cursor:
        cursor.execute(
            f"update scheduling_reminder r set scheduled_time = {_DUE}, updated_at = %s, "  # noqa: S608
            f"sent_at = case when {_DUE} > %s then null else r.sent_at end from {_APPOINTMENT} "
            "where r.practice_id = a.practice_id and r.appointment_id = a.id and not r.archived "
            "and a.practice_id = %s and a.id = %s",
            [now, now, practice, appointment],
        )
