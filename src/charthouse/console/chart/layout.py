"""The patient chart: the banner and tabs of all its pages, and the base of its lists."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from charthouse import clock
from charthouse.console.chart import iframe_apps
from charthouse.console.kit import records
from charthouse.console.kit.cells import Dot
from charthouse.console.kit.page import Request
from charthouse.console.kit.resource_pages import ResourcePages
from charthouse.domains.patients.models import Patient, PatientTag
from charthouse.engine.declaration.keys import Key
from charthouse.engine.errors import Forbidden, NotFound

URL_PREFIX = "patients/<id:patient>/"
TEMPLATE = "console/chart/chart.html"
MAX_TAGS = 12


@dataclass(frozen=True)
class Tab:
    """A tab of the chart. ``view``: name of its URL, which takes ``patient``."""

    name: str
    view: str
    permissions: tuple[str, ...] = ()


TABS: list[Tab] = []


def add_tab(name: str, view: str, *permissions: str) -> None:
    """Add a tab to the chart. Modules of URLs call it, in the order of the tabs."""
    TABS.append(Tab(name, view, permissions))


def find_patient(request: Request, patient_id: int) -> Patient:
    """Find a patient, inactive ones included. Raises Forbidden, NotFound."""
    rows = records.select_rows(records.get_resource("patients"), request.actor, hidden=True)
    found: Patient | None = rows.select_related("doctor").filter(pk=patient_id).first()
    if found is None:
        raise NotFound()
    return found


def get_chart_context(request: Request, patient_id: int) -> dict[str, Any]:
    """Get the template context of every page of a chart: four queries. Raises Forbidden, NotFound."""
    found = find_patient(request, patient_id)
    here = request.path.rstrip("/")
    tabs = [
        (line.name, reverse(line.view, kwargs={"patient": patient_id}))
        for line in TABS
        if set(line.permissions) <= set(request.user.permissions)
    ]
    tabs += [
        (app.name, reverse("chart-app", kwargs={"patient": patient_id, "app": app.pk}))
        for app in iframe_apps.list_apps(request, patient_iframe_url="")
    ]
    deepest = max((a for _, a in tabs if here == a or here.startswith(f"{a}/")), key=len, default="")
    return {
        "shell": TEMPLATE,
        "patient": found,
        "age": _compute_age_of(found),
        "allergies": _list_allergies(request, found),
        "tags": _list_tags(found),
        "tabs": [(name, address, address == deepest) for name, address in tabs],
    }


def _compute_age_of(patient: Patient) -> int | None:
    """Compute the age in whole years; None for a patient who died on an unknown day."""
    if patient.is_deceased and patient.date_of_death is None:
        return None
    return compute_age(patient.date_of_birth, patient.date_of_death)


def compute_age(born: date | None, died: date | None = None) -> int | None:
    """Compute the age in whole years, today or at death."""
    if born is None:
        return None
    at = died or clock.now().date()
    return at.year - born.year - ((at.month, at.day) < (born.month, born.day))


def _list_allergies(request: Request, found: Patient) -> list[str] | None:
    """List the first few active allergies; None for users who may not see them."""
    try:
        rows = records.select_rows(records.get_resource("allergies"), request.actor)
    except Forbidden:
        return None
    active = rows.filter(patient=found.pk, status="active").order_by("pk")
    return list(active.values_list("description", flat=True)[:6])


def _list_tags(found: Patient) -> list[Dot]:
    """List the patient's tags that the chart shows, with their notes."""
    rows = PatientTag.objects.filter(practice=found.practice_id, patient=found.pk, archived=False)
    shown = rows.filter(tag__archived=False, tag__displays_on_dash=True).select_related("tag")
    return [Dot(row.tag.color, _format_tag(row)) for row in shown.order_by("pk")[:MAX_TAGS]]


def _format_tag(row: PatientTag) -> str:
    note_text = row.notes if row.tag.note_displays_on_dashboard else ""
    return f"{row.tag.name}: {note_text}" if note_text else row.tag.name


@dataclass(frozen=True, kw_only=True)
class ChartList(ResourcePages):
    """The pages of a resource whose rows belong to one patient.

    segment       of the URL, after the patient's
    doctor_key    key of the row's doctor, which the form does not ask: the user, or the patient's doctor; "": none
    patient_path  ORM path to the patient
    """

    patient_path: str = "patient"
    doctor_key: str = "doctor"
    url_path: str = field(default="", init=False)
    deletion_note: str = "will no longer stand in the chart."
    segment: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "url_path", URL_PREFIX + self.segment)

    @cached_property
    def form_fields(self) -> list[Key]:
        """The keys of the form, without the patient."""
        return [one for one in super().form_fields if one.name != "patient"]

    @property
    def view(self) -> str:
        return f"chart-{self.segment}"

    def get_context(self, request: Request, **parents: int) -> dict[str, Any]:
        return get_chart_context(request, parents["patient"])

    def select_rows(self, request: Request, **parents: int) -> "QuerySet[Any]":
        return super().select_rows(request, **parents).filter(**{self.patient_path: parents["patient"]})

    def get_extra_values(self, request: Request, **parents: int) -> Mapping[str, Any]:
        given: dict[str, Any] = {"patient": parents["patient"], **self.fixed_values}
        if self.doctor_key:
            given[self.doctor_key] = (
                request.actor.doctor or find_patient(request, parents["patient"]).doctor_id
            )
        return given

    def get_object(self, request: Request, row: int, **parents: int) -> Mapping[str, Any]:
        one = super().get_object(request, row, **parents)
        if one.get("patient") != parents["patient"]:
            raise NotFound()
        return one

    def add_tab(self) -> None:
        """Add the list to the chart's tabs."""
        add_tab(
            self.title,
            self.view,
            *self.resource.policy.list_permissions(reading=True),
        )


__all__ = ["TEMPLATE", "URL_PREFIX", "ChartList", "add_tab", "find_patient", "get_chart_context"]
