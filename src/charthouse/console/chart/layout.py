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
from charthouse.engine.execution import reading

URL_PREFIX = "patients/<id:patient>/"
TEMPLATE = "console/chart/chart.html"


@dataclass(frozen=True)
class Section:
    """A page of the chart, or several below one address. ``view``: name of its URL, which takes ``patient``."""

    name: str
    view: str
    permissions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Tab:
    """A tab of the chart with its sections.

    has_apps  whether the apps of the user's doctor are further sections of it
    also      prefix of other addresses that belong to the tab
    """

    name: str
    sections: tuple[Section, ...]
    has_apps: bool = False
    also: str = ""


@dataclass(frozen=True)
class Link:
    """A tab or section as it is rendered. ``current``: the page is the one that it leads to, or below it."""

    name: str
    address: str
    current: bool


MAX_TABS = 7
_tabs: list[Tab] = []


def set_tabs(*tabs: Tab) -> None:
    """Set the tabs of the chart, at most MAX_TABS. Called once, with the URLs."""
    if len(tabs) > MAX_TABS:
        raise ValueError(f"A chart has at most {MAX_TABS} tabs.")
    _tabs[:] = tabs


def find_patient(request: Request, patient_id: int) -> Patient:
    """Find a patient with doctor and tags, inactive ones included. Raises Forbidden, NotFound, Gone."""
    rows = records.select_rows(records.get_resource("patients"), request.actor, hidden=True)
    try:  # every page of a chart begins with this: first() would order the one row
        found: Patient = patient_banner.annotate_tags(rows).select_related("doctor").get(pk=patient_id)
    except Patient.DoesNotExist:
        reading.refuse_missing(records.get_resource("patients"), request.actor, patient_id)
    return found


def get_chart_context(request: Request, patient_id: int) -> dict[str, Any]:
    """Get the template context of every page of a chart: three queries. Raises Forbidden, NotFound."""
    found = find_patient(request, patient_id)
    tabs, sections = _build_links(request, patient_id)
    return {
        "shell": TEMPLATE,
        "patient": found,
        "banner": patient_banner.build_banner(request, found),
        "tabs": tabs,
        "chart_sections": sections if len(sections) > 1 else [],
    }


def _build_links(request: Request, patient_id: int) -> tuple[list[Link], list[Link]]:
    """Build the tabs that the user may open, and the sections of the current one. One query in the tab with apps."""
    here = request.path.rstrip("/")
    listed = [(tab, _list_sections(request, tab, patient_id)) for tab in _tabs]
    listed = [(tab, sections) for tab, sections in listed if sections]
    addresses = [address for _, sections in listed for _, address in sections]
    best = max((a for a in addresses if here == a or here.startswith(f"{a}/")), key=len, default="")
    summary = reverse("patient", args=[patient_id])
    apps = f"{summary}/apps/"
    tabs: list[Link] = []
    shown: list[Link] = []
    for tab, sections in listed:
        is_here = any(address == best for _, address in sections) and not here.startswith(apps)
        is_here |= (tab.has_apps and here.startswith(apps)) or bool(tab.also and here.startswith(tab.also))
        tabs.append(Link(tab.name, sections[0][1], is_here))
        if is_here:
            more = _list_apps(request, patient_id) if tab.has_apps else []
            current = here if here.startswith(apps) else best
            shown = [Link(name, address, address == current) for name, address in (*sections, *more)]
    return tabs, shown


def _list_sections(request: Request, tab: Tab, patient_id: int) -> list[tuple[str, str]]:
    """List (name, address) of the sections of a tab that the user may open, without apps."""
    return [
        (one.name, reverse(one.view, kwargs={"patient": patient_id}))
        for one in tab.sections
        if set(one.permissions) <= set(request.user.permissions)
    ]


def _list_apps(request: Request, patient_id: int) -> list[tuple[str, str]]:
    apps = iframe_apps.list_apps(request, patient_iframe_url="")
    return [(app.name, reverse("chart-app", args=[patient_id, app.pk])) for app in apps]


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
    deletion_note: str = "will be removed from the chart."
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

    @property
    def section(self) -> Section:
        """The list as a section of a tab."""
        return Section(self.title, self.view, tuple(self.resource.policy.list_permissions(reading=True)))


__all__ = [
    "TEMPLATE",
    "URL_PREFIX",
    "ChartList",
    "Section",
    "Tab",
    "find_patient",
    "get_chart_context",
    "set_tabs",
]
