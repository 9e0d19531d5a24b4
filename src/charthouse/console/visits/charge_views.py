"""Adding and removing charges on the page of a visit."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse

from charthouse.console.kit import records, undo
from charthouse.console.kit.page import Request, page
from charthouse.console.visits import charges, diagnoses
from charthouse.console.visits.views import render_visit
from charthouse.domains.billing.drchrono.policy import PERMISSIONS as BILLING
from charthouse.domains.scheduling.models import Appointment
from charthouse.engine.errors import Conflict, Invalid, Malformed, NotFound
from charthouse.jobs import submissions

CLINICAL = "Access Clinical Notes"


@page(CLINICAL, *BILLING, methods=("POST",))
def add_charge(request: Request, visit: int) -> HttpResponseBase:
    """Add a charge to the visit, once. What is refused is shown at its field."""
    row, entry = _find_visit(request, visit), charges.read_entry(request)
    codes = diagnoses.list_codes(request, visit)
    added: list[int] = []

    def work() -> str:
        added.append(charges.create_charge(request, row, codes, entry))
        return _get_address(visit)

    try:
        leads_to, _ = submissions.run_once(
            request.actor.practice, request.actor.required_user, entry.submission, work
        )
    except (Invalid, Conflict, Malformed) as refusal:
        entry.add_refusal(refusal)
        return render_visit(request, _read_visit(request, visit), charge=entry)
    for made in added:
        address = reverse("visit-charge-remove", args=[visit])
        undo.add_message(request, f"{entry.code} added to the charges.", address, {"charge": made})
    return redirect(leads_to)


@page(CLINICAL, *BILLING, methods=("POST",))
def remove_charge(request: Request, visit: int) -> HttpResponseBase:
    """Remove a charge from the visit; one that was paid or decided on by an insurer stays."""
    text = request.POST.get("charge", "")
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise NotFound()
    line = charges.find_line(request, visit, int(text), diagnoses.list_codes(request, visit))
    try:
        records.delete(records.get_resource("line_items"), request.actor, line.row.pk)
    except Conflict:
        messages.error(
            request,
            f"{line.row.code} has payments or insurance transactions. Void those first, under Billing.",
        )
    else:
        values = line.values | {"submission": submissions.make_token()}
        address = reverse("visit-charge", args=[visit])
        undo.add_message(request, f"{line.row.code} removed from the charges.", address, values)
    return redirect(_get_address(visit))


@page(CLINICAL, *BILLING)
def list_fees(request: Request, visit: int) -> HttpResponseBase:
    """List what the fee schedule of the visit's doctor has for what was typed, as JSON."""
    text = request.GET.get("q", "").replace("\0", "").strip()[:100]
    row = _find_visit(request, visit)
    return JsonResponse({"choices": charges.list_fees(row, text) if text else []})


def _find_visit(request: Request, visit: int) -> Appointment:
    """Find a visit of a patient. Raises Forbidden, NotFound."""
    rows = records.select_rows(records.get_resource("visits"), request.actor)
    found: Appointment | None = rows.filter(pk=visit, patient__isnull=False).first()
    if found is None:
        raise NotFound()
    return found


def _read_visit(request: Request, visit: int) -> dict[str, Any]:
    return records.get_object(records.get_resource("visits"), request.actor, visit)


def _get_address(visit: int) -> str:
    return f"{reverse('visit', args=[visit])}#charges"
