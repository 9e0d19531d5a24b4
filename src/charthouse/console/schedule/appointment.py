"""The page of an appointment for those who book and receive patients: what, when, where, and what may be done."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import Q
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from charthouse.console.kit import appointments, editing, formats, records, undo
from charthouse.console.kit.page import Request, list_messages, page, render_page
from charthouse.console.resources.payments import PAYMENTS
from charthouse.console.resources.schedule import SCHEDULING
from charthouse.console.schedule import form, series_edit, waiting_booked, waiting_entries, waiting_offers
from charthouse.domains.patients.models import Patient
from charthouse.domains.practice.models import ExamRoom
from charthouse.domains.scheduling import blocks
from charthouse.domains.scheduling.models import Appointment
from charthouse.engine.errors import Conflict, Invalid, Malformed, NotFound


@page(*SCHEDULING)
def show_appointment(request: Request, visit: int) -> HttpResponseBase:
    """Show an appointment or a blocked time. Raises NotFound."""
    of = records.get_resource("schedule")
    one = records.get_object(of, request.actor, visit)
    row = Appointment.objects.select_related("patient", "doctor", "office", "profile").get(
        practice=request.actor.practice, pk=visit
    )
    at = datetime.fromisoformat(one["scheduled_time"])
    rooms = ExamRoom.objects.filter(practice=request.actor.practice, office=row.office_id, archived=False)
    sees = {*request.user.permissions}
    values = {
        "title": row.patient.display_name if row.patient else "Blocked time",
        "when": f"{at:%A}, {at:%B} {at.day}, {at.year}, {appointments.format_clock(at)}",
        "one": one,
        "row": row,
        "room": rooms.filter(index=row.exam_room).values_list("name", flat=True).first() or "No room",
        "color": appointments.STATUS_COLORS.get(row.status, "secondary"),
        "history": [
            (_format_time(item["datetime"]), item["to_status"]) for item in one["status_transitions"] or []
        ],
        "series": _count_series(row),
        "lasts": _describe_block(row),
        "is_open": row.status in ("", "Confirmed", "Not Confirmed"),
        "offers": waiting_offers.list_near(request, row) if not appointments.is_taking_place(row) else None,
        "waiting": [
            (entry, waiting_entries.describe_entry(entry))
            for entry in waiting_booked.list_entries(request, row)
        ],
        "sees_chart": "Manage Patients" in sees,
        "sees_note": "Access Clinical Notes" in sees,
        "takes_payments": {"Manage Patients", *PAYMENTS} <= sees,
        "back": f"{reverse('calendar')}?view=timeGridDay&date={at:%Y-%m-%d}&office={row.office_id}",
    }
    return render_page(request, "schedule/appointment.html", values)


def _format_time(text: str) -> str:
    at = datetime.fromisoformat(text)
    return f"{formats.format_date(at)}, {appointments.format_clock(at)}"


def _count_series(row: Appointment) -> int:
    """Count the appointments of the row's series; 0 for a single one."""
    base = series_edit.find_series(row)
    if base is None:
        return 0
    rows = Appointment.objects.filter(practice=row.practice_id, archived=False)
    return 1 + rows.filter(base_recurring_appointment=base).count()


def _describe_block(row: Appointment) -> str:
    """Describe from when to when a block over several days lasts; "" for anything else."""
    base = series_edit.find_series(row) if row.patient_id is None and not row.recurring_days else None
    if base is None:
        return ""
    rows = Appointment.objects.filter(
        Q(pk=base) | Q(base_recurring_appointment=base), practice=row.practice_id, archived=False
    )
    parts = list(appointments.annotate_wall_clock(rows).order_by("scheduled_time")[: blocks.MAX_DAYS + 2])
    if not parts or any(one.recurring_days for one in parts):
        return ""
    first, last = parts[0].wall, parts[-1].wall + timedelta(minutes=parts[-1].duration)
    return f"{appointments.format_moment(first)} to {appointments.format_moment(last)}"


