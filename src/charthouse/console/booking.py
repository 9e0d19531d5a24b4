"""Booking: first for whom, then when, where and what for. Also breaks, which are for nobody."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponseBase, QueryDict
from django.shortcuts import redirect
from django.urls import reverse

from charthouse.console import chart, forms, records, schedule
from charthouse.console.day import SCHEDULING
from charthouse.console.page import Request, page, show
from charthouse.console.patients import TABLE
from charthouse.console.tables import Column
from charthouse.engine.declaration.keys import Key
from charthouse.engine.errors import Conflict, Invalid, Malformed, NotFound

ASKS = (
    "doctor", "office", "exam_room", "scheduled_time", "duration", "profile", "reason", "status", "notes", "color",
    "reminder_profile", "allow_overlapping", "recur_start_date", "recur_end_date", "recurs_every", "recurring_days",
)  # fmt: skip
LABELS = {
    "scheduled_time": "When",
    "duration": "Minutes",
    "recur_start_date": "Repeats from",
    "recur_end_date": "Repeats until",
    "recurs_every": "Every so many weeks",
    "recurring_days": "On these days",
    "allow_overlapping": "Book although something else is then",
}
NOTES = {
    "scheduled_time": "By the clock of the office.",
    "recurring_days": "0 is Monday, 6 is Sunday; one on each line.",
}


@page(*SCHEDULING)
def choose(request: Request) -> HttpResponseBase:
    """For whom?"""
    kept = request.GET.copy()
    for name in ("q", "sort", "after", "before", "who", "patient"):
        kept.pop(name, None)
    rows = records.rows(records.resource("patients"), request.actor, hidden=True).select_related("doctor")
    first, *others = TABLE.columns
    link = Column(first.name, first.show, sort=first.sort, link=lambda row: _address(kept, row.pk))
    table = type(TABLE)(
        name=TABLE.name,
        label="Patients",
        columns=(link, *others[:2]),
        search=TABLE.search,
        choices=TABLE.choices,
        order=TABLE.order,
        size=10,
        empty=TABLE.empty,
    )
    values = {
        "title": "Book: for whom?",
        "table": table.of(request, rows),
        "add": _address(kept, 0),
        "add_words": "A break, for nobody",
        "back": reverse("day"),
        "back_to": "The day",
    }
    return show(request, "list.html", values)


def _address(kept: QueryDict, patient: int) -> str:
    query = urlencode({name: kept[name] for name in kept})
    return f"{reverse('book-for', args=[patient])}{'?' if query else ''}{query}"


@page(*SCHEDULING, methods=("GET", "POST"))
def book(request: Request, patient: int) -> HttpResponseBase:
    """When, where and what for. ``patient`` 0 is a break."""
    around = chart.around(request, patient) if patient else {}
    if request.method != "POST":
        return _form(request, around, _start(request, around), patient)
    of = records.resource("appointments")
    sent = forms.payload(_fields(patient), request, of.model)
    whole = {name: value for name, value in sent.items() if value is not None} | {"patient": patient or None}
    try:
        made = records.create_whole(of, request.actor, whole)
    except (Invalid, Conflict, Malformed) as refusal:
        return _form(request, around, sent, patient, refusal)
    messages.success(request, "Booked.")
    return redirect("visit", made["id"])


def _fields(patient: int) -> list[Key]:
    of = records.resource("appointments")
    left_out = () if patient else ("profile", "reminder_profile", "status")
    return [of.keys_by_name[name] for name in ASKS if name not in left_out]


def _start(request: Request, around: dict[str, Any]) -> dict[str, Any]:
    """What the form holds at first: what the calendar said, the person's own office, half an hour."""
    here = schedule.place(request)
    if here is None:
        raise NotFound("There is no office yet.")
    given = request.GET
    time = given.get("time", "")[:19] or f"{given.get('date', here.today.isoformat())[:10]}T09:00:00"
    doctor = here.doctor or (around["patient"].doctor if around else here.office.doctor)
    start = forms.empty(_fields(1), records.resource("appointments").model)
    return start | {
        "doctor": doctor.pk,
        "office": here.office.pk,
        "exam_room": 1,
        "scheduled_time": time,
        "duration": given.get("duration", "30"),
    }


def _form(
    request: Request,
    around: dict[str, Any],
    values: dict[str, Any],
    patient: int,
    refusal: Invalid | Conflict | Malformed | None = None,
) -> HttpResponseBase:
    of = records.resource("appointments")
    form = forms.build(_fields(patient), of.model, values, records.Choices(request.actor), LABELS, NOTES)
    told = {
        **around,
        "form": form.told(refusal),
        "title": "Book an appointment" if patient else "Book a break",
        "back": reverse("day"),
        "back_to": "The day",
        "button": "Book",
    }
    return show(request, "edit.html", told, refusal.status if refusal else 200)


@page(*SCHEDULING, methods=("GET", "POST"))
def cancel(request: Request, visit: int) -> HttpResponseBase:
    """Ask, then put the appointment away: it leaves the calendar and stays in the record."""
    of = records.resource("appointments")
    one = records.get(of, request.actor, visit)
    if request.method == "POST":
        records.delete(of, request.actor, visit)
        messages.success(request, "The appointment has been deleted.")
        return redirect("day")
    values = {
        "title": "Delete this appointment?",
        "text": f"{one['scheduled_time'].replace('T', ' ')[:16]}. It leaves the calendar and stays in the record. To "
        "keep it there as cancelled, give it that status.",
        "button": "Delete",
        "danger": True,
        "back": reverse("visit", args=[visit]),
    }
    return show(request, "confirm.html", values)
