"""Questions of a questionnaire: hooks and order."""

from typing import Any

from django.utils.text import slugify

from charthouse.domains.questionnaires.models import CHOSEN, Question, Questionnaire
from charthouse.engine.declaration.changes import Change
from charthouse.engine.declaration.hooks import hook
from charthouse.engine.execution.writing import in_transaction

MAX_QUESTIONS = 200  # per questionnaire
MAX_KEY_LENGTH = 60  # characters, without the number that makes it unique


@hook(keys=("choices", "kind"))
def check_choices(change: Change) -> None:
    """Require at least two distinct choices for a question of choice, and none for others."""
    if change.operation == "delete":
        return
    kind, choices = change.get("kind"), change.get("choices") or []
    if kind in CHOSEN and len(choices) < 2:
        change.add_error("choices", "Enter at least two, one per line.")
    if kind not in CHOSEN and choices:
        change.add_error("choices", "Only for one or several of several choices.")
    if len({choice.casefold() for choice in choices}) < len(choices):
        change.add_error("choices", "Give each choice once.")


@hook(keys=("questionnaire", "words"))
def place_last(change: Change) -> None:
    """Set order and key of a new question, which comes last."""
    if change.row is not None:
        if change.changes("questionnaire"):
            change.add_error("questionnaire", "A question stays in its questionnaire.")
        return
    practice, questionnaire = change.actor.practice, change.values["questionnaire"]
    _lock_questionnaire(practice, questionnaire)
    questions = list(Question.objects.filter(practice=practice, questionnaire=questionnaire))
    if len([one for one in questions if not one.archived]) >= MAX_QUESTIONS:
        change.add_error("words", f"A questionnaire has at most {MAX_QUESTIONS} questions.")
    change.set_columns(order=max((one.order for one in questions), default=0) + 1)
    change.set_columns(key=_make_key(change.values["words"], {one.key for one in questions}))


def _make_key(words: str, taken: set[str]) -> str:
    """Return a unique key, e.g. do_you_smoke for "Do you smoke?", or do_you_smoke_2 if that is taken."""
    plain = slugify(words).replace("-", "_")[:MAX_KEY_LENGTH].strip("_") or "question"
    key, number = plain, 1
    while key in taken:
        number += 1
        key = f"{plain}_{number}"
    return key


def move_question(question: Question, by: int) -> None:
    """Move a question up (-1) or down (1); at the end it stays."""

    def work() -> None:
        _lock_questionnaire(question.practice_id, question.questionnaire_id)
        rows = Question.objects.filter(
            practice=question.practice_id, questionnaire=question.questionnaire_id, archived=False
        )
        questions = list(rows.order_by("order", "pk"))
        at = next((index for index, one in enumerate(questions) if one.pk == question.pk), None)
        if at is None or not 0 <= at + by < len(questions):
            return
        questions.insert(at + by, questions.pop(at))
        for order, one in enumerate(questions, 1):
            if one.order != order:
                one.order = order
                one.save(update_fields=["order", "updated_at"])

    in_transaction({}, work)


def _lock_questionnaire(practice: int, questionnaire: Any) -> None:
    """Lock the questionnaire against concurrent changes of the order."""
    rows = Questionnaire.objects.select_for_update(no_key=True)
    rows.filter(practice=practice, pk=questionnaire).first()
