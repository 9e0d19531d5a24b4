"""Laboratory results in the Cerbo API. Source: reference cerbo/objects.yaml; docs/decisions/0231-*.md"""

from django.db import models
from django.db.models import F, Q, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, NullIf

from charthouse.domains.labs.cerbo.keys import ORDERS
from charthouse.domains.labs.models import LabResult
from charthouse.domains.practice.cerbo.keys import PAGES, make_object_key, make_patient_parent, make_policy
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.sources import Expression
from charthouse.engine.declaration.times import Timestamp
from charthouse.engine.declaration.types import Boolean, Text
from charthouse.engine.declaration.values import READ_ONLY
from charthouse.engine.sql import expressions as sql


def _choose_first_text(*columns: str) -> Combinable:
    texts = (NullIf(F(column), Value("")) for column in columns)
    return Coalesce(*texts, Value(""), output_field=models.TextField())


def _select_collection_time() -> Combinable:
    return sql.format_utc(Coalesce(F("lab_test__collection_date"), F("specimen_received")))


RESULT: tuple[Key, ...] = (
    make_object_key("lab_result"),
    Key("id", Id(), READ_ONLY),
    Key("pt_id", Reference("patients"), READ_ONLY, source="lab_test__lab_order__patient"),
    Key(
        "test_name",
        Text(),
        READ_ONLY,
        source=Expression(
            lambda: _choose_first_text("observation_description", "lab_test__name", "observation_code")
        ),
        nullable=False,
        doc="Name of the observation, or of the test if the result has none.",
    ),
    Key("result_value", Text(), READ_ONLY, source="value"),
    Key("units", Text(), READ_ONLY, source="unit"),
    Key("reference_range", Text(), READ_ONLY, source="normal_range"),
    Key(
        "abnormal",
        Boolean(),
        READ_ONLY,
        source=Expression(lambda: Coalesce(F("is_abnormal"), Value(False))),
        nullable=False,
    ),
    Key(
        "collected",
        Timestamp(spaced=True),
        READ_ONLY,
        source=Expression(_select_collection_time),
        doc="When the specimen was collected or received by the laboratory.",
    ),
    Key("reported", Timestamp(spaced=True), READ_ONLY, source="results_released"),
    Key("order_id", Reference(ORDERS), READ_ONLY, source="lab_test__lab_order"),
)

lab_results = Resource(
    path="patients/{patient_id}/lab_results",
    model=LabResult,
    doc="Lab results, one per observation.",
    methods="GET",
    policy=make_policy("patient_lab_results"),
    reads=False,
    page_size=PAGES,
    parents=make_patient_parent("lab_test__lab_order__patient"),
    rows=Q(archived=False, lab_test__archived=False, lab_test__lab_order__archived=False),
    keys=RESULT,
    example={"test_name": "Hemoglobin A1c", "result_value": "6.1", "units": "%", "abnormal": True},
)

RESOURCES = [lab_results]
