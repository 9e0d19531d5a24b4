"""The first page of the portal."""

from django.http import HttpResponseBase

from charthouse.portal import portal_requests, questionnaires
from charthouse.portal.appointments import list_upcoming
from charthouse.portal.messages import select_correspondence
from charthouse.portal.page import Request, page, render_page


@page()
def show_home(request: Request) -> HttpResponseBase:
    """Show the next appointment, unread messages, open questionnaires and sent requests."""
    guest = request.guest
    values = {
        "next": list_upcoming(guest, 1),
        "unread": select_correspondence(guest).filter(sent_by="dr", read=False).count(),
        "open_questionnaires": list(questionnaires.list_open(guest)),
        "sent": portal_requests.describe_latest(portal_requests.select_requests(guest), 5),
    }
    return render_page(request, "home.html", values)
