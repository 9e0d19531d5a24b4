"""Pages for patients. Nobody is signed in here: what a link carries is the key, and a date of birth the second one."""

from datetime import date

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from charthouse.domains.patients import access
from charthouse.identity.models import Practice

PAGE = "charthouse/portal/invitation.html"


@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, secret: str) -> HttpResponse:
    """Take an invitation. Opening the page takes nothing: programs open the links of e-mails."""
    wrong = False
    if request.method == "POST":
        if access.activate(secret, _day(request.POST.get("born", ""))):
            return render(request, PAGE, {"state": "taken"})
        wrong = True
    found = access.invited(secret)
    if found is None:
        return render(request, PAGE, {"state": "gone"}, status=404)
    practice = Practice.objects.get(pk=found.practice_id)
    shown = {"state": "open", "practice": practice.name, "wrong": wrong}
    return render(request, PAGE, shown)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
