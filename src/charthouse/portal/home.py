"""The portal's first page."""

from django.http import HttpResponseBase

from charthouse.portal import portal_requests, questionnaires
from charthouse.portal.appointments import coming
from charthouse.portal.messages import correspondence
from charthouse.portal.page import Request, page, show


@page()
def home(request: Request) -> HttpResponseBase:
    """What comes next, what is new, what was sent."""
    guest = request.guest
    values = {
        "next": coming(guest, 1),
        "unread": correspondence(guest).filter(sent_by="dr", read=False).count(),
        "asked": list(questionnaires.asked(guest)),
        "sent": portal_requests.told(portal_requests.of(guest), 5),
    }
    return show(request, "home.html", values)
