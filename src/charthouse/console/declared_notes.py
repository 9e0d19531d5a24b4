"""Notes that stand alone and their types, and groups of vitals, as people of the practice write them; declared like
what the APIs show."""

from typing import Any

from django.db.models import Case, F, Q, When

from charthouse.domains.clinical import encounters
from charthouse.domains.clinical.charting import LONGEST
from charthouse.domains.clinical.models import ClinicalNote, EncounterType
from charthouse.domains.scheduling.actions import known_vitals
from charthouse.domains.scheduling.vitals_groups import KNOWN, MOST, VitalsTagGroup
from charthouse.files.fields import Made
from charthouse.resource.change import Change
from charthouse.resource.declare import ALWAYS, Resource
from charthouse.resource.fields import OPTIONAL, READ_ONLY, REQUIRED, Boolean, Id, Integer, ListOf, Ref, Text
from charthouse.resource.times import Date, Timestamp

NOTES = ("Access Clinical Notes",)
_SET_UP: dict[str, Any] = {
    "methods": "GET POST PATCH DELETE",
    "scopes": ("settings",),
    "permissions": NOTES,  # whoever writes notes may choose among them
    "sharing": ALWAYS,
    "owner": None,
    "rows": Q(archived=False),
}


def _deleted_by(change: Change) -> None:
    if change.operation == "delete":
        change.columns["deleted_by_id"] = change.actor.user


def _of_the_writer(change: Change) -> None:
    if change.row is None:
        change.columns["owner_id"] = change.actor.user


RESOURCES = (
    Resource(
        path="encounter_kinds",
        model=EncounterType,
        doc="Kinds of encounters, as people of the practice set them up.",
        **_SET_UP,
        fields=(
            Id("id"),
            Text("name", REQUIRED, blank=False),
            Text("code", REQUIRED, pattern="[a-z0-9]{2}", example="hv"),
            Text("description", OPTIONAL),
            Boolean("is_face_to_face", OPTIONAL, default=False),
            Text("place_of_service_code", OPTIONAL, max_length=2),
            Text("provider_taxonomy", OPTIONAL, max_length=10),
            Integer("sort_priority", OPTIONAL, minimum=0, maximum=10_000, default=100),
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
        scopes=("clinical",),
        permissions=NOTES,
        sharing="share_patients",
        owner="patient__doctor",
        rows=Q(archived=False, appointment__isnull=True),
        fields=(
            Id("id"),
            Ref("patient", REQUIRED, to="patients"),
            Text("title", REQUIRED, blank=False, max_length=500),
            Ref("encounter_type", OPTIONAL, to="encounter_kinds", nullable=False),
            Date("date_of_service", OPTIONAL, nullable=False),
            Text("content", OPTIONAL, max_length=LONGEST),
            Timestamp("locked_at", READ_ONLY),
            Text("signed_by_first_name", READ_ONLY, source="locked_by__first_name"),
            Text("signed_by_last_name", READ_ONLY, source="locked_by__last_name"),
            Made(
                "pdf",
                READ_ONLY,
                under="notes",
                computed=lambda: Case(When(locked_at__isnull=False, then=F("id"))),
            ),
        ),
        checks=(encounters.complete, encounters.keep_signed, _of_the_writer),
        example={"title": "Call about results", "content": "Results are normal."},
    ),
    Resource(
        path="vitals_groups",
        model=VitalsTagGroup,
        doc="Vitals that the practice looks at together.",
        **_SET_UP,
        fields=(
            Id("id"),
            Text("name", REQUIRED, blank=False),
            ListOf(
                "included_fields",
                OPTIONAL,
                item=Text("included_fields", blank=False, max_length=20),
                at_most=MOST,
                doc=f"{', '.join(KNOWN)}, or the id of a custom vital.",
            ),
        ),
        checks=(known_vitals,),
        unique={"vitals_group_once": ("name", "Another group has this name.")},
        example={"name": "Weight clinic", "included_fields": ["weight", "bp"]},
    ),
)
