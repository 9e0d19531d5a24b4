"""The summary of a chart: demographics, all that is active, the latest visits and results."""

from collections.abc import Callable
from typing import Any

from django.db.models import Count, Q, QuerySet, Window
from django.db.models.functions import Coalesce
from django.http import HttpResponseBase

from charthouse.console.chart import layout
from charthouse.console.kit import appointments, clinical_lists, formats, records
from charthouse.console.kit.page import Request, page, render_page
from charthouse.console.kit.patient_words import LANGUAGES
from charthouse.console.kit.result_flags import build_flag_badge
from charthouse.domains.patients.models import Patient
from charthouse.domains.scheduling.models import Vitals
from charthouse.engine.errors import Forbidden
from charthouse.interchange.cda.codes import SMOKING

LATEST = 5  # visits and results


@page("Manage Patients")
def show_summary(request: Request, patient: int) -> HttpResponseBase:
    """Show demographics, active problems, medications and allergies, latest visits and results."""
    values = layout.get_chart_context(request, patient)
    values |= {
        "contact": _list_contact(values["patient"]) + _describe_smoking(request, patient),
        "problems": clinical_lists.read_list(request, clinical_lists.PROBLEMS, patient),
        "medications": clinical_lists.read_list(request, clinical_lists.MEDICATIONS, patient),
        "allergies": values["banner"].allergies,
        "visits": _list_latest(
            request,
            "appointments",
            lambda rows: (
                appointments.annotate_wall_clock(rows.filter(patient=patient))
                .select_related("doctor")
                .order_by("-scheduled_time")
            ),
        ),
        "results": _list_latest(
            request,
            "lab_results",
            lambda rows: (
                rows.filter(lab_test__lab_order__patient=patient)
                .select_related("lab_test")
                .order_by("-test_performed", "-pk")
            ),
        ),
    }
    for row in values["results"] or ():
        row.flag = build_flag_badge(row.abnormal_status, row.is_abnormal)
    return render_page(request, "chart/summary.html", values)


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


def _describe_smoking(request: Request, patient: int) -> list[tuple[str, str]]:
    """Describe the smoking status that was recorded last; no line for users who may not see notes."""
    if "Access Clinical Notes" not in request.user.permissions:
        return []
    visits = records.select_rows(records.get_resource("appointments"), request.actor).filter(patient=patient)
    found = (
        Vitals.objects.filter(practice=request.actor.practice, archived=False)
        .filter(Q(appointment__in=visits) | Q(appointment=None, patient=patient))
        .exclude(smoking_status__in=("", "blank"))
        .order_by(Coalesce("appointment__scheduled_time", "taken_at").desc(nulls_last=True), "-pk")
        .values_list("smoking_status", flat=True)
        .first()
    )
    return [("Smoking status", SMOKING.get(found, found) if found else "Not recorded")]


def _list_latest(
    request: Request, path: str, select: Callable[["QuerySet[Any]"], "QuerySet[Any]"]
) -> list[Any] | None:
    """List the LATEST rows, each with ``total``, how many there are; None for users who may not see them."""
    try:
        rows = records.select_rows(records.get_resource(path), request.actor)
    except Forbidden:
        return None
    return list(select(rows).annotate(total=Window(Count("pk")))[:LATEST])
