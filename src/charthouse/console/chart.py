"""The chart of a patient: what stands above every page of it, and its lists, made of declarations."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

from django.db.models import QuerySet
from django.urls import URLPattern, reverse

from charthouse import clock
from charthouse.console import iframe_apps, records
from charthouse.console.cells import Dot
from charthouse.console.page import Request
from charthouse.console.resource_pages import Catalogue
from charthouse.console.tables import Badge, Column
from charthouse.domains.patients.models import Patient, PatientTag
from charthouse.engine.declaration.keys import Key
from charthouse.engine.errors import Forbidden, NotFound

WITHIN = "patients/<int:patient>/"
SHELL = "console/chart.html"
MOST_TAGS = 12


@dataclass(frozen=True)
class Tab:
    """A line of the chart's own menu. ``view``: name of its URL, which takes ``patient``."""

    name: str
    view: str
    permissions: tuple[str, ...] = ()


TABS: list[Tab] = []


def tab(name: str, view: str, *permissions: str) -> None:
    """Add a line to the chart's menu; ``urls`` does it, in the order in which they stand."""
    TABS.append(Tab(name, view, permissions))


def patient(request: Request, patient_id: int) -> Patient:
    """The patient, inactive ones as well. Raises Forbidden, NotFound."""
    rows = records.rows(records.resource("patients"), request.actor, hidden=True)
    found: Patient | None = rows.select_related("doctor").filter(pk=patient_id).first()
    if found is None:
        raise NotFound()
    return found


def around(request: Request, patient_id: int) -> dict[str, Any]:
    """What every page of a chart shows of the patient: four queries. Raises Forbidden, NotFound."""
    found = patient(request, patient_id)
    here = request.path.rstrip("/")
    tabs = [
        (line.name, reverse(line.view, kwargs={"patient": patient_id}))
        for line in TABS
        if set(line.permissions) <= set(request.user.permissions)
    ]
    tabs += [
        (app.name, reverse("chart-app", kwargs={"patient": patient_id, "app": app.pk}))
        for app in iframe_apps.apps(request, patient_iframe_url="")
    ]
    deepest = max((a for _, a in tabs if here == a or here.startswith(f"{a}/")), key=len, default="")
    return {
        "shell": SHELL,
        "patient": found,
        "age": age(found.date_of_birth, found.date_of_death),
        "allergies": _allergies(request, found),
        "tags": _tags(found),
        "tabs": [(name, address, address == deepest) for name, address in tabs],
    }


def age(born: date | None, died: date | None = None) -> int | None:
    """Whole years, today or at death."""
    if born is None:
        return None
    at = died or clock.now().date()
    return at.year - born.year - ((at.month, at.day) < (born.month, born.day))


def _allergies(request: Request, found: Patient) -> list[str] | None:
    """What the patient is allergic to, the first few; None for whom that is not to see."""
    try:
        rows = records.rows(records.resource("allergies"), request.actor)
    except Forbidden:
        return None
    active = rows.filter(patient=found.pk, status="active").order_by("pk")
    return list(active.values_list("description", flat=True)[:6])


def _tags(found: Patient) -> list[Dot]:
    """The patient's tags that a chart shows, with what was said of them."""
    rows = PatientTag.objects.filter(practice=found.practice_id, patient=found.pk, archived=False)
    shown = rows.filter(tag__archived=False, tag__displays_on_dash=True).select_related("tag")
    return [Dot(row.tag.color, _words(row)) for row in shown.order_by("pk")[:MOST_TAGS]]


def _words(row: PatientTag) -> str:
    said = row.notes if row.tag.note_displays_on_dashboard else ""
    return f"{row.tag.name}: {said}" if said else row.tag.name


@dataclass(frozen=True, kw_only=True)
class Section(Catalogue):
    """A list of the chart: rows of one patient. ``at_doctor``: key of the doctor whose row a new one is, which the
    form doesn't ask: oneself, or whose patient it is. ``of``: ORM path to the patient."""

    of: str = "patient"
    at_doctor: str = "doctor"
    base: str = field(default="", init=False)
    gone: str = "will no longer stand in the chart."
    place: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "base", WITHIN + self.place)

    @cached_property
    def fields(self) -> list[Key]:
        """Without the patient, who is that of the chart."""
        return [one for one in super().fields if one.name != "patient"]

    @property
    def view(self) -> str:
        return f"chart-{self.place}"

    def around(self, request: Request, **at: int) -> dict[str, Any]:
        return around(request, at["patient"])

    def found(self, request: Request, **at: int) -> "QuerySet[Any]":
        return super().found(request, **at).filter(**{self.of: at["patient"]})

    def given(self, request: Request, **at: int) -> Mapping[str, Any]:
        given: dict[str, Any] = {"patient": at["patient"], **self.fixed}
        if self.at_doctor:
            given[self.at_doctor] = request.actor.doctor or patient(request, at["patient"]).doctor_id
        return given

    def one_at(self, request: Request, row: int, **at: int) -> Mapping[str, Any]:
        one = super().one_at(request, row, **at)
        if one.get("patient") != at["patient"]:
            raise NotFound()
        return one

    def tab(self) -> None:
        tab(
            self.title,
            self.view,
            *self.resource.policy.list_permissions(reading=True),
        )


