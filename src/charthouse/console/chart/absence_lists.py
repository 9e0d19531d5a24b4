"""Lists of the chart that may record that nothing is known: "No known allergies", "No known medications"."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse

from charthouse.console.chart.layout import ChartList
from charthouse.console.kit import clinical_lists, records
from charthouse.console.kit.clinical_lists import ClinicalList
from charthouse.console.kit.page import Request, page, render_page
from charthouse.domains.clinical.absences import Absence
from charthouse.domains.patients.models import Patient
from charthouse.engine.errors import Conflict, Forbidden, NotFound


@dataclass(frozen=True, kw_only=True)
class AbsenceList(ChartList):
    """A list with a button that records ``absence`` while nothing is active.

    text_key, code_key   keys of the statement's words and of its SNOMED CT code; "": the list has no place for one
    is_verified          whether rows have a verification status
    """

    absence: Absence
    text_key: str
    code_key: str = ""
    is_verified: bool = True

    def build_urls(self) -> list[URLPattern]:
        view = page("Manage Patients", methods=("GET", "POST"))(self.record_absence)
        address = path(f"{self.url_path}/none-known", view, name=f"{self.view}-none-known")
        return [*super().build_urls(), address]

    def get_list_context(self, request: Request, **parents: int) -> dict[str, Any]:
        try:
            records.require_write(self.resource, request.actor)
        except Forbidden:
            return {}
        found = self._read(request, parents["patient"])
        if found.total or self._is_recorded(found):
            return {}
        address = reverse(f"{self.view}-none-known", args=[parents["patient"]])
        return {"other": address, "other_words": f"Record “{self.absence.text}”"}

    def record_absence(self, request: Request, **parents: int) -> HttpResponseBase:
        """Ask for confirmation, then record the statement once. Raises Conflict where a row is active."""
        context = self.get_context(request, **parents)
        records.require_write(self.resource, request.actor)
        patient = parents["patient"]
        if request.method == "POST":
            self._record(request, patient)
            messages.success(request, f"Recorded: {self.absence.text.lower()}.")
            return redirect(reverse(self.view, args=[patient]))
        values = {
            **context,
            "title": f"Record “{self.absence.text}”?",
            "text": f"You have asked, and there is nothing to list under {self.title.lower()}.",
            "button": "Record",
            "back": reverse(self.view, args=[patient]),
        }
        return render_page(request, "kit/confirm.html", values)

    def _record(self, request: Request, patient: int) -> None:
        with transaction.atomic():
            locked = Patient.objects.select_for_update().filter(practice=request.actor.practice, pk=patient)
            if not locked.exists():
                raise NotFound()
            found = self._read(request, patient)
            if found.total:
                raise Conflict(f"The chart has active {self.title.lower()}; they have to be inactive first.")
            if self._is_recorded(found):
                return
            row = {self.text_key: self.absence.text, "status": "active"}
            if self.code_key:
                row[self.code_key] = self.absence.code
            if self.is_verified:
                row["verification_status"] = "confirmed"
            records.create(
                self.resource, request.actor, row | {**self.get_extra_values(request, patient=patient)}
            )

    def _read(self, request: Request, patient: int) -> ClinicalList:
        found = clinical_lists.read_list(request, self.resource_path, patient)
        if found is None:
            raise Forbidden()
        return found

    def _is_recorded(self, found: ClinicalList) -> bool:
        return any(one.absence == self.absence for one in found.absences)
