"""Time without patients in the calendars of doctors: lunch breaks, and a recurring meeting."""

from charthouse.domains.scheduling.models import Appointment
from charthouse.sandbox.calendar import Slot
from charthouse.sandbox.loader import Row
from charthouse.sandbox.seeder import Seeder
from charthouse.sandbox.teams import Provider

LUNCH_WEEKS = range(-1, 4)  # from the current week
MEETING_WEEKS = range(-4, 6, 2)
MEETING_WEEKDAY = 2  # Wednesday


class Breaks(Seeder):
    """The breaks of the practice's doctors. They draw no random numbers."""

    def finish(self) -> None:
        """Add the breaks: meetings have lower ids than lunch breaks."""
        lunches = [
            _make_break(provider, slot, "Lunch")
            for provider in self.team.providers
            for slot in self.calendar.list_lunches(LUNCH_WEEKS)
            if slot.weekday != MEETING_WEEKDAY
        ]
        meetings = [row for provider in self.team.providers for row in self._make_meetings(provider)]
        ids = self.context.loader.reserve_ids(Appointment, len(lunches))
        for row, row_id in zip(lunches, ids, strict=True):
            row["id"] = row_id
        self.copy(Appointment, [*lunches, *meetings])

    def _make_meetings(self, provider: Provider) -> list[Row]:
        """Make a recurring appointment: its first row has the pattern, the others refer to it."""
        slots = [
            slot for slot in self.calendar.list_lunches(MEETING_WEEKS) if slot.weekday == MEETING_WEEKDAY
        ]
        rows = [_make_break(provider, slot, "Team meeting") for slot in slots]
        first, *others = self.context.loader.reserve_ids(Appointment, len(rows))
        rows[0] |= {
            "id": first,
            "recur_start_date": self.calendar.dates[slots[0].day],
            "recur_end_date": self.calendar.dates[slots[-1].day],
            "recurs_every": MEETING_WEEKS.step,
            "recurring_days": [MEETING_WEEKDAY],
        }
        for row, row_id in zip(rows[1:], others, strict=True):
            row |= {"id": row_id, "base_recurring_appointment_id": first}
        return rows


def _make_break(provider: Provider, slot: Slot, reason: str) -> Row:
    return {
        "doctor_id": provider.doctor,
        "office_id": provider.offices[slot.weekday],
        "exam_room": provider.exam_room,
        "scheduled_time": slot.text,
        "duration": slot.minutes,
        "reason": reason,
        "color": "#868e96",
    }
