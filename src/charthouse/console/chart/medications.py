"""Medications of a chart: discontinued with a reason, reconciled with the patient, printed as a prescription."""

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse

from charthouse import clock
from charthouse.console.chart.entries import EntryList, may_write
from charthouse.console.kit import records
from charthouse.console.kit.page import Request, list_messages, page, render_page
from charthouse.domains.medications.models import Medication
from charthouse.domains.practice.models import Office
from charthouse.engine.errors import Invalid, NotFound

FREQUENCIES = (
    "Once a day", "Twice a day", "Three times a day", "Four times a day", "Every morning", "Every evening",
    "At bedtime",
    "Every 4 hours", "Every 6 hours", "Every 8 hours", "Every 12 hours", "Every other day", "Once a week",
    "Once a month",
)  # fmt: skip
ROUTES = (
    "Oral", "Sublingual", "Inhaled", "Nasal", "Topical", "Transdermal", "Ophthalmic", "Otic", "Subcutaneous",
    "Intramuscular", "Intravenous", "Rectal", "Vaginal",
)  # fmt: skip
DOSE_UNITS = ("tablet", "capsule", "mL", "mg", "puff", "drop", "spray", "patch", "unit", "application")
# The act that both APIs, C-CDA and the report on objectives know as medication reconciliation (SNOMED CT).
RECONCILED = ("428191000124101", "Documentation of current medications")
REASONS = ("Therapy completed", "Side effect", "Not effective", "Replaced", "Cost", "Patient stopped it")


@dataclass(frozen=True, kw_only=True)
class MedicationList(EntryList):
    """The medications of a patient."""

    def build_urls(self) -> list[URLPattern]:
        where = f"{self.url_path}/<id:row>"
        both, get, post = (page(methods=methods) for methods in (("GET", "POST"), ("GET",), ("POST",)))
        return [
            *super().build_urls(),
            path(f"{where}/discontinue", both(self.discontinue), name=f"{self.view}-discontinue"),
            path(f"{where}/print", get(self.print_prescription), name=f"{self.view}-print"),
            path(f"{self.url_path}/reconcile", post(self.reconcile), name=f"{self.view}-reconcile"),
        ]

    def get_list_context(self, request: Request, **parents: int) -> dict[str, Any]:
        found = super().get_list_context(request, **parents)
        if may_write(records.get_resource("reconciliations"), request):
            found["post_to"] = reverse(f"{self.view}-reconcile", args=[parents["patient"]])
            found["post_words"] = "Mark as reconciled"
        return found

    def get_entry_context(self, request: Request, patient: int, row: int | None) -> dict[str, Any]:
        if row is None:
            return {}
        active = Medication.objects.filter(practice=request.actor.practice, pk=row, status="active").exists()
        address = reverse(f"{self.view}-discontinue", args=[patient, row])
        return {
            "actions": [("Discontinue", address)] if active else [],
            "print": reverse(f"{self.view}-print", args=[patient, row]),
        }

    def discontinue(self, request: Request, row: int, **parents: int) -> HttpResponseBase:
        """Ask for a reason; a POST ends the medication today."""
        context = self.get_context(request, **parents)
        one = self.get_object(request, row, **parents)
        reason = request.POST.get("reason", "").strip()
        if request.method == "POST" and reason:
            today = context["banner"].today.isoformat()
            ending = {"status": "inactive", "date_stopped_taking": today, "discontinued_reason": reason}
            try:
                records.update(records.get_resource("medication_endings"), request.actor, row, ending)
                messages.success(request, f"{one['name']} is discontinued: {reason}.")
            except Invalid as refusal:
                messages.error(request, " ".join(list_messages(refusal.errors)))
            return redirect(self._build_url("", parents))
        values = {
            **context,
            "title": f"Discontinue {one['name']}?",
            "reasons": REASONS,
            "missing": request.method == "POST",
            "back": self._build_url("-one", parents, row),
        }
        return render_page(request, "chart/discontinue.html", values, 400 if values["missing"] else 200)

    def reconcile(self, request: Request, **parents: int) -> HttpResponseBase:
        """Record that the medications were reviewed with the patient, at the visit of today."""
        context = self.get_context(request, **parents)
        of = records.get_resource("reconciliations")
        records.require_write(of, request.actor)
        zone, today = ZoneInfo(context["patient"].doctor.timezone), context["banner"].today
        visits = records.select_rows(records.get_resource("visits"), request.actor)
        rows = visits.filter(patient=parents["patient"], scheduled_time__lte=clock.now()).order_by(
            "-scheduled_time"
        )
        last = rows.first()
        if last is None or last.scheduled_time.astimezone(zone).date() != today:
            messages.error(request, "Medications are reconciled at a visit, and the patient has none today.")
            return redirect(self._build_url("", parents))
        code, description = RECONCILED
        body = {"procedure_type": "S", "code": code, "description": description, "date": today.isoformat()}
        owner = {"appointment": str(last.pk), "doctor": last.doctor_id, "patient": parents["patient"]}
        records.create(of, request.actor, body | owner)
        messages.success(request, "The medications are marked as reconciled with the patient.")
        return redirect(self._build_url("", parents))

    def print_prescription(self, request: Request, row: int, **parents: int) -> HttpResponseBase:
        """Show a prescription to print."""
        context = self.get_context(request, **parents)
        self.get_object(request, row, **parents)
        rows = Medication.objects.filter(practice=request.actor.practice, pk=row).select_related("doctor")
        one = rows.first()
        if one is None:
            raise NotFound()
        offices = Office.objects.filter(practice=request.actor.practice, doctor=one.doctor_id, archived=False)
        values = context | {
            "one": one,
            "office": offices.order_by("pk").first(),
            "today": context["banner"].today,
        }
        return render_page(request, "chart/prescription.html", values)
