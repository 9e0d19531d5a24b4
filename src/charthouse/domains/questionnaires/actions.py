"""Hooks of the declarations, and the order of questions."""

from typing import Any

from django.utils.text import slugify

from charthouse.domains.questionnaires.models import CHOSEN, Question, Questionnaire
from charthouse.engine.declaration.changes import Change
from charthouse.engine.declaration.hooks import hook
from charthouse.engine.errors import Conflict
from charthouse.engine.execution.writing import in_transaction

MOST = 200  # questions of a questionnaire
LONGEST_KEY = 60  # characters, without the number that parts two of the same words


@hook(keys=("choices", "kind"))
def choices_fit(change: Change) -> None:
    """A question of which one chooses has choices, each once; others have none."""
    if change.operation == "delete":
        return
    kind, choices = change.get("kind"), change.get("choices") or []
    if kind in CHOSEN and len(choices) < 2:
        change.add_error("choices", "Give at least two, one on each line.")
    if kind not in CHOSEN and choices:
        change.add_error("choices", "Only for one or several of several choices.")
    if len({choice.casefold() for choice in choices}) < len(choices):
        change.add_error("choices", "Give each choice once.")


@hook(keys=("questionnaire", "words"))
def put_last(change: Change) -> None:
    """A new question comes after the others, and gets the key that answers to it are kept under."""
    if change.row is not None:
        if change.changes("questionnaire"):
            change.add_error("questionnaire", "A question stays in its questionnaire.")
        return
    practice, questionnaire = change.actor.practice, change.values["questionnaire"]
    _hold(practice, questionnaire)
    there = list(Question.objects.filter(practice=practice, questionnaire=questionnaire))
    if len([one for one in there if not one.archived]) >= MOST:
        change.add_error("words", f"A questionnaire has at most {MOST} questions.")
    change.columns["order"] = max((one.order for one in there), default=0) + 1
    change.columns["key"] = _key(change.values["words"], {one.key for one in there})


def _key(words: str, taken: set[str]) -> str:
    """Of "Do you smoke?", do_you_smoke, or do_you_smoke_2 where that is taken, be it by a question that is gone."""
    plain = slugify(words).replace("-", "_")[:LONGEST_KEY].strip("_") or "question"
    key, number = plain, 1
    while key in taken:
        number += 1
        key = f"{plain}_{number}"
    return key


def move(question: Question, by: int) -> None:
    """Put a question before the one above it (-1), or behind the one below it (1); at the end it stays."""

    def work() -> None:
        _hold(question.practice_id, question.questionnaire_id)
        rows = Question.objects.filter(
            practice=question.practice_id, questionnaire=question.questionnaire_id, archived=False
        )
        put = list(rows.order_by("order", "pk"))
        at = next((index for index, one in enumerate(put) if one.pk == question.pk), None)
        if at is None or not 0 <= at + by < len(put):
            return
        put.insert(at + by, put.pop(at))
        for order, one in enumerate(put, 1):
            if one.order != order:
                one.order = order
                one.save(update_fields=["order", "updated_at"])

    in_transaction({}, work)


def _hold(practice: int, questionnaire: Any) -> None:
    """One who changes the order of a questionnaire after another."""
    rows = Questionnaire.objects.select_for_update(no_key=True)
    rows.filter(practice=practice, pk=questionnaire).first()


@hook()
def asked_by_caller(change: Change) -> None:
    if change.row is None:
        change.columns["asked_by_id"] = change.actor.required_user


@hook()
def not_answered(change: Change) -> None:
    """What was answered can't be taken back."""
    if change.operation == "delete" and change.row.answered_at is not None:
        raise Conflict("The patient has answered already.")
