"""Notes that stand alone and their types, and groups of vitals, as people of the practice write them; declared like
what the APIs show."""

from typing import Any

from django.db.models import Case, F, Q, When

from charthouse.domains.clinical import encounters
from charthouse.domains.clinical.field_values import MAX_VALUE_LENGTH
from charthouse.domains.clinical.models import ClinicalNote, EncounterType
from charthouse.domains.scheduling.hooks import known_vitals
from charthouse.domains.scheduling.models import VitalsTagGroup
from charthouse.domains.scheduling.models.vitals import STANDARD_VITALS, MAX_GROUP_SIZE
from charthouse.engine.declaration.changes import Change
from charthouse.engine.declaration.composites import List
from charthouse.engine.declaration.hooks import hook
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.policy import ALWAYS, Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.sources import Expression
from charthouse.engine.declaration.times import Date, Timestamp
from charthouse.engine.declaration.types import Boolean, Integer, Text
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY, REQUIRED
from charthouse.files.types import FileLink

NOTES = ("Access Clinical Notes",)
_SET_UP: dict[str, Any] = {
    "methods": "GET POST PATCH DELETE",
    "rows": Q(archived=False),
    "policy": Policy(scopes=("settings",), permissions=NOTES, sharing=ALWAYS, owner=None),
}


@hook()
def _deleted_by(change: Change) -> None:
    if change.operation == "delete":
        change.columns["deleted_by_id"] = change.actor.user


@hook()
def _of_the_writer(change: Change) -> None:
    if change.row is None:
        change.columns["owner_id"] = change.actor.user


RESOURCES = (
    Resource(
        path="encounter_kinds",
        model=EncounterType,
        doc="Kinds of encounters, as people of the practice set them up.",
        **_SET_UP,
        keys=(
            Key("id", Id(), READ_ONLY),
            Key("name", Text(blank=False), REQUIRED),
            Key("code", Text(pattern="[a-z0-9]{2}"), REQUIRED, example="hv"),
            Key("description", Text(), OPTIONAL),
            Key("is_face_to_face", Boolean(), OPTIONAL, default=False),
            Key("place_of_service_code", Text(max_length=2), OPTIONAL),
            Key("provider_taxonomy", Text(max_length=10), OPTIONAL),
            Key("sort_priority", Integer(minimum=0, maximum=10_000), OPTIONAL, default=100),
        ),
        checks=(_deleted_by,),
        unique={"encounter_type_once": ("code", "Another type has this code.")},
        example={"name": "Home visit", "code": "hv"},
    ),
    Resource(
        path="notes_alone",
        model=ClinicalNote,
        doc="Notes of patients that are of no visit.",
        methods="GET POST PATCH DELETE",
        policy=Policy(
            scopes=("clinical",), permissions=NOTES, sharing="share_patients", owner="patient__doctor"
        ),
        rows=Q(archived=False, appointment__isnull=True),
        keys=(
            Key("id", Id(), READ_ONLY),
            Key("patient", Reference("patients"), REQUIRED),
            Key("title", Text(max_length=500, blank=False), REQUIRED),
            Key("encounter_type", Reference("encounter_kinds"), OPTIONAL, nullable=False),
            Key("date_of_service", Date(), OPTIONAL, nullable=False),
            Key("content", Text(max_length=MAX_VALUE_LENGTH), OPTIONAL),
            Key("locked_at", Timestamp(), READ_ONLY),
            Key("signed_by_first_name", Text(), READ_ONLY, source="locked_by__first_name"),
            Key("signed_by_last_name", Text(), READ_ONLY, source="locked_by__last_name"),
            Key(
                "pdf",
                FileLink("notes"),
                READ_ONLY,
                source=Expression(lambda: Case(When(locked_at__isnull=False, then=F("id")))),
            ),
        ),
        checks=(encounters.complete_encounter, encounters.check_changeable, _of_the_writer),
        example={"title": "Call about results", "content": "Results are normal."},
    ),
    Resource(
        path="vitals_groups",
        model=VitalsTagGroup,
        doc="Vitals that the practice looks at together.",
        **_SET_UP,
        keys=(
            Key("id", Id(), READ_ONLY),
            Key("name", Text(blank=False), REQUIRED),
            Key(
                "included_fields",
                List(Text(max_length=20, blank=False), max_items=MAX_GROUP_SIZE),
                OPTIONAL,
                doc=f"{', '.join(STANDARD_VITALS)}, or the id of a custom vital.",
            ),
        ),
        checks=(known_vitals,),
        unique={"vitals_group_once": ("name", "Another group has this name.")},
        example={"name": "Weight clinic", "included_fields": ["weight", "bp"]},
    ),
)
