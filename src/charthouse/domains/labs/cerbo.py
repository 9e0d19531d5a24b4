"""Laboratory orders and results as Cerbo shows them. Facts: reference cerbo/objects.yaml, operations.yaml;
docs/decisions/0231-*.md"""

from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.aggregates import StringAgg
from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Coalesce, NullIf

from charthouse.domains.labs.models import LabDocument, LabOrder, LabResult, LabTest
from charthouse.domains.practice.cerbo_keys import below_patient, by, common, created, encounter, tag
from charthouse.files.fields import Address
from charthouse.files.models import StoredFile
from charthouse.resource import sql
from charthouse.resource.declare import PageSize, Resource
from charthouse.resource.errors import NotFound
from charthouse.resource.events import plain
from charthouse.resource.fields import READ_ONLY, Boolean, Field, Id, Ref, Text
from charthouse.resource.functions import Answer, Call, Function
from charthouse.resource.joined import Coded, Constant
from charthouse.resource.nested import Many
from charthouse.resource.times import Moment

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
    return sql.Spaced(Coalesce(F("lab_test__collection_date"), F("specimen_received")))


RESULT: tuple[Field, ...] = (
    tag("lab_result"),
    Id("id"),
    Ref("pt_id", READ_ONLY, source="lab_test__lab_order__patient", to="patients"),
    Text(
        "test_name",
        READ_ONLY,
        computed=lambda: _first_said("observation_description", "lab_test__name", "observation_code"),
        nullable=False,
        doc="What was observed; the name of the test where the result doesn't say.",
    ),
    Text("result_value", READ_ONLY, source="value"),
    Text("units", READ_ONLY, source="unit"),
    Text("reference_range", READ_ONLY, source="normal_range"),
    Boolean(
        "abnormal",
        READ_ONLY,
        computed=lambda: Coalesce(F("is_abnormal"), Value(False)),
        nullable=False,
    ),
    Moment(
        "collected",
        READ_ONLY,
        computed=_collected,
        doc="When the specimen was taken, or came to the laboratory.",
    ),
    Moment("reported", READ_ONLY, source="results_released"),
    Ref("order_id", READ_ONLY, source="lab_test__lab_order", to=ORDERS),
)

lab_results = Resource(
    path="patients/{patient_id}/lab_results",
    model=LabResult,
    doc="What laboratories found, one for each observation.",
    methods="GET",
    reads=False,
    **common("patient_lab_results"),
    page_size=PAGES,
    parents=below_patient("lab_test__lab_order__patient"),
    rows=Q(archived=False, lab_test__archived=False, lab_test__lab_order__archived=False),
    fields=RESULT,
    example={"test_name": "Hemoglobin A1c", "result_value": "6.1", "units": "%", "abnormal": True},
)

# -- orders -----------------------------------------------------------------------------------------------------


def _status() -> Field:
    return Coded("status", READ_ONLY, codes=STATUSES)


def _tests() -> "QuerySet[LabTest]":
    return LabTest.objects.filter(
        practice=OuterRef("practice_id"), lab_order=OuterRef("pk"), archived=False
    ).order_by()


def _names() -> Combinable:
    names = _tests().annotate(said=StringAgg("name", ", ", order_by="id"))
    return Coalesce(
        Subquery(sql.ungrouped(names).values_list("said")), sql.Text(""), output_field=models.TextField()
    )


orders = Resource(
    path=ORDERS,
    model=LabOrder,
    doc="What was ordered for a patient.",
    methods="GET",
    **common("patient_orders"),
    page_size=PAGES,
    parents=below_patient(),
    rows=Q(archived=False),
    fields=(
        tag("order"),
        Id("id"),
        Ref("pt_id", READ_ONLY, source="patient", to="patients"),
        Constant("order_type", value="lab"),
        Text("name", READ_ONLY, computed=_names, nullable=False, doc="The names of its tests."),
        _status(),
        encounter()[0],
        Many(
            "results",
            READ_ONLY,
            to=LabResult,
            link="lab_test__lab_order",
            where={"lab_test__archived": False},
            fields=RESULT,
            doc="What has come of it.",
        ),
        created(),
        by("addedby"),
    ),
    events=plain("order.created", "order.modified", "order.deleted", ours="create modify delete"),
    example={"order_type": "lab", "name": "Hemoglobin A1c", "status": "sent"},
)

# -- orders to a partner ----------------------------------------------------------------------------------------


def _requisitions(order: Any) -> "QuerySet[LabDocument]":
    return LabDocument.objects.filter(lab_order=order, type__in=REQUISITIONS, archived=False)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Requisition(Address):
    """Null where the order has no requisition yet."""

    nullable: bool | None = True

    def sql(self) -> Combinable:
        there = Exists(_requisitions(OuterRef("pk")).filter(practice=OuterRef("practice_id")))
        url = sql.Text(self.where)
        filled = models.Func(url, F("pk"), function="format", output_field=models.TextField())
        return Case(When(there, then=filled), output_field=models.TextField())


def _number() -> Combinable:
    return Coalesce(
        NullIf(F("external_requisition_id"), Value("")),
        Cast(F("id"), models.TextField()),
        output_field=models.TextField(),
    )


_PARTNER: dict[str, Any] = {
    "model": LabOrder,
    "methods": "GET",
    **common("partner_applications"),
    "page_size": PAGES,
    "rows": Q(archived=False),
    "fields": (
        tag("partner_order"),
        Id("id"),
        Ref("pt_id", READ_ONLY, source="patient", to="patients"),
        _status(),
        Text(
            "requisition_number",
            READ_ONLY,
            computed=_number,
            nullable=False,
            doc="The laboratory's; the order's id where it gave none.",
        ),
        Many(
            "tests",
            READ_ONLY,
            to=LabTest,
            link="lab_order",
            fields=(
                Id("id"),
                Text("code", READ_ONLY),
                Text("name", READ_ONLY),
                Text("status", READ_ONLY),
            ),
        ),
        created(),
        _Requisition(
            "url_requisition_content",
            where="/api/v1/partners/quest/requisition/%s/content",
            doc="The bytes of its requisition.",
        ),
    ),
    "example": {"status": "sent", "requisition_number": "RQ-20331"},
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
    Function(
        path="partners/quest/requisition/{id}/content",
        doc="The requisition of an order, as it was filed.",
        of=PARTNER_ORDERS,
        media="*/*",
        run=_requisition,
    )
]
RESOURCES = [lab_results, orders, partner_orders, partner_orders_of_patient]
