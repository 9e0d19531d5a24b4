"""Laboratory orders in the DrChrono API. Source: reference drchrono/resources.yaml, behaviour.md (Labs)."""

from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models import Case, F, OuterRef, Q, Value, When
from django.db.models.functions import Cast

from charthouse.domains.labs import hooks
from charthouse.domains.labs.codes import ORDER_STATUSES, PRIORITIES
from charthouse.domains.labs.drchrono.policy import allow_laboratories
from charthouse.domains.labs.models import (
    LabDocument,
    LabOrder,
)
from charthouse.domains.practice.drchrono.differences import make_coded_word
from charthouse.engine.declaration.composites import List
from charthouse.engine.declaration.events import plain_events
from charthouse.engine.declaration.filters import SINCE, Filter
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.objects import Object
from charthouse.engine.declaration.policy import ALWAYS, Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.sources import Expression
from charthouse.engine.declaration.times import Timestamp
from charthouse.engine.declaration.types import Text
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY, REQUIRED


def _select_documents() -> Any:
    rows = LabDocument.objects.filter(
        practice=OuterRef("practice_id"), lab_order=OuterRef("pk"), archived=False
    )
    return ArraySubquery(rows.order_by("id").values_list("id"))


def _documents_of_order(**options: Any) -> Key:
    ids = List(Reference("lab_documents"))
    return Key("documents", ids, READ_ONLY, source=Expression(_select_documents), nullable=False, **options)


def _requisition_id(**options: Any) -> Key:
    return Key(
        "requisition_id",
        Text(),
        READ_ONLY,
        source=Expression(lambda: Cast(F("id"), models.TextField())),
        **options,
    )


def _diagnoses(access: Any, **options: Any) -> Key:
    return Key(
        "icd10_codes",
        List(
            Object(
                (
                    Key("code", Text(), REQUIRED, example="E11.9"),
                    Key("description", Text(), READ_ONLY, doc="The code's official text."),
                )
            )
        ),
        access,
        **options,
    )


lab_orders = Resource(
    path="lab_orders",
    model=LabOrder,
    doc="Laboratory orders.",
    methods="GET POST PUT PATCH DELETE",
    policy=allow_laboratories("doctor"),
    rows=Q(archived=False),
    keys=(
        Key("id", Id(), READ_ONLY),
        Key("sublab", Reference("sublabs"), REQUIRED),
        Key("doctor", Reference("doctors"), REQUIRED),
        Key("patient", Reference("patients"), REQUIRED),
        _documents_of_order(),
        Key(
            "timestamp",
            Timestamp(),
            default=hooks.truncate_now,
            keep_on_put=True,
            doc="When the order was submitted; default: now.",
        ),
        Key(
            "status",
            Text(choices=tuple(ORDER_STATUSES)),
            default="N",
            doc=(
                "N not sent, Q queued, A ABN required, S sent, R results received, E error. Becomes R "
                "once all tests that aren't canceled are final or corrected, and S again if one of them "
                "no longer is."
            ),
        ),
        _diagnoses(OPTIONAL, doc="Diagnoses, ICD-10-CM."),
        _requisition_id(doc="The order's id."),
        Key("accession_number", Text()),
        Key("notes", Text(multiline=True)),
        Key("priority", make_coded_word("lab_orders.priority", PRIORITIES), default="NORMAL"),
        Key("external_requisition_id", Text(), keep_on_put=True, addition=True),
    ),
    filters=(
        Filter("doctor", Reference("doctors")),
        Filter("since", Timestamp(), SINCE, source="created_at", doc="Created at or after this time."),
    ),
    checks=(hooks.label_diagnoses,),
    after=(hooks.process_order,),
    events=plain_events("LAB_ORDER_CREATE", "LAB_ORDER_MODIFY", "LAB_ORDER_DELETE"),
    example={
        "sublab": 1,
        "doctor": 1,
        "patient": 12,
        "icd10_codes": [{"code": "E11.9"}],
        "notes": "Fasting.",
    },
)

lab_orders_summary = Resource(
    path="lab_orders_summary",
    model=LabOrder,
    doc="Laboratory orders, for apps that only read the chart.",
    methods="GET",
    policy=Policy(
        scopes=("clinical",), permissions=("Access Clinical Notes",), sharing=ALWAYS, owner="doctor"
    ),
    rows=Q(archived=False),
    keys=(
        Key("accession_number", Text(), READ_ONLY),
        Key("appointment", Reference("appointments"), READ_ONLY),
        Key("created_at", Timestamp(), READ_ONLY),
        Key("doctor", Reference("doctors"), READ_ONLY),
        Key("id", Id(), READ_ONLY),
        Key("lab", Text(), READ_ONLY, source="sublab__name", doc="Name of the laboratory."),
        Key("notes", Text(), READ_ONLY),
        Key("origin", Text(), READ_ONLY, doc="Where the order was created: API or Chart."),
        Key("patient", Reference("patients"), READ_ONLY),
        Key(
            "priority",
            Text(choices=("N", "S")),
            READ_ONLY,
            source=Expression(
                lambda: Case(
                    When(priority="STAT", then=Value("S")),
                    default=Value("N"),
                    output_field=models.TextField(),
                )
            ),
            doc="N normal, S stat.",
        ),
        Key("status", Text(choices=tuple(ORDER_STATUSES)), READ_ONLY),
        Key("updated_at", Timestamp(), READ_ONLY),
        _documents_of_order(addition=True),
        Key("timestamp", Timestamp(), READ_ONLY, addition=True),
        _requisition_id(addition=True),
        Key("external_requisition_id", Text(), READ_ONLY, addition=True),
        _diagnoses(READ_ONLY, addition=True),
        Key("sublab", Reference("sublabs"), READ_ONLY, addition=True),
    ),
    filters=(
        Filter("doctor", Reference("doctors")),
        Filter("patient", Reference("patients")),
        Filter("since", Timestamp(), SINCE, source="updated_at"),
    ),
    example={"lab": "Front Range Reference Laboratory", "priority": "N", "status": "R", "origin": "Chart"},
)

RESOURCES = [lab_orders, lab_orders_summary]
