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
    doc="Kinds of encounters, by their two-letter codes.",
    methods="GET",
    policy=make_policy("encounter_types"),
    reads=False,
    page_size=PAGES,
    keys=(
        Key("encounter_type", Text(), READ_ONLY, source="code", doc="The code."),
        Key("name", Text(), READ_ONLY),
        Key("description", Text(), READ_ONLY),
        Key("is_face_to_face", Boolean(), READ_ONLY),
        Key("place_of_service_code", Text(), READ_ONLY, doc="CMS's place of service."),
        Key("provider_taxonomy", Text(), READ_ONLY, doc="NUCC's taxonomy."),
        Key("sort_priority", Integer(), READ_ONLY, doc="Lower comes first; the first one is the default."),
        Key("deletedby", Integer(), READ_ONLY, source="deleted_by_id", doc="A user's id."),
    ),
    filters=(Flag("include_deleted", doc="Adds deleted ones."),),
    visibility=Visibility(Q(archived=True), shown_by="include_deleted"),
    example={"encounter_type": "ov", "name": "Office visit", "place_of_service_code": "11"},
)

RESOURCES = [encounter_types]
