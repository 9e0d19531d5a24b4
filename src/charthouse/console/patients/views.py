"""Patients: list, new patient, and their demographics."""

from contextlib import suppress
from typing import Any

from django.contrib import messages
from django.db.models import Q, QuerySet, Value
from django.db.models.functions import StrIndex
from django.db.models.lookups import GreaterThan
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from charthouse.console.chart import layout
from charthouse.console.kit import forms, records
from charthouse.console.kit.page import Request, page, render_page
from charthouse.console.kit.tables import Badge, Column, Table, TableFilter
from charthouse.domains.patients.models import Patient
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.texts import check_phone
from charthouse.engine.declaration.times import parse_date
from charthouse.engine.declaration.values import InvalidValue
from charthouse.engine.errors import Conflict, Invalid, Malformed
from charthouse.engine.sql.folding import Digits, fold

STATUS_BADGES = {"A": ("Active", "green"), "I": ("Inactive", "secondary"), "D": ("Deceased", "secondary")}
FORM_KEYS = (
    "doctor", "first_name", "middle_name", "last_name", "nick_name", "date_of_birth", "gender", "pronouns",
    "patient_status", "chart_id", "email", "cell_phone", "home_phone", "office_phone", "disable_sms_messages",
    "address", "city", "state", "zip_code", "preferred_language", "race", "ethnicity", "date_of_death",
    "emergency_contact_name", "emergency_contact_phone", "emergency_contact_relation", "employer",
    "responsible_party_name", "responsible_party_relation", "responsible_party_phone", "primary_care_physician",
    "referring_source", "patient_payment_profile", "copay", "primary_insurance", "secondary_insurance",
    "default_pharmacy",
)  # fmt: skip
HINTS = {
    "chart_id": "Left empty, one is made.",
    "disable_sms_messages": "No reminders by text message.",
    "default_pharmacy": "NCPDP id, as the directory has it.",
}


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
        Column("Born", "date_of_birth", sort="date_of_birth"),
        Column("Chart", "chart_id", sort="chart_id", kind="wide"),
        Column("Telephone", lambda row: row.cell_phone or row.home_phone, kind="wide"),
        Column("Doctor", "doctor", kind="wide"),
        Column(
            "Status",
            lambda row: Badge(*STATUS_BADGES.get(row.patient_status, (row.patient_status, "secondary"))),
        ),
    ),
    search=search,
    filters=(
        TableFilter(
            name="who", label="Who", options=(("", "Active"), ("all", "Everyone")), apply=_filter_by_status
        ),
    ),
    order="last_name",
    empty="There is no patient yet.",
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
        "add_words": "Add patient",
    }
    return render_page(request, "kit/list.html", values)


@page("Manage Patients", methods=("GET", "POST"))
def add(request: Request) -> HttpResponseBase:
    """Add a patient."""
    of = records.get_resource("patients")
    if request.method != "POST":
        start = forms.get_defaults(_list_keys(), of.model) | {"doctor": request.actor.doctor}
        return _render_form(request, start, "New patient", reverse("patients"), "Patients")
    sent = forms.read_payload(_list_keys(), request, of.model)
    try:
        made = records.create(of, request.actor, sent)
    except (Invalid, Conflict, Malformed) as refusal:
        return _render_form(request, sent, "New patient", reverse("patients"), "Patients", refusal)
    messages.success(request, "The patient has been added.")
    return redirect("patient", made["id"])


@page("Manage Patients", methods=("GET", "POST"))
def edit(request: Request, patient: int) -> HttpResponseBase:
    """Edit a patient's demographics."""
    of, back = records.get_resource("patients"), reverse("patient", args=[patient])
    context = layout.get_chart_context(request, patient)
    if request.method != "POST":
        return _render_form(
            request,
            records.get_object(of, request.actor, patient),
            "Who it is",
            back,
            "Chart",
            context=context,
        )
    sent = forms.read_payload(_list_keys(), request, of.model)
    try:
        records.update(of, request.actor, patient, sent)
    except (Invalid, Conflict, Malformed) as refusal:
        return _render_form(request, sent, "Who it is", back, "Chart", refusal, context)
    messages.success(request, "Saved.")
    return redirect("patient", patient)


def _list_keys() -> list[Key]:
    of = records.get_resource("patients")
    return [of.keys_by_name[name] for name in FORM_KEYS]


def _render_form(
    request: Request,
    values: Any,
    title: str,
    back: str,
    back_to: str,
    refusal: Invalid | Conflict | Malformed | None = None,
    context: Any = None,
) -> HttpResponseBase:
    of = records.get_resource("patients")
    form = forms.build_form(
        _list_keys(), of.model, values, records.ReferenceOptions(request.actor), hints=HINTS
    )
    template_context = {
        **(context or {}),
        "form": form.with_errors(refusal),
        "title": title,
        "back": back,
        "back_to": back_to,
    }
    return render_page(request, "kit/edit.html", template_context, refusal.status if refusal else 200)
