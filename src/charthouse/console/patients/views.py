"""The list of patients."""

from contextlib import suppress
from typing import Any

from django.db.models import Q, QuerySet, Value
from django.db.models.functions import StrIndex
from django.db.models.lookups import GreaterThan
from django.http import HttpResponseBase
from django.urls import reverse

from charthouse.console.kit import records
from charthouse.console.kit.formats import format_date, format_phone
from charthouse.console.kit.page import Request, page, render_page
from charthouse.console.kit.tables import Badge, Column, Table, TableFilter
from charthouse.domains.patients.models import Patient
from charthouse.engine.declaration.texts import check_phone
from charthouse.engine.declaration.times import parse_date
from charthouse.engine.declaration.values import InvalidValue
from charthouse.engine.sql.folding import Digits, fold

STATUS_BADGES = {"A": ("Active", "green"), "I": ("Inactive", "secondary"), "D": ("Deceased", "secondary")}
PHONES = ("cell_phone", "home_phone", "office_phone", "phone_other")


def _is_phone(text: str) -> bool:
    try:
        check_phone(text)
    except InvalidValue:
        return False
    return True


def search(rows: "QuerySet[Any]", text: str) -> "QuerySet[Any]":
    """Filter by words: each matches a name, the chart id, the e-mail address or a part of a telephone number, or is the
    date of birth. A text that is a telephone number as a whole is one word."""
    words = [text] if _is_phone(text) else text.split()[:5]
    for word in words:
        matches = Q(chart_id__icontains=word)
        for path in ("last_name_folded", "first_name_folded", "email_folded", "email2_folded"):
            matches |= Q(GreaterThan(StrIndex(path, fold(word)), 0))
        if _is_phone(word):
            for path in PHONES:
                matches |= Q(GreaterThan(StrIndex(Digits(path), Digits(Value(word))), 0))
        with suppress(InvalidValue):
            matches |= Q(date_of_birth=parse_date(word))
        rows = rows.filter(matches)
    return rows


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
        "other": reverse("deleted-patients"),
        "other_words": "Deleted",
        "add": reverse("patient-new"),
        "add_words": "Register patient",
    }
    return render_page(request, "kit/list.html", values)
