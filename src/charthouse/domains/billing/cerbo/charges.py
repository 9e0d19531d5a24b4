"""Charges in the Cerbo API, which writes none. Source: reference cerbo/objects.yaml, operations.yaml;
docs/decisions/0250-*.md, 0251-*.md"""

from django.db import models
from django.db.models import Q

from charthouse.domains.billing.accounts import (
    Charge,
)
from charthouse.domains.billing.cerbo.filters import DAY_FILTERS
from charthouse.domains.billing.cerbo.keys import (
    BELOW_ENCOUNTER,
    EXAMPLE,
    INCLUDE_DELETED,
    NOT_DELETED,
    make_charge_keys,
)
from charthouse.domains.practice.cerbo.keys import PAGES, make_patient_parent, make_policy
from charthouse.engine.declaration.events import plain_events
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.resources import Resource, Visibility
from charthouse.engine.declaration.sources import Expression
from charthouse.engine.declaration.times import Timestamp
from charthouse.engine.declaration.types import Boolean, Decimal
from charthouse.engine.declaration.values import READ_ONLY

_VISIBILITY = Visibility(Q(archived=True), shown_by="include_deleted", by_id=True)

CHARGE: tuple[Key, ...] = (
    *make_charge_keys("charge", "pk", Key("amt_written_off", Decimal(), READ_ONLY)),
    Key(
        "is_voided",
        Boolean(),
        READ_ONLY,
        source=Expression(
            lambda: models.ExpressionWrapper(Q(voided_at__isnull=False), output_field=models.BooleanField())
        ),
        nullable=False,
    ),
    Key("date_voided", Timestamp(spaced=True), READ_ONLY, source="voided_at"),
)

charges = Resource(
    path="charges",
    model=Charge,
    doc="Charges of all patients.",
    methods="GET",
    policy=make_policy("charges"),
    page_size=PAGES,
    keys=CHARGE,
    filters=(*DAY_FILTERS, INCLUDE_DELETED),
    visibility=_VISIBILITY,
    events=plain_events("charge.created", "charge.modified", "charge.deleted", own="create modify delete"),
    example=EXAMPLE,
)

patient_charges = Resource(
    path="patients/{patient_id}/charges",
    model=Charge,
    doc="A patient's charges.",
    methods="GET",
    policy=make_policy("charges"),
    reads=False,
    page_size=PAGES,
    parents=make_patient_parent(),
    rows=NOT_DELETED,
    keys=CHARGE,
    filters=DAY_FILTERS,
    example=EXAMPLE,
)

encounter_charges = Resource(
    path="patients/{patient_id}/encounters/{encounter_id}/charges",
    model=Charge,
    doc="An encounter's charges.",
    methods="GET",
    policy=make_policy("charges"),
    reads=False,
    page_size=PAGES,
    parents=BELOW_ENCOUNTER,
    rows=NOT_DELETED,
    keys=CHARGE,
    example=EXAMPLE,
)

RESOURCES = [charges, patient_charges, encounter_charges]
