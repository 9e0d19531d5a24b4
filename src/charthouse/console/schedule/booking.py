"""Booking of appointments and breaks on one page: patient, type, time and place."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse

from charthouse.console.chart import layout
from charthouse.console.kit import appointments, formats, forms, records, undo
from charthouse.console.kit.page import Request, page, render_page
from charthouse.console.kit.tables import MAX_SEARCH_LENGTH
from charthouse.console.resources.schedule import SCHEDULING
from charthouse.console.schedule import form, series_edit, visit_types, waiting_entries
from charthouse.domains.patients.models import Patient
from charthouse.domains.patients.search import find
from charthouse.domains.scheduling.models import Appointment
from charthouse.engine.errors import Conflict, Invalid, Malformed, NotFound
from charthouse.identity import loaded_rows
from charthouse.jobs import submissions

DECEASED_CONFIRMED = "deceased_confirmed"
DECEASED_QUESTION = "This patient has died. Book an appointment all the same?"
MAX_PATIENTS = 8


@page(*SCHEDULING)
def list_patients(request: Request) -> HttpResponseBase:
    """List patients whom the text ``q`` finds, as choices of the form's field: JSON."""
    text = request.GET.get("q", "")[:MAX_SEARCH_LENGTH].replace("\0", "").strip()
    choices = [_describe(one) for one in _find_patients(request, text, MAX_PATIENTS)] if text else []
    return JsonResponse({"choices": choices})


def _find_patients(request: Request, text: str, most: int) -> list[Patient]:
    rows = records.select_rows(records.get_resource("patients"), request.actor, hidden=True)
    ids = find(rows, text, most)
    by_id = {one.pk: one for one in rows.filter(pk__in=ids)} if ids else {}
    loaded_rows.note(Patient._meta.db_table, ids)
    return [by_id[row] for row in ids if row in by_id]


def _describe(one: Patient) -> dict[str, Any]:
    facts = (
        f"DOB {formats.format_date(one.date_of_birth)}" if one.date_of_birth else "",
        one.gender,
        one.chart_id,
    )
    return {
        "value": one.sort_name,
        "detail": " · ".join(filter(None, facts)),
        "fills": {"patient": str(one.pk)},
    }


@page(*SCHEDULING, methods=("GET", "POST"))
def book(request: Request) -> HttpResponseBase:
    """Book an appointment: the form has a field for the patient. A name that fits one patient alone is enough."""
    if request.method != "POST":
        return _render_new(request, {})
    patient = choose_patient(request)
    if patient is None:
        refusal = (
            "Choose a patient from the list." if request.POST.get("patient_name") else "Enter a patient."
        )
        return _render(request, {"patient_error": refusal}, form.read(request, form.list_keys()), status=400)
    return _book(request, {"chosen": patient}, patient)


def find_patient(request: Request, text: str) -> Patient | None:
    """Find the patient whose id a form or a query has."""
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        return None
    rows = records.select_rows(records.get_resource("patients"), request.actor, hidden=True)
    found: Patient | None = rows.select_related("doctor").filter(pk=int(text)).first()
    return found


def choose_patient(request: Request) -> Patient | None:
    """Choose the patient whom a form names by id, or by a text that fits one patient alone."""
    text = request.POST.get("patient_name", "")[:MAX_SEARCH_LENGTH].replace("\0", "").strip()
    found = find_patient(request, request.POST.get("patient", ""))
    if found is not None and text in ("", found.sort_name):
        return found
    fitting = _find_patients(request, text, 2) if text else []
    return fitting[0] if len(fitting) == 1 else None


@page(*SCHEDULING, methods=("GET", "POST"))
def book_appointment(request: Request, patient: int) -> HttpResponseBase:
    """Book an appointment of a patient; ``patient`` 0 blocks time."""
    context: dict[str, Any] = layout.get_chart_context(request, patient) if patient else {"is_break": True}
    if request.method != "POST":
        return _render_new(request, context)
    return _book(request, context, context.get("patient"))


def _book(request: Request, context: dict[str, Any], patient: Patient | None) -> HttpResponseBase:
    of = records.get_resource("schedule")
    sent = form.read(request, form.list_keys(is_break=patient is None))
    if patient is None and (refusal := form.read_end(sent)):
        return _render(request, context, sent, refusal)
    if patient is not None and patient.is_deceased and request.POST.get(DECEASED_CONFIRMED) != "yes":
        asked = context | {"confirmed": DECEASED_CONFIRMED, "button": "Book all the same"}
        return _render(request, asked, sent, Conflict(DECEASED_QUESTION))
    whole = {name: value for name, value in sent.items() if value is not None}
    whole["patient"] = patient.pk if patient else None
    entry = waiting_entries.find_entry(request, request.POST.get("waiting", ""))

    def create() -> str:
        made = int(records.create_with_nulls(of, request.actor, whole)["id"])
        if entry is not None and patient is not None and entry.patient_id == patient.pk:
            waiting_entries.take_off(request, entry.pk, made)
        return reverse("appointment", args=[made])

    try:
        address, created = submissions.run_once(
            request.actor.practice,
            request.actor.required_user,
            request.POST.get("submission", ""),
            create,
        )
    except Conflict as refusal:
        return _render(request, context, sent, Conflict(appointments.describe_refusal(request, refusal)))
    except (Invalid, Malformed) as refusal:
        return _render(request, context, sent, refusal)
    if created:
        _say_booked(request, patient, whole, address)
    return redirect(address)


