"""Registering a patient, and editing the demographics."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import StrIndex
from django.db.models.lookups import GreaterThan
from django.http import HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from charthouse.console.chart import layout
from charthouse.console.kit import editing, form_sections, forms, records
from charthouse.console.kit.page import Request, page, render_page
from charthouse.console.patients import checks, form
from charthouse.console.patients.duplicates import Duplicate, find_duplicates
from charthouse.domains.patients.models import Patient, Payer
from charthouse.engine.errors import Conflict, Invalid, Malformed, NotFound
from charthouse.engine.sql.folding import Folded, fold
from charthouse.jobs import submissions

CONFIRMED = "not_a_duplicate"
NEW_INSURANCE = {"is_subscriber_the_patient": True}
MAX_PAYERS = 8


@page("Manage Patients", methods=("GET", "POST"))
def register(request: Request) -> HttpResponseBase:
    """Register a patient. A patient of the same name and birthday is asked about first."""
    of = records.get_resource("patients")
    records.require_write(of, request.actor)
    if request.method != "POST":
        return _render_form(request, _get_initial_values(request))
    sent = checks.clean(forms.read_payload(form.list_keys(of), request, of.model))
    try:
        checks.check(sent)
        likely = find_duplicates(request, sent)
        if any(one.likeness.is_certain for one in likely) and request.POST.get(CONFIRMED) != "yes":
            return _render_form(request, sent, duplicates=likely, ask=True)
        address, created = submissions.run_once(
            request.actor.practice,
            request.actor.required_user,
            request.POST.get("submission", ""),
            lambda: _create(request, sent),
        )
    except (Invalid, Conflict, Malformed) as refusal:
        return _render_form(request, sent, refusal)
    if created:
        messages.success(request, f"{_name(sent)} is registered.")
    return redirect(address)


def _create(request: Request, sent: dict[str, Any]) -> str:
    values = sent | {"doctor": sent.get("doctor") or request.actor.doctor}
    if values.get("primary_insurance") and not values.get("patient_payment_profile"):
        values["patient_payment_profile"] = "Insurance"
    if request.POST.get(CONFIRMED) == "yes":
        values["allow_duplicates"] = True
    made = records.create(records.get_resource("patients"), request.actor, values)
    return reverse("patient", args=[made["id"]])


@page("Manage Patients", methods=("GET", "POST"))
def edit(request: Request, patient: int) -> HttpResponseBase:
    """Edit a patient's demographics. Only what the user changed is written."""
    of = records.get_resource("patients")
    context = layout.get_chart_context(request, patient)
    if request.method != "POST":
        found = form.build_form(request, records.get_object(of, request.actor, patient))
        return _render(request, editing.note_originals(found), context)
    sent = checks.clean(forms.read_payload(form.list_keys(of), request, of.model))
    try:
        with transaction.atomic():
            return _save(request, patient, sent, context)
    except (Invalid, Conflict, Malformed) as refusal:
        found = form.build_form(request, sent).with_errors(refusal)
        for one in editing.list_leaves(found.inputs):
            one.original = request.POST.get(editing.ORIGINAL + one.name)
        return _render(request, found, context, status=refusal.status)


def _save(request: Request, patient: int, sent: dict[str, Any], context: dict[str, Any]) -> HttpResponseBase:
    """Write what the user changed, or ask about what somebody else changed meanwhile. Within a transaction."""
    of = records.get_resource("patients")
    if not Patient.objects.select_for_update().filter(practice=request.actor.practice, pk=patient).exists():
        raise NotFound()
    present = form.build_form(request, records.get_object(of, request.actor, patient))
    found = editing.merge(form.list_keys(of), present, request.POST, sent)
    if theirs := request.POST.get(editing.THEIRS):
        return _render(
            request,
            editing.take_theirs(form.build_form(request, sent), present, request.POST, theirs),
            context,
        )
    if found.conflicts:
        who = editing.name_last_editor(request.actor.practice, Patient._meta.db_table, patient)
        asked = editing.show_conflicts(form.build_form(request, sent), present, request.POST, found, who)
        return _render(request, asked, context, status=409)
    checks.check(sent, found.payload.keys())
    if found.payload:
        records.update(of, request.actor, patient, found.payload)
    words = "The demographics are saved." if found.payload else "Nothing was changed."
    if found.others:
        words += f" Someone else changed {', '.join(found.others)} in the meantime. Their change was kept."
    messages.success(request, words)
    return redirect("patient", patient)


@page("Manage Patients", methods=("POST",))
def show_duplicates(request: Request) -> HttpResponseBase:
    """Show likely duplicates of what is typed so far: a part of the page. Sent by POST, so that no log has the name."""
    likely = find_duplicates(request, request.POST)
    return render(request, "console/patients/duplicates.html", {"duplicates": likely})


@page("Manage Patients")
def list_payers(request: Request) -> HttpResponseBase:
    """List payers whose name or id contains the text ``q``, as choices of a field: JSON."""
    text = request.GET.get("q", "").replace("\0", "").strip()[:100]
    rows: Any = Payer.objects.all()
    for word in text.split()[:4]:
        is_named = GreaterThan(StrIndex(Folded("payer_name"), fold(word)), 0)
        rows = rows.filter(Q(is_named) | Q(payer_id__istartswith=word))
    found = rows.order_by("payer_name", "pk").values_list("payer_name", "payer_id", "state")[: MAX_PAYERS * 3]
    named = {(name, payer_id): state for name, payer_id, state in found}
    choices = [
        {
            "value": name,
            "detail": " · ".join(filter(None, (f"Payer ID {payer_id}", state))),
            "fills": {"insurance_payer_id": payer_id},
        }
        for (name, payer_id), state in list(named.items())[:MAX_PAYERS]
    ]
    return JsonResponse({"choices": choices if text else []})


def _get_initial_values(request: Request) -> dict[str, Any]:
    of = records.get_resource("patients")
    start = forms.get_defaults(form.list_keys(of), of.model) | {"doctor": request.actor.doctor}
    return start | {"gender": "", "primary_insurance": NEW_INSURANCE, "secondary_insurance": NEW_INSURANCE}


def _name(values: dict[str, Any]) -> str:
    return f"{values.get('first_name') or ''} {values.get('last_name') or ''}".strip()


def _render_form(
    request: Request,
    values: dict[str, Any],
    refusal: Invalid | Conflict | Malformed | None = None,
    *,
    duplicates: list[Duplicate] | None = None,
    ask: bool = False,
) -> HttpResponse:
    found = form.build_form(request, values).with_errors(refusal)
    return _render(
        request,
        found,
        {
            "duplicates": duplicates or [],
            "ask": ask,
            "submission": request.POST.get("submission") or submissions.make_token(),
        },
        status=409 if ask else refusal.status if refusal else 200,
    )


def _render(request: Request, found: forms.Form, context: dict[str, Any], status: int = 200) -> HttpResponse:
    patient = context.get("patient")
    values = {
        **context,
        "form": found,
        "sections": form_sections.list_sections(found, form.SECTIONS),
        "title": f"Demographics · {patient.display_name}" if patient else "Register patient",
        "heading": "Demographics" if patient else "Register patient",
        "back": reverse("patient", args=[patient.pk]) if patient else reverse("patients"),
        "confirmed": CONFIRMED,
    }
    return render_page(request, "patients/demographics.html", values, status)
