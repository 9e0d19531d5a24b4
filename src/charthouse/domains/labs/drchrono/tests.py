"""Tests of laboratory orders in the DrChrono API. Source: reference drchrono/resources.yaml."""

from django.db.models import Q

from charthouse.domains.labs import hooks
from charthouse.domains.labs.codes import TEST_STATUSES
from charthouse.domains.labs.drchrono.policy import allow_laboratories
from charthouse.domains.labs.models import (
    LabTest,
)
from charthouse.domains.practice.drchrono.differences import make_coded_word
from charthouse.engine.declaration.filters import Filter
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.times import Timestamp
from charthouse.engine.declaration.types import Measurement, Text
from charthouse.engine.declaration.values import READ_ONLY, REQUIRED

lab_tests = Resource(
    path="lab_tests",
    model=LabTest,
    doc="Tests of laboratory orders.",
    methods="GET POST PUT PATCH DELETE",
    policy=allow_laboratories("lab_order__doctor"),
    rows=Q(archived=False),
    keys=(
        Key("id", Id(), READ_ONLY),
        Key("lab_order", Reference("lab_orders"), REQUIRED),
        Key("code", Text(), doc="The laboratory's test code, or the LOINC code."),
        Key("name", Text()),
        Key("description", Text(multiline=True)),
        Key("collection_date", Timestamp()),
        Key("internal_notes", Text(multiline=True)),
        Key("report_notes", Text(multiline=True)),
        Key(
            "status",
            make_coded_word("lab_tests.status", TEST_STATUSES),
            default="preliminary",
            doc="A final or corrected result sets the test to the same status.",
        ),
        Key("specimen_source", Text()),
        Key("specimen_condition", Text()),
        Key("specimen_total_volume", Measurement(places=4, minimum=0), doc="Millilitres."),
    ),
    filters=(
        Filter("order", Reference("lab_orders"), source="lab_order"),
        Filter("doctor", Reference("doctors"), source="lab_order__doctor", addition=True),
    ),
    checks=(hooks.check_has_no_results,),
    after=(hooks.process_test,),
    example={"lab_order": 40, "code": "4548-4", "name": "Hemoglobin A1c", "specimen_source": "Blood"},
)

RESOURCES = [lab_tests]