def _say_booked(request: Request, patient: Patient | None, values: dict[str, Any], address: str) -> None:
    """Say what was booked, with an undo where it is one appointment."""
    try:
        at = datetime.fromisoformat(str(values["scheduled_time"]))
        when = appointments.format_moment(at)
    except ValueError:
        when = str(values["scheduled_time"])
    if values.get("block_end"):
        when += f" to {appointments.format_moment(datetime.fromisoformat(str(values['block_end'])))}"
    words = f"{patient.display_name if patient else 'Time'} {'booked' if patient else 'blocked'}: {when}."
    if values.get("recurring_days"):
        messages.success(request, f"{words} It repeats.")
        return
    row = int(address.rstrip("/").rsplit("/", 1)[1])
    undo.add_message(request, words, reverse("visit-delete", args=[row]), {"scope": series_edit.ALL})


def _render_new(request: Request, context: dict[str, Any]) -> HttpResponseBase:
    """Render the form with its first values. Raises NotFound in a practice without offices."""
    here = appointments.parse_scope(request)
    if here is None:
        raise NotFound("No offices yet.")
    values = _get_initial_values(request, here, context.get("patient"))
    return _render(request, context, values, known=here.list_options())


def _get_initial_values(
    request: Request, here: appointments.CalendarScope, patient: Patient | None
) -> dict[str, Any]:
    """Get the form's first values: from the calendar's query, the user's own office, 30 minutes."""
    given = request.GET
    time = given.get("time", "")[:19] or f"{given.get('date', here.today.isoformat())[:10]}T09:00:00"
    doctor = here.doctor or (patient.doctor if patient else here.office.doctor)
    start = forms.get_defaults(form.list_keys(), records.get_resource("schedule").model)
    entry = waiting_entries.find_entry(request, given.get("waiting", ""))
    wanted = waiting_entries.get_booking_values(entry) if entry else {}
    return start | {
        "doctor": doctor.pk,
        "office": here.office.pk,
        "exam_room": given.get("room", "1")[:5],
        "scheduled_time": time,
        "duration": given.get("duration", "30"),
        "block_end": form.add_minutes(time, form.read_minutes(given)),
        **wanted,
    }


def _render(
    request: Request,
    context: dict[str, Any],
    values: dict[str, Any],
    refusal: Invalid | Conflict | Malformed | None = None,
    status: int = 0,
    known: records.OptionLists = records.NONE_KNOWN,
) -> HttpResponseBase:
    is_break = bool(context.get("is_break"))
    types = [] if is_break else visit_types.list_types(request)
    options = {**known, "appointment_profiles": visit_types.list_choices(types, values.get("profile"))}
    built = form.build_form(request, form.list_keys(is_break=is_break), values, options).with_errors(refusal)
    chosen = context.get("chosen")
    template_context = {
        "button": "Block time" if is_break else "Book",
        **context,
        "form": built,
        "sections": form.list_sections(built),
        "title": "Block time" if is_break else "Book an appointment",
        "asks_patient": not is_break and "patient" not in context,
        "patient_name": request.POST.get("patient_name", chosen.sort_name if chosen else ""),
        "patient_row": chosen.pk if chosen else "",
        "lengths": {one.id: one.duration for one in types},
        "submission": request.POST.get("submission") or submissions.make_token(),
        "query": request.GET.urlencode(),
        "waiting": request.POST.get("waiting") or request.GET.get("waiting", ""),
        "back": reverse("calendar"),
    }
    return render_page(
        request, "schedule/book.html", template_context, status or (refusal.status if refusal else 200)
    )


@page(*SCHEDULING, methods=("GET", "POST"))
def delete_appointment(request: Request, visit: int) -> HttpResponseBase:
    """Ask for confirmation, then soft-delete the appointment, or others of its series too."""
    of = records.get_resource("schedule")
    one = records.get_object(of, request.actor, visit)
    row = Appointment.objects.get(practice=request.actor.practice, pk=visit)
    scopes = series_edit.list_scopes(row)
    if request.method == "POST":
        count = series_edit.delete(request, visit, series_edit.read_scope(request, row))
        words = "The appointment has been deleted." if row.patient_id else "The time is no longer blocked."
        messages.success(
            request, f"{count} appointments have been deleted." if count > 1 and row.patient_id else words
        )
        return redirect("day")
    at = datetime.fromisoformat(one["scheduled_time"])
    stays = (
        "It leaves the calendar and stays in the record. To keep it there as cancelled, cancel it instead."
    )
    values = {
        "title": "Delete this appointment?" if row.patient_id else "Delete this block?",
        "text": f"{appointments.format_moment(at)}, {at.year}. {stays if row.patient_id else ''}",
        "button": "Delete",
        "danger": True,
        "choices": scopes,
        "choice_name": "scope",
        "chosen": scopes[0][0] if scopes else "",
        "back": reverse("appointment", args=[visit]),
    }
    return render_page(request, "kit/confirm.html", values)