def status(row: Any) -> Badge | None:
    """The state of a problem, a medication, an allergy."""
    if not row.status:
        return None
    return Badge(row.status.capitalize(), "green" if row.status.lower() == "active" else "secondary")


SECTIONS = (
    Section(
        "problems",
        place="problems",
        title="Problems",
        one="problem",
        icon="report-medical",
        columns=(
            Column("Problem", lambda row: row.name or row.description or row.icd_code, sort="name"),
            Column("Code", "icd_code", sort="icd_code"),
            Column("Status", status, sort="status"),
            Column("Onset", "date_onset", sort="date_onset", kind="wide"),
            Column("Notes", "notes", kind="wide"),
        ),
        asks=(
            "icd_code",
            "name",
            "description",
            "status",
            "verification_status",
            "date_onset",
            "date_diagnosis",
            "date_changed",
            "snomed_ct_code",
            "notes",
        ),
        notes={"name": "Left empty, it is the official name of the ICD-10 code."},
        search=("name", "description", "icd_code"),
        order="-pk",
    ),
    Section(
        "medications",
        place="medications",
        title="Medications",
        one="medication",
        icon="pill",
        columns=(
            Column("Medication", "name", sort="name"),
            Column("Dose", lambda row: f"{row.dosage_quantity or ''} {row.dosage_units}".strip()),
            Column("Frequency", "frequency", kind="wide"),
            Column("Status", status, sort="status"),
            Column("Since", "date_started_taking", sort="date_started_taking"),
            Column("Until", "date_stopped_taking", kind="wide"),
        ),
        asks=(
            "name",
            "dosage_quantity",
            "dosage_units",
            "route",
            "frequency",
            "prn",
            "daw",
            "dispense_quantity",
            "number_refills",
            "date_prescribed",
            "date_started_taking",
            "date_stopped_taking",
            "status",
            "indication",
            "order_status",
            "rxnorm",
            "ndc",
            "signature_note",
            "pharmacy_note",
            "notes",
        ),
        labels={"prn": "As needed", "daw": "Dispense as written"},
        search=("name",),
        order="-pk",
    ),
    Section(
        "allergies",
        place="allergies",
        title="Allergies",
        one="allergy",
        icon="alert-triangle",
        columns=(
            Column("Allergy", "description", sort="description"),
            Column("Reaction", "reaction"),
            Column("Status", status, sort="status"),
            Column("Notes", "notes", kind="wide"),
        ),
        asks=(
            "description",
            "reaction",
            "status",
            "verification_status",
            "snomed_reaction",
            "rxnorm",
            "snomed_code",
            "notes",
        ),
        search=("description", "reaction"),
        order="-pk",
    ),
    Section(
        "patient_vaccine_records",
        place="vaccines",
        title="Vaccines",
        one="vaccination",
        icon="vaccine",
        at_doctor="ordering_doctor",
        columns=(
            Column("Vaccine", lambda row: row.name or row.cvx_code, sort="name"),
            Column("Given", "administered_start", sort="administered_start"),
            Column("Lot", "lot_number", kind="wide"),
            Column("Site", "site", kind="wide"),
            Column("State", "completion_status"),
        ),
        asks=(
            "vaccine_inventory",
            "cvx_code",
            "name",
            "administered_start",
            "amount",
            "units",
            "route",
            "site",
            "completion_status",
            "record_source",
            "funding_eligibility",
            "lot_number",
            "manufacturer",
            "next_dose_date",
            "comments",
        ),
        search=("name", "cvx_code"),
        order="-pk",
    ),
    Section(
        "comm_logs",
        place="calls",
        title="Calls",
        one="call",
        icon="phone",
        columns=(
            Column("Call", "title"),
            Column("When", "scheduled_time", sort="scheduled_time"),
            Column("Minutes", "duration", kind="number"),
            Column("Notes", lambda row: row.message[:120], kind="wide"),
        ),
        asks=("title", "type", "scheduled_time", "duration", "message"),
        search=("title",),
        order="-scheduled_time",
    ),
)


def urls(*more: Section) -> list[URLPattern]:
    found = []
    for section in (*SECTIONS, *more):
        found += section.urls()
    return found


__all__ = ["SECTIONS", "SHELL", "WITHIN", "Section", "around", "patient", "tab", "urls"]
