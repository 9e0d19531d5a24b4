"""Laboratory orders and results as Cerbo shows them. Facts: reference cerbo/objects.yaml, operations.yaml;
docs/decisions/0231-*.md"""

from typing import Any

from django.contrib.postgres.aggregates import StringAgg
from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Coalesce, NullIf

from charthouse.domains.labs.models import LabDocument, LabOrder, LabResult, LabTest
from charthouse.domains.practice.cerbo_keys import below_patient, by, common, created, encounter, tag
from charthouse.engine.declaration.calls import Answer, Call
from charthouse.engine.declaration.composites import List, MappedChoice
from charthouse.engine.declaration.events import plain_events
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.objects import Object
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.related import ChildRows
from charthouse.engine.declaration.resources import Operation, PageSize, Resource
from charthouse.engine.declaration.sources import Constant, Expression
from charthouse.engine.declaration.times import Timestamp
from charthouse.engine.declaration.types import Boolean, Text
from charthouse.engine.declaration.values import READ_ONLY
from charthouse.engine.errors import NotFound
from charthouse.engine.sql import expressions as sql
from charthouse.files.models import StoredFile
from charthouse.files.types import Url

PAGES = PageSize(100, 100, 100)
ORDERS = "patients/{patient_id}/orders"
PARTNER_ORDERS = "partners/quest/orders"
STATUSES = {
    "not sent": "N",
    "queued": "Q",
    "ABN required": "A",
    "sent": "S",
    "results received": "R",
    "error": "E",
}
REQUISITIONS = ("REQ", "R-A")  # kinds of document that have the requisition in them


def _first_said(*columns: str) -> Combinable:
    said = (NullIf(F(column), Value("")) for column in columns)
    return Coalesce(*said, Value(""), output_field=models.TextField())


def _collected() -> Combinable:
    return sql.format_utc(Coalesce(F("lab_test__collection_date"), F("specimen_received")))


RESULT: tuple[Key, ...] = (
    tag("lab_result"),
    Key("id", Id(), READ_ONLY),
    Key("pt_id", Reference("patients"), READ_ONLY, source="lab_test__lab_order__patient"),
    Key(
        "test_name",
        Text(),
        READ_ONLY,
        source=Expression(
            lambda: _first_said("observation_description", "lab_test__name", "observation_code")
        ),
        nullable=False,
        doc="What was observed; the name of the test where the result doesn't say.",
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
        source=Expression(_collected),
        doc="When the specimen was taken, or came to the laboratory.",
    ),
    Key("reported", Timestamp(spaced=True), READ_ONLY, source="results_released"),
    Key("order_id", Reference(ORDERS), READ_ONLY, source="lab_test__lab_order"),
)

lab_results = Resource(
    path="patients/{patient_id}/lab_results",
    model=LabResult,
    doc="What laboratories found, one for each observation.",
    methods="GET",
    policy=common("patient_lab_results"),
    reads=False,
    page_size=PAGES,
    parents=below_patient("lab_test__lab_order__patient"),
    rows=Q(archived=False, lab_test__archived=False, lab_test__lab_order__archived=False),
    keys=RESULT,
    example={"test_name": "Hemoglobin A1c", "result_value": "6.1", "units": "%", "abnormal": True},
)

# -- orders -----------------------------------------------------------------------------------------------------


def _status() -> Key:
    return Key("status", MappedChoice(STATUSES), READ_ONLY)


def _tests() -> "QuerySet[LabTest]":
    return LabTest.objects.filter(
        practice=OuterRef("practice_id"), lab_order=OuterRef("pk"), archived=False
    ).order_by()


def _names() -> Combinable:
    names = _tests().annotate(said=StringAgg("name", ", ", order_by="id"))
    return Coalesce(
        Subquery(sql.ungroup(names).values_list("said")), sql.Literal(""), output_field=models.TextField()
    )


