"""Questionnaires: what they ask, in which order."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import path, reverse

from charthouse.console import records
from charthouse.console.navigation import CHARTS
from charthouse.console.page import Request, page
from charthouse.console.resource_pages import Catalogue
from charthouse.console.tables import Column
from charthouse.domains.questionnaires.models import KINDS, Question
from charthouse.domains.questionnaires.questions import MAX_QUESTIONS, move_question
from charthouse.engine.errors import NotFound

BASE = "catalogues/questionnaires"
STEPS = {"up": -1, "down": 1}


@dataclass(frozen=True, kw_only=True)
class Questionnaires(Catalogue):
    """The questions of one stand below its form."""

    def edit_values(self, request: Request, one: Mapping[str, Any], row: int) -> dict[str, Any]:
        rows = records.rows(records.resource("questions"), request.actor).filter(questionnaire=row)
        put = [(question, KINDS[question.kind]) for question in rows.order_by("order", "pk")[:MAX_QUESTIONS]]
        return {"beside": "console/questions.html", "questions": put, "questionnaire": row}


@dataclass(frozen=True, kw_only=True)
class Questions(Catalogue):
    """The questions of one questionnaire; their list is its page."""

    base: str = field(default=f"{BASE}/<int:questionnaire>/questions", init=False)

    @property
    def view(self) -> str:
        return "questions"

    def urls(self) -> list[Any]:
        step = page(methods=("POST",))(self.step)
        return [*super().urls(), path(f"{self.base}/<int:row>/<slug:way>", step, name="question-step")]

    def found(self, request: Request, **at: int) -> "QuerySet[Any]":
        return super().found(request, **at).filter(questionnaire=at["questionnaire"])

    def given(self, request: Request, **at: int) -> Mapping[str, Any]:
        return {"questionnaire": at["questionnaire"]}

    def one_at(self, request: Request, row: int, **at: int) -> Mapping[str, Any]:
        one = super().one_at(request, row, **at)
        if one.get("questionnaire") != at["questionnaire"]:
            raise NotFound()
        return one

    def called(self, one: Mapping[str, Any]) -> str:
        return str(one["words"])

    def step(self, request: Request, row: int, way: str, **at: int) -> HttpResponseBase:
        """Move a question up or down."""
        self.one_at(request, row, **at)
        records.check_writes(self.resource, request.actor)
        if way not in STEPS:
            raise NotFound()
        move_question(Question.objects.get(practice=request.actor.practice, pk=row), STEPS[way])
        return redirect(self._to("", at))

    def _to(self, suffix: str, at: Mapping[str, int], row: int | None = None) -> str:
        if not suffix:
            return reverse(f"{BASE}-one", kwargs={"row": at["questionnaire"]})
        return super()._to(suffix, at, row)


QUESTIONNAIRES = Questionnaires(
    "questionnaires",
    title="Questionnaires",
    one="questionnaire",
    about="What patients are asked in the portal.",
    base=BASE,
    group=CHARTS,
    icon="clipboard-text",
    columns=(
        Column("Questionnaire", "name", sort="name"),
        Column("Kind", "kind"),
        Column("Changed", "updated_at", kind="wide"),
    ),
    search=("name", "kind"),
    order="name",
    gone="can no longer be assigned. Patients who were asked may still answer, and answers stay.",
)
QUESTIONS = Questions(
    "questions",
    title="Questions",
    one="question",
    columns=(Column("Question", "words"), Column("Kind", "kind")),
    order="order",
    asks=("words", "kind", "choices", "required", "hint"),
    labels={"words": "Question", "kind": "Answer"},
    notes={
        "choices": "Of one or several choices: one on each line.",
        "words": "Answers keep the key that is made of the first words, whatever becomes of them.",
    },
    words={"kind": KINDS},
    gone="will no longer be asked. Answers to it stay.",
)
