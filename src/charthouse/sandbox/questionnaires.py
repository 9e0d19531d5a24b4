"""Questionnaires of a practice, answers that patients give, and assignments."""

from random import Random
from typing import Any

from charthouse.domains.questionnaires.answers import render_html
from charthouse.domains.questionnaires.models import Question, Questionnaire
from charthouse.sandbox.context import PracticeContext
from charthouse.sandbox.data.questionnaires import QUESTIONNAIRES
from charthouse.sandbox.loader import Row


class Questionnaires:
    """The questionnaires of one practice. ``ids``: in the order of QUESTIONNAIRES."""

    def __init__(self, context: PracticeContext) -> None:
        self.context = context
        rows = [
            {"name": spec.name, "kind": spec.kind, "introduction": spec.introduction}
            for spec in QUESTIONNAIRES
        ]
        self.ids = context.copy(Questionnaire, rows)
        self.questions = [self._add_questions(index) for index in range(len(QUESTIONNAIRES))]

    def _add_questions(self, index: int) -> list[Question]:
        rows = [
            {
                "questionnaire_id": self.ids[index],
                "key": question.key,
                "order": order,
                "words": question.text,
                "kind": question.kind,
                "choices": list(question.choices),
                "required": question.required,
            }
            for order, question in enumerate(QUESTIONNAIRES[index].questions, 1)
        ]
        self.context.copy(Question, rows)
        return [Question(practice_id=self.context.practice, **row) for row in rows]

    def draw_answers(self, random: Random, index: int) -> Row:
        """Draw the answers to a questionnaire: columns of the portal request that sends them."""
        spec = QUESTIONNAIRES[index]
        values = {question.key: random.choice(question.answers) for question in spec.questions}
        payload: dict[str, Any] = {
            "questionnaire_id": self.ids[index],
            "questionnaire_type": spec.kind,
            "questionnaire_name": spec.name,
            "html_content": render_html(self.questions[index], values),
            "raw_data": values,
        }
        return {"request_type": "questionnaire", "title": spec.name, "payload": payload}

    def make_assignment(self, patient: int, index: int, user: int, at: str) -> Row:
        """Make the assignment of a questionnaire, by a user at a time."""
        return {
            "patient_id": patient,
            "questionnaire_id": self.ids[index],
            "asked_by_id": user,
            "created_at": at,
            "updated_at": at,
            "answered_at": None,
            "request_id": None,
        }
