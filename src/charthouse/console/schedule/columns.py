"""A day of the calendar in columns, one for each provider or room; and the colors of events.

FullCalendar's own resource views are under a commercial license: each column is a calendar of one day (calendar.js).
docs/decisions/0372-columns-of-the-calendar.md
"""

import re
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from charthouse.console.kit.appointments import CalendarScope
from charthouse.console.kit.cells import Dot
from charthouse.console.kit.page import Request
from charthouse.domains.practice.models import ExamRoom
from charthouse.domains.scheduling.models import NO_ROOM, AppointmentProfile

BY_PROVIDER, BY_ROOM = "doctor", "room"
COLUMNS = (("", "One"), (BY_PROVIDER, "Providers"), (BY_ROOM, "Rooms"))
BY_STATUS, BY_TYPE = "status", "type"
COLORS = ((BY_STATUS, "Status"), (BY_TYPE, "Type"))
MAX_COLUMNS = 40
MAX_TYPES = 100
_HEX = re.compile(r"#?([0-9a-fA-F]{6})")


def read_choice(request: Request, name: str, choices: Sequence[tuple[str, str]]) -> str:
    """Read one of the choices from the query; the first by default."""
    value = request.GET.get(name, "")
    return value if value in dict(choices) else choices[0][0]


def list_columns(request: Request, here: CalendarScope, by: str) -> list[dict[str, str]]:
    """List the columns: ``key`` is the id of the provider, or the number of the room. At most one query."""
    if by == BY_PROVIDER:
        doctors = [here.doctor] if here.doctor else here.doctors
        return [{"key": str(one.pk), "name": str(one)} for one in doctors[:MAX_COLUMNS]]
    if by == BY_ROOM:
        rooms = ExamRoom.objects.filter(
            practice=request.actor.practice, office=here.office.pk, archived=False
        )
        named = rooms.order_by("index").values_list("index", "name")[:MAX_COLUMNS]
        return [
            *({"key": str(index), "name": name} for index, name in named),
            {"key": str(NO_ROOM), "name": "No room"},
        ]
    return []


def build_day_links(here: CalendarScope, day: date, kept: dict[str, str]) -> dict[str, str]:
    """Build the addresses of the day before, today and the day after, with the rest of the page's state."""
    days = {"before": day - timedelta(days=1), "today": here.today, "after": day + timedelta(days=1)}
    return {name: f"?{urlencode(kept | {'date': one.isoformat()})}" for name, one in days.items()}


def list_types(request: Request) -> list[Dot]:
    """List the types of visits that have a color, as a legend."""
    rows = AppointmentProfile.objects.filter(practice=request.actor.practice, archived=False)
    named = dict(rows.order_by("-name").values_list("name", "color")[:MAX_TYPES])
    return [Dot(hexed, name) for name, color in sorted(named.items()) if (hexed := parse_color(color))]


def parse_color(text: str) -> str:
    """Parse six hexadecimal digits, with or without "#"; "" for anything else."""
    found = _HEX.fullmatch(text.strip())
    return found[1].lower() if found else ""


def color_by_type(one: Any) -> dict[str, str]:
    """The colors of an event by the type of its visit, for FullCalendar; {} where the type has none."""
    color = parse_color(one.profile.color) if one.profile else ""
    if not color:
        return {}
    text = "#000000" if _measure_luminance(color) > 0.179 else "#ffffff"  # where both contrast alike (WCAG 2)
    return {"backgroundColor": f"#{color}", "borderColor": f"#{color}", "textColor": text}


def _measure_luminance(color: str) -> float:
    """The relative luminance of WCAG 2, from 0 to 1."""
    parts = [int(color[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
