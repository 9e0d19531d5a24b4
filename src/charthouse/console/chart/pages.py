"""Pages of the chart that are no plain list: vitals, visits, lab results, billing, embedded apps."""

from collections.abc import Sequence
from typing import Any

from django.db.models import F, QuerySet
from django.http import HttpResponseBase
from django.urls import reverse

from charthouse.console.chart import iframe_apps, layout, plots
from charthouse.console.kit import appointments, records
from charthouse.console.kit.page import Request, page, render_page
from charthouse.console.kit.result_flags import build_flag_badge
from charthouse.console.kit.tables import Badge, Column, Table
from charthouse.domains.scheduling.models import Appointment, Vitals
from charthouse.engine.errors import NotFound
from charthouse.engine.sql.expressions import to_wall_clock
from charthouse.identity import iframes

MAX_MEASUREMENTS = 200  # measurements that are plotted


# -- vitals -----------------------------------------------------------------------------------------------------

PLOTTED_VITALS = (
    ("Blood pressure", "mmHg", ("blood_pressure_1", "systolic"), ("blood_pressure_2", "diastolic")),
    ("Pulse", "bpm", ("pulse", "pulse")),
    ("Weight", "", ("weight", "weight")),
    ("Temperature", "", ("temperature", "temperature")),
    ("Oxygen saturation", "%", ("oxygen_saturation", "oxygen saturation")),
    ("Resp. rate", "/min", ("respiratory_rate", "resp. rate")),
)


@page("Manage Patients", "Access Clinical Notes")
def show_vitals(request: Request, patient: int) -> HttpResponseBase:
    """Show the latest MAX_MEASUREMENTS measurements as plots and a table."""
    values = layout.get_chart_context(request, patient)
    visits = records.select_rows(records.get_resource("appointments"), request.actor).filter(patient=patient)
    rows = Vitals.objects.filter(practice=request.actor.practice, archived=False)
    at_visits = _annotate_time(
        rows.filter(appointment__in=visits), "appointment__scheduled_time", f"appointment__{Appointment.ZONE}"
    )
    without_visit = _annotate_time(
        rows.filter(appointment=None, patient=patient), "taken_at", "patient__doctor__timezone"
    )
    measured = sorted([*at_visits, *without_visit], key=lambda row: (row.at, row.pk), reverse=True)[
        :MAX_MEASUREMENTS
    ]
    values |= {"measured": measured, "plots": _build_plots(measured[::-1])}
    return render_page(request, "chart/vitals.html", values)


def _annotate_time(rows: "QuerySet[Vitals]", moment: str, zone: str) -> "QuerySet[Any]":
    """Annotate the latest rows with ``at``, when they were taken, and ``wall``, the local time then."""
    return rows.annotate(at=F(moment), wall=to_wall_clock(F(moment), F(zone))).order_by("-at")[
        :MAX_MEASUREMENTS
    ]


def _build_plots(measured: Sequence[Any]) -> list[plots.Plot]:
    plotted = []
    for title, unit, *columns in PLOTTED_VITALS:
        named = f"{title.lower()}_units"
        units = unit or next((getattr(row, named) for row in reversed(measured) if hasattr(row, named)), "")
        series = [
            (
                name,
                [
                    (row.at, float(getattr(row, column)))
                    for row in measured
                    if getattr(row, column) is not None and getattr(row, named, units) == units
                ],
            )
            for column, name in columns
        ]
        if made := plots.build_plot(title, units, series):
            plotted.append(made)
    return plotted


# -- visits, results, billing -------------------------------------------------------------------------------------


def build_status_badge(row: Appointment) -> Badge | None:
    return Badge(row.status, appointments.STATUS_COLORS.get(row.status, "secondary")) if row.status else None


VISITS = Table(
    name="visits",
    label="Visits",
    columns=(
        Column(
            "When",
            "wall",
            sort="scheduled_time",
            link=lambda row: reverse("visit", args=[row.pk]),
        ),
        Column("Reason", "reason", kind="wide"),
        Column("Doctor", "doctor"),
        Column("Status", build_status_badge),
    ),
    order="-scheduled_time",
    search=("reason",),
    empty="There is no visit yet.",
)


@page("Manage Patients", "Access Clinical Notes")
def show_visits(request: Request, patient: int) -> HttpResponseBase:
    """List the patient's appointments."""
    values = layout.get_chart_context(request, patient)
    rows = records.select_rows(records.get_resource("appointments"), request.actor).filter(patient=patient)
    values |= {
        "title": "Visits",
        "table": VISITS.build_page(request, appointments.annotate_wall_clock(rows).select_related("doctor")),
    }
    return render_page(request, "kit/list.html", values)


