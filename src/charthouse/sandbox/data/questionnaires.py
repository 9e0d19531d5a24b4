"""Questionnaires of the synthetic practices, with answers that patients give."""

from typing import Any, NamedTuple


class QuestionSpec(NamedTuple):
    """A question. ``answers``: values to draw from, None where it is left out."""

    key: str
    text: str
    kind: str
    choices: tuple[str, ...]
    required: bool
    answers: tuple[Any, ...]


class QuestionnaireSpec(NamedTuple):
    """A questionnaire with its questions."""

    name: str
    kind: str
    introduction: str
    questions: tuple[QuestionSpec, ...]


QUESTIONNAIRES = (
    QuestionnaireSpec(
        "Before your first visit",
        "intake",
        "It takes about five minutes.",
        (
            QuestionSpec(
                "reason",
                "What brings you to us?",
                "long_text",
                (),
                True,
                ("Headaches.\nSince spring.", "A check."),
            ),
            QuestionSpec("smoking", "Do you smoke?", "yes_no", (), True, (True, False, False)),
            QuestionSpec(
                "sleep",
                "How do you sleep?",
                "one",
                ("Well", "Badly", "It varies"),
                False,
                ("Well", "It varies"),
            ),
            QuestionSpec(
                "family",
                "What runs in your family?",
                "several",
                ("Diabetes", "High blood pressure", "Cancer", "None of these"),
                False,
                (["Diabetes", "High blood pressure"], ["None of these"]),
            ),
            QuestionSpec(
                "last_visit", "When did you last see a doctor?", "date", (), False, ("2025-03-02", None)
            ),
        ),
    ),
    QuestionnaireSpec(
        "Headache diary",
        "diary",
        "",
        (
            QuestionSpec("days", "On how many days of this week?", "number", (), True, (0, 1, 2, 4)),
            QuestionSpec("worst", "How bad was the worst, 0 to 10?", "number", (), True, (3, 6, 8)),
            QuestionSpec("taken", "What did you take?", "text", (), False, ("Ibuprofen", None)),
        ),
    ),
)
INTAKE, DIARY = 0, 1  # indexes in QUESTIONNAIRES
