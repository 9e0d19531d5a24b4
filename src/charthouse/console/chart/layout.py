"""The patient chart: the banner and tabs of all its pages, and the base of its lists."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from charthouse.console.chart import iframe_apps
from charthouse.console.kit import patient_banner, records
from charthouse.console.kit.page import Request
from charthouse.console.kit.resource_pages import ResourcePages
from charthouse.domains.patients.models import Patient
from charthouse.engine.declaration.keys import Key
from charthouse.engine.errors import NotFound

URL_PREFIX = "patients/<id:patient>/"
TEMPLATE = "console/chart/chart.html"


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
    """Find a patient with doctor and tags, inactive ones included. Raises Forbidden, NotFound."""
    rows = records.select_rows(records.get_resource("patients"), request.actor, hidden=True)
    found: Patient | None = (
        patient_banner.annotate_tags(rows).select_related("doctor").filter(pk=patient_id).first()
    )
    if found is None:
        raise NotFound()
    return found


def get_chart_context(request: Request, patient_id: int) -> dict[str, Any]:
    """Get the template context of every page of a chart: three queries. Raises Forbidden, NotFound."""
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
        "banner": patient_banner.build_banner(request, found),
        "tabs": [(name, address, address == deepest) for name, address in tabs],
    }


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
