"""Questionnaires as people set them up and assign them; no API writes these."""

from django.db.models import Q

from charthouse.domains.questionnaires import actions
from charthouse.domains.questionnaires.models import KINDS, Assignment, Question, Questionnaire
from charthouse.resource.declare import ALWAYS, Resource
from charthouse.resource.fields import OPTIONAL, REQUIRED, Boolean, Id, ListOf, Ref, Text

_SET_UP = {
    "scopes": ("settings",),
    "permissions": ("Manage Patients", "Settings"),
    "sharing": ALWAYS,
    "owner": None,
    "rows": Q(archived=False),
}

questionnaires = Resource(
    path="questionnaires",
    model=Questionnaire,
    doc="What the practice asks its patients.",
    methods="GET POST PATCH DELETE",
    **_SET_UP,  # type: ignore[arg-type]
    fields=(
        Id("id"),
        Text("name", REQUIRED, blank=False),
        Text("kind", OPTIONAL, doc="What sort it is, in words of your own, such as intake."),
        Text("introduction", OPTIONAL, max_length=2_000, doc="What the patient reads first."),
    ),
    unique={"questionnaire_name_once": ("name", "A questionnaire with this name exists already.")},
    example={"name": "Before your first visit", "kind": "intake"},
)

questions = Resource(
    path="questions",
    model=Question,
    doc="What a questionnaire asks.",
    methods="GET POST PATCH DELETE",
    **_SET_UP,  # type: ignore[arg-type]
    fields=(
        Id("id"),
        Ref("questionnaire", REQUIRED, to="questionnaires"),
        Text("words", REQUIRED, blank=False),
        Text("kind", REQUIRED, choices=tuple(KINDS)),
        ListOf("choices", item=Text("choices", blank=False, max_length=200), at_most=50),
        Boolean("required", doc="The questionnaire can't be sent without an answer."),
        Text("hint", OPTIONAL, doc="What the patient reads below the question."),
    ),
    checks=(actions.choices_fit, actions.put_last),
    example={"questionnaire": 1, "words": "Do you smoke?", "kind": "yes_no"},
)

assignments = Resource(
    path="assignments",
    model=Assignment,
    doc="Questionnaires that patients were asked to answer.",
    methods="GET POST DELETE",
    scopes=("patients",),
    permissions=("Manage Patients",),
    sharing="share_patients",
    owner="patient__doctor",
    rows=Q(archived=False),
    fields=(
        Id("id"),
        Ref("patient", REQUIRED, to="patients"),
        Ref("questionnaire", REQUIRED, to="questionnaires"),
    ),
    checks=(actions.asked_by_caller, actions.not_answered),
    unique={
        "asked_once_at_a_time": ("questionnaire", "The patient was asked already, and has yet to answer.")
    },
    example={"patient": 1, "questionnaire": 1},
)

RESOURCES = (questionnaires, questions, assignments)
