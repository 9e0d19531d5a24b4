"""Setup of questionnaires and their questions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import path, reverse

from charthouse.console.kit import records
from charthouse.console.kit.navigation import CHARTS
from charthouse.console.kit.page import Request, page
from charthouse.console.kit.resource_pages import ResourcePages
from charthouse.console.kit.tables import Column
from charthouse.domains.questionnaires.models import KINDS, Question
from charthouse.domains.questionnaires.questions import MAX_QUESTIONS, move_question
from charthouse.engine.errors import NotFound

BASE = "catalogues/questionnaires"
STEPS = {"up": -1, "down": 1}


@dataclass(frozen=True, kw_only=True)
class QuestionnairePages(ResourcePages):
    """The pages of questionnaires; a questionnaire's page lists its questions."""

    def get_edit_context(self, request: Request, one: Mapping[str, Any], row: int) -> dict[str, Any]:
        rows = records.select_rows(records.get_resource("questions"), request.actor).filter(questionnaire=row)
        put = [(question, KINDS[question.kind]) for question in rows.order_by("order", "pk")[:MAX_QUESTIONS]]
        return {"below_form": "console/catalogues/questions.html", "questions": put, "questionnaire": row}


@dataclass(frozen=True, kw_only=True)
class QuestionPages(ResourcePages):
    """The pages of the questions of one questionnaire, which is also their list."""

    url_path: str = field(default=f"{BASE}/<id:questionnaire>/questions", init=False)

    @property
    def view(self) -> str:
        return "questions"

    def build_urls(self) -> list[Any]:
        step = page(methods=("POST",))(self.step)
        return [
            *super().build_urls(),
            path(f"{self.url_path}/<id:row>/<slug:way>", step, name="question-step"),
        ]

    def get_context(self, request: Request, **parents: int) -> dict[str, Any]:
        records.get_object(
            records.get_resource("questionnaires"), request.actor, parents["questionnaire"]
        )  # or 404
        return super().get_context(request, **parents)

    def select_rows(self, request: Request, **parents: int) -> "QuerySet[Any]":
        return super().select_rows(request, **parents).filter(questionnaire=parents["questionnaire"])

    def get_extra_values(self, request: Request, **parents: int) -> Mapping[str, Any]:
        return {"questionnaire": parents["questionnaire"]}

    def get_object(self, request: Request, row: int, **parents: int) -> Mapping[str, Any]:
        one = super().get_object(request, row, **parents)
        if one.get("questionnaire") != parents["questionnaire"]:
            raise NotFound()
        return one

    def label_object(self, one: Mapping[str, Any]) -> str:
        return str(one["words"])

    def step(self, request: Request, row: int, way: str, **parents: int) -> HttpResponseBase:
        """Move a question up or down. Raises NotFound."""
        self.get_object(request, row, **parents)
        records.require_write(self.resource, request.actor)
        if way not in STEPS:
            raise NotFound()
        move_question(Question.objects.get(practice=request.actor.practice, pk=row), STEPS[way])
        return redirect(self._build_url("", parents))

    def _build_url(self, suffix: str, parents: Mapping[str, int], row: int | None = None) -> str:
        if not suffix:
            return reverse(f"{BASE}-one", kwargs={"row": parents["questionnaire"]})
        return super()._build_url(suffix, parents, row)


QUESTIONNAIRES = QuestionnairePages(
    "questionnaires",
    title="Questionnaires",
    singular="questionnaire",
    about="Forms that patients answer in the portal.",
    url_path=BASE,
    group=CHARTS,
    icon="clipboard-text",
    columns=(
        Column("Questionnaire", "name", sort="name"),
        Column("Kind", "kind"),
        Column("Changed", "updated_at", kind="wide"),
    ),
    search=("name", "kind"),
    order="name",
    deletion_note="can no longer be assigned. Patients it was sent to can still answer, and answers are kept.",
)
QUESTIONS = QuestionPages(
    "questions",
    title="Questions",
    singular="question",
    columns=(Column("Question", "words"), Column("Kind", "kind")),
    order="order",
    form_keys=("words", "kind", "choices", "required", "hint"),
    labels={"words": "Question", "kind": "Answer"},
    hints={
        "choices": "For choices: one per line.",
        "words": "The key is made from the first wording and stays the same when the wording changes.",
    },
    choice_labels={"kind": KINDS},
    deletion_note="will no longer be asked. Existing answers are kept.",
)
