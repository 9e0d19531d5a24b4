"""The page of a visit: status, vitals and the clinical note."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from charthouse.console.chart import iframe_apps, layout
from charthouse.console.kit import appointments, formats, forms, records
from charthouse.console.kit.page import Request, page, render_page
from charthouse.console.visits import notes
from charthouse.engine.declaration.keys import Key
from charthouse.engine.errors import Conflict, Invalid, Malformed
from charthouse.interchange.cda.codes import SMOKING

SMOKING_WORDS = {**SMOKING, "blank": "Not recorded"}
FORM_KEYS = ("status", "reason", "notes", "vitals")


@page("Access Clinical Notes", methods=("GET", "POST"))
def edit_visit(request: Request, visit: int) -> HttpResponseBase:
    """Show a visit; a POST changes its status, reason and vitals."""
    of = records.get_resource("appointments")
    one = records.get_object(of, request.actor, visit)
    if request.method != "POST":
        return _render_visit(request, one)
    sent = forms.read_payload(_list_keys(), request, of.model)
    try:
        records.update(of, request.actor, visit, sent)
    except (Invalid, Conflict, Malformed) as refusal:
        return _render_visit(request, one | sent, refusal)
    messages.success(request, "The visit has been saved.")
    return redirect("visit", visit)


def _list_keys() -> list[Key]:
    of = records.get_resource("appointments")
    return [of.keys_by_name[name] for name in FORM_KEYS]


def _render_visit(
    request: Request, one: dict[str, Any], refusal: Invalid | Conflict | Malformed | None = None
) -> HttpResponseBase:
    of = records.get_resource("appointments")
    form = forms.build_form(_list_keys(), of.model, one, records.ReferenceOptions(request.actor))
    if (smoking := form.find("vitals.smoking_status")) is not None:
        smoking.choices = [(code, SMOKING_WORDS.get(code, words)) for code, words in smoking.choices]
    context = layout.get_chart_context(request, one["patient"]) if one["patient"] else {}
    shown = iframe_apps.list_visit_frames(request, int(one["id"]), one["patient"]) if one["patient"] else []
    values = {
        **context,
        "title": f"Visit {_format_time(one['scheduled_time'])}",
        "visit": one,
        "color": appointments.STATUS_COLORS.get(one["status"], "secondary"),
        "form": form.with_errors(refusal),
        "frames": shown,
        "waited": _list_transitions(one),
        "note": notes.get_note(request, one["id"]) if one["patient"] else None,
        "pdf": (one.get("clinical_note") or {}).get("pdf"),
        "back": reverse("chart-visits", args=[one["patient"]]) if one["patient"] else reverse("home"),
    }
    response = render_page(request, "visits/visit.html", values, refusal.status if refusal else 200)
    iframe_apps.allow_frames(response, shown)
    return response


def _format_time(text: str) -> str:
    """Format a local time of the API as 03/10/2026, 9:05 AM."""
    at = datetime.fromisoformat(text)
    return f"{formats.format_date(at)}, {appointments.format_clock(at)}"


def _list_transitions(one: dict[str, Any]) -> list[tuple[str, str]]:
    """List (time, status) of the status changes."""
    return [(_format_time(item["datetime"]), item["to_status"]) for item in one["status_transitions"] or []]


# -- the note ---------------------------------------------------------------------------------------------------


@page("Access Clinical Notes", methods=("POST",))
def save_note(request: Request, visit: int) -> HttpResponseBase:
    """Save one section of the note."""
    wrong = notes.save_section(request, visit)
    if wrong:
        messages.error(request, " ".join(wrong))
    else:
        messages.success(request, "The note has been saved.")
    return redirect(f"{reverse('visit', args=[visit])}#note")


@page("Access Clinical Notes", methods=("POST",))
def lock_note(request: Request, visit: int) -> HttpResponseBase:
    """Lock the note."""
    return _set_locked(request, visit, locked=True)


@page("Access Clinical Notes", methods=("POST",))
def unlock_note(request: Request, visit: int) -> HttpResponseBase:
    """Unlock the note."""
    return _set_locked(request, visit, locked=False)


def _set_locked(request: Request, visit: int, *, locked: bool) -> HttpResponseBase:
    try:
        with transaction.atomic():
            notes.set_locked(request, visit, locked=locked)
    except Conflict as refusal:
        messages.error(request, refusal.detail)
    else:
        messages.success(request, "The note is locked." if locked else "The note is open again.")
    return redirect(f"{reverse('visit', args=[visit])}#note")
