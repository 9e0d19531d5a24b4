"""Questionnaires in the chart: answers, open assignments, new assignments."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from charthouse.console.chart import layout
from charthouse.console.kit import forms, records
from charthouse.console.kit.page import Request, page, render_page
from charthouse.console.kit.tables import Column, Table
from charthouse.domains.questionnaires.models import Answers, Assignment
from charthouse.domains.questionnaires.sanitized_html import sanitize
from charthouse.engine.errors import Conflict, Invalid, NotFound

MAX_ASSIGNMENTS = 50

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
    empty="No answered questionnaires yet.",
)


def sanitize_answers(html: str) -> SafeString:
    """Sanitize stored HTML again: it was sanitized when it was stored, by the rules of that time."""
    return mark_safe(sanitize(html))  # noqa: S308  cleaned


@page("Manage Patients")
def show_list(request: Request, patient: int) -> HttpResponseBase:
    """List the patient's answers and open assignments."""
    context = layout.get_chart_context(request, patient)
    rows = Answers.objects.filter(practice=request.actor.practice, patient=patient, archived=False)
    asked = Assignment.objects.filter(
        practice=request.actor.practice, patient=patient, archived=False, answered_at=None
    )
    values = {
        **context,
        "title": "Questionnaires",
        "table": ANSWERS.build_page(request, rows.select_related("added_by")),
        "asked": asked.select_related("questionnaire", "asked_by").order_by("-pk")[:MAX_ASSIGNMENTS],
        "add": reverse("chart-questionnaires-ask", args=[patient]),
        "add_words": "Assign a questionnaire",
    }
    return render_page(request, "questionnaires/list.html", values)


@page("Manage Patients", methods=("GET", "POST"))
def assign(request: Request, patient: int) -> HttpResponseBase:
    """Assign a questionnaire to the patient."""
    context, resource = layout.get_chart_context(request, patient), records.get_resource("assignments")
    records.require_write(resource, request.actor)
    fields = [resource.keys_by_name["questionnaire"]]
    sent: dict[str, Any] = {}
    refusal: Invalid | Conflict | None = None
    if request.method == "POST":
        sent = forms.read_payload(fields, request, resource.model)
        try:
            records.create(resource, request.actor, {**sent, "patient": patient})
        except (Invalid, Conflict) as error:
            refusal = error
        else:
            messages.success(request, "The questionnaire is in the patient's portal now.")
            return redirect("chart-questionnaires", patient)
    form = forms.build_form(fields, resource.model, sent, records.ReferenceOptions(request.actor))
    values = {
        **context,
        "title": "Assign a questionnaire",
        "form": form.with_errors(refusal),
        "button": "Assign",
        "back": reverse("chart-questionnaires", args=[patient]),
        "back_to": "Questionnaires",
    }
    return render_page(request, "kit/edit.html", values, refusal.status if refusal else 200)


@page("Manage Patients", methods=("GET", "POST"))
def withdraw(request: Request, patient: int, row: int) -> HttpResponseBase:
    """Withdraw an assignment that is not answered yet. Raises NotFound."""
    context, resource = layout.get_chart_context(request, patient), records.get_resource("assignments")
    if records.get_object(resource, request.actor, row)["patient"] != patient:
        raise NotFound()
    back = reverse("chart-questionnaires", args=[patient])
    if request.method == "POST":
        try:
            records.delete(resource, request.actor, row)
        except Conflict as refusal:
            messages.error(request, refusal.detail)
        return redirect(back)
    values = {
        **context,
        "title": "Withdraw this questionnaire?",
        "text": "The patient will no longer find it in the portal.",
        "button": "Withdraw",
        "danger": True,
        "back": back,
    }
    return render_page(request, "kit/confirm.html", values)


@page("Manage Patients")
def show_answers(request: Request, patient: int, row: int) -> HttpResponseBase:
    """Show the answers to one questionnaire. Raises NotFound."""
    context = layout.get_chart_context(request, patient)
    rows = Answers.objects.filter(practice=request.actor.practice, patient=patient, archived=False, pk=row)
    found = rows.select_related("added_by").first()
    if found is None:
        raise NotFound()
    values = {
        **context,
        "title": found.questionnaire_name or found.questionnaire_type or "Questionnaire",
        "lines": [
            ("Kind", found.questionnaire_type),
            ("Answered", found.answered_at),
            ("Accepted by", found.added_by or "API user"),
        ],
        "answers": sanitize_answers(found.html_content),
        "back": reverse("chart-questionnaires", args=[patient]),
    }
    return render_page(request, "questionnaires/answers.html", values)
