"""Pages of the chart that aren't plain lists: the summary, vitals over time, visits, results, money."""

from collections.abc import Callable, Sequence
from typing import Any

from django.db.models import F, QuerySet
from django.http import HttpResponseBase
from django.urls import reverse

from charthouse.console import chart, iframe_apps, plots, records, schedule
from charthouse.console.page import Request, page, show
from charthouse.console.tables import Badge, Column, Table
from charthouse.domains.scheduling.models import Appointment, Vitals
from charthouse.engine.errors import Forbidden, NotFound
from charthouse.engine.sql.expressions import to_wall_clock
from charthouse.identity import iframes

MOST_MEASURED = 200  # measurements that are drawn


# -- summary ----------------------------------------------------------------------------------------------------


@page("Manage Patients")
def summary(request: Request, patient: int) -> HttpResponseBase:
    values = chart.around(request, patient)
    shown = values["patient"]
    values |= {
        "contact": [
            ("Telephone", shown.cell_phone or shown.home_phone),
            ("E-mail", shown.email),
            (
                "Address",
                ", ".join(
                    filter(None, (shown.address, shown.city, f"{shown.state} {shown.zip_code}".strip()))
                ),
            ),
            ("Language", shown.preferred_language),
            ("Doctor", shown.doctor),
            ("Emergency contact", f"{shown.emergency_contact_name} {shown.emergency_contact_phone}".strip()),
        ],
        "problems": _some(
            request, "problems", patient, lambda rows: rows.filter(status="active").order_by("-pk")
        ),
        "medications": _some(
            request, "medications", patient, lambda rows: rows.filter(status="active").order_by("-pk")
        ),
        "visits": _some(
            request,
            "appointments",
            patient,
            lambda rows: schedule.with_wall_clock(rows).select_related("doctor").order_by("-scheduled_time"),
        ),
        "results": _some(
            request,
            "lab_results",
            patient,
            lambda rows: rows.select_related("lab_test").order_by("-test_performed", "-pk"),
            "lab_test__lab_order__patient",
        ),
    }
    return show(request, "summary.html", values)


def _some(
    request: Request,
    path: str,
    patient: int,
    order: Callable[["QuerySet[Any]"], "QuerySet[Any]"],
    of: str = "patient",
) -> list[Any] | None:
    """The first few rows of a patient; None for whom they are not to see."""
    try:
        rows = records.rows(records.resource(path), request.actor)
    except Forbidden:
        return None
    return list(order(rows.filter(**{of: patient}))[:5])


# -- vitals -----------------------------------------------------------------------------------------------------

PLOTTED = (
    ("Blood pressure", "mmHg", ("blood_pressure_1", "systolic"), ("blood_pressure_2", "diastolic")),
    ("Pulse", "a minute", ("pulse", "pulse")),
    ("Weight", "", ("weight", "weight")),
    ("Temperature", "", ("temperature", "temperature")),
    ("Oxygen saturation", "%", ("oxygen_saturation", "oxygen saturation")),
    ("Breaths", "a minute", ("respiratory_rate", "breaths")),
)


@page("Manage Patients", "Access Clinical Notes")
def vitals(request: Request, patient: int) -> HttpResponseBase:
    values = chart.around(request, patient)
    visits = records.rows(records.resource("appointments"), request.actor).filter(patient=patient)
    rows = Vitals.objects.filter(practice=request.actor.practice, archived=False)
    at_visits = _taken(
        rows.filter(appointment__in=visits), "appointment__scheduled_time", f"appointment__{Appointment.ZONE}"
    )
    beside = _taken(rows.filter(appointment=None, patient=patient), "taken_at", "patient__doctor__timezone")
    measured = sorted([*at_visits, *beside], key=lambda row: (row.at, row.pk), reverse=True)[:MOST_MEASURED]
    values |= {"measured": measured, "plots": _plots(measured[::-1])}
    return show(request, "vitals.html", values)


def _taken(rows: "QuerySet[Vitals]", moment: str, zone: str) -> "QuerySet[Any]":
    """The last of them, each with the moment it was taken ``at``, and the wall clock then."""
    return rows.annotate(at=F(moment), wall=to_wall_clock(F(moment), F(zone))).order_by("-at")[:MOST_MEASURED]


def _plots(measured: Sequence[Any]) -> list[plots.Plot]:
    drawn = []
    for title, unit, *columns in PLOTTED:
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
        if made := plots.plot(title, units, series):
            drawn.append(made)
    return drawn


