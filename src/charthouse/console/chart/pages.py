"""Pages of the chart that are no plain list: visits, billing, embedded apps."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.urls import reverse

from charthouse.console.chart import iframe_apps, layout
from charthouse.console.kit import appointments, records
from charthouse.console.kit.page import Request, page, render_page
from charthouse.console.kit.tables import Badge, Column, Table
from charthouse.domains.scheduling.models import Appointment
from charthouse.engine.errors import NotFound
from charthouse.identity import iframes

# -- visits, billing ----------------------------------------------------------------------------------------------


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
    empty="No visits yet.",
)


@page("Manage Patients", "Access Clinical Notes")
def show_visits(request: Request, patient: int) -> HttpResponseBase:
    """List the patient's appointments."""
    values = layout.get_chart_context(request, patient)
    rows = records.select_rows(records.get_resource("visits"), request.actor).filter(patient=patient)
    values |= {
        "title": "Visits",
        "table": VISITS.build_page(request, appointments.annotate_wall_clock(rows).select_related("doctor")),
    }
    return render_page(request, "kit/list.html", values)


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
