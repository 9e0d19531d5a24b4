"""Past medical history in the Cerbo API. Source: reference cerbo/objects.yaml; docs/decisions/0230-*.md"""

from django.db import models
from django.db.models import F, Q, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Coalesce, NullIf

from charthouse.domains.clinical.models import Problem
from charthouse.domains.practice.cerbo.keys import (
    PAGES,
    make_created_key,
    make_encounter_keys,
    make_object_key,
    make_patient_parent,
    make_policy,
    make_user_key,
)
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.references import Id
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.sources import Expression
from charthouse.engine.declaration.types import Text
from charthouse.engine.declaration.values import READ_ONLY


def _select_icd_version() -> Combinable:
    return Cast(F("icd_version"), models.TextField())


def _select_display_name() -> Combinable:
    return Coalesce(NullIf(F("description"), Value("")), F("name"), output_field=models.TextField())


past_medical_history = Resource(
    path="patients/{patient_id}/pmh",
    model=Problem,
    doc="A patient's current and past diagnoses, by ICD code.",
    methods="GET",
    policy=make_policy("patient_past_medical_history"),
    reads=False,
    page_size=PAGES,
    parents=make_patient_parent(),
    rows=Q(archived=False),
    keys=(
        make_object_key("past_medical_history_entry"),
        Key("id", Id(as_text=True), READ_ONLY),
        Key("name", Text(), READ_ONLY, doc="The code's official text unless another text was given."),
        Key(
            "display_name",
            Text(),
            READ_ONLY,
            source=Expression(_select_display_name),
            nullable=False,
            doc="The description; the name if there is none.",
        ),
        Key("code", Text(), READ_ONLY, source="icd_code"),
        Key(
            "icd_version",
            Text(),
            READ_ONLY,
            source=Expression(_select_icd_version),
            nullable=False,
            doc="9 or 10.",
        ),
        Key("problem_status", Text(), READ_ONLY, source="status", doc="active, inactive, or resolved."),
        *make_encounter_keys(),
        make_user_key("addedby", as_text=True),
        make_created_key(),
    ),
    example={"name": "Essential (primary) hypertension", "code": "I10", "icd_version": "10"},
)

RESOURCES = [past_medical_history]
