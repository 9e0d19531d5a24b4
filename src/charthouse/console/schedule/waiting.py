"""The waiting list: its page, and putting patients on it, changing what they wait for, and taking them off."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from charthouse import clock
from charthouse.console.kit import appointments, form_sections, formats, forms, local_times, records
from charthouse.console.kit.form_sections import Section
from charthouse.console.kit.forms import Form
from charthouse.console.kit.page import Request, page, render_page
from charthouse.console.kit.tables import Badge, Column, Table, TableFilter
from charthouse.console.resources.schedule import SCHEDULING
from charthouse.console.schedule import booking, visit_types, waiting_booked, waiting_entries, waiting_offers
from charthouse.console.schedule.form import WEEK
from charthouse.domains.patients.models import Patient
from charthouse.domains.patients.models.patients import DECEASED
from charthouse.domains.scheduling.models import AppointmentProfile, WaitingListEntry
from charthouse.domains.scheduling.waiting_list import DAY_PARTS, select_waiting
from charthouse.engine.declaration.keys import Key
from charthouse.engine.errors import Conflict, Invalid, Malformed
from charthouse.identity import origin

LABELS = {
    "doctor": "Provider",
    "profile": "Type",
    "duration": "Minutes",
    "week_days": "Days",
    "day_parts": "Times of day",
    "until": "Until",
}
HINTS = {"until": "Last acceptable date.", "week_days": "Leave blank for any day."}
SECTIONS = (
    Section("Visit", (("profile", 4), ("doctor", 4), ("office", 4), ("duration", 2), ("priority", 4)), False),
    Section("When", (("week_days", 12), ("day_parts", 12), ("until", 4)), False),
    Section("Note", (("note", 12),), False),
)
_NAMES = tuple(name for section in SECTIONS for name, _ in section.fields)


def _get_today() -> Any:
    return local_times.to_local(clock.now()).date()


def _filter_state(rows: "QuerySet[Any]", chosen: str) -> "QuerySet[Any]":
    if chosen == "booked":
        return rows.exclude(appointment=None)
    if chosen == "over":
        return rows.filter(appointment=None, until__lt=_get_today(), patient__archived=False)
    return select_waiting(rows, _get_today())


def _describe_booking(row: Any) -> str:
    if row.appointment_id is not None:
        return "Appointment"
    return f"Booked {appointments.format_moment(row.booked_wall)}" if row.booked else "Book"


def _link_booking(row: Any) -> str:
    booked = row.appointment_id or row.booked
    if booked is not None:
        return reverse("appointment", args=[booked])
    return f"{reverse('book-for', args=[row.patient_id])}?{urlencode({'waiting': row.pk})}"


TABLE = Table(
    name="waiting",
    label="Patients who wait",
    columns=(
        Column(
            "Patient",
            lambda row: row.patient.sort_name,
            link=lambda row: reverse("waiting-list-edit", args=[row.pk]),
        ),
        Column(
            "Phone",
            lambda row: formats.format_phone(row.patient.cell_phone or row.patient.home_phone or ""),
            kind="line",
        ),
        Column("For", lambda row: f"{waiting_entries.describe_what(row)}, {row.duration} min"),
        Column("When", waiting_entries.describe_wish),
        Column("Until", "until", sort="until", kind="wide"),
        Column("Priority", lambda row: Badge(*waiting_entries.PRIORITIES[row.priority]), sort="priority"),
        Column(
            "Since", lambda row: local_times.to_local(row.created_at).date(), sort="created_at", kind="wide"
        ),
        Column("Note", "note", kind="wide"),
        Column("Book", _describe_booking, link=_link_booking),
    ),
    search=("patient__last_name", "patient__first_name", "note"),
    filters=(
        TableFilter(
            name="which",
            label="Which",
            options=(("", "Waiting"), ("over", "Last day is over"), ("booked", "Booked")),
            apply=_filter_state,
        ),
    ),
    order="priority",
    empty="No patients are waiting.",
)


@page(*SCHEDULING)
def show_list(request: Request) -> HttpResponseBase:
    """Show the list, and above it the freed times with those who fit."""
    rows = waiting_booked.annotate_booked(request, waiting_entries.select_entries(request))
    rows = rows.select_related("patient", "doctor", "office", "profile")
    values = {
        "title": "Waiting list",
        "table": TABLE.build_page(request, rows),
        "offers": waiting_offers.list_all(request),
        "add": reverse("waiting-list-new"),
        "add_words": "Add patient",
    }
    return render_page(request, "schedule/waiting_list.html", values)


# -- the form -----------------------------------------------------------------------------------------------------


def _list_keys() -> list[Key]:
    of = records.get_resource("waiting_list")
    return [of.keys_by_name[name] for name in _NAMES]


def _read(request: Request) -> dict[str, Any]:
    sent = forms.read_payload(_list_keys(), request, WaitingListEntry)
    return sent | {name: request.POST.getlist(name) for name in ("week_days", "day_parts")}


def _build_form(request: Request, values: Mapping[str, Any]) -> Form:
    types = visit_types.list_choices(visit_types.list_types(request), values.get("profile"))
    options = records.ReferenceOptions(request.actor, {"appointment_profiles": types})
    form = forms.build_form(_list_keys(), WaitingListEntry, values, options, LABELS, HINTS)
    for section in SECTIONS:
        for name, span in section.fields:
            one = form.find(name)
            assert one is not None
            one.span, one.help = span, HINTS.get(name, "")
            if name in ("doctor", "office"):
                one.choices = [("", "Any"), *one.choices[1:]]
            elif name == "profile":
                one.choices = [("", "Not set"), *one.choices[1:]]
            elif name == "priority":
                one.choices = [
                    (str(value), words) for value, (words, _) in waiting_entries.PRIORITIES.items()
                ]
            elif name in ("week_days", "day_parts"):
                one.kind, one.value = "checkboxes", [str(each) for each in values.get(name) or ()]
                days = [(str(at), words) for at, words in enumerate(WEEK)]
                one.choices = days if name == "week_days" else list(DAY_PARTS.items())
            elif name == "note":
                one.rows = 2
    return form


def _render(
    request: Request,
    values: Mapping[str, Any],
    more: Mapping[str, Any],
    refusal: Invalid | Conflict | Malformed | None = None,
    status: int = 0,
) -> HttpResponseBase:
    form = _build_form(request, values).with_errors(refusal)
    types = AppointmentProfile.objects.filter(practice=request.actor.practice, archived=False)
    context = {
        "form": form,
        "sections": form_sections.list_sections(form, SECTIONS),
        "lengths": dict(types.values_list("pk", "duration")[:250]),
        "back": _get_back(request),
        **more,
    }
    status = status or (refusal.status if refusal else 200)
    return render_page(request, "schedule/waiting_form.html", context, status)


def _get_back(request: Request) -> str:
    given = request.POST.get("back") or request.GET.get("back", "")
    return origin.get_local_url(request, given, reverse("waiting-list"))


@page(*SCHEDULING, methods=("GET", "POST"))
def add(request: Request) -> HttpResponseBase:
    """Put a patient on the list, whom the query may name."""
    shown: dict[str, Any] = {"title": "Add to waiting list", "button": "Add to waiting list"}
    if request.method != "POST":
        start = {"duration": 30, "priority": 2} | {
            name: request.GET[name] for name in ("doctor", "office") if request.GET.get(name, "").isdecimal()
        }
        chosen = booking.find_patient(request, request.GET.get("patient", ""))
        return _render(request, start, shown | _name_patient(request, chosen))
    patient, sent = booking.choose_patient(request), _read(request)
    if patient is None:
        words = "Choose a patient from the list." if request.POST.get("patient_name") else "Enter a patient."
        return _render(
            request, sent, shown | _name_patient(request, None) | {"patient_error": words}, status=400
        )
    try:
        made = records.create(
            records.get_resource("waiting_list"), request.actor, sent | {"patient": patient.pk}
        )
    except (Invalid, Conflict, Malformed) as refusal:
        return _render(request, sent, shown | _name_patient(request, patient), refusal)
    messages.success(request, f"{patient.display_name} is on the waiting list.")
    return redirect(
        _get_back(request) if request.POST.get("back") else reverse("waiting-list") + f"#{made['id']}"
    )


def _name_patient(request: Request, chosen: Patient | None) -> dict[str, Any]:
    typed = request.POST.get("patient_name", "")
    return {
        "asks_patient": True,
        "patient_name": typed or (chosen.sort_name if chosen else ""),
        "patient_row": chosen.pk if chosen else "",
    }


@page(*SCHEDULING, methods=("GET", "POST"))
def edit(request: Request, row: int) -> HttpResponseBase:
    """Change what a patient waits for."""
    of = records.get_resource("waiting_list")
    one = records.get_object(of, request.actor, row)
    patient = Patient.objects.get(practice=request.actor.practice, pk=one["patient"])
    name = patient.display_name
    shown = {
        "title": f"Waiting list · {name}",
        "button": "Save",
        "row": row,
        "patient": patient,
        "is_open": one["appointment"] is None and patient.patient_status != DECEASED,
        "sees_chart": "Manage Patients" in request.user.permissions,
    }
    if request.method != "POST":
        return _render(request, one, shown)
    sent = _read(request)
    try:
        records.update(of, request.actor, row, sent)
    except (Invalid, Conflict, Malformed) as refusal:
        return _render(request, sent, shown, refusal)
    messages.success(request, f"Saved: {name}.")
    return redirect(_get_back(request))


@page(*SCHEDULING, methods=("GET", "POST"))
def remove(request: Request, row: int) -> HttpResponseBase:
    """Ask for confirmation, then take a patient off the list."""
    of = records.get_resource("waiting_list")
    one = records.get_object(of, request.actor, row)
    patient = Patient.objects.get(practice=request.actor.practice, pk=one["patient"])
    if request.method == "POST":
        records.delete(of, request.actor, row)
        messages.success(request, f"{patient.display_name} is off the waiting list.")
        return redirect("waiting-list")
    values = {
        "title": f"Take {patient.display_name} off the waiting list?",
        "text": "Nothing that is booked changes.",
        "button": "Take off the list",
        "danger": True,
        "back": reverse("waiting-list-edit", args=[row]),
    }
    return render_page(request, "kit/confirm.html", values)
