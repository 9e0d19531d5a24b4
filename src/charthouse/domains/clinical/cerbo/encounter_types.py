"""Types of encounters in the Cerbo API. Source: reference cerbo/objects.yaml, operations.yaml;
docs/decisions/0240-encounters.md"""

from django.db.models import Q

from charthouse.domains.clinical.models import EncounterType
from charthouse.domains.practice.cerbo.keys import PAGES, make_policy
from charthouse.engine.declaration.filters import Flag
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.resources import Resource, Visibility
from charthouse.engine.declaration.types import Boolean, Integer, Text
from charthouse.engine.declaration.values import READ_ONLY

encounter_types = Resource(
    path="encounter_types",
    model=EncounterType,
    doc="Encounter types, identified by two-letter codes.",
    methods="GET",
    policy=make_policy("encounter_types"),
    reads=False,
    page_size=PAGES,
    keys=(
        Key("encounter_type", Text(), READ_ONLY, source="code", doc="The encounter type's code."),
        Key("name", Text(), READ_ONLY),
        Key("description", Text(), READ_ONLY),
        Key("is_face_to_face", Boolean(), READ_ONLY),
        Key("place_of_service_code", Text(), READ_ONLY, doc="CMS place of service."),
        Key("provider_taxonomy", Text(), READ_ONLY, doc="NUCC taxonomy code."),
        Key("sort_priority", Integer(), READ_ONLY, doc="Sorted ascending; the first type is the default."),
        Key("deletedby", Integer(), READ_ONLY, source="deleted_by_id", doc="A user id."),
    ),
    filters=(Flag("include_deleted", doc="Includes deleted rows."),),
    visibility=Visibility(Q(archived=True), shown_by="include_deleted"),
    example={"encounter_type": "ov", "name": "Office visit", "place_of_service_code": "11"},
)

RESOURCES = [encounter_types]
