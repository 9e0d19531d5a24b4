"""Answers to a questionnaire of the practice, given in the portal."""

from typing import Any

import pytest

from charthouse.domains.patients.models import Patient
from charthouse.domains.patients.portal_requests import settle
from charthouse.domains.questionnaires.answers import submit_answers
from charthouse.domains.questionnaires.models import Answers, Assignment, Question, Questionnaire
from charthouse.engine.errors import Conflict, Invalid, NotFound
from charthouse.identity import tenancy
from tests.domains.caller import Caller, at_once

QUESTIONS: list[dict[str, Any]] = [
    {"key": "name", "words": "What <b>name</b> do you go by?", "kind": "text", "required": True},
    {"key": "story", "words": "What brings you here?", "kind": "long_text"},
    {"key": "smokes", "words": "Do you smoke?", "kind": "yes_no", "required": True},
    {"key": "sleep", "words": "How do you sleep?", "kind": "one", "choices": ["Well", "Badly"]},
    {"key": "pets", "words": "Your pets?", "kind": "several", "choices": ["Cat", "Dog", "None"]},
    {"key": "hours", "words": "Hours of work a week?", "kind": "number"},
    {"key": "since", "words": "Since when?", "kind": "date"},
]
GOOD = {
    "name": " Amy <i> ",
    "story": "It hurts.\nBadly & often.",
    "smokes": "no",
    "sleep": "Well",
    "pets": ["Dog", "Cat"],
    "hours": "37.5",
    "since": "2024-02-29",
}


@pytest.fixture
def assignment(caller: Caller, patient: int) -> Assignment:
    practice = caller.clinic.practice
    with tenancy.within(practice.pk):
        made = Questionnaire.objects.create(practice=practice, name="Intake", kind="intake")
        for at, question in enumerate(QUESTIONS):
            Question.objects.create(
                practice=practice, questionnaire=made, order=len(QUESTIONS) - at, **question
            )
        Question.objects.update(order=1)  # of equal order, the first created comes first
        return Assignment.objects.create(
            practice=practice, patient_id=patient, questionnaire=made, asked_by=caller.user
        )


def test_answers_are_queued_then_charted(caller: Caller, assignment: Assignment) -> None:
    with tenancy.within(caller.clinic.practice.pk):
        request = submit_answers(assignment, GOOD)
        assert (request.request_type, request.title, request.api_user_id) == ("questionnaire", "Intake", None)
        assignment.refresh_from_db()
        assert assignment.request_id == request.pk
        assert assignment.answered_at is not None
        made: Answers = settle(request, caller.user.pk, accept=True)
    assert made.raw_data == {
        "name": "Amy <i>",
        "story": "It hurts.\nBadly & often.",
        "smokes": False,
        "sleep": "Well",
        "pets": ["Cat", "Dog"],
        "hours": 37.5,
        "since": "2024-02-29",
    }
    assert made.html_content == (
        "<dl><dt>What &lt;b&gt;name&lt;/b&gt; do you go by?</dt><dd>Amy &lt;i&gt;</dd>"
        "<dt>What brings you here?</dt><dd>It hurts.<br>Badly &amp; often.</dd>"
        "<dt>Do you smoke?</dt><dd>No</dd><dt>How do you sleep?</dt><dd>Well</dd>"
        "<dt>Your pets?</dt><dd>Cat, Dog</dd><dt>Hours of work a week?</dt><dd>37.5</dd>"
        "<dt>Since when?</dt><dd>2024-02-29</dd></dl>"
    )
    assert (made.questionnaire_name, made.questionnaire_type) == ("Intake", "intake")
    assert made.questionnaire_id == assignment.questionnaire_id
    assert made.answered_at == request.created_at


def test_every_invalid_answer_is_reported(caller: Caller, assignment: Assignment) -> None:
    wrong = {
        "name": " " * 3,
        "story": "x" * 10_001,
        "sleep": "Never",
        "pets": ["Cat", "Horse"],
        "hours": "many",
        "since": "29.02.2024",
        "shoe": 43,
    }
    with tenancy.within(caller.clinic.practice.pk), pytest.raises(Invalid) as refusal:
        submit_answers(assignment, wrong)
    assert set(refusal.value.errors) == {*wrong, "smokes"}


@pytest.mark.parametrize("hours", ["1e400", "nan", "inf", [1], {"a": 1}, True, "9" * 31, "1e15", "--1"])
def test_invalid_numbers_are_rejected(caller: Caller, assignment: Assignment, hours: Any) -> None:
    with tenancy.within(caller.clinic.practice.pk), pytest.raises(Invalid) as refusal:
        submit_answers(assignment, GOOD | {"hours": hours})
    assert list(refusal.value.errors) == ["hours"]


@pytest.mark.parametrize(
    ("key", "said"), [("smokes", [1]), ("sleep", {}), ("pets", [{}]), ("since", 5), ("name", {})]
)
def test_answers_of_wrong_type_are_rejected(
    caller: Caller, assignment: Assignment, key: str, said: Any
) -> None:
    with tenancy.within(caller.clinic.practice.pk), pytest.raises(Invalid) as refusal:
        submit_answers(assignment, GOOD | {key: said})
    assert list(refusal.value.errors) == [key]


def test_optional_answers_may_be_omitted(caller: Caller, assignment: Assignment) -> None:
    with tenancy.within(caller.clinic.practice.pk):
        request = submit_answers(assignment, {"name": "Amy", "smokes": True, "pets": [], "hours": ""})
    assert request.payload["raw_data"] == {
        **dict.fromkeys((one["key"] for one in QUESTIONS), None),
        "name": "Amy",
        "smokes": True,
    }
    assert "<dt>Your pets?</dt><dd>—</dd>" in request.payload["html_content"]


def test_one_of_two_concurrent_answers_counts(caller: Caller, assignment: Assignment) -> None:
    def one(_: int) -> str:
        with tenancy.within(caller.clinic.practice.pk):
            try:
                submit_answers(assignment, GOOD)
            except Conflict:
                return "late"
            return "sent"

    assert sorted(at_once(3, one)) == ["late", "late", "sent"]


def test_withdrawn_assignment_is_not_found(caller: Caller, assignment: Assignment) -> None:
    with tenancy.within(caller.clinic.practice.pk):
        Assignment.objects.filter(pk=assignment.pk).update(archived=True)
        with pytest.raises(NotFound):
            submit_answers(assignment, GOOD)
        assert Patient.objects.filter(pk=assignment.patient_id).exists()
