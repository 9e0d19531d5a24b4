"""The queue of notes that are still to be signed."""

from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpResponseBase
from django.urls import reverse

from charthouse import clock
from charthouse.console.kit import appointments, records
from charthouse.console.kit.page import Request, page, render_page
from charthouse.console.kit.tables import Column, Table, TableFilter
from charthouse.domains.clinical.models import ClinicalNote, ClinicalNoteFieldValue
from charthouse.domains.scheduling.models import FREEING_STATUSES

ALL = "all"


def select_unsigned(request: Request, *, mine: bool) -> "QuerySet[Any]":
    """Select past visits whose note is written and not signed, or that were completed without a note.

    ``mine``: only those of the user's doctor. Raises Forbidden.
    """
    rows = records.select_rows(records.get_resource("visits"), request.actor)
    written = ClinicalNoteFieldValue.objects.filter(
        practice=OuterRef("practice"), appointment=OuterRef("pk"), archived=False
    ).exclude(value="")
    signed = ClinicalNote.objects.filter(
        practice=OuterRef("practice"), appointment=OuterRef("pk"), locked_at__isnull=False
    )
    rows = rows.filter(
        ~Q(Exists(signed)),
        Q(Exists(written)) | Q(status="Complete"),
        patient__isnull=False,
        scheduled_time__lte=clock.now(),
    ).exclude(status__in=FREEING_STATUSES)
    return rows.filter(doctor=request.actor.doctor) if mine and request.actor.doctor else rows


UNSIGNED = Table(
    name="unsigned",
    label="Unsigned notes",
    columns=(
        Column("Visit", "wall", sort="scheduled_time", link=lambda row: reverse("visit", args=[row.pk])),
        Column("Patient", lambda row: row.patient.display_name),
        Column("Reason", lambda row: row.reason[:80], kind="wide"),
        Column("Provider", "doctor"),
    ),
    filters=(
        TableFilter(
            name="whose", label="Whose", options=(("", "Mine"), (ALL, "All")), apply=lambda rows, _: rows
        ),
    ),
    order="scheduled_time",
    empty="All notes are signed.",
)


@page("Access Clinical Notes")
def show_unsigned(request: Request) -> HttpResponseBase:
    """List unsigned notes, the oldest first: the user's own, or all."""
    rows = select_unsigned(request, mine=request.GET.get("whose") != ALL)
    rows = appointments.annotate_wall_clock(rows).select_related("doctor", "patient")
    values = {"title": "Unsigned notes", "table": UNSIGNED.build_page(request, rows)}
    return render_page(request, "kit/list.html", values)
