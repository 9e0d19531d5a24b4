"""Results of laboratory tests in the DrChrono API. Source: reference drchrono/resources.yaml, behaviour.md (Labs)."""

from django.db.models import Q

from charthouse.domains.labs import hooks
from charthouse.domains.labs.codes import ABNORMAL_FLAGS, TEST_STATUSES
from charthouse.domains.labs.drchrono.policy import allow_laboratories
from charthouse.domains.labs.models import (
    LabResult,
)
from charthouse.domains.limits import make_order_check
from charthouse.engine.declaration.filters import Filter
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.times import Timestamp
from charthouse.engine.declaration.types import Boolean, Text
from charthouse.engine.declaration.values import READ_ONLY, REQUIRED

lab_results = Resource(
    path="lab_results",
    model=LabResult,
    doc="Results of tests, one per observation.",
    methods="GET POST PUT PATCH DELETE",
    policy=allow_laboratories("lab_test__lab_order__doctor"),
    rows=Q(archived=False),
    keys=(
        Key("id", Id(), READ_ONLY),
        Key("lab_order", Reference("lab_orders"), READ_ONLY, source="lab_test__lab_order"),
        Key(
            "document", Reference("lab_documents"), REQUIRED, doc="Must belong to the same order as the test."
        ),
        Key("lab_test", Reference("lab_tests"), REQUIRED),
        Key("specimen_received", Timestamp(past=True), REQUIRED),
        Key("results_released", Timestamp(past=True), REQUIRED),
        Key("test_performed", Timestamp(past=True), REQUIRED),
        Key("status", Text(choices=tuple(TEST_STATUSES)), REQUIRED),
        Key(
            "value", Text(multiline=True), REQUIRED, example="6.1", doc="Text or a number; returned as text."
        ),
        Key(
            "abnormal_status",
            Text(choices=ABNORMAL_FLAGS),
            doc=(
                "If omitted for a number with a range: L, H, or N, depending on where the number is in "
                "the range."
            ),
        ),
        Key("is_abnormal", Boolean(), doc="If omitted, derived from abnormal_status."),
        Key(
            "normal_range",
            Text(),
            example="4.0 5.6",
            doc="Lower and upper limit separated by a space if value_is_numeric; otherwise any text.",
        ),
        Key("observation_code", Text(), doc="LOINC."),
        Key("observation_description", Text(multiline=True)),
        Key("group_code", Text()),
        Key("unit", Text()),
        Key("value_is_numeric", Boolean(), default=False),
        Key("comments", Text(multiline=True)),
    ),
    filters=(
        Filter("doctor", Reference("doctors"), source="lab_test__lab_order__doctor"),
        Filter("order", Reference("lab_orders"), source="lab_test__lab_order"),
    ),
    checks=(
        make_order_check(("specimen_received", "results_released"), ("test_performed", "results_released")),
        hooks.check_result,
    ),
    after=(hooks.process_result,),
    example={
        "document": 7,
        "lab_test": 90,
        "specimen_received": "2026-03-02T16:10:00",
        "results_released": "2026-03-03T09:00:00",
        "test_performed": "2026-03-02T20:30:00",
        "status": "F",
        "value": "6.1",
        "value_is_numeric": True,
        "normal_range": "4.0 5.6",
        "unit": "%",
        "observation_code": "4548-4",
        "observation_description": "Hemoglobin A1c",
    },
)

RESOURCES = [lab_results]
