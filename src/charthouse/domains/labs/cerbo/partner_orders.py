"""Orders to a partner laboratory in the Cerbo API. Source: reference cerbo/objects.yaml, operations.yaml."""

from typing import Any

from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Coalesce, NullIf

from charthouse.domains.labs.cerbo.keys import make_order_status
from charthouse.domains.labs.codes import REQUISITION_TYPES
from charthouse.domains.labs.models import LabDocument, LabOrder, LabTest
from charthouse.domains.practice.cerbo.keys import (
    PAGES,
    make_created_key,
    make_object_key,
    make_patient_key,
    make_patient_parent,
    make_policy,
)
from charthouse.engine.declaration.calls import Answer, Call
from charthouse.engine.declaration.composites import List
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.objects import Object
from charthouse.engine.declaration.references import Id
from charthouse.engine.declaration.related import ChildRows
from charthouse.engine.declaration.resources import Operation, Resource
from charthouse.engine.declaration.sources import Expression
from charthouse.engine.declaration.types import Text
from charthouse.engine.declaration.values import READ_ONLY
from charthouse.engine.errors import NotFound
from charthouse.engine.sql import expressions as sql
from charthouse.files.models import StoredFile
from charthouse.files.types import Url

PARTNER = "quest"
PARTNER_ORDERS = f"partners/{PARTNER}/orders"
# Laboratories of the partner: by a word of their name, or of that of the vendor who passes orders on to them.
_IS_PARTNERS = Q(sublab__name__iregex=rf"\y{PARTNER}\y") | Q(sublab__vendor_name__iregex=rf"\y{PARTNER}\y")


def _list_requisitions(order: Any) -> "QuerySet[LabDocument]":
    return LabDocument.objects.filter(lab_order=order, type__in=REQUISITION_TYPES, archived=False)


def _format_requisition_url() -> Combinable:
    """Return the URL of the requisition's bytes; null where the order has none."""
    exists = Exists(_list_requisitions(OuterRef("pk")).filter(practice=OuterRef("practice_id")))
    url = sql.Literal("/api/v1/partners/quest/requisition/%s/content")
    filled = sql.template("format(%s, %s)", url, F("pk"), output_field=sql.TEXT)
    return Case(When(exists, then=filled), output_field=models.TextField())


def _select_requisition_number() -> Combinable:
    return Coalesce(
        NullIf(F("external_requisition_id"), Value("")),
        Cast(F("id"), models.TextField()),
        output_field=models.TextField(),
    )


_PARTNER: dict[str, Any] = {
    "model": LabOrder,
    "methods": "GET",
    "page_size": PAGES,
    "rows": Q(archived=False) & _IS_PARTNERS,
    "keys": (
        make_object_key("partner_order"),
        Key("id", Id(), READ_ONLY),
        make_patient_key(),
        make_order_status(),
        Key(
            "requisition_number",
            Text(),
            READ_ONLY,
            source=Expression(_select_requisition_number),
            nullable=False,
            doc="The laboratory's number, or the order's id if the laboratory gave none.",
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
        make_created_key(),
        Key(
            "url_requisition_content",
            Url(),
            READ_ONLY,
            source=Expression(_format_requisition_url),
            nullable=True,
            doc="The requisition's bytes.",
        ),
    ),
    "example": {"status": "sent", "requisition_number": "RQ-20331"},
    "policy": make_policy("partner_applications"),
}

partner_orders = Resource(
    path=PARTNER_ORDERS, doc="Orders sent to the partner, by id.", lists=False, **_PARTNER
)

partner_orders_of_patient = Resource(
    path="patients/{patient_id}/partners/quest/orders",
    doc="A patient's orders sent to the partner.",
    reads=False,
    parents=make_patient_parent(),
    **_PARTNER,
)


def _read_requisition(call: Call) -> Answer:
    """Return the newest requisition of an order. Raises NotFound where it has none."""
    order = call.row
    found = _list_requisitions(order.pk).filter(practice=order.practice_id).order_by("-pk").first()
    if found is None:
        raise NotFound()
    return Answer(StoredFile.objects.get(practice=order.practice_id, pk=found.document_id))


requisition_content = Operation(
    path="partners/quest/requisition/{id}/content",
    doc="Download an order's requisition as it was filed.",
    of=PARTNER_ORDERS,
    media="*/*",
    run=_read_requisition,
)

RESOURCES = [partner_orders, partner_orders_of_patient]

OPERATIONS = [requisition_content]
