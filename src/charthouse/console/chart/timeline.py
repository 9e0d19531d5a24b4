"""The timeline of a chart: all that was recorded, the latest first, in one query, narrowed by kind and words."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.db.models import BooleanField, F, QuerySet, TextField, Value
from django.db.models.functions import Cast, Coalesce, Concat, Left, NullIf, StrIndex
from django.db.models.lookups import GreaterThan
from django.http import HttpResponseBase
from django.urls import reverse

from charthouse.console.chart import layout
from charthouse.console.kit import records
from charthouse.console.kit.page import Request, get_page_number, page, render_page
from charthouse.domains.scheduling.models import Appointment
from charthouse.engine.errors import Forbidden
from charthouse.engine.sql import expressions as sql
from charthouse.engine.sql.folding import Folded, fold

SIZE = 50  # entries of a page
MAX_PAGE = 200
MAX_WORDS = 100  # characters
_DETAIL = 240  # characters of a text that an entry shows


@dataclass(frozen=True)
class Kind:
    """A kind of entries.

    title, detail, at  expressions: texts, and a local time
    link               (patient, row id) → URL of the entry
    patient            ORM path to the patient
    is_day             whether ``at`` is shown as a day without a time
    permissions        in addition to those of the resource
    """

    name: str
    icon: str
    resource: str
    title: Any
    detail: Any
    at: Any
    link: Callable[[int, int], str]
    patient: str = "patient"
    is_day: bool = False
    permissions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Entry:
    """An entry. ``at``: local time; of a day alone, its midnight."""

    kind: Kind
    at: datetime | None
    is_day: bool
    title: str
    detail: str
    address: str


def _first_text(*paths: str) -> Any:
    """Return the first of the columns that is not empty, as text."""
    empty = Value("", output_field=TextField())
    return Coalesce(*(NullIf(Cast(path, TextField()), empty) for path in paths), empty)


def _join(*parts: Any) -> Any:
    """Join columns and texts with blanks."""
    spaced: list[Any] = []
    for part in parts:
        spaced += [Value(" "), Cast(part, TextField())]
    return Concat(*spaced[1:], output_field=TextField()) if len(parts) > 1 else Cast(parts[0], TextField())


def _day(*paths: str) -> Any:
    return sql.template(
        "(%s)::timestamp", Coalesce(*paths) if len(paths) > 1 else F(paths[0]), output_field=sql.TIMESTAMP
    )


def _select_time(path: str, zone: str = "patient__doctor__timezone") -> Any:
    return sql.to_wall_clock(F(path), F(zone))


def _created_or(path: str) -> Any:
    """The day of a column, or else the day on which the row was written."""
    return sql.template(
        "coalesce((%s)::timestamp, date_trunc('day', %s))",
        F(path),
        _select_time("created_at"),
        output_field=sql.TIMESTAMP,
    )


def _link_to(view: str) -> Callable[[int, int], str]:
    return lambda patient, row: reverse(view, args=[patient, row])


KINDS: Mapping[str, Kind] = {
    "visit": Kind(
        "Visit", "calendar", "visits", _first_text("reason", "profile__name"),
        _join("doctor__first_name", "doctor__last_name", Value("·"), "status"),
        sql.to_wall_clock(F("scheduled_time"), F(Appointment.ZONE)), lambda _, row: reverse("visit", args=[row]),
        permissions=("Access Clinical Notes",),
    ),
    "note": Kind(
        "Note", "notes", "notes_alone", F("title"), Left("content", _DETAIL), _day("date_of_service"),
        _link_to("chart-encounters-one"), is_day=True,
    ),
    "problem": Kind(
        "Problem", "report-medical", "problems", _first_text("name", "description", "icd_code"),
        _join("icd_code", Value("·"), "status"), _created_or("date_onset"), _link_to("chart-problems-one"), is_day=True,
    ),
    "medication": Kind(
        "Medication", "pill", "medications", F("name"), _join("frequency", Value("·"), "status"),
        _created_or("date_started_taking"), _link_to("chart-medications-one"), is_day=True,
    ),
    "allergy": Kind(
        "Allergy", "alert-triangle", "allergies", F("description"), _join("reaction", Value("·"), "status"),
        _select_time("created_at"), _link_to("chart-allergies-one"), is_day=True,
    ),
    "vaccine": Kind(
        "Vaccine", "vaccine", "patient_vaccine_records", _first_text("name", "cvx_code"), F("lot_number"),
        _select_time("administered_start"), _link_to("chart-vaccines-one"), is_day=True,
    ),
    "result": Kind(
        "Lab result", "test-pipe", "lab_results", _first_text("observation_description", "lab_test__name"),
        _join(Left("value", _DETAIL), "unit"),
        _select_time("test_performed", "lab_test__lab_order__patient__doctor__timezone"),
        lambda patient, _: reverse("chart-labs", args=[patient]), patient="lab_test__lab_order__patient", is_day=True,
    ),
    "entered": Kind(
        "Lab result", "test-pipe", "patient_lab_results", _first_text("title", "loinc_code"),
        _join(Left("lab_result_value", _DETAIL), "lab_result_value_units"), _created_or("date_test_performed"),
        lambda patient, _: reverse("chart-labs", args=[patient]), is_day=True,
    ),
    "care": Kind(
        "Health maintenance", "shield-check", "health_readings", F("tracker__name"), Left("notes", _DETAIL),
        _day("date"), _link_to("chart-maintenance-one"), is_day=True,
    ),
    "document": Kind(
        "Document", "files", "documents", Left("description", _DETAIL), F("folder"), _day("date"),
        _link_to("chart-documents-one"), is_day=True,
    ),
    "message": Kind(
        "Message", "messages", "patient_messages", F("subject"), Left("body", _DETAIL), _select_time("created_at"),
        _link_to("chart-messages-one"),
    ),
    "call": Kind(
        "Call", "phone", "comm_logs", F("title"), Left("message", _DETAIL),
        sql.to_wall_clock(Coalesce("scheduled_time", "created_at"), F("patient__doctor__timezone")),
        _link_to("chart-calls-one"),
    ),
}  # fmt: skip
# Filters: kinds of one name are one choice.
CHOICES: Sequence[tuple[str, tuple[str, ...]]] = (
    ("Visits", ("visit",)), ("Notes", ("note",)), ("Problems", ("problem",)), ("Medications", ("medication",)),
    ("Allergies", ("allergy",)), ("Vaccines", ("vaccine",)), ("Labs", ("result", "entered")), ("Care", ("care",)),
    ("Documents", ("document",)), ("Messages", ("message",)), ("Calls", ("call",)),
)  # fmt: skip


@page("Manage Patients")
def show_timeline(request: Request, patient: int) -> HttpResponseBase:
    """Show the entries of the chosen kinds (``kind``, several) that contain the words ``q``: one query."""
    values = layout.get_chart_context(request, patient)
    chosen = {name for name in request.GET.getlist("kind") if name in dict(CHOICES)}
    words = request.GET.get("q", "").replace("\0", "").strip()[:MAX_WORDS]
    number = get_page_number(request, MAX_PAGE)
    names = [name for label, members in CHOICES if not chosen or label in chosen for name in members]
    rows = _read(request, patient, names, words, (number - 1) * SIZE)
    entries = [_build_entry(patient, *row) for row in rows[:SIZE]]
    query = {"kind": sorted(chosen), **({"q": words} if words else {})}
    values |= {
        "entries": entries,
        "q": words,
        "choices": [
            (label, label in chosen, _build_url(query | {"kind": sorted(chosen ^ {label})}))
            for label, _ in CHOICES
        ],
        "chosen": sorted(chosen),
        "all": _build_url({"q": words} if words else {}),
        "newer": _build_url(query | {"page": number - 1}) if number > 1 else "",
        "older": _build_url(query | {"page": number + 1}) if len(rows) > SIZE and number < MAX_PAGE else "",
        "narrow": len(rows) > SIZE and number == MAX_PAGE,
    }
    return render_page(request, "chart/timeline.html", values)


def _build_url(query: Mapping[str, Any]) -> str:
    return f"?{urlencode(query, doseq=True)}"


def _read(request: Request, patient: int, names: Sequence[str], words: str, offset: int) -> list[Any]:
    """Read SIZE + 1 entries from ``offset`` on."""
    until = offset + SIZE + 1
    parts = [
        part for name in names if (part := _select(request, patient, name, KINDS[name], words)) is not None
    ]
    if not parts:
        return []
    parts = [part.order_by(F("happened").desc(nulls_last=True), "-pk")[:until] for part in parts]
    found = parts[0].union(*parts[1:], all=True) if len(parts) > 1 else parts[0]
    if len(parts) > 1:
        found = found.order_by(F("happened").desc(nulls_last=True), "-pk")
    return list(found[offset:until])


def _select(request: Request, patient: int, name: str, kind: Kind, words: str) -> "QuerySet[Any] | None":
    if not set(kind.permissions) <= set(request.user.permissions):
        return None
    try:
        rows = records.select_rows(records.get_resource(kind.resource), request.actor)
    except Forbidden:
        return None
    rows = rows.filter(**{kind.patient: patient}).annotate(
        said=Cast(kind.title, TextField()), more=Cast(kind.detail, TextField()), happened=kind.at
    )
    for word in words.split()[:5]:
        text = Folded(Concat("said", Value(" "), "more", output_field=TextField()))
        rows = rows.filter(GreaterThan(StrIndex(text, fold(word)), 0))
    shown: QuerySet[Any] = rows.annotate(
        kind_name=Value(name, output_field=TextField()),
        is_day=Value(kind.is_day, output_field=BooleanField()),
    ).values_list("kind_name", "pk", "happened", "is_day", "said", "more")
    return shown


def _build_entry(
    patient: int, name: str, row: int, at: datetime | None, is_day: bool, title: str, detail: str
) -> Entry:
    kind = KINDS[name]
    return Entry(kind, at, is_day, title or kind.name, detail.strip(" ·"), kind.link(patient, row))