@page(*SCHEDULING, methods=("GET", "POST"))
def edit_appointment(request: Request, visit: int) -> HttpResponseBase:
    """Edit an appointment. Only what the user changed is written."""
    of = records.get_resource("schedule")
    one = records.get_object(of, request.actor, visit)
    keys = form.list_keys(is_break=one["patient"] is None, is_new=False)
    if request.method != "POST":
        built = form.build_form(request, keys, form.add_end(one))
        return _render(request, one, editing.note_originals(built))
    sent = form.read(request, keys)
    try:
        with transaction.atomic():
            return _save(request, one, keys, sent)
    except Conflict as refusal:
        shown: Any = Conflict(appointments.describe_refusal(request, refusal))
    except (Invalid, Malformed) as refusal:
        shown = refusal
    found = form.build_form(request, keys, sent).with_errors(shown)
    for leaf in editing.list_leaves(found.inputs):
        leaf.original = request.POST.get(editing.ORIGINAL + leaf.name)
    return _render(request, one, found, shown.status)


def _save(request: Request, one: dict[str, Any], keys: list[Any], sent: dict[str, Any]) -> HttpResponseBase:
    """Write what the user changed, or ask about what somebody else changed meanwhile. Within a transaction."""
    of, visit = records.get_resource("schedule"), int(one["id"])
    rows = Appointment.objects.select_for_update().filter(practice=request.actor.practice)
    row = rows.filter(pk=visit).first()
    if row is None:
        raise NotFound()
    now = form.add_end(records.get_object(of, request.actor, visit))
    present = form.build_form(request, keys, now)
    found = editing.merge(keys, present, request.POST, sent)
    if theirs := request.POST.get(editing.THEIRS):
        built = form.build_form(request, keys, sent)
        return _render(request, one, editing.take_theirs(built, present, request.POST, theirs))
    if found.conflicts:
        who = editing.name_last_editor(request.actor.practice, Appointment._meta.db_table, visit)
        built = form.build_form(request, keys, sent)
        return _render(request, one, editing.show_conflicts(built, present, request.POST, found, who), 409)
    edited = []
    if "block_end" in {one.name for one in keys}:
        form.set_length(found.payload, now)
    if found.payload:
        edited = series_edit.apply(request, visit, found.payload, series_edit.read_scope(request, row))
    words = "The appointment is saved." if edited else "Nothing was changed."
    if len(edited) > 1:
        words = f"{len(edited)} appointments of the series are saved."
    if found.others:
        words += f" Someone else changed {', '.join(found.others)} in the meantime. Their change was kept."
    if any(one.is_changed for one in edited):
        values = {"edited": series_edit.pack(edited)}
        undo.add_message(request, words, reverse("appointment-undo", args=[visit]), values)
    else:
        messages.success(request, words)
    return redirect("appointment", visit)


@page(*SCHEDULING, methods=("POST",))
def undo_edit(request: Request, visit: int) -> HttpResponseBase:
    """Give the appointments of an edit the values of before."""
    try:
        count = series_edit.undo(request, request.POST.get("edited", ""))
    except Conflict as refusal:
        messages.error(request, appointments.describe_refusal(request, refusal))
    except Invalid as refusal:
        messages.error(request, " ".join(list_messages(refusal.errors)))
    else:
        words = "The appointment is" if count == 1 else f"{count} appointments are"
        messages.success(request, f"{words} as before.")
    return redirect("appointment", visit)


def _render(request: Request, one: dict[str, Any], built: Any, status: int = 200) -> HttpResponseBase:
    patient = Patient.objects.filter(practice=request.actor.practice, pk=one["patient"]).first()
    row = Appointment.objects.get(practice=request.actor.practice, pk=one["id"])
    values = {
        "scopes": series_edit.list_scopes(row),
        "scope": series_edit.read_scope(request, row),
        "title": f"Edit appointment · {patient.display_name}" if patient else "Edit blocked time",
        "form": built,
        "sections": form.list_sections(built),
        "button": "Save",
        "is_edit": True,
        "is_break": one["patient"] is None,
        "back": reverse("appointment", args=[one["id"]]),
    }
    return render_page(request, "schedule/book.html", values, status)
