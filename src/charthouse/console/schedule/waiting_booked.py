"""Patients of the waiting list for whom an appointment was booked elsewhere: on the booking page, the calendar, in the
portal or through an API. The pages say so and offer to take them off the list, which can be undone."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import OuterRef, Subquery
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from charthouse import clock
from charthouse.console.kit import appointments, records, undo
from charthouse.console.kit.page import Request, page
from charthouse.console.resources.schedule import SCHEDULING
from charthouse.console.schedule import waiting_entries
from charthouse.domains.scheduling.models import FREEING_STATUSES, Appointment, WaitingListEntry
from charthouse.engine.errors import Conflict, NotFound

MAX_ENTRIES = 5  # of a patient, on the page of an appointment


def annotate_booked(request: Request, rows: Any) -> Any:
    """Annotate entries with ``booked`` and ``booked_wall``: id and local time of the patient's next appointment that
    was booked since, and that the user may see."""
    visible = records.select_rows(records.get_resource("schedule"), request.actor)
    booked = visible.filter(
        patient=OuterRef("patient"),
        is_virtual_base=False,
        scheduled_time__gt=clock.now(),
        created_at__gte=OuterRef("created_at"),
    ).exclude(status__in=FREEING_STATUSES)
    booked = appointments.annotate_wall_clock(booked).order_by("scheduled_time", "pk")
    return rows.annotate(
        booked=Subquery(booked.values("pk")[:1]), booked_wall=Subquery(booked.values("wall")[:1])
    )


def list_entries(request: Request, row: Appointment) -> list[WaitingListEntry]:
    """List the open entries of an appointment's patient; none where the appointment is over, cancelled or missed."""
    if row.patient_id is None or row.scheduled_time <= clock.now() or row.status in FREEING_STATUSES:
        return []
    rows = waiting_entries.select_entries(request).filter(patient=row.patient_id, appointment=None)
    return list(rows.select_related("doctor", "office", "profile").order_by("priority", "pk")[:MAX_ENTRIES])


@page(*SCHEDULING, methods=("POST",))
def take_off(request: Request, row: int, visit: int) -> HttpResponseBase:
    """Take an entry off the list: this appointment of the patient is what they waited for."""
    entry = records.get_object(records.get_resource("waiting_list"), request.actor, row)
    booked = records.get_object(records.get_resource("schedule"), request.actor, visit)
    if booked["patient"] != entry["patient"]:
        raise NotFound
    try:
        with transaction.atomic():
            waiting_entries.take_off(request, row, visit)
    except Conflict as refusal:
        messages.error(request, refusal.detail)
    else:
        address = reverse("waiting-list-return", args=[row])
        undo.add_message(request, "The patient is off the waiting list.", address, {})
    return redirect("appointment", visit)


@page(*SCHEDULING, methods=("POST",))
def put_back(request: Request, row: int) -> HttpResponseBase:
    """Put an entry back on the list. The appointment stays."""
    of = records.get_resource("waiting_list")
    visit = records.get_object(of, request.actor, row)["appointment"]
    records.update(of, request.actor, row, {"appointment": None})
    messages.success(request, "The patient is on the waiting list again.")
    return redirect("appointment", int(visit)) if visit is not None else redirect("waiting-list")
