"""A sandbox's clock: what time it is, and moving it ahead so that what would fall due does."""

from datetime import timedelta

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect

from charthouse import clock
from charthouse.changes import clock_control
from charthouse.console.applications import DEVELOPERS
from charthouse.console.page import Request, page, show
from charthouse.engine.errors import Invalid, NotFound

STEPS = (("15", "15 minutes"), ("60", "1 hour"), ("180", "3 hours"), ("420", "7 hours"), ("1440", "1 day"),
         ("10080", "1 week"))  # fmt: skip
MOST_MINUTES = 366 * 24 * 60  # in one step


@page(DEVELOPERS, methods=("GET", "POST"))
def clock_page(request: Request) -> HttpResponseBase:
    """The clock of everybody in this sandbox. 404 elsewhere."""
    if not settings.SANDBOX:
        raise NotFound()
    if request.method == "POST":
        now = clock_control.advance(timedelta(minutes=_minutes(request.POST.get("minutes", ""))))
        messages.success(request, f"It is {now:%b %d, %Y %H:%M} UTC now. What fell due is being done.")
        return redirect("clock")
    values = {
        "now": clock.now(),
        "ahead": timedelta(seconds=round(clock.get_offset().total_seconds())),
        "steps": STEPS,
    }
    return show(request, "clock.html", values)


def _minutes(text: str) -> int:
    """Raises Invalid."""
    if not (text.isascii() and text.isdigit() and len(text) < 7 and 0 < int(text) <= MOST_MINUTES):
        raise Invalid({"minutes": [f"Give 1 to {MOST_MINUTES} minutes."]})
    return int(text)
