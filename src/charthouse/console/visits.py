"""One visit: how it stands, what is measured, what its note says."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from charthouse.console import chart, forms, iframe_apps, records, schedule, visit_notes
from charthouse.console.page import Request, page, show
from charthouse.engine.declaration.keys import Key
from charthouse.engine.errors import Conflict, Invalid, Malformed

ASKS = ("status", "reason", "notes", "vitals")


@page("Access Clinical Notes", methods=("GET", "POST"))
def visit(request: Request, visit: int) -> HttpResponseBase:
    """GET shows it; POST changes its status, reason and vitals."""
    of = records.resource("appointments")
    one = records.get(of, request.actor, visit)
    if request.method != "POST":
        return _show(request, one)
    sent = forms.payload(_fields(), request, of.model)
    try:
        records.modify(of, request.actor, visit, sent)
    except (Invalid, Conflict, Malformed) as refusal:
        return _show(request, one | sent, refusal)
    messages.success(request, "The visit has been saved.")
    return redirect("visit", visit)


def _fields() -> list[Key]:
    of = records.resource("appointments")
    return [of.keys_by_name[name] for name in ASKS]


def _show(
    request: Request, one: dict[str, Any], refusal: Invalid | Conflict | Malformed | None = None
) -> HttpResponseBase:
    of = records.resource("appointments")
    form = forms.build(_fields(), of.model, one, records.Choices(request.actor))
    around = chart.around(request, one["patient"]) if one["patient"] else {}
    shown = iframe_apps.of_visit(request, int(one["id"]), one["patient"]) if one["patient"] else []
    values = {
        **around,
        "title": f"Visit of {one['scheduled_time'].replace('T', ' ')[:16]}",
        "visit": one,
        "colour": schedule.STATUS_COLOURS.get(one["status"], "secondary"),
        "form": form.told(refusal),
        "frames": shown,
        "waited": _waiting(one),
        "note": visit_notes.of(request, one["id"]) if one["patient"] else None,
        "pdf": (one.get("clinical_note") or {}).get("pdf"),
        "back": reverse("chart-visits", args=[one["patient"]]) if one["patient"] else reverse("home"),
    }
    response = show(request, "visit.html", values, refusal.status if refusal else 200)
    iframe_apps.let_in(response, shown)
    return response


def _waiting(one: dict[str, Any]) -> list[tuple[str, str]]:
    """(when, what) of the changes of its status."""
    return [
        (item["datetime"].replace("T", " ")[:16], item["to_status"])
        for item in one["status_transitions"] or []
    ]


# -- the note ---------------------------------------------------------------------------------------------------


@page("Access Clinical Notes", methods=("POST",))
def write(request: Request, visit: int) -> HttpResponseBase:
    """Save what was filled in of one section: all of it, or nothing."""
    wrong = visit_notes.save(request, visit)
    if wrong:
        messages.error(request, " ".join(wrong))
    else:
        messages.success(request, "The note has been saved.")
    return redirect(f"{reverse('visit', args=[visit])}#note")


@page("Access Clinical Notes", methods=("POST",))
def lock(request: Request, visit: int) -> HttpResponseBase:
    return _sign(request, visit, locked=True)


@page("Access Clinical Notes", methods=("POST",))
def unlock(request: Request, visit: int) -> HttpResponseBase:
    return _sign(request, visit, locked=False)


def _sign(request: Request, visit: int, *, locked: bool) -> HttpResponseBase:
    try:
        with transaction.atomic():
            visit_notes.sign(request, visit, locked=locked)
    except Conflict as refusal:
        messages.error(request, refusal.detail)
    else:
        messages.success(request, "The note is locked." if locked else "The note is open again.")
    return redirect(f"{reverse('visit', args=[visit])}#note")
