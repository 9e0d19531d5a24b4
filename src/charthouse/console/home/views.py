"""The first page of the console: the user's day and what waits for the user."""

from datetime import datetime

from django.http import HttpResponseBase

from charthouse import clock
from charthouse.console.home import worklists
from charthouse.console.kit import local_times
from charthouse.console.kit.page import Request, page, render_page
from charthouse.console.resources.schedule import SCHEDULING

_AFTERNOON, _EVENING = 12, 17  # hours


@page()
def show_home(request: Request) -> HttpResponseBase:
    """Show today's patients, and the worklists of the user's role."""
    receives = set(SCHEDULING) <= set(request.user.permissions)
    now = local_times.to_local(clock.now())
    lists = worklists.list_worklists(request)
    values = {
        "greeting": f"{_greet(now)}, {request.user.first_name or request.user.username}",
        "today": f"{now:%A}, {now:%B} {now.day}",
        "visits": worklists.build_visits(request) if receives else None,
        "waiting": [one for one in lists if one.total],
        "done": [one for one in lists if not one.total],
    }
    return render_page(request, "home/home.html", values)


def _greet(now: datetime) -> str:
    if now.hour < _AFTERNOON:
        return "Good morning"
    return "Good afternoon" if now.hour < _EVENING else "Good evening"
