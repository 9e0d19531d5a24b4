"""A patient's portal access in the chart: invite, renew, revoke.

The APIs do the same by ``onpatient_access`` and ``portal/invite``.
"""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from charthouse.console.chart import layout
from charthouse.console.kit import records
from charthouse.console.kit.page import Request, list_messages, page, render_page
from charthouse.console.kit.tables import Badge
from charthouse.console.portal import proxies
from charthouse.domains.patients import portal_access
from charthouse.domains.patients.models import Patient, PortalAccess
from charthouse.engine.errors import Conflict, Invalid


@page("Manage Patients")
def show_access(request: Request, patient: int) -> HttpResponseBase:
    """Show whether the patient has access."""
    values = layout.get_chart_context(request, patient)
    found = (
        portal_access.list_current_access(request.actor.practice, patient)
        .select_related("enabled_by", "api_user")
        .first()
    )
    values |= {
        "title": "Patient portal",
        "access": found,
        "lines": _list_lines(found, values["patient"]),
        "invite": reverse("portal-invite", args=[patient]),
        "revoke": reverse("portal-revoke", args=[patient]),
        **proxies.get_context(request, values["patient"]),
    }
    return render_page(request, "portal/access.html", values)


def _list_lines(found: PortalAccess | None, patient: Patient) -> list[tuple[str, Any]]:
    email = ("E-mail", patient.email)
    if found is None:
        return [("State", Badge("No access")), email]
    by = found.enabled_by or (found.api_user and f"{found.api_user.nickname} (API user)")
    invited = [("Invited", found.enabled_on), ("By", by)]
    if found.activated_on is None:
        return [("State", Badge("Invited", "blue")), email, *invited, ("Until", found.expires_on)]
    state = ("State", Badge("Has access", "green"))
    return [state, ("Username", found.username), email, *invited, ("Since", found.activated_on)]


@page("Manage Patients", methods=("POST",))
def invite(request: Request, patient: int) -> HttpResponseBase:
    """Send an invitation, or a link to set a new password to a patient who has access."""
    try:
        with transaction.atomic():
            row = proxies.lock_patient(request, patient)
            if row.patient_status != "A":
                raise Conflict("The patient is not active.")
            portal_access.invite_or_send_password_link(row, request.actor.required_user)
    except Invalid as refusal:
        messages.error(request, " ".join(list_messages(refusal.errors)))
    else:
        messages.success(request, f"An e-mail goes to {row.email}.")
    return redirect("portal-access", patient=patient)


@page("Manage Patients", methods=("GET", "POST"))
def revoke(request: Request, patient: int) -> HttpResponseBase:
    """Revoke access, or an open invitation, after confirmation."""
    values = layout.get_chart_context(request, patient)
    records.require_write(records.get_resource("patients"), request.actor)
    if request.method == "POST":
        with transaction.atomic():
            proxies.lock_patient(request, patient)
            portal_access.revoke(request.actor.practice, patient, request.actor.required_user)
        messages.success(request, "The patient no longer has access to the portal.")
        return redirect("portal-access", patient=patient)
    values |= {
        "title": "Revoke access to the portal?",
        "text": "Anyone who is signed in is signed out right away. The patient can be invited again.",
        "button": "Revoke",
        "danger": True,
        "back": reverse("portal-access", args=[patient]),
    }
    return render_page(request, "kit/confirm.html", values)
