"""Whose record is shown: the person's own, or that of a patient for whom they act."""

from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from charthouse.domains.patients.portal_proxies import RELATIONSHIPS
from charthouse.engine.errors import NotFound
from charthouse.portal import sessions
from charthouse.portal.page import Request, page, render_page

OWN = 0  # in the address: the person's own record


@page()
def show_records(request: Request) -> HttpResponseBase:
    """Show the records that the person may open."""
    guest = request.guest
    choices = [
        {"row": row.pk, "patient": row.patient, "words": _(RELATIONSHIPS[row.relationship])}
        for row in guest.records
    ]
    own = {"row": OWN, "patient": guest.person, "words": ""}
    current = guest.proxy.pk if guest.proxy else OWN
    return render_page(request, "records.html", {"choices": [own, *choices], "current": current})


@page("POST")
def choose(request: Request, row: int) -> HttpResponseBase:
    """Open a record. Raises NotFound."""
    guest = request.guest
    proxy = next((one for one in guest.records if one.pk == row), None)
    if proxy is None and row != OWN:
        raise NotFound()
    sessions.choose_record(request, guest.access, proxy)
    return redirect("portal-home")
