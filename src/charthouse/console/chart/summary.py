"""The summary of a chart, to be read in ten seconds: what is active, what was said last, trends, what is due."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet, Window
from django.http import HttpResponseBase

from charthouse import clock
from charthouse.console.chart import layout, vitals
from charthouse.console.chart.plots import Sparkline, build_sparkline
from charthouse.console.kit import appointments, clinical_lists, formats, records
from charthouse.console.kit.lab_results import Result, list_series, read_results
from charthouse.console.kit.page import Request, page, render_page
from charthouse.console.kit.patient_words import LANGUAGES
from charthouse.domains.clinical import due_care
from charthouse.domains.clinical.models import ClinicalNoteFieldValue
from charthouse.domains.patients.models import Patient
from charthouse.domains.scheduling.models import FREEING_STATUSES
from charthouse.interchange.cda.codes import SMOKING

LATEST = 3  # visits
MEASURED = 12  # measurements that a trend has
SERIES = 8  # tests whose latest result is shown
DUE = 8  # lines of what is due
MAX_NOTE_VALUES = 40
MAX_NOTE_LENGTH = 600  # characters of a field of the last note
_SUMMARIZED = r"assessment|impression|diagnos|plan"  # names of sections that say what was thought and decided


@dataclass(frozen=True)
class LastNote:
    """Assessment and plan of the last visit that has them. ``lines``: (field, text), long ones cut with an ellipsis."""

    visit: int
    at: Any
    doctor: Any
    lines: list[tuple[str, str]]


@dataclass(frozen=True)
class Trend:
    """A result or measurement with its trend."""

    name: str
    result: Result
    spark: Sparkline | None


@page("Manage Patients")
def show_summary(request: Request, patient: int) -> HttpResponseBase:
    """Show what is active, the last note's assessment and plan, trends, what is due, the next visit, demographics."""
    values = layout.get_chart_context(request, patient)
    found: Patient = values["patient"]
    sees_notes = "Access Clinical Notes" in request.user.permissions
    measured = vitals.read_measurements(request, patient) if sees_notes else None
    due = due_care.list_care(found, values["banner"].today)
    values |= {
        "contact": _list_contact(found) + _describe_smoking(measured),
        "problems": clinical_lists.read_list(request, clinical_lists.PROBLEMS, patient),
        "medications": clinical_lists.read_list(request, clinical_lists.MEDICATIONS, patient),
        "allergies": values["banner"].allergies,
        "visits": _read_visits(request, patient) if sees_notes else None,
        "note": _read_last_note(request, patient) if sees_notes else None,
        "sees_notes": sees_notes,
        "schedules": "Access Scheduling" in request.user.permissions,
        "vitals": _list_vitals(measured),
        "due": [one for one in due if one.is_due][:DUE],
        "more_due": max(sum(one.is_due for one in due) - DUE, 0),
        "tracked": len(due),
    }
    results = read_results(request, found)
    series = list_series(results or ())
    values |= {
        "results": None if results is None else [_build_trend(one) for one in series[:SERIES]],
        "more_results": max(len(series) - SERIES, 0),
    }
    return render_page(request, "chart/summary.html", values)


def _build_trend(series: Any) -> Trend:
    return Trend(series.name, series.latest, build_sparkline(series.points[-MEASURED:]))


def _list_vitals(measured: list[Any] | None) -> list[tuple[vitals.Latest, Sparkline | None]] | None:
    if measured is None:
        return None
    return [(one, build_sparkline(one.points[-MEASURED:])) for one in vitals.list_latest(measured)]


def _read_visits(request: Request, patient: int) -> dict[str, Any]:
    """Read the next visit and the latest ones: one query. ``more``: how many others there are."""
    rows: QuerySet[Any] = records.select_rows(records.get_resource("visits"), request.actor)
    now = clock.now()
    rows = appointments.annotate_wall_clock(rows.filter(patient=patient)).select_related("doctor", "office")
    is_coming = Q(scheduled_time__gt=now) & ~Q(status__in=FREEING_STATUSES)
    rows = rows.annotate(total=Window(Count("pk")), coming=Window(Count("pk", filter=is_coming)))
    listed = list(rows.order_by("-scheduled_time")[: LATEST * 10])
    coming = [one for one in listed if one.scheduled_time > now and one.status not in FREEING_STATUSES]
    past = [one for one in listed if one.scheduled_time <= now][:LATEST]
    return {
        "next": coming[-1] if coming and len(coming) == listed[0].coming else None,
        "has_coming": bool(listed) and listed[0].coming > 0,
        "past": past,
        "total": listed[0].total if listed else 0,
    }


def _read_last_note(request: Request, patient: int) -> LastNote | None:
    """Read assessment and plan of the last visit whose note has them: one query."""
    visits = records.select_rows(records.get_resource("visits"), request.actor).filter(
        patient=patient, scheduled_time__lte=clock.now()
    )
    template = "clinical_note_field__clinical_note_template"
    found = list(
        ClinicalNoteFieldValue.objects.filter(
            practice=request.actor.practice, appointment__in=visits, archived=False
        )
        .filter(Q(**{f"{template}__name__iregex": _SUMMARIZED}) | Q(clinical_note_field__name__iregex=_SUMMARIZED))
        .exclude(value="")
        .select_related("clinical_note_field", "appointment__doctor")
        .annotate(wall=appointments.select_wall_clock("appointment__"))
        .order_by(
            "-appointment__scheduled_time", "-appointment", f"{template}__order_on_complete_note", template,
            "clinical_note_field__position", "pk",
        )[:MAX_NOTE_VALUES]
    )  # fmt: skip
    if not found:
        return None
    visit = found[0].appointment
    lines = [
        (one.clinical_note_field.name, _cut(one.value)) for one in found if one.appointment_id == visit.pk
    ]
    return LastNote(visit.pk, found[0].wall, visit.doctor, lines)


def _cut(text: str) -> str:
    return text if len(text) <= MAX_NOTE_LENGTH else f"{text[:MAX_NOTE_LENGTH].rstrip()} …"


def _list_contact(patient: Patient) -> list[tuple[str, Any]]:
    language = patient.preferred_language
    return [
        ("Phone", formats.format_phone(patient.cell_phone or patient.home_phone)),
        ("E-mail", patient.email),
        (
            "Address",
            ", ".join(
                filter(None, (patient.address, patient.city, f"{patient.state} {patient.zip_code}".strip()))
            ),
        ),
        ("Language", LANGUAGES.get(language, language) or "Not recorded"),
        ("Provider", patient.doctor),
        (
            "Emergency contact",
            f"{patient.emergency_contact_name} {formats.format_phone(patient.emergency_contact_phone)}".strip(),
        ),
    ]


def _describe_smoking(measured: list[Any] | None) -> list[tuple[str, str]]:
    """Describe the smoking status that was recorded last; no line for users who may not see notes."""
    if measured is None:
        return []
    found = next((row.smoking_status for row in measured if row.smoking_status not in ("", "blank")), None)
    return [("Smoking status", SMOKING.get(found, found) if found else "Not recorded")]
