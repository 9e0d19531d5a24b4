"""The patient's questionnaires."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from charthouse.domains.questionnaires import answers
from charthouse.domains.questionnaires.models import Assignment, Question
from charthouse.engine.errors import Invalid, NotFound
from charthouse.portal import portal_requests
from charthouse.portal.page import Request, page, render_page
from charthouse.portal.paging import paginate_latest
from charthouse.portal.sessions import SignedInPatient


def _select_assignments(guest: SignedInPatient) -> "QuerySet[Assignment]":
    return Assignment.objects.filter(
        practice=guest.practice.pk, patient=guest.patient.pk, archived=False
    ).select_related("questionnaire", "request")


def list_open(guest: SignedInPatient) -> "QuerySet[Assignment]":
    """Select assignments that are not answered, the oldest first."""
    return _select_assignments(guest).filter(answered_at=None).order_by("pk")


@page()
def show_list(request: Request) -> HttpResponseBase:
    """List open and answered assignments."""
    answered, older = paginate_latest(request, _select_assignments(request.guest).exclude(answered_at=None))
    values = {
        "open_questionnaires": [] if "before" in request.GET else list(list_open(request.guest)),
        "answered": [
            (row, *portal_requests.STATUS_BADGES.get(row.request.status if row.request else "", ("", "")))
            for row in answered
        ],
        "older": older,
    }
    return render_page(request, "questionnaires.html", values)


@page("GET", "POST")
def answer(request: Request, row: int) -> HttpResponseBase:
    """Show the questions of an assignment; a POST sends the answers as a portal request. Raises NotFound."""
    found = list_open(request.guest).filter(pk=row).first()
    if found is None:
        raise NotFound()
    put, errors, status = answers.list_questions(found), {}, 200
    if request.method == "POST":
        portal_requests.require_capacity(request.guest)
        try:
            answers.submit_answers(found, {one.key: _read_answer(request, one) for one in put}, request.proxy)
        except Invalid as refusal:
            errors, status = _get_errors(refusal), 400
        else:
            messages.success(request, _("Your answers were sent."))
            return redirect("portal-questionnaires")
    values = {
        "assignment": found,
        "questions": [
            _build_question(one, _read_answer(request, one), errors.get(one.key, ())) for one in put
        ],
        "wrong": len(errors),
    }
    return render_page(request, "questionnaire.html", values, status)


def _name_input(question: Question) -> str:
    return f"q-{question.pk}"


def _read_answer(request: Request, question: Question) -> Any:
    """Read the posted answer to a question."""
    if question.kind == "several":
        return request.POST.getlist(_name_input(question))
    return request.POST.get(_name_input(question), "").replace("\r\n", "\n")


def _get_errors(refusal: Invalid) -> dict[str, Any]:
    return dict(refusal.errors) if isinstance(refusal.errors, dict) else {}


def _build_question(question: Question, entered: Any, errors: Any) -> dict[str, Any]:
    chosen = entered if isinstance(entered, list) else [entered]
    words = (
        (("yes", _("Yes")), ("no", _("No")))
        if question.kind == "yes_no"
        else [(one, one) for one in question.choices]
    )
    return {
        "question": question,
        "name": _name_input(question),
        "type": {"number": "number", "date": "date"}.get(question.kind, "text"),
        "entered": entered if isinstance(entered, str) else "",
        "options": [(value, text, value in chosen) for value, text in words],
        "errors": errors,
        "most": answers.MAX_LENGTHS.get(question.kind),
    }
