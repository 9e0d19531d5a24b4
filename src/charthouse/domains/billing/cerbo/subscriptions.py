"""Subscriptions in the Cerbo API, which writes none. Source: reference cerbo/objects.yaml, operations.yaml;
docs/decisions/0251-*.md"""

from typing import Any

from django.db.models import Q

from charthouse.domains.billing import account_sums
from charthouse.domains.billing.accounts import (
    Subscription,
)
from charthouse.domains.billing.cerbo.keys import INCLUDE_DELETED
from charthouse.domains.practice.cerbo.keys import (
    PAGES,
    make_created_key,
    make_deleted_key,
    make_object_key,
    make_patient_parent,
    make_policy,
    make_user_key,
)
from charthouse.engine.declaration.filters import Filter
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Resource, Visibility
from charthouse.engine.declaration.sources import Expression
from charthouse.engine.declaration.times import Date
from charthouse.engine.declaration.types import Boolean, Decimal, Integer, Text
from charthouse.engine.declaration.values import READ_ONLY

_COMMON: dict[str, Any] = {
    "model": Subscription,
    "methods": "GET",
    "reads": False,
    "page_size": PAGES,
    "visibility": Visibility(Q(archived=True), shown_by="include_deleted"),
    "keys": (
        make_object_key("subscription"),
        Key("id", Id(), READ_ONLY),
        Key("patient_id", Reference("patients"), READ_ONLY, source="patient"),
        Key("subscription_charge_id", Reference("charge_master"), READ_ONLY, source="definition"),
        Key(
            "charge_owner_user_id",
            Integer(),
            READ_ONLY,
            source="owner_id",
            doc="The provider who is credited with its charges.",
        ),
        Key("schedule_frequency", Text(choices=tuple(Subscription.Frequency.values)), READ_ONLY),
        Key("amount", Decimal(), READ_ONLY, doc="Amount of each charge."),
        Key("start_date", Date(), READ_ONLY),
        Key(
            "next_billing_date",
            Date(),
            READ_ONLY,
            source=Expression(account_sums.select_next_billing_date),
            doc=(
                "Follows the calendar from the start: a monthly subscription that starts January 31 is "
                "charged at the end of February. Null once the subscription is over."
            ),
        ),
        Key("end_date", Date(), READ_ONLY, doc="Nothing is charged after this day."),
        Key("is_deleted", Boolean(), READ_ONLY, source="archived"),
        make_deleted_key("date_deleted"),
        make_created_key(),
        make_user_key("addedby"),
    ),
    "example": {"schedule_frequency": "monthly", "amount": "85.00", "start_date": "2026-01-31"},
    "policy": make_policy("patient_subscriptions"),
}

_FILTERS: tuple[Filter, ...] = (
    Filter("schedule_frequency", Text(choices=tuple(Subscription.Frequency.values))),
    Filter("subscription_charge_id", Reference("charge_master"), source="definition"),
    Filter("charge_owner_user_id", Reference("users"), source="owner"),
)

subscriptions = Resource(
    path="patients/subscriptions",
    doc="Recurring charges of patients.",
    filters=(INCLUDE_DELETED, *_FILTERS),
    **_COMMON,
)

patient_subscriptions = Resource(
    path="patients/{patient_id}/subscriptions",
    doc="A patient's recurring charges.",
    parents=make_patient_parent(),
    filters=(INCLUDE_DELETED,),
    **_COMMON,
)

RESOURCES = [subscriptions, patient_subscriptions]
