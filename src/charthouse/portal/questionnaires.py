"""Questionnaires that the practice has asked a patient to answer."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.shortcuts import redirect

from charthouse.domains.questionnaires import answers
from charthouse.domains.questionnaires.models import Assignment, Question
from charthouse.engine.errors import Invalid, NotFound
from charthouse.portal import portal_requests
from charthouse.portal.page import Request, page, show
from charthouse.portal.paging import latest
from charthouse.portal.sessions import Guest


def _of(guest: Guest) -> "QuerySet[Assignment]":
    return Assignment.objects.filter(
        practice=guest.practice.pk, patient=guest.patient.pk, archived=False
    ).select_related("questionnaire", "request")


def asked(guest: Guest) -> "QuerySet[Assignment]":
    """Those that wait for an answer, the first asked first."""
    return _of(guest).filter(answered_at=None).order_by("pk")


@page()
def listing(request: Request) -> HttpResponseBase:
    answered, older = latest(request, _of(request.guest).exclude(answered_at=None))
    values = {
        "asked": [] if "before" in request.GET else list(asked(request.guest)),
        "answered": [
            (row, *portal_requests.STATES.get(row.request.status if row.request else "", ("", "")))
            for row in answered
        ],
        "older": older,
    }
    return show(request, "questionnaires.html", values)


@page("GET", "POST")
def one(request: Request, row: int) -> HttpResponseBase:
    """The questions, and the answers to the queue."""
    found = asked(request.guest).filter(pk=row).first()
    if found is None:
        raise NotFound()
    put, errors, status = answers.list_questions(found), {}, 200
    if request.method == "POST":
        portal_requests.check(request.guest)
        try:
            answers.submit_answers(found, {one.key: _said(request, one) for one in put})
        except Invalid as refusal:
            errors, status = _errors(refusal), 400
        else:
            messages.success(request, "Your answers were sent.")
            return redirect("portal-questionnaires")
    values = {
        "asked": found,
        "questions": [_drawn(one, _said(request, one), errors.get(one.key, ())) for one in put],
        "wrong": len(errors),
    }
    return show(request, "questionnaire.html", values, status)


def _name(question: Question) -> str:
    return f"q-{question.pk}"


def _said(request: Request, question: Question) -> Any:
    """The answer as the form sent it."""
    if question.kind == "several":
        return request.POST.getlist(_name(question))
    return request.POST.get(_name(question), "").replace("\r\n", "\n")


def _errors(refusal: Invalid) -> dict[str, Any]:
    return dict(refusal.errors) if isinstance(refusal.errors, dict) else {}


def _drawn(question: Question, said: Any, errors: Any) -> dict[str, Any]:
    chosen = said if isinstance(said, list) else [said]
    words = (
        (("yes", "Yes"), ("no", "No"))
        if question.kind == "yes_no"
        else [(one, one) for one in question.choices]
    )
    return {
        "question": question,
        "name": _name(question),
        "type": {"number": "number", "date": "date"}.get(question.kind, "text"),
        "said": said if isinstance(said, str) else "",
        "options": [(value, text, value in chosen) for value, text in words],
        "errors": errors,
        "most": answers.MAX_LENGTHS.get(question.kind),
    }
