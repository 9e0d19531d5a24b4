"""Who acts for a patient in the portal, in the chart: add, end; and for whom the patient acts."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from charthouse.console.chart import layout
from charthouse.console.kit import records
from charthouse.console.kit.page import Request, list_messages, page, render_page
from charthouse.domains.patients import portal_access, portal_proxies
from charthouse.domains.patients.models import Patient, PortalProxy
from charthouse.engine.errors import Conflict, Invalid, NotFound
from charthouse.identity.models import Practice


def get_context(request: Request, patient: Patient) -> dict[str, Any]:
    """Make what the page of the portal access shows of proxies."""
    practice = Practice.objects.get(pk=request.actor.practice)
    return {
        "proxies": [
            {"row": row, "words": _describe(row), "end": portal_proxies.find_end(row, practice)}
            for row in portal_proxies.list_proxies(practice, patient.pk)
        ],
        "acts_for": [
            {"row": row, "words": _describe(row)} for row in portal_proxies.list_records(practice, patient.pk)
        ],
        "relationships": portal_proxies.RELATIONSHIPS.items(),
        "proxy_end_age": practice.proxy_end_age,
    }


@page("Manage Patients", methods=("POST",))
def add_proxy(request: Request, patient: int) -> HttpResponseBase:
    """Let a person act for the patient, and invite them to the portal if they have no access."""
    try:
        with transaction.atomic():
            row = lock_patient(request, patient)
            person = _find_person(request)
            portal_proxies.add(row, person, request.POST.get("relationship", ""), request.actor.required_user)
            is_invited = not portal_proxies.has_access(person)
            if is_invited:
                portal_access.invite(person, request.actor.required_user)
    except Invalid as refusal:
        messages.error(request, " ".join(list_messages(refusal.errors)))
    except Conflict as refusal:
        messages.error(request, str(refusal.detail))
    else:
        done = f"{person.display_name} can act for {row.display_name} in the portal."
        messages.success(request, f"{done} An invitation goes to {person.email}." if is_invited else done)
    return redirect("portal-access", patient=patient)


@page("Manage Patients", methods=("GET", "POST"))
def end_proxy(request: Request, patient: int, row: int) -> HttpResponseBase:
    """End a proxy, after confirmation."""
    values = layout.get_chart_context(request, patient)
    records.require_write(records.get_resource("patients"), request.actor)
    found = portal_proxies.select_open(request.actor.practice).filter(pk=row, patient=patient).first()
    if found is None:
        raise NotFound()
    if request.method == "POST":
        with transaction.atomic():
            lock_patient(request, patient)
            portal_proxies.end(found, request.actor.required_user)
        messages.success(
            request, f"{found.proxy.display_name} can no longer act for {found.patient.display_name}."
        )
        return redirect("portal-access", patient=patient)
    values |= {
        "title": "End proxy access?",
        "text": f"{found.proxy.display_name} will no longer see the record of {found.patient.display_name}. "
        "Their own portal access is unchanged.",
        "button": "End proxy access",
        "danger": True,
        "back": reverse("portal-access", args=[patient]),
    }
    return render_page(request, "kit/confirm.html", values)


def _find_person(request: Request) -> Patient:
    """Find the person whom the form names. Raises Invalid."""
    text = request.POST.get("patient", "")
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
    rows = records.select_rows(records.get_resource("patients"), request.actor, hidden=True)
    found: Patient | None = rows.filter(pk=number).first()
    if found is None:
        raise Invalid({"patient": ["Start typing the name, and choose a person from the list."]})
    return found


def _describe(row: PortalProxy) -> str:
    words = portal_proxies.RELATIONSHIPS.get(row.relationship, "")
    return words if portal_proxies.has_access(row.proxy) else f"{words}, not signed in to the portal yet"


def lock_patient(request: Request, patient: int) -> Patient:
    """Lock the patient's row against concurrent invitations. Raises NotFound, Forbidden."""
    records.require_write(records.get_resource("patients"), request.actor)
    layout.find_patient(request, patient)
    row: Patient = Patient.objects.select_for_update(of=("self",), no_key=True).get(
        practice=request.actor.practice, pk=patient
    )
    return row
