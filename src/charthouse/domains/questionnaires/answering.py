"""Answers to a questionnaire: checked against its questions, made readable, sent into the portal's queue, taken into
the chart."""

import math
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.html import escape

from charthouse import clock
from charthouse.domains.patients.queue import PortalRequest, enqueue
from charthouse.domains.questionnaires.html import clean
from charthouse.domains.questionnaires.models import Answers, Assignment, Question
from charthouse.engine.declaration.times import parse_date
from charthouse.engine.declaration.types import Boolean
from charthouse.engine.declaration.values import InvalidValue, parse_text
from charthouse.engine.errors import Conflict, Invalid, NotFound
from charthouse.engine.execution.writing import in_transaction

MOST_TEXT = {"text": 500, "long_text": 10_000}  # characters of an answer
UNSAID = "—"


def questions(assignment: Assignment) -> list[Question]:
    """What is asked, in order."""
    rows = Question.objects.filter(
        practice=assignment.practice_id, questionnaire=assignment.questionnaire_id, archived=False
    )
    return list(rows.order_by("order", "pk"))


def answer(assignment: Assignment, given: Mapping[str, Any]) -> PortalRequest:
    """Send a patient's answers, by the keys of the questions, into the queue; texts as a form sends them, or JSON's
    values. Raises Invalid with every wrong question by its key, Conflict where it was answered already, NotFound where
    it was taken back."""

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
        put = questions(asked)
        values = read(put, given)
        sent = enqueue(
            asked.patient,
            "questionnaire",
            api_user=None,
            title=asked.questionnaire.name,
            payload={
                "questionnaire_id": asked.questionnaire_id,
                "questionnaire_type": asked.questionnaire.kind,
                "questionnaire_name": asked.questionnaire.name,
                "html_content": readable(put, values),
                "raw_data": values,
            },
        )
        asked.answered_at, asked.request = clock.now(), sent
        asked.save(update_fields=["answered_at", "request", "updated_at"])
        return sent

    return in_transaction({}, work)


def read(put: Sequence[Question], given: Mapping[str, Any]) -> dict[str, Any]:
    """The answers by key, as JSON's values; null for what was left out. Raises Invalid."""
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
            values[question.key] = _KINDS[question.kind](question, said)
        except InvalidValue as error:
            wrong[question.key] = error.messages
    if unknown := set(given) - {question.key for question in put}:
        wrong |= {str(key)[:100]: ["There is no such question."] for key in sorted(unknown, key=str)[:100]}
    if wrong:
        raise Invalid(wrong)
    return values


def _text(question: Question, said: Any) -> str:
    text = parse_text(said)
    if len(text) > (most := MOST_TEXT[question.kind]):
        raise InvalidValue(f"Ensure this answer has no more than {most} characters.")
    return text


def _yes_no(question: Question, said: Any) -> bool:
    try:
        return Boolean().parse(said)
    except (InvalidValue, TypeError):
        raise InvalidValue("Answer yes or no.") from None


def _one(question: Question, said: Any) -> str:
    if said not in question.choices:
        raise InvalidValue("This is none of the choices.")
    return str(said)


def _several(question: Question, said: Any) -> list[str]:
    listed = said if isinstance(said, list) else [said]
    if any(one not in question.choices for one in listed):
        raise InvalidValue("This is none of the choices.")
    return [choice for choice in question.choices if choice in listed]


def _number(question: Question, said: Any) -> int | float:
    text = "" if isinstance(said, bool | list | dict) else str(said).strip()
    try:
        number = Decimal(text) if len(text) <= 30 else Decimal("nan")
    except InvalidOperation:
        number = Decimal("nan")
    if not number.is_finite() or not math.isfinite(value := float(number)) or abs(value) >= 1e15:
        raise InvalidValue("Enter a number.")
    return int(value) if value.is_integer() else value


def _date(question: Question, said: Any) -> str:
    try:
        return parse_date(said).isoformat()
    except InvalidValue:
        raise InvalidValue("Enter a date as YYYY-MM-DD.") from None


_KINDS: dict[str, Callable[[Question, Any], Any]] = {
    "text": _text,
    "long_text": _text,
    "yes_no": _yes_no,
    "one": _one,
    "several": _several,
    "number": _number,
    "date": _date,
}


def readable(put: Sequence[Question], values: Mapping[str, Any]) -> str:
    """Questions and answers as HTML."""
    told = (f"<dt>{escape(one.words)}</dt><dd>{_said(values[one.key])}</dd>" for one in put)
    return f"<dl>{''.join(told)}</dl>"


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, list):
        return ", ".join(escape(one) for one in value)
    return UNSAID if value is None else "<br>".join(escape(line) for line in str(value).splitlines())


def accept(request: PortalRequest, user: int | None) -> Answers:
    """Take answers from the queue into the chart, inside the caller's transaction; ``user`` is who does."""
    said = request.payload
    return Answers.objects.create(
        practice_id=request.practice_id,
        patient_id=request.patient_id,
        questionnaire_id=said.get("questionnaire_id"),
        questionnaire_type=said.get("questionnaire_type") or "",
        questionnaire_name=said.get("questionnaire_name") or "",
        html_content=clean(said["html_content"]),
        raw_data=said["raw_data"],
        answered_at=request.created_at,
        request=request,
        added_by_id=user,
        updated_by_id=user,
    )
