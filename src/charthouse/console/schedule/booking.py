"""Booking of appointments and breaks: choose the patient, then time, place and type."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponseBase, QueryDict
from django.shortcuts import redirect
from django.urls import reverse

from charthouse.console.chart import layout
from charthouse.console.kit import appointments, forms, records
from charthouse.console.kit.page import Request, page, render_page
from charthouse.console.kit.tables import Column
from charthouse.console.patients.views import TABLE
from charthouse.console.resources.schedule import SCHEDULING
from charthouse.engine.declaration.keys import Key
from charthouse.engine.errors import Conflict, Invalid, Malformed, NotFound

FORM_KEYS = (
    "doctor", "office", "exam_room", "scheduled_time", "duration", "profile", "reason", "status", "notes", "color",
    "reminder_profile", "allow_overlapping", "recur_start_date", "recur_end_date", "recurs_every", "recurring_days",
)  # fmt: skip
LABELS = {
    "scheduled_time": "When",
    "duration": "Minutes",
    "recur_start_date": "Repeats from",
    "recur_end_date": "Repeats until",
    "recurs_every": "Repeat every _ weeks",
    "recurring_days": "On these days",
    "allow_overlapping": "Allow double-booking",
}
DECEASED_CONFIRMED = "deceased_confirmed"
DECEASED_QUESTION = "This patient has died. Book an appointment all the same?"
HINTS = {
    "scheduled_time": "By the clock of the office.",
    "recurring_days": "0 is Monday, 6 is Sunday; one on each line.",
}


@page(*SCHEDULING)
def choose_patient(request: Request) -> HttpResponseBase:
    """Choose the patient of a new appointment."""
    query = request.GET.copy()
    for name in ("q", "sort", "after", "before", "who", "patient"):
        query.pop(name, None)
    rows = records.select_rows(records.get_resource("patients"), request.actor, hidden=True).select_related(
        "doctor"
    )
    first, *others = TABLE.columns
    link = Column(first.name, first.show, sort=first.sort, link=lambda row: _build_url(query, row.pk))
    table = type(TABLE)(
        name=TABLE.name,
        label="Patients",
        columns=(link, *others[:2]),
        search=TABLE.search,
        filters=TABLE.filters,
        order=TABLE.order,
        size=10,
        empty=TABLE.empty,
    )
    values = {
        "title": "Book: for whom?",
        "table": table.build_page(request, rows),
        "add": _build_url(query, 0),
        "add_words": "Block time",
        "back": reverse("day"),
        "back_to": "Today",
    }
    return render_page(request, "kit/list.html", values)


def _build_url(query: QueryDict, patient: int) -> str:
    encoded = urlencode({name: query[name] for name in query})
    return f"{reverse('book-for', args=[patient])}{'?' if encoded else ''}{encoded}"


@page(*SCHEDULING, methods=("GET", "POST"))
def book_appointment(request: Request, patient: int) -> HttpResponseBase:
    """Book an appointment; ``patient`` 0 books a break."""
    context = layout.get_chart_context(request, patient) if patient else {}
    if request.method != "POST":
        return _render_form(request, context, _get_initial_values(request, context), patient)
    of = records.get_resource("schedule")
    sent = forms.read_payload(_list_keys(patient), request, of.model)
    if patient and context["patient"].is_deceased and request.POST.get(DECEASED_CONFIRMED) != "yes":
        asked = context | {"confirmed": DECEASED_CONFIRMED, "button": "Book all the same"}
        return _render_form(request, asked, sent, patient, Conflict(DECEASED_QUESTION))
    whole = {name: value for name, value in sent.items() if value is not None} | {"patient": patient or None}
    try:
        made = records.create_with_nulls(of, request.actor, whole)
    except Conflict as refusal:
        named = Conflict(appointments.describe_refusal(request, refusal))
        return _render_form(request, context, sent, patient, named)
    except (Invalid, Malformed) as refusal:
        return _render_form(request, context, sent, patient, refusal)
    messages.success(request, "Booked.")
    return redirect("visit", made["id"])


def _list_keys(patient: int) -> list[Key]:
    of = records.get_resource("schedule")
    left_out = () if patient else ("profile", "reminder_profile", "status")
    return [of.keys_by_name[name] for name in FORM_KEYS if name not in left_out]


def _get_initial_values(request: Request, context: dict[str, Any]) -> dict[str, Any]:
    """Get the form's first values: from the calendar's query, the user's own office, 30 minutes."""
    here = appointments.parse_scope(request)
    if here is None:
        raise NotFound("No offices yet.")
    given = request.GET
    time = given.get("time", "")[:19] or f"{given.get('date', here.today.isoformat())[:10]}T09:00:00"
    doctor = here.doctor or (context["patient"].doctor if context else here.office.doctor)
    start = forms.get_defaults(_list_keys(1), records.get_resource("schedule").model)
    return start | {
        "doctor": doctor.pk,
        "office": here.office.pk,
        "exam_room": 1,
        "scheduled_time": time,
        "duration": given.get("duration", "30"),
    }


def _render_form(
    request: Request,
    context: dict[str, Any],
    values: dict[str, Any],
    patient: int,
    refusal: Invalid | Conflict | Malformed | None = None,
) -> HttpResponseBase:
    of = records.get_resource("schedule")
    form = forms.build_form(
        _list_keys(patient), of.model, values, records.ReferenceOptions(request.actor), LABELS, HINTS
    )
    template_context = {
        "button": "Book",
        **context,
        "form": form.with_errors(refusal),
        "title": "Book an appointment" if patient else "Book a break",
        "back": reverse("day"),
        "back_to": "Today",
    }
    return render_page(request, "kit/edit.html", template_context, refusal.status if refusal else 200)


@page(*SCHEDULING, methods=("GET", "POST"))
def delete_appointment(request: Request, visit: int) -> HttpResponseBase:
    """Ask for confirmation, then soft-delete the appointment."""
    of = records.get_resource("schedule")
    one = records.get_object(of, request.actor, visit)
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
    return render_page(request, "kit/confirm.html", values)
