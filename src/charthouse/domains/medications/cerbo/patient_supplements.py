"""Supplements of patients in the Cerbo API. Source: reference cerbo/objects.yaml, operations.yaml;
docs/decisions/0194-*.md"""

from django.db import models
from django.db.models import Case, Q, When
from django.db.models.expressions import Combinable, ExpressionWrapper

from charthouse.domains.medications import supplements
from charthouse.domains.medications.models import PatientSupplement, Supplement
from charthouse.domains.patients.cerbo.portal_requests import ENQUEUE_FILTER, make_submission_keys
from charthouse.domains.practice.cerbo.keys import (
    declare_patient_list,
    make_constant_key,
    make_created_key,
    make_encounter_keys,
)
from charthouse.engine.declaration.events import plain_events
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.objects import Object
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.related import RelatedRow, SelfRow
from charthouse.engine.declaration.resources import THE_ROW, Operation
from charthouse.engine.declaration.sources import UNSTORED, Expression
from charthouse.engine.declaration.times import Date, Timestamp
from charthouse.engine.declaration.types import Boolean, Text
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY, REQUIRED
from charthouse.engine.sql import expressions as sql


def _select_discontinued() -> Combinable:
    return ExpressionWrapper(Q(discontinued_at__isnull=False), output_field=models.BooleanField())


def _select_discontinued_flag() -> Combinable:
    return Case(When(discontinued_at__isnull=False, then=sql.Literal("1")), output_field=models.TextField())


patient_supplements = declare_patient_list(
    "patient_supplements",
    "patient_supplement",
    path="patients/{patient_id}/supplements",
    model=PatientSupplement,
    doc="A patient's current and past supplements.",
    methods="GET",
    keys=(
        Key("name", Text(), READ_ONLY, source="supplement__name"),
        make_constant_key("plan_type", "plan_other"),
        Key("associated_plan_id", Reference("supplements"), READ_ONLY, source="supplement"),
        Key(
            "plan_definition",
            Object(
                (
                    Key("id", Id(), READ_ONLY),
                    Key("name", Text(), READ_ONLY),
                    Key("nicknames", Text(), READ_ONLY),
                    Key("class", Text(), READ_ONLY, source="kind"),
                    Key("code", Text(), READ_ONLY),
                    Key("description", Text(), READ_ONLY),
                    Key("disabled", Boolean(), READ_ONLY, source="inactive"),
                )
            ),
            READ_ONLY,
            source=RelatedRow(Supplement, via="supplement"),
            doc="The supplement in the catalogue.",
        ),
        Key(
            "prescribing_details",
            Object(
                (
                    Key("dose", Text(), READ_ONLY),
                    Key("frequency", Text(), READ_ONLY),
                    Key("start_date", Date(), READ_ONLY),
                    Key(
                        "discontinued",
                        Text(),
                        READ_ONLY,
                        source=Expression(_select_discontinued_flag),
                        doc="1, or null.",
                    ),
                    Key("discontinued_date", Timestamp(spaced=True), READ_ONLY, source="discontinued_at"),
                    Key("discontinued_note", Text(), READ_ONLY),
                )
            ),
            READ_ONLY,
            source=SelfRow(),
        ),
        Key("is_discontinued", Boolean(), READ_ONLY, source=Expression(_select_discontinued), nullable=False),
        *make_encounter_keys(),
        make_created_key(),
    ),
    events=plain_events(
        "supplement.created", "supplement.modified", "supplement.deleted", own="create modify delete"
    ),
    operations=(
        Operation(
            name="discontinue",
            method="PATCH",
            doc="Discontinue a supplement.",
            keys=(
                Key(
                    "discontinued_date",
                    Timestamp(spaced=True),
                    OPTIONAL,
                    source=UNSTORED,
                    doc="Default: now; must not be in the future.",
                ),
                Key("discontinued_note", Text(multiline=True, max_length=10_000), OPTIONAL, source=UNSTORED),
            ),
            run=supplements.discontinue_supplement,
            answer=THE_ROW,
        ),
    ),
    example={"name": "Magnesium glycinate 400 mg", "is_discontinued": False},
)

queue_supplement = Operation(
    path="patients/{id}/supplements",
    method="POST",
    doc="Request a supplement. Staff accept it into the chart, unless enqueue is off.",
    of="patients",
    filters=(ENQUEUE_FILTER,),
    keys=(
        Key("supplement_id", Reference("supplements"), REQUIRED, source=UNSTORED),
        Key("notes", Text(multiline=True, max_length=10_000), OPTIONAL, source=UNSTORED),
    ),
    answer=make_submission_keys(patient_supplements.keys),
    answer_model=patient_supplements.model,
    run=supplements.request_supplement,
    policy=Policy(scopes=("patient_supplements",)),
    example={"supplement_id": 4, "notes": "For sleep", "result": True},
)

RESOURCES = [patient_supplements]

OPERATIONS = [queue_supplement]
