"""Acceptance of a link from an e-mail: an invitation, or a link to set a new password.

Nobody is signed in here. The link's secret and the date of birth authenticate the patient.
"""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from charthouse.domains.patients import portal_access
from charthouse.domains.patients.models import PortalAccess
from charthouse.identity import attempt_limits
from charthouse.identity.lockout import answer_throttled
from charthouse.identity.models import Practice
from charthouse.portal.display import localize
from charthouse.portal.forms import InvitationForm

TEMPLATE = "charthouse/portal/invitation.html"


@never_cache
@localize
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@answer_throttled
def accept_invitation(request: HttpRequest, secret: str) -> HttpResponseBase:
    """Show the form of a link; a POST accepts it.

    A GET changes nothing, since mail programs open links.
    """
    attempt = attempt_limits.begin_attempt(request)
    found = portal_access.find_access_by_link(secret)
    if found is None:
        return render(request, TEMPLATE, status=404)
    if request.method != "POST":
        attempt.forgive()
    if request.method != "POST":
        return _render_form(request, found, InvitationForm(patient=found.patient, username=found.username))
    form = InvitationForm(request.POST, patient=found.patient, username=found.username)
    good, values = form.is_valid(), form.cleaned_data
    wrong = portal_access.accept_link(
        secret, values.get("born"), values.get("username", ""), values["password"] if good else None
    )
    if wrong is not None and "born" not in wrong:
        attempt.forgive()
    if good and wrong == {}:
        messages.success(request, _("Your password has been set. Sign in with it."))
        return redirect("portal-sign-in")
    if wrong is None or portal_access.find_access_by_link(secret) is None:
        return render(request, TEMPLATE, status=404)
    for name, text in wrong.items():
        form.add_error(name, text)
    return _render_form(request, found, form)


def _render_form(request: HttpRequest, found: PortalAccess, form: InvitationForm) -> HttpResponse:
    practice = Practice.objects.get(pk=found.practice_id)
    suggested = found.username or form.data.get("username") or found.patient.email
    shown = {"practice": practice.name, "found": found, "form": form, "username": suggested}
    return render(request, TEMPLATE, shown)
