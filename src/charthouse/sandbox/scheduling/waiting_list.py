"""Patients who wait for an earlier appointment, and times that cancellations have freed for them."""

from collections.abc import Sequence
from datetime import timedelta

from charthouse.domains.scheduling.models import FreedSlot, WaitingListEntry
from charthouse.sandbox.calendar import Visit
from charthouse.sandbox.loader import Row
from charthouse.sandbox.patients.record import PatientRecord
from charthouse.sandbox.seeder import Seeder

PLANNED = ("", "Confirmed", "Not Confirmed")  # statuses of an appointment to come
SOON = timedelta(days=7)
LATER = timedelta(days=28)
# Which days (0 is Monday) and parts of the day, priority, and note of each entry.
WISHES: tuple[tuple[list[int], list[str], int, str], ...] = (
    ([], [], 1, "Symptoms are getting worse; asks for the first free time."),
    ([0, 2, 4], ["morning"], 2, "Works afternoons."),
    ([], ["afternoon"], 2, ""),
    ([1, 3], [], 2, "Needs a ride, available on Tuesdays and Thursdays."),
    ([], [], 3, "Would like to come before traveling."),
)


class WaitingList(Seeder):
    """The waiting list of the practice. It draws no random numbers."""

    def set_up(self) -> None:
        """Begin without appointments."""
        self.freed: list[Visit] = []
        self.later: list[Visit] = []

    def add_batch(self, patients: Sequence[PatientRecord], visits: Sequence[Visit]) -> None:
        """Note the appointments of the next days that were cancelled, and those to come in a month and later."""
        now = self.calendar.now
        for visit in visits:
            status, start = visit.row["status"], visit.slot.start
            if status == "Cancelled" and now < start < now + SOON:
                self.freed.append(visit)
            elif status in PLANNED and start > now + LATER:
                self.later.append(visit)

    def finish(self) -> None:
        """Add the entries, of as many patients, and the freed times."""
        waiting = {visit.row["patient_id"]: visit for visit in reversed(self.later)}
        chosen = list(waiting.values())[: len(WISHES)]
        entries = [self._make_entry(visit, wish) for visit, wish in zip(chosen, WISHES, strict=False)]
        self.copy(WaitingListEntry, entries)
        self.copy(FreedSlot, [_make_slot(visit) for visit in self.freed])

    def _make_entry(self, visit: Visit, wish: tuple[list[int], list[str], int, str]) -> Row:
        """Make the entry of a patient who would like to come before this appointment."""
        days, parts, priority, note = wish
        since = (self.calendar.now - timedelta(days=WISHES.index(wish) * 3 + 2)).isoformat()
        return {
            "patient_id": visit.row["patient_id"],
            "doctor_id": visit.row["doctor_id"],
            "profile_id": visit.row["profile_id"],
            "duration": visit.slot.minutes,
            "week_days": days,
            "day_parts": parts,
            "until": visit.date.isoformat(),
            "priority": priority,
            "note": note,
            "created_at": since,
            "updated_at": since,
        }


def _make_slot(visit: Visit) -> Row:
    names = ("doctor_id", "office_id", "exam_room", "scheduled_time", "duration")
    return {name: visit.row[name] for name in names}
