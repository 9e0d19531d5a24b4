"""The statuses of synthetic appointments and the transitions that led to them."""

from datetime import datetime, timedelta
from random import Random

from charthouse.sandbox.calendar import Slot

FUTURE = (("Confirmed", 45), ("", 33), ("Not Confirmed", 15), ("Cancelled", 5), ("Rescheduled", 2))
PAST = (
    ("Complete", 82),
    ("No Show", 6),
    ("Cancelled", 6),
    ("Rescheduled", 3),
    ("In Session", 1),  # this and the next: never closed by the front desk
    ("Checked In", 1),
    ("Arrived", 1),
)
# Statuses on the way of a visit, with the minutes from its start.
STEPS = {"Arrived": -8, "Checked In": -5, "In Room": -2, "In Session": 3}


def draw_status(random: Random, slot: Slot, now: datetime) -> str:
    """Draw the status that the appointment in a slot has by now."""
    weighted = PAST if slot.start < now else FUTURE
    percent = random.random() * 100
    for status, weight in weighted:
        percent -= weight
        if percent < 0:
            return status
    return weighted[0][0]


def draw_transitions(random: Random, slot: Slot, now: datetime, last: str) -> list[tuple[datetime, str, str]]:
    """Draw the (time, from, to) of the transitions up to the last status, all before ``now``."""
    if last == "":
        return []
    transitions, before = [], ""
    for at, status in _draw_steps(random, slot, last):
        transitions.append((min(at, now - timedelta(minutes=1)), before, status))
        before = status
    return transitions


def _draw_steps(random: Random, slot: Slot, last: str) -> list[tuple[datetime, str]]:
    start, minutes = slot.start, timedelta(minutes=1)
    steps: list[tuple[datetime, str]] = []
    if last in (*STEPS, "Complete", "No Show") and random.random() < 0.8:
        steps.append(
            (start - timedelta(days=1 + random.randrange(3), hours=random.randrange(1, 6)), "Confirmed")
        )
    if last in STEPS or last == "Complete":
        names = list(STEPS)
        for status in names[: names.index(last) + 1 if last in STEPS else None]:
            steps.append((start + (STEPS[status] + random.randrange(2)) * minutes, status))
    if last == "Complete":
        steps.append((start + (slot.minutes + random.randrange(-3, 4)) * minutes, last))
    elif last == "No Show":
        steps.append((start + (slot.minutes + 5) * minutes, last))
    elif last not in STEPS:
        steps.append((start - timedelta(days=random.randrange(1, 5), hours=random.randrange(1, 6)), last))
    return steps


def draw_visit_count(random: Random, mean: float) -> int:
    """Draw how many appointments a patient has: some have none, a few many more than the mean."""
    if mean > 1:
        return min(26, int(random.expovariate(1 / mean) + 0.5))
    return 1 if random.random() < mean else 0
