"""The clock of a sandbox, which can be advanced."""

from datetime import timedelta

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect

from charthouse import clock
from charthouse.changes import clock_control
from charthouse.console.developer.apps import PERMISSION
from charthouse.console.kit.page import Request, page, render_page
from charthouse.engine.errors import Invalid, NotFound

STEPS = (("15", "15 minutes"), ("60", "1 hour"), ("180", "3 hours"), ("420", "7 hours"), ("1440", "1 day"),
         ("10080", "1 week"))  # fmt: skip
MAX_MINUTES = 366 * 24 * 60  # in one step


@page(PERMISSION, methods=("GET", "POST"))
def show_clock(request: Request) -> HttpResponseBase:
    """Show the sandbox's clock; a POST advances it for everybody. Raises NotFound outside of sandboxes."""
    if not settings.SANDBOX:
        raise NotFound()
    if request.method == "POST":
        now = clock_control.advance(timedelta(minutes=_parse_minutes(request.POST.get("minutes", ""))))
        messages.success(request, f"It is {now:%b %d, %Y %H:%M} UTC now. What fell due is being done.")
        return redirect("clock")
    values = {
        "now": clock.now(),
        "ahead": timedelta(seconds=round(clock.get_offset().total_seconds())),
        "steps": STEPS,
    }
    return render_page(request, "sandbox/clock.html", values)


def _parse_minutes(text: str) -> int:
    """Parse the number of minutes. Raises Invalid."""
    if not (text.isascii() and text.isdigit() and len(text) < 7 and 0 < int(text) <= MAX_MINUTES):
        raise Invalid({"minutes": [f"Give 1 to {MAX_MINUTES} minutes."]})
    return int(text)
