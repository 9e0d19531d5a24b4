"""Laboratory orders in the Cerbo API. Source: reference cerbo/objects.yaml; docs/decisions/0231-*.md"""

from django.contrib.postgres.aggregates import StringAgg
from django.db import models
from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from charthouse.domains.labs.cerbo.keys import ORDERS, make_order_status
from charthouse.domains.labs.cerbo.results import RESULT
from charthouse.domains.labs.models import LabOrder, LabResult, LabTest
from charthouse.domains.practice.cerbo.keys import (
    declare_patient_list,
    make_constant_key,
    make_created_key,
    make_encounter_keys,
    make_patient_key,
    make_user_key,
)
from charthouse.engine.declaration.composites import List
from charthouse.engine.declaration.events import plain_events
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.objects import Object
from charthouse.engine.declaration.related import ChildRows
from charthouse.engine.declaration.sources import Expression
from charthouse.engine.declaration.types import Text
from charthouse.engine.declaration.values import READ_ONLY
from charthouse.engine.sql import expressions as sql


def _list_tests() -> "QuerySet[LabTest]":
    return LabTest.objects.filter(
        practice=OuterRef("practice_id"), lab_order=OuterRef("pk"), archived=False
    ).order_by()


def _join_test_names() -> Combinable:
    names = _list_tests().annotate(said=StringAgg("name", ", ", order_by="id"))
    return Coalesce(
        Subquery(sql.ungroup(names).values_list("said")), sql.Literal(""), output_field=models.TextField()
    )


orders = declare_patient_list(
    "patient_orders",
    "order",
    path=ORDERS,
    model=LabOrder,
    doc="A patient's orders.",
    methods="GET",
    keys=(
        make_patient_key(),
        make_constant_key("order_type", "lab"),
        Key(
            "name",
            Text(),
            READ_ONLY,
            source=Expression(_join_test_names),
            nullable=False,
            doc="Names of the order's tests.",
        ),
        make_order_status(),
        make_encounter_keys()[0],
        Key(
            "results",
            List(Object(RESULT)),
            READ_ONLY,
            source=ChildRows(LabResult, link="lab_test__lab_order", where={"lab_test__archived": False}),
            doc="Results of the order.",
        ),
        make_created_key(),
        make_user_key("addedby"),
    ),
    events=plain_events("order.created", "order.modified", "order.deleted", own="create modify delete"),
    example={"order_type": "lab", "name": "Hemoglobin A1c", "status": "sent"},
)

RESOURCES = [orders]
