"""What patients see of themselves. Every query names the patient who is signed in."""

from django.http import HttpResponseBase

from charthouse.portal.page import Request, page, show


@page()
def home(request: Request) -> HttpResponseBase:
    return show(request, "home.html")
