"""The list of patients."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.urls import reverse

from charthouse.console.kit import records
from charthouse.console.kit.formats import format_date, format_phone
from charthouse.console.kit.page import Request, page, render_page
from charthouse.console.kit.tables import Badge, Column, Table, TableFilter
from charthouse.domains.patients.models import Patient
from charthouse.domains.patients.search import search

STATUS_BADGES = {"A": ("Active", "green"), "I": ("Inactive", "secondary"), "D": ("Deceased", "secondary")}


def _filter_by_status(rows: "QuerySet[Any]", value: str) -> "QuerySet[Any]":
    return rows if value == "all" else rows.filter(patient_status="A")


def _build_url(row: Patient) -> str:
    return reverse("patient", args=[row.pk])


TABLE = Table(
    name="patients",
    label="Patients",
    columns=(
        Column(
            "Name",
            lambda row: f"{row.last_name}, {row.first_name}".strip(", "),
            sort="last_name",
            link=_build_url,
        ),
        Column("DOB", lambda row: format_date(row.date_of_birth), sort="date_of_birth"),
        Column("Chart", "chart_id", sort="chart_id", kind="wide"),
        Column("Phone", lambda row: format_phone(row.cell_phone or row.home_phone), kind="wide"),
        Column("Provider", "doctor", kind="wide"),
        Column(
            "Status",
            lambda row: Badge(*STATUS_BADGES.get(row.patient_status, (row.patient_status, "secondary"))),
        ),
    ),
    search=search,
    filters=(
        TableFilter(
            name="who", label="Status", options=(("", "Active"), ("all", "All")), apply=_filter_by_status
        ),
    ),
    order="last_name",
    empty="No patients yet.",
)


@page("Manage Patients")
def show_list(request: Request) -> HttpResponseBase:
    """List patients."""
    rows = records.select_rows(records.get_resource("patients"), request.actor, hidden=True).select_related(
        "doctor"
    )
    values = {
        "title": "Patients",
        "table": TABLE.build_page(request, rows),
        "others": [("Duplicates", reverse("duplicate-pairs")), ("Deleted", reverse("deleted-patients"))],
        "add": reverse("patient-new"),
        "add_words": "Register patient",
    }
    return render_page(request, "kit/list.html", values)
