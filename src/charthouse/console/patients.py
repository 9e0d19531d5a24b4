"""Patients: the list, who they are, new ones."""

from contextlib import suppress
from typing import Any

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from charthouse.console import chart, forms, records
from charthouse.console.page import Request, page, show
from charthouse.console.tables import Badge, Choice, Column, Table
from charthouse.domains.patients.models import Patient
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.times import parse_date
from charthouse.engine.declaration.values import InvalidValue
from charthouse.engine.errors import Conflict, Invalid, Malformed

STATUS = {"A": ("Active", "green"), "I": ("Inactive", "secondary"), "D": ("Deceased", "secondary")}
ASKS = (
    "doctor", "first_name", "middle_name", "last_name", "nick_name", "date_of_birth", "gender", "pronouns",
    "patient_status", "chart_id", "email", "cell_phone", "home_phone", "office_phone", "disable_sms_messages",
    "address", "city", "state", "zip_code", "preferred_language", "race", "ethnicity", "date_of_death",
    "emergency_contact_name", "emergency_contact_phone", "emergency_contact_relation", "employer",
    "responsible_party_name", "responsible_party_relation", "responsible_party_phone", "primary_care_physician",
    "referring_source", "patient_payment_profile", "copay", "primary_insurance", "secondary_insurance",
    "default_pharmacy",
)  # fmt: skip
NOTES = {
    "chart_id": "Left empty, one is made.",
    "disable_sms_messages": "No reminders by text message.",
    "default_pharmacy": "NCPDP id, as the directory has it.",
}


def _search(rows: "QuerySet[Any]", text: str) -> "QuerySet[Any]":
    """Every word is a part of a name, of the chart's number or the e-mail address, or it is the date of birth."""
    for word in text.split()[:5]:
        matches = Q()
        for path in ("last_name", "first_name", "chart_id", "email"):
            matches |= Q(**{f"{path}__icontains": word})
        with suppress(InvalidValue):
            matches |= Q(date_of_birth=parse_date(word))
        rows = rows.filter(matches)
    return rows


def _which(rows: "QuerySet[Any]", value: str) -> "QuerySet[Any]":
    return rows if value == "all" else rows.filter(patient_status="A")


def _address(row: Patient) -> str:
    return reverse("patient", args=[row.pk])


TABLE = Table(
    name="patients",
    label="Patients",
    columns=(
        Column(
            "Name",
            lambda row: f"{row.last_name}, {row.first_name}".strip(", "),
            sort="last_name",
            link=_address,
        ),
        Column("Born", "date_of_birth", sort="date_of_birth"),
        Column("Chart", "chart_id", sort="chart_id", kind="wide"),
        Column("Telephone", lambda row: row.cell_phone or row.home_phone, kind="wide"),
        Column("Doctor", "doctor", kind="wide"),
        Column(
            "Status", lambda row: Badge(*STATUS.get(row.patient_status, (row.patient_status, "secondary")))
        ),
    ),
    search=_search,
    choices=(Choice(name="who", label="Who", options=(("", "Active"), ("all", "Everyone")), narrow=_which),),
    order="last_name",
    empty="There is no patient yet.",
)


@page("Manage Patients")
def patients(request: Request) -> HttpResponseBase:
    rows = records.rows(records.resource("patients"), request.actor, hidden=True).select_related("doctor")
    values = {
        "title": "Patients",
        "table": TABLE.of(request, rows),
        "add": reverse("patient-new"),
        "add_words": "Add patient",
    }
    return show(request, "list.html", values)


@page("Manage Patients", methods=("GET", "POST"))
def new(request: Request) -> HttpResponseBase:
    of = records.resource("patients")
    if request.method != "POST":
        start = forms.empty(_fields(), of.model) | {"doctor": request.actor.doctor}
        return _form(request, start, "New patient", reverse("patients"), "Patients")
    sent = forms.payload(_fields(), request, of.model)
    try:
        made = records.create(of, request.actor, sent)
    except (Invalid, Conflict, Malformed) as refusal:
        return _form(request, sent, "New patient", reverse("patients"), "Patients", refusal)
    messages.success(request, "The patient has been added.")
    return redirect("patient", made["id"])


@page("Manage Patients", methods=("GET", "POST"))
def edit(request: Request, patient: int) -> HttpResponseBase:
    of, back = records.resource("patients"), reverse("patient", args=[patient])
    around = chart.around(request, patient)
    if request.method != "POST":
        return _form(
            request, records.get(of, request.actor, patient), "Who it is", back, "Chart", around=around
        )
    sent = forms.payload(_fields(), request, of.model)
    try:
        records.modify(of, request.actor, patient, sent)
    except (Invalid, Conflict, Malformed) as refusal:
        return _form(request, sent, "Who it is", back, "Chart", refusal, around)
    messages.success(request, "Saved.")
    return redirect("patient", patient)


def _fields() -> list[Key]:
    of = records.resource("patients")
    return [of.keys_by_name[name] for name in ASKS]


def _form(
    request: Request,
    values: Any,
    title: str,
    back: str,
    back_to: str,
    refusal: Invalid | Conflict | Malformed | None = None,
    around: Any = None,
) -> HttpResponseBase:
    of = records.resource("patients")
    form = forms.build(_fields(), of.model, values, records.Choices(request.actor), notes=NOTES)
    told = {**(around or {}), "form": form.told(refusal), "title": title, "back": back, "back_to": back_to}
    return show(request, "edit.html", told, refusal.status if refusal else 200)