# -- visits, results, money -------------------------------------------------------------------------------------


def visit_status(row: Appointment) -> Badge | None:
    return Badge(row.status, schedule.STATUS_COLOURS.get(row.status, "secondary")) if row.status else None


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
        Column("Status", visit_status),
    ),
    order="-scheduled_time",
    search=("reason",),
    empty="There is no visit yet.",
)


@page("Manage Patients", "Access Clinical Notes")
def visits(request: Request, patient: int) -> HttpResponseBase:
    values = chart.around(request, patient)
    rows = records.rows(records.resource("appointments"), request.actor).filter(patient=patient)
    values |= {
        "title": "Visits",
        "table": VISITS.of(request, schedule.with_wall_clock(rows).select_related("doctor")),
    }
    return show(request, "list.html", values)


def _abnormal(row: Any) -> Badge | None:
    flag = row.abnormal_status
    return Badge(flag or "Abnormal", "red") if row.is_abnormal or flag else None


RESULTS = Table(
    name="results",
    label="Results of orders",
    columns=(
        Column("Test", lambda row: row.observation_description or row.lab_test.name or row.observation_code),
        Column("Value", lambda row: f"{row.value} {row.unit}".strip(), kind="number"),
        Column("Range", "normal_range"),
        Column("Flag", _abnormal),
        Column("Performed", "test_performed", sort="test_performed", kind="wide"),
        Column("Status", "status", kind="wide"),
    ),
    order="-test_performed",
    search=("observation_description", "lab_test__name"),
    empty="No lab has sent a result yet.",
)
ENTERED = Table(
    name="entered",
    label="Results entered by hand",
    prefix="hand-",
    columns=(
        Column("Test", lambda row: row.title or row.loinc_code),
        Column(
            "Value", lambda row: f"{row.lab_result_value} {row.lab_result_value_units}".strip(), kind="number"
        ),
        Column("Range", lambda row: f"{row.lab_normal_range} {row.lab_normal_range_units}".strip()),
        Column("Flag", lambda row: Badge(row.lab_abnormal_flag, "red") if row.lab_abnormal_flag else None),
        Column("Performed", "date_test_performed", sort="date_test_performed", kind="wide"),
    ),
    order="-date_test_performed",
    empty="Nobody has entered a result.",
)


@page("Manage Patients")
def labs(request: Request, patient: int) -> HttpResponseBase:
    values = chart.around(request, patient)
    results = records.rows(records.resource("lab_results"), request.actor)
    entered = records.rows(records.resource("patient_lab_results"), request.actor)
    values |= {
        "title": "Labs",
        "tables": [
            RESULTS.of(
                request, results.filter(lab_test__lab_order__patient=patient).select_related("lab_test")
            ),
            ENTERED.of(request, entered.filter(patient=patient)),
        ],
    }
    return show(request, "tables.html", values)


def _charged(request: Request, patient: int) -> "QuerySet[Any]":
    of = records.resource("line_items")
    rows = records.rows(of, request.actor).filter(patient=patient)
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
    label="Payments of the patient",
    prefix="paid-",
    columns=(
        Column("Date", "posted_date", sort="posted_date"),
        Column("Amount", "amount", kind="number"),
        Column("Method", "payment_method"),
        Column("Kind", "payment_transaction_type", kind="wide"),
        Column("Notes", "notes", kind="wide"),
    ),
    order="-posted_date",
    empty="The patient has paid nothing.",
)


@page("Manage Patients", "Access Billing", "Show Billing Tab", "Access Patients Payments")
def billing(request: Request, patient: int) -> HttpResponseBase:
    values = chart.around(request, patient)
    paid = records.rows(records.resource("patient_payments"), request.actor).filter(patient=patient)
    values |= {
        "title": "Billing",
        "tables": [CHARGES.of(request, _charged(request, patient)), PAYMENTS.of(request, paid)],
        "add": reverse("payment-new", args=[patient]),
        "add_words": "Take a payment",
    }
    return show(request, "tables.html", values)


# -- apps --------------------------------------------------------------------------------------------------------


@page("Manage Patients")
def framed(request: Request, patient: int, app: int) -> HttpResponseBase:
    """One app on a patient's chart. Raises NotFound for one that isn't switched on or authorised."""
    values = chart.around(request, patient)
    for one in iframe_apps.apps(request, patient_iframe_url=""):
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
                response = show(request, "frame.html", {**values, "frame": frame})
                iframe_apps.let_in(response, [frame])
                return response
    raise NotFound()
