"""The page of a visit: its note with vitals, saved while it is typed, diagnoses, charges, status."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse

from charthouse import clock
from charthouse.console.chart import iframe_apps, layout, vitals
from charthouse.console.kit import appointments, formats, forms, records
from charthouse.console.kit.page import Request, page, render_page
from charthouse.console.visits import charges, diagnoses, drafts, notes, signing, texts, vitals_row
from charthouse.domains.scheduling.models import Appointment
from charthouse.engine.declaration.keys import Key
from charthouse.engine.errors import Conflict, Invalid, Malformed, RequestError
from charthouse.jobs import submissions

FORM_KEYS = ("status", "reason", "notes")
MAX_BODY = 2_000_000  # bytes of a draft
EARLIER = 20  # measurements among which the values before are found


@page("Access Clinical Notes", methods=("GET", "POST"))
def edit_visit(request: Request, visit: int) -> HttpResponseBase:
    """Show a visit; a POST changes its status, reason and remarks."""
    of = records.get_resource("visits")
    one = records.get_object(of, request.actor, visit)
    if request.method != "POST":
        return render_visit(request, one)
    sent = forms.read_payload(_list_keys(), request, of.model)
    try:
        records.update(of, request.actor, visit, sent)
    except (Invalid, Conflict, Malformed) as refusal:
        return render_visit(request, one | sent, refusal)
    messages.success(request, "The visit has been saved.")
    return redirect("visit", visit)


def _list_keys() -> list[Key]:
    of = records.get_resource("visits")
    return [of.keys_by_name[name] for name in FORM_KEYS]


def render_visit(
    request: Request,
    one: dict[str, Any],
    refusal: Invalid | Conflict | Malformed | None = None,
    saved: drafts.Saved | None = None,
    typed: Mapping[str, str] | None = None,
    charge: charges.ChargeEntry | None = None,
) -> HttpResponseBase:
    """Render the page.

    ``saved``, ``typed``: what became of a note that was sent without scripts, and what was sent. ``charge``: one that
    was refused.
    """
    of = records.get_resource("visits")
    visit = int(one["id"])
    form = forms.build_form(_list_keys(), of.model, one, records.ReferenceOptions(request.actor))
    for entry in form.inputs:
        entry.rows, entry.help = 2, ""
    context = layout.get_chart_context(request, one["patient"]) if one["patient"] else {}
    shown = iframe_apps.list_visit_frames(request, visit, one["patient"]) if one["patient"] else []
    values = {
        **context,
        "title": f"Visit {_format_time(one['scheduled_time'])}",
        "visit": one,
        "color": appointments.STATUS_COLORS.get(one["status"], "secondary"),
        "form": form.with_errors(refusal),
        "frames": shown,
        "waited": _list_transitions(one),
        "back": reverse("chart-visits", args=[one["patient"]]) if one["patient"] else reverse("home"),
    }
    if one["patient"]:
        values |= _build_note_context(request, one, saved, typed or {})
        values |= _build_charges_context(request, visit, values["diagnoses"], charge)
    status = 409 if saved and saved.conflicts else 400 if charge or (saved and saved.errors) else 200
    response = render_page(request, "visits/visit.html", values, refusal.status if refusal else status)
    iframe_apps.allow_frames(response, shown)
    return response


def _build_note_context(
    request: Request, one: dict[str, Any], saved: drafts.Saved | None, typed: Mapping[str, str]
) -> dict[str, Any]:
    visit, patient = int(one["id"]), one["patient"]
    note = notes.get_note(request, visit)
    at = Appointment.objects.filter(practice=request.actor.practice, pk=visit).values("scheduled_time")
    measured = vitals_row.get_values(one)
    for section in note.sections:
        for field in section.fields:
            if saved:
                field.show_refused(typed, saved.conflicts, saved.errors)
    return {
        "note": note,
        "vitals": vitals_row.build_row(
            {name: typed.get(name, text) if saved else text for name, text in measured.items()},
            vitals.read_measurements(request, patient, EARLIER, at[:1]),
        ),
        "measured": measured,
        "saved": saved,
        "pain": vitals_row.PAIN,
        "smoking": vitals_row.SMOKING_WORDS,
        "pdf": (one.get("clinical_note") or {}).get("pdf"),
        "diagnoses": diagnoses.describe_codes(one["icd10_codes"]),
        "texts": texts.list_texts(request) if not note.locked else [],
        "submission": submissions.make_token(),
        "addenda": signing.list_addenda(request, visit) if note.locked else [],
    }


def _build_charges_context(
    request: Request, visit: int, found: list[tuple[str, str]], charge: charges.ChargeEntry | None
) -> dict[str, Any]:
    codes = [code for code, _ in found]
    return {
        "charges": charges.list_charges(request, visit, codes),
        "charge": charge or charges.ChargeEntry(diagnoses=codes[: charges.MAX_POINTERS]),
        "refused_charge": charge is not None,
    }


def _format_time(text: str) -> str:
    """Format a local time of the API as 03/10/2026, 9:05 AM."""
    at = datetime.fromisoformat(text)
    return f"{formats.format_date(at)}, {appointments.format_clock(at)}"


def _list_transitions(one: dict[str, Any]) -> list[tuple[str, str]]:
    """List (time, status) of the status changes."""
    return [(_format_time(item["datetime"]), item["to_status"]) for item in one["status_transitions"] or []]


# -- the draft --------------------------------------------------------------------------------------------------


@page("Access Clinical Notes", methods=("GET", "POST"))
def draft(request: Request, visit: int) -> HttpResponseBase:
    """Answer with the fields as they stand, as JSON; a POST of ``{"changes": [{name, was, value}]}`` saves first."""
    found = drafts.Saved()
    try:
        if request.method == "POST":
            found = drafts.save(request, visit, _parse_changes(request.body))
        values = drafts.read_values(request, visit)
        note = notes.find_note(request, visit)
    except RequestError as refusal:
        return JsonResponse({"detail": refusal.detail}, status=refusal.status)
    zone = appointments.find_zone(request.actor.practice, visit)
    return JsonResponse(
        {
            "saved": found.saved,
            "conflicts": found.conflicts,
            "errors": found.errors,
            "values": values,
            "locked": note.locked_at is not None,
            "at": appointments.format_clock(clock.now().astimezone(zone)),
        }
    )


def _parse_changes(body: bytes) -> list[drafts.FieldChange]:
    """Parse the changes of a draft. Raises Malformed."""
    if len(body) > MAX_BODY:
        raise Malformed("The note is too long.")
    try:
        sent = json.loads(body)["changes"]
        return [
            drafts.FieldChange(*(_parse_text(one[key]) for key in ("name", "was", "value"))) for one in sent
        ]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Malformed("A list of changes is required.") from error


def _parse_text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value.replace("\r\n", "\n")


@page("Access Clinical Notes", methods=("POST",))
def save_note(request: Request, visit: int) -> HttpResponseBase:
    """Save the whole note, as a browser without scripts sends it: each field with its first value, ``was.<name>``."""
    names = [name for name in drafts.read_values(request, visit) if f"was.{name}" in request.POST]
    was = {name: _parse_text(request.POST[f"was.{name}"]) for name in names}
    typed = {name: _read_sent(request, name, was[name]) for name in names}
    changes = [drafts.FieldChange(name, was[name], text) for name, text in typed.items() if text != was[name]]
    saved = drafts.save(request, visit, changes)
    if saved.conflicts or saved.errors:
        one = records.get_object(records.get_resource("visits"), request.actor, visit)
        return render_visit(request, one, saved=saved, typed=typed)
    messages.success(request, "The note is saved.")
    return redirect(f"{reverse('visit', args=[visit])}#note")


def _read_sent(request: Request, name: str, was: str) -> str:
    """Read a sent field; a checkbox that is not ticked is not sent."""
    if name not in request.POST:
        return "False" if was == "True" else was
    return _parse_text(request.POST[name]).rstrip()


@page()
def check_session(request: Request) -> HttpResponseBase:
    """Answer 204 while the user is signed in: forms ask before they are sent, so that nothing typed is lost."""
    return HttpResponse(status=204)
