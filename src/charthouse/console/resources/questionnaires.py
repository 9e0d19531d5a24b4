"""Questionnaires, questions and assignments, as the console writes them. No API writes these."""

from django.db.models import Q

from charthouse.domains.practice.unique_names import make_name_check
from charthouse.domains.questionnaires.assignments import check_not_answered, notify_patient, set_asked_by
from charthouse.domains.questionnaires.models import KINDS, Assignment, Question, Questionnaire
from charthouse.domains.questionnaires.questions import check_choices, place_last
from charthouse.engine.declaration.composites import List
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.policy import ALWAYS, Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.types import Boolean, Text
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY, REQUIRED

_SETUP = {
    "rows": Q(archived=False),
    "policy": Policy(
        scopes=("settings",), permissions=("Manage Patients", "Settings"), sharing=ALWAYS, owner=None
    ),
}

questionnaires = Resource(
    path="questionnaires",
    model=Questionnaire,
    doc="What the practice asks its patients.",
    methods="GET POST PATCH DELETE",
    **_SETUP,  # type: ignore[arg-type]
    keys=(
        Key("id", Id(), READ_ONLY),
        Key("name", Text(blank=False), REQUIRED),
        Key("kind", Text(), OPTIONAL, doc="Your own word for its type, such as intake."),
        Key(
            "introduction",
            Text(multiline=True, max_length=2_000),
            OPTIONAL,
            doc="Introduction that the patient reads first.",
        ),
    ),
    checks=(make_name_check("A questionnaire with this name exists already."),),
    unique={"questionnaire_name_once": ("name", "A questionnaire with this name exists already.")},
    example={"name": "Before your first visit", "kind": "intake"},
)

questions = Resource(
    path="questions",
    model=Question,
    doc="What a questionnaire asks.",
    methods="GET POST PATCH DELETE",
    **_SETUP,  # type: ignore[arg-type]
    keys=(
        Key("id", Id(), READ_ONLY),
        Key("questionnaire", Reference("questionnaires"), REQUIRED),
        Key("words", Text(blank=False), REQUIRED),
        Key("kind", Text(choices=tuple(KINDS)), REQUIRED),
        Key("choices", List(Text(max_length=200, blank=False), max_items=50)),
        Key("required", Boolean(), doc="The questionnaire can't be sent without an answer."),
        Key("hint", Text(), OPTIONAL, doc="Help text below the question."),
    ),
    checks=(check_choices, place_last),
    example={"questionnaire": 1, "words": "Do you smoke?", "kind": "yes_no"},
)

assignments = Resource(
    path="assignments",
    model=Assignment,
    doc="Questionnaires that patients were asked to answer.",
    methods="GET POST DELETE",
    policy=Policy(
        scopes=("patients",),
        permissions=("Manage Patients",),
        sharing="share_patients",
        owner="patient__doctor",
    ),
    rows=Q(archived=False),
    keys=(
        Key("id", Id(), READ_ONLY),
        Key("patient", Reference("patients"), REQUIRED),
        Key("questionnaire", Reference("questionnaires"), REQUIRED),
    ),
    checks=(set_asked_by, check_not_answered),
    after=(notify_patient,),
    unique={
        "asked_once_at_a_time": (
            "questionnaire",
            "This questionnaire was already sent, and is not answered yet.",
        )
    },
    example={"patient": 1, "questionnaire": 1},
)

RESOURCES = (questionnaires, questions, assignments)
