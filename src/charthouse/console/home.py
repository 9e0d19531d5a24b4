"""Where people arrive."""

from django.http import HttpResponseBase

from charthouse.console.page import Request, page, show


@page()
def home(request: Request) -> HttpResponseBase:
    return show(request, "home.html")
