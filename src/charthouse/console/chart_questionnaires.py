"""Questionnaires of a patient: what was answered, what was asked and isn't answered yet, asking."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from charthouse.console import chart, forms, records
from charthouse.console.page import Request, page, show
from charthouse.console.tables import Column, Table
from charthouse.domains.questionnaires.models import Answers, Assignment
from charthouse.domains.questionnaires.sanitized_html import sanitize
from charthouse.engine.errors import Conflict, Invalid, NotFound

MOST_ASKED = 50

ANSWERS = Table(
    name="answers",
    label="Answers",
    columns=(
        Column(
            "Questionnaire",
            lambda row: row.questionnaire_name or row.questionnaire_type or "Questionnaire",
            link=lambda row: reverse("chart-answers", args=[row.patient_id, row.pk]),
        ),
        Column("Kind", "questionnaire_type", kind="wide"),
        Column("Answered", "answered_at", sort="answered_at"),
        Column("Accepted by", lambda row: row.added_by or "API user", kind="wide"),
    ),
    search=("questionnaire_name", "questionnaire_type"),
    order="-pk",
    empty="The patient has answered no questionnaire yet.",
)


def harmless(html: str) -> SafeString:
    """HTML of somebody else's, for a page. It was cleaned before it was kept, by the rules of then."""
    return mark_safe(sanitize(html))  # noqa: S308  cleaned


@page("Manage Patients")
def listing(request: Request, patient: int) -> HttpResponseBase:
    around = chart.around(request, patient)
    rows = Answers.objects.filter(practice=request.actor.practice, patient=patient, archived=False)
    asked = Assignment.objects.filter(
        practice=request.actor.practice, patient=patient, archived=False, answered_at=None
    )
    values = {
        **around,
        "title": "Questionnaires",
        "table": ANSWERS.of(request, rows.select_related("added_by")),
        "asked": asked.select_related("questionnaire", "asked_by").order_by("-pk")[:MOST_ASKED],
        "add": reverse("chart-questionnaires-ask", args=[patient]),
        "add_words": "Assign a questionnaire",
    }
    return show(request, "asked.html", values)


@page("Manage Patients", methods=("GET", "POST"))
def ask(request: Request, patient: int) -> HttpResponseBase:
    """Ask the patient to answer one."""
    around, resource = chart.around(request, patient), records.resource("assignments")
    records.check_writes(resource, request.actor)
    fields = [resource.keys_by_name["questionnaire"]]
    sent: dict[str, Any] = {}
    refusal: Invalid | Conflict | None = None
    if request.method == "POST":
        sent = forms.payload(fields, request, resource.model)
        try:
            records.create(resource, request.actor, {**sent, "patient": patient})
        except (Invalid, Conflict) as error:
            refusal = error
        else:
            messages.success(request, "The patient finds the questionnaire in the portal.")
            return redirect("chart-questionnaires", patient)
    form = forms.build(fields, resource.model, sent, records.Choices(request.actor))
    values = {
        **around,
        "title": "Assign a questionnaire",
        "form": form.told(refusal),
        "button": "Assign",
        "back": reverse("chart-questionnaires", args=[patient]),
        "back_to": "Questionnaires",
    }
    return show(request, "edit.html", values, refusal.status if refusal else 200)


@page("Manage Patients", methods=("GET", "POST"))
def take_back(request: Request, patient: int, row: int) -> HttpResponseBase:
    """Take back what was asked and isn't answered yet."""
    around, resource = chart.around(request, patient), records.resource("assignments")
    if records.get(resource, request.actor, row)["patient"] != patient:
        raise NotFound()
    back = reverse("chart-questionnaires", args=[patient])
    if request.method == "POST":
        try:
            records.delete(resource, request.actor, row)
        except Conflict as refusal:
            messages.error(request, refusal.detail)
        return redirect(back)
    values = {
        **around,
        "title": "Take this questionnaire back?",
        "text": "The patient will no longer find it in the portal.",
        "button": "Take back",
        "danger": True,
        "back": back,
    }
    return show(request, "confirm.html", values)


@page("Manage Patients")
def answers(request: Request, patient: int, row: int) -> HttpResponseBase:
    """What was answered."""
    around = chart.around(request, patient)
    rows = Answers.objects.filter(practice=request.actor.practice, patient=patient, archived=False, pk=row)
    found = rows.select_related("added_by").first()
    if found is None:
        raise NotFound()
    values = {
        **around,
        "title": found.questionnaire_name or found.questionnaire_type or "Questionnaire",
        "lines": [
            ("Kind", found.questionnaire_type),
            ("Answered", found.answered_at),
            ("Accepted by", found.added_by or "API user"),
        ],
        "answers": harmless(found.html_content),
        "back": reverse("chart-questionnaires", args=[patient]),
    }
    return show(request, "answers.html", values)
