"""Answers to a questionnaire: parsed, rendered, sent to the portal's queue and accepted into the chart."""

import math
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.html import escape

from charthouse import clock
from charthouse.domains.patients.models import PortalRequest
from charthouse.domains.patients.portal_requests import enqueue
from charthouse.domains.questionnaires.models import Answers, Assignment, Question
from charthouse.domains.questionnaires.sanitized_html import sanitize
from charthouse.engine.declaration.times import parse_date
from charthouse.engine.declaration.types import Boolean
from charthouse.engine.declaration.values import InvalidValue, parse_text
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


def submit_answers(assignment: Assignment, given: Mapping[str, Any]) -> PortalRequest:
    """Enqueue a patient's answers. ``given``: by the keys of the questions, as texts of a form or JSON
    values.

    Raises Invalid with the errors of each question by its key, Conflict if it was answered already, NotFound
    if it was withdrawn.
    """

    def work() -> PortalRequest:
        rows = Assignment.objects.select_for_update(of=("self",), no_key=True)
        locked = rows.select_related("patient", "questionnaire").filter(
            practice=assignment.practice_id, pk=assignment.pk, archived=False
        )
        asked = locked.first()
        if asked is None:
            raise NotFound()
        if asked.answered_at is not None:
            raise Conflict("This questionnaire was answered already.")
        put = list_questions(asked)
        values = parse_answers(put, given)
        sent = enqueue(
            asked.patient,
            "questionnaire",
            api_user=None,
            title=asked.questionnaire.name,
            payload={
                "questionnaire_id": asked.questionnaire_id,
                "questionnaire_type": asked.questionnaire.kind,
                "questionnaire_name": asked.questionnaire.name,
                "html_content": render_html(put, values),
                "raw_data": values,
            },
        )
        asked.answered_at, asked.request = clock.now(), sent
        asked.save(update_fields=["answered_at", "request", "updated_at"])
        return sent

    return in_transaction({}, work)


def parse_answers(put: Sequence[Question], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answers by key as JSON values; null for those left out. Raises Invalid."""
    values: dict[str, Any] = {}
    wrong: dict[str, Any] = {}
    for question in put:
        said = given.get(question.key)
        said = said.strip() if isinstance(said, str) else said
        if said in (None, "", []):
            values[question.key] = None
            if question.required:
                wrong[question.key] = ["This question needs an answer."]
            continue
        try:
            values[question.key] = _PARSERS[question.kind](question, said)
        except InvalidValue as error:
            wrong[question.key] = error.messages
    if unknown := set(given) - {question.key for question in put}:
        wrong |= {str(key)[:100]: ["There is no such question."] for key in sorted(unknown, key=str)[:100]}
    if wrong:
        raise Invalid(wrong)
    return values


def _parse_text(question: Question, said: Any) -> str:
    text = parse_text(said)
    if len(text) > (most := MAX_LENGTHS[question.kind]):
        raise InvalidValue(f"Ensure this answer has no more than {most} characters.")
    return text


def _parse_yes_no(question: Question, said: Any) -> bool:
    try:
        return Boolean().parse(said)
    except (InvalidValue, TypeError):
        raise InvalidValue("Answer yes or no.") from None


def _parse_choice(question: Question, said: Any) -> str:
    if said not in question.choices:
        raise InvalidValue("This is none of the choices.")
    return str(said)


def _parse_choices(question: Question, said: Any) -> list[str]:
    listed = said if isinstance(said, list) else [said]
    if any(one not in question.choices for one in listed):
        raise InvalidValue("This is none of the choices.")
    return [choice for choice in question.choices if choice in listed]


def _parse_number(question: Question, said: Any) -> int | float:
    text = "" if isinstance(said, bool | list | dict) else str(said).strip()
    try:
        number = Decimal(text) if len(text) <= 30 else Decimal("nan")
    except InvalidOperation:
        number = Decimal("nan")
    if not number.is_finite() or not math.isfinite(value := float(number)) or abs(value) >= 1e15:
        raise InvalidValue("Enter a number.")
    return int(value) if value.is_integer() else value


def _parse_date(question: Question, said: Any) -> str:
    try:
        return parse_date(said).isoformat()
    except InvalidValue:
        raise InvalidValue("Enter a date as YYYY-MM-DD.") from None


_PARSERS: dict[str, Callable[[Question, Any], Any]] = {
    "text": _parse_text,
    "long_text": _parse_text,
    "yes_no": _parse_yes_no,
    "one": _parse_choice,
    "several": _parse_choices,
    "number": _parse_number,
    "date": _parse_date,
}


def render_html(put: Sequence[Question], values: Mapping[str, Any]) -> str:
    """Return questions and answers as HTML."""
    told = (f"<dt>{escape(one.words)}</dt><dd>{_render_value(values[one.key])}</dd>" for one in put)
    return f"<dl>{''.join(told)}</dl>"


def _render_value(value: Any) -> str:
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, list):
        return ", ".join(escape(one) for one in value)
    return NO_ANSWER if value is None else "<br>".join(escape(line) for line in str(value).splitlines())


def accept_answers(request: PortalRequest, user: int | None) -> Answers:
    """Accept answers from the queue into the chart, inside the caller's transaction. ``user``: who accepts
    them."""
    said = request.payload
    return Answers.objects.create(
        practice_id=request.practice_id,
        patient_id=request.patient_id,
        questionnaire_id=said.get("questionnaire_id"),
        questionnaire_type=said.get("questionnaire_type") or "",
        questionnaire_name=said.get("questionnaire_name") or "",
        html_content=sanitize(said["html_content"]),
        raw_data=said["raw_data"],
        answered_at=request.created_at,
        request=request,
        added_by_id=user,
        updated_by_id=user,
    )