RESULTS = Table(
    name="results",
    label="Lab results",
    columns=(
        Column("Test", lambda row: row.observation_description or row.lab_test.name or row.observation_code),
        Column("Value", lambda row: f"{row.value} {row.unit}".strip(), kind="number"),
        Column("Range", "normal_range"),
        Column("Flag", lambda row: build_flag_badge(row.abnormal_status, row.is_abnormal)),
        Column("Performed", "test_performed", sort="test_performed", kind="wide"),
        Column("Status", "status", kind="wide"),
    ),
    order="-test_performed",
    search=("observation_description", "lab_test__name"),
    empty="No lab results yet.",
)
MANUAL_RESULTS = Table(
    name="entered",
    label="Results entered manually",
    prefix="hand-",
    columns=(
        Column("Test", lambda row: row.title or row.loinc_code),
        Column(
            "Value", lambda row: f"{row.lab_result_value} {row.lab_result_value_units}".strip(), kind="number"
        ),
        Column("Range", lambda row: f"{row.lab_normal_range} {row.lab_normal_range_units}".strip()),
        Column("Flag", lambda row: build_flag_badge(row.lab_abnormal_flag)),
        Column("Performed", "date_test_performed", sort="date_test_performed", kind="wide"),
    ),
    order="-date_test_performed",
    empty="No results entered.",
)


@page("Manage Patients")
def show_labs(request: Request, patient: int) -> HttpResponseBase:
    """List lab results, ordered ones and those entered by hand."""
    values = layout.get_chart_context(request, patient)
    results = records.select_rows(records.get_resource("lab_results"), request.actor)
    entered = records.select_rows(records.get_resource("patient_lab_results"), request.actor)
    values |= {
        "title": "Labs",
        "tables": [
            RESULTS.build_page(
                request, results.filter(lab_test__lab_order__patient=patient).select_related("lab_test")
            ),
            MANUAL_RESULTS.build_page(request, entered.filter(patient=patient)),
        ],
    }
    return render_page(request, "kit/tables.html", values)


def _select_charges(request: Request, patient: int) -> "QuerySet[Any]":
    of = records.get_resource("line_items")
    rows = records.select_rows(of, request.actor).filter(patient=patient)
    charged: QuerySet[Any] = rows.annotate(balance=of.keys_by_name["balance_total"].select())
    return charged


CHARGES = Table(
    name="charges",
    label="Line items",
    columns=(
        Column("Date", "service_date", sort="service_date"),
        Column("Code", "code"),
        Column("Procedure", "description", kind="wide"),
        Column("Billed", "billed", kind="number"),
        Column("Balance", "balance", kind="number"),
        Column("Status", "billing_status", kind="wide"),
    ),
    order="-service_date",
    search=("code", "description"),
    empty="Nothing has been billed.",
)
PAYMENTS = Table(
    name="payments",
    label="Patient payments",
    prefix="paid-",
    columns=(
        Column("Date", "posted_date", sort="posted_date"),
        Column("Amount", "amount", kind="number"),
        Column("Method", "payment_method"),
        Column("Kind", "payment_transaction_type", kind="wide"),
        Column("Notes", "notes", kind="wide"),
    ),
    order="-posted_date",
    empty="No payments yet.",
)


@page("Manage Patients", "Access Billing", "Show Billing Tab", "Access Patients Payments")
def show_billing(request: Request, patient: int) -> HttpResponseBase:
    """List line items and payments."""
    values = layout.get_chart_context(request, patient)
    paid = records.select_rows(records.get_resource("patient_payments"), request.actor).filter(
        patient=patient
    )
    values |= {
        "title": "Billing",
        "tables": [
            CHARGES.build_page(request, _select_charges(request, patient)),
            PAYMENTS.build_page(request, paid),
        ],
        "add": reverse("payment-new", args=[patient]),
        "add_words": "Take a payment",
    }
    return render_page(request, "kit/tables.html", values)


# -- apps --------------------------------------------------------------------------------------------------------


@page("Manage Patients")
def show_app(request: Request, patient: int, app: int) -> HttpResponseBase:
    """Show an app in an iframe on the chart. Raises NotFound for one that is off or not authorized."""
    values = layout.get_chart_context(request, patient)
    for one in iframe_apps.list_apps(request, patient_iframe_url=""):
        if one.pk == app:
            address = iframes.build_patient_url(
                one,
                doctor=request.actor.doctor or 0,
                patient=patient,
                practice=request.actor.practice,
                user=request.actor.required_user,
            )
            if address is not None:
                frame = iframe_apps.Frame(one.name, address, one.patient_iframe_height)
                response = render_page(request, "chart/app.html", {**values, "frame": frame})
                iframe_apps.allow_frames(response, [frame])
                return response
    raise NotFound()
