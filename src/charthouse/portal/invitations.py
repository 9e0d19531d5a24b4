"""Taking a link of an e-mail. Nobody is signed in here: what the link carries is the key, and a date of birth the
second one."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from charthouse.domains.patients import portal_access
from charthouse.domains.patients.models import PortalAccess
from charthouse.identity.models import Practice
from charthouse.portal.forms import Taking

PAGE = "charthouse/portal/invitation.html"


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, secret: str) -> HttpResponseBase:
    """Take an invitation, or a link to a new password. Opening the page takes nothing: programs open the links of
    e-mails."""
    found = portal_access.find_access_by_link(secret)
    if found is None:
        return render(request, PAGE, status=404)
    if request.method != "POST":
        return _shown(request, found, Taking(patient=found.patient, username=found.username))
    form = Taking(request.POST, patient=found.patient, username=found.username)
    good, said = form.is_valid(), form.cleaned_data
    wrong = portal_access.accept_link(
        secret, said.get("born"), said.get("username", ""), said["password"] if good else None
    )
    if good and wrong == {}:
        messages.success(request, "Your password has been set. Sign in with it.")
        return redirect("portal-sign-in")
    if wrong is None or portal_access.find_access_by_link(secret) is None:
        return render(request, PAGE, status=404)
    for name, text in wrong.items():
        form.add_error(name, text)
    return _shown(request, found, form)


def _shown(request: HttpRequest, found: PortalAccess, form: Taking) -> HttpResponse:
    practice = Practice.objects.get(pk=found.practice_id)
    suggested = found.username or form.data.get("username") or found.patient.email
    shown = {"practice": practice.name, "found": found, "form": form, "username": suggested}
    return render(request, PAGE, shown)