orders = Resource(
    path=ORDERS,
    model=LabOrder,
    doc="What was ordered for a patient.",
    methods="GET",
    policy=common("patient_orders"),
    page_size=PAGES,
    parents=below_patient(),
    rows=Q(archived=False),
    keys=(
        tag("order"),
        Key("id", Id(), READ_ONLY),
        Key("pt_id", Reference("patients"), READ_ONLY, source="patient"),
        Key("order_type", Text(), READ_ONLY, source=Constant("lab"), nullable=False),
        Key(
            "name",
            Text(),
            READ_ONLY,
            source=Expression(_names),
            nullable=False,
            doc="The names of its tests.",
        ),
        _status(),
        encounter()[0],
        Key(
            "results",
            List(Object(RESULT)),
            READ_ONLY,
            source=ChildRows(LabResult, link="lab_test__lab_order", where={"lab_test__archived": False}),
            doc="What has come of it.",
        ),
        created(),
        by("addedby"),
    ),
    events=plain_events("order.created", "order.modified", "order.deleted", own="create modify delete"),
    example={"order_type": "lab", "name": "Hemoglobin A1c", "status": "sent"},
)

# -- orders to a partner ----------------------------------------------------------------------------------------


def _requisitions(order: Any) -> "QuerySet[LabDocument]":
    return LabDocument.objects.filter(lab_order=order, type__in=REQUISITIONS, archived=False)


def _requisition_url() -> Combinable:
    """Null where the order has no requisition yet."""
    exists = Exists(_requisitions(OuterRef("pk")).filter(practice=OuterRef("practice_id")))
    url = sql.Literal("/api/v1/partners/quest/requisition/%s/content")
    filled = sql.template("format(%s, %s)", url, F("pk"), output_field=sql.TEXT)
    return Case(When(exists, then=filled), output_field=models.TextField())


def _number() -> Combinable:
    return Coalesce(
        NullIf(F("external_requisition_id"), Value("")),
        Cast(F("id"), models.TextField()),
        output_field=models.TextField(),
    )


_PARTNER: dict[str, Any] = {
    "model": LabOrder,
    "methods": "GET",
    "page_size": PAGES,
    "rows": Q(archived=False),
    "keys": (
        tag("partner_order"),
        Key("id", Id(), READ_ONLY),
        Key("pt_id", Reference("patients"), READ_ONLY, source="patient"),
        _status(),
        Key(
            "requisition_number",
            Text(),
            READ_ONLY,
            source=Expression(_number),
            nullable=False,
            doc="The laboratory's; the order's id where it gave none.",
        ),
        Key(
            "tests",
            List(
                Object(
                    (
                        Key("id", Id(), READ_ONLY),
                        Key("code", Text(), READ_ONLY),
                        Key("name", Text(), READ_ONLY),
                        Key("status", Text(), READ_ONLY),
                    )
                )
            ),
            READ_ONLY,
            source=ChildRows(LabTest, link="lab_order"),
        ),
        created(),
        Key(
            "url_requisition_content",
            Url(),
            READ_ONLY,
            source=Expression(_requisition_url),
            nullable=True,
            doc="The bytes of its requisition.",
        ),
    ),
    "example": {"status": "sent", "requisition_number": "RQ-20331"},
    "policy": common("partner_applications"),
}

partner_orders = Resource(path=PARTNER_ORDERS, doc="Orders to a laboratory, by id.", lists=False, **_PARTNER)
partner_orders_of_patient = Resource(
    path="patients/{patient_id}/partners/quest/orders",
    doc="A patient's orders to a laboratory.",
    reads=False,
    parents=below_patient(),
    **_PARTNER,
)


def _requisition(call: Call) -> Answer:
    """The newest requisition of an order. Raises NotFound where it has none."""
    order = call.row
    found = _requisitions(order.pk).filter(practice=order.practice_id).order_by("-pk").first()
    if found is None:
        raise NotFound()
    return Answer(StoredFile.objects.get(practice=order.practice_id, pk=found.document_id))


FUNCTIONS = [
    Operation(
        path="partners/quest/requisition/{id}/content",
        doc="The requisition of an order, as it was filed.",
        of=PARTNER_ORDERS,
        media="*/*",
        run=_requisition,
    )
]
RESOURCES = [lab_results, orders, partner_orders, partner_orders_of_patient]
