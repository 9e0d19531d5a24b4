"""Answers to a questionnaire: parsed, rendered, sent to the portal's queue and accepted into the chart."""

import math
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.html import escape
from django.utils.translation import gettext as _

from charthouse import clock
from charthouse.domains.patients.models import PortalRequest
from charthouse.domains.patients.portal_requests import enqueue
from charthouse.domains.questionnaires.models import Answers, Assignment, Question
from charthouse.domains.questionnaires.sanitized_html import sanitize
from charthouse.engine.declaration.texts import parse_kept_text
from charthouse.engine.declaration.times import parse_date
from charthouse.engine.declaration.types import Boolean
from charthouse.engine.declaration.values import InvalidValue
from charthouse.engine.errors import Conflict, Invalid, NotFound
from charthouse.engine.execution.writing import in_transaction

MAX_LENGTHS = {"text": 500, "long_text": 10_000}  # characters of an answer, by kind of question
NO_ANSWER = "—"


def list_questions(assignment: Assignment) -> list[Question]:
    """Return the questions of an assignment in order."""
    rows = Question.objects.filter(
        practice=assignment.practice_id, questionnaire=assignment.questionnaire_id, archived=False
    )
    return list(rows.order_by("order", "pk"))


def submit_answers(
    assignment: Assignment, given: Mapping[str, Any], proxy: int | None = None
) -> PortalRequest:
    """Enqueue a patient's answers. ``given``: by the keys of the questions, as texts of a form or JSON
    values. ``proxy``: the id of the person who gives them for the patient.

    Raises Invalid with the errors of each question by its key, Conflict if it was answered already, NotFound
    if it was withdrawn.
    """

    def work() -> PortalRequest:
        rows = Assignment.objects.select_for_update(of=("self",), no_key=True)
        locked = rows.select_related("patient", "questionnaire").filter(
            practice=assignment.practice_id, pk=assignment.pk, archived=False
        )
        locked_assignment = locked.first()
        if locked_assignment is None:
            raise NotFound()
        if locked_assignment.answered_at is not None:
            raise Conflict(_("This questionnaire was answered already."))
        values = parse_answers(questions := list_questions(locked_assignment), given)
        request = enqueue(
            locked_assignment.patient,
            "questionnaire",
            api_user=None,
            proxy_id=proxy,
            title=locked_assignment.questionnaire.name,
            payload={
                "questionnaire_id": locked_assignment.questionnaire_id,
                "questionnaire_type": locked_assignment.questionnaire.kind,
                "questionnaire_name": locked_assignment.questionnaire.name,
                "html_content": render_html(questions, values),
                "raw_data": values,
            },
        )
        locked_assignment.answered_at, locked_assignment.request = clock.now(), request
        locked_assignment.save(update_fields=["answered_at", "request", "updated_at"])
        return request

    return in_transaction({}, work)


def parse_answers(questions: Sequence[Question], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answers by key as JSON values; null for those left out. Raises Invalid."""
    values: dict[str, Any] = {}
    errors: dict[str, Any] = {}
    for question in questions:
        answer = given.get(question.key)
        answer = answer.strip() if isinstance(answer, str) else answer
        if answer in (None, "", []):
            values[question.key] = None
            if question.required:
                errors[question.key] = [_("This question needs an answer.")]
            continue
        try:
            values[question.key] = _PARSERS[question.kind](question, answer)
        except InvalidValue as error:
            errors[question.key] = error.messages
    if unknown := set(given) - {question.key for question in questions}:
        errors |= {str(key)[:100]: ["There is no such question."] for key in sorted(unknown, key=str)[:100]}
    if errors:
        raise Invalid(errors)
    return values


def _parse_text(question: Question, answer: Any) -> str:
    text = parse_kept_text(answer, multiline=question.kind == "long_text")
    if len(text) > (most := MAX_LENGTHS[question.kind]):
        raise InvalidValue(_("Ensure this answer has no more than %(most)s characters.") % {"most": most})
    return text


def _parse_yes_no(question: Question, answer: Any) -> bool:
    try:
        return Boolean().parse(answer)
    except (InvalidValue, TypeError):
        raise InvalidValue(_("Answer yes or no.")) from None


def _parse_choice(question: Question, answer: Any) -> str:
    if answer not in question.choices:
        raise InvalidValue(_("Choose one of the listed answers."))
    return str(answer)


def _parse_choices(question: Question, answer: Any) -> list[str]:
    listed = answer if isinstance(answer, list) else [answer]
    if any(one not in question.choices for one in listed):
        raise InvalidValue(_("Choose one of the listed answers."))
    return [choice for choice in question.choices if choice in listed]


def _parse_number(question: Question, answer: Any) -> int | float:
    text = "" if isinstance(answer, bool | list | dict) else str(answer).strip()
    try:
        number = Decimal(text) if len(text) <= 30 else Decimal("nan")
    except InvalidOperation:
        number = Decimal("nan")
    if not number.is_finite() or not math.isfinite(value := float(number)) or abs(value) >= 1e15:
        raise InvalidValue(_("Enter a number."))
    return int(value) if value.is_integer() else value


def _parse_date(question: Question, answer: Any) -> str:
    try:
        return parse_date(answer).isoformat()
    except InvalidValue:
        raise InvalidValue(_("Enter a date as YYYY-MM-DD.")) from None


_PARSERS: dict[str, Callable[[Question, Any], Any]] = {
    "text": _parse_text,
    "long_text": _parse_text,
    "yes_no": _parse_yes_no,
    "one": _parse_choice,
    "several": _parse_choices,
    "number": _parse_number,
    "date": _parse_date,
}


def render_html(questions: Sequence[Question], values: Mapping[str, Any]) -> str:
    """Return questions and answers as HTML."""
    items = (f"<dt>{escape(one.words)}</dt><dd>{_render_value(values[one.key])}</dd>" for one in questions)
    return f"<dl>{''.join(items)}</dl>"


def _render_value(value: Any) -> str:
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, list):
        return ", ".join(escape(one) for one in value)
    return NO_ANSWER if value is None else "<br>".join(escape(line) for line in str(value).splitlines())


def accept_answers(request: PortalRequest, user: int | None) -> Answers:
    """Accept answers from the queue into the chart, inside the caller's transaction. ``user``: who accepts
    them."""
    payload = request.payload
    return Answers.objects.create(
        practice_id=request.practice_id,
        patient_id=request.patient_id,
        questionnaire_id=payload.get("questionnaire_id"),
        questionnaire_type=payload.get("questionnaire_type") or "",
        questionnaire_name=payload.get("questionnaire_name") or "",
        html_content=sanitize(payload["html_content"]),
        raw_data=payload["raw_data"],
        answered_at=request.created_at,
        request=request,
        added_by_id=user,
        updated_by_id=user,
    )
