"""Deleting a patient, the list of deleted patients, and restoring one."""

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from charthouse.console.chart import layout
from charthouse.console.kit import records
from charthouse.console.kit.page import Request, page, render_page
from charthouse.console.kit.tables import Column, Table
from charthouse.domains.patients import deletion
from charthouse.domains.patients.models import Patient, PatientMerge
from charthouse.engine.errors import NotFound


def _build_restore_url(row: Patient) -> str:
    return reverse("patient-restore", args=[row.pk])


TABLE = Table(
    name="deleted-patients",
    label="Deleted patients",
    columns=(
        Column("Name", lambda row: f"{row.last_name}, {row.first_name}".strip(", "), link=_build_restore_url),
        Column("DOB", "date_of_birth"),
        Column("Chart", "chart_id"),
        Column("Deleted", "updated_at"),
    ),
    order="-updated_at",
    empty="No deleted patients.",
)


def _select_deleted(request: Request) -> "QuerySet[Patient]":
    """Select the deleted patients that the user could see until then. Raises Forbidden."""
    policy = records.get_resource("patients").policy
    policy.authorize(request.actor, "patients", reading=True)
    merged = PatientMerge.objects.filter(practice=request.actor.practice, undone_at=None)
    rows = Patient.objects.filter(practice=request.actor.practice, archived=True)
    rows = rows.exclude(pk__in=merged.values("merged"))
    return rows.filter(doctor=request.actor.doctor) if policy.sees_only_own(request.actor) else rows


@page("Manage Patients", methods=("GET", "POST"))
def delete(request: Request, patient: int) -> HttpResponseBase:
    """Ask for confirmation, then delete a patient with everything that belongs to them."""
    context = layout.get_chart_context(request, patient)
    if request.method == "POST":
        records.delete(records.get_resource("patients"), request.actor, patient)
        messages.success(request, "The patient has been deleted.")
        return redirect("patients")
    values = {
        "title": "Delete this patient?",
        "text": "The chart, visits, charges and tasks are removed from all lists, and upcoming visits are cancelled. "
        "Everything stays in the record, and can be restored from the list of deleted patients.",
        "button": "Delete",
        "danger": True,
        "back": reverse("patient", args=[patient]),
    }
    return render_page(request, "kit/confirm.html", context | values)


@page("Manage Patients")
def show_list(request: Request) -> HttpResponseBase:
    """List deleted patients."""
    values = {
        "title": "Deleted patients",
        "table": TABLE.build_page(request, _select_deleted(request)),
        "back": reverse("patients"),
        "back_to": "Patients",
    }
    return render_page(request, "kit/list.html", values)


@page("Manage Patients", methods=("GET", "POST"))
def restore(request: Request, patient: int) -> HttpResponseBase:
    """Ask for confirmation, then restore a patient with everything that was deleted with them."""
    of = records.get_resource("patients")
    records.require_write(of, request.actor)
    found = _select_deleted(request).filter(pk=patient).first()
    if found is None:
        raise NotFound
    if request.method == "POST":
        deletion.restore(request.actor.practice, patient)
        messages.success(request, "The patient has been restored.")
        return redirect("patient", patient)
    values = {
        "title": f"Restore {found.first_name} {found.last_name}?",
        "text": "The chart is restored with everything that was deleted with it. So are upcoming visits, unless their "
        "time has been taken: those stay cancelled.",
        "button": "Restore",
        "back": reverse("deleted-patients"),
    }
    return render_page(request, "kit/confirm.html", values)
