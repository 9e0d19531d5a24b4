"""Answers to questionnaires as Cerbo shows them. Facts: reference cerbo/objects.yaml, operations.yaml;
docs/decisions/0270-questionnaires.md"""

from dataclasses import dataclass
from typing import Any

import msgspec
from django.db.models import Q

from charthouse.domains.patients.queue import enqueue, queued
from charthouse.domains.patients.queueing import QUEUED
from charthouse.domains.practice.cerbo_keys import below_patient, by, common, created, tag
from charthouse.domains.questionnaires import answering
from charthouse.domains.questionnaires.html import clean
from charthouse.domains.questionnaires.models import Answers
from charthouse.resource.declare import PageSize, Resource
from charthouse.resource.events import plain
from charthouse.resource.fields import (
    OPTIONAL,
    READ_ONLY,
    REQUIRED,
    Field,
    Id,
    Ref,
    Text,
    Wrong,
    decoded,
    plain_text,
)
from charthouse.resource.filters import Flag
from charthouse.resource.functions import Call, Function
from charthouse.resource.nested import Embedded

PATH = "patients/{patient_id}/questionnaires"
MOST_HTML = 100_000  # characters
MOST_TAGS = 5_000
MOST_RAW = 50_000  # bytes of raw_data as JSON
DEEPEST = 10  # objects and lists within each other


@dataclass(frozen=True, kw_only=True, eq=False)
class Plain(Field):
    """A JSON object of the sender's own, of at most MOST_RAW bytes and DEEPEST levels."""

    json_type = {"type": "object"}

    def parse(self, value: Any) -> dict[str, Any]:
        value = decoded(value)
        if not isinstance(value, dict):
            raise Wrong(f"Invalid data. Expected a dictionary, but got {type(value).__name__}.")
        _check(value, DEEPEST)
        if len(msgspec.json.encode(value)) > MOST_RAW:
            raise Wrong(f"Ensure this object has no more than {MOST_RAW} bytes as JSON.")
        return value


@dataclass(frozen=True, kw_only=True, eq=False)
class Html(Text):
    """HTML of somebody else's, cleaned. Of more than MOST_TAGS tags, cleaning takes long."""

    max_length: int | None = MOST_HTML

    def parse(self, value: Any) -> str:
        text = super().parse(value)
        if text.count("<") > MOST_TAGS:
            raise Wrong(f"Ensure this text has no more than {MOST_TAGS} tags.")
        cleaned = clean(text)
        if text.strip() and not cleaned.strip():
            raise Wrong("Nothing is left of it without what runs or loads.")
        return cleaned


def _check(value: Any, deeper: int) -> None:
    """Raises Wrong for what the database can't hold."""
    if not isinstance(value, dict | list):
        if isinstance(value, str):
            plain_text(value)
        return
    if not deeper:
        raise Wrong(f"Ensure that there are no more than {DEEPEST} objects and lists within each other.")
    for inner in [*value, *value.values()] if isinstance(value, dict) else value:
        _check(inner, deeper - 1)


patient_questionnaires = Resource(
    path=PATH,
    model=Answers,
    doc="What a patient answered, once staff have taken it into the chart.",
    methods="GET",
    **common("questionnaires"),
    page_size=PageSize(100, 100, 100),
    parents=below_patient(),
    rows=Q(archived=False),
    fields=(
        tag("questionnaire"),
        Id("id"),
        Ref("pt_id", READ_ONLY, source="patient", to="patients"),
        Text("questionnaire_type", READ_ONLY),
        Text("questionnaire_name", READ_ONLY),
        Text("html_content", READ_ONLY, doc="Questions and answers, to be read."),
        Embedded(
            "raw_data",
            READ_ONLY,
            fields=(),
            open=True,
            given_with="extended_details",
            doc="Answers by key; null unless extended_details is on.",
        ),
        created(),
        by("addedby"),
    ),
    filters=(Flag("extended_details", doc="Shows raw_data."),),
    events=plain("questionnaire.created", ours="create"),
    example={
        "questionnaire_type": "intake",
        "questionnaire_name": "New patients",
        "html_content": "<p>No.</p>",
    },
)


def send(call: Call) -> dict[str, Any]:
    """Put answers that a program has collected into the queue of the patient that the path names."""
    values = call.values
    told = {name: values.get(name) or "" for name in ("questionnaire_type", "questionnaire_name")}
    request = enqueue(
        call.row,
        "questionnaire",
        api_user=call.actor.api_user,
        title=told["questionnaire_name"] or told["questionnaire_type"] or "Questionnaire",
        payload={
            "questionnaire_id": None,
            **told,
            **{name: values[name] for name in ("html_content", "raw_data")},
        },
    )
    return queued(request)


queue_questionnaire = Function(
    path="patients/{id}/questionnaires",
    method="POST",
    doc="Send a patient's answers into the portal's queue, where staff take them into the chart.",
    of="patients",
    scopes=("questionnaires",),
    run=send,
    fields=(
        Text("questionnaire_type", OPTIONAL, stored=False, max_length=100),
        Text("questionnaire_name", OPTIONAL, stored=False, max_length=200),
        Html(
            "html_content",
            REQUIRED,
            stored=False,
            doc="Questions and answers, to be read. What runs, loads or styles is taken out of it.",
        ),
        Plain(
            "raw_data",
            REQUIRED,
            stored=False,
            doc="Answers by key; at most 50,000 bytes and 10 levels.",
        ),
    ),
    answers=QUEUED,
    example={
        "questionnaire_type": "intake",
        "questionnaire_name": "New patients",
        "html_content": "<dl><dt>Do you smoke?</dt><dd>No</dd></dl>",
        "raw_data": {"smokes": False},
        "result": True,
    },
)

RESOURCES = [patient_questionnaires]
FUNCTIONS = [queue_questionnaire]
# What staff do when they take a request into the chart, by its type.
ACCEPT = {"questionnaire": answering.accept}
