"""Estimates in the Cerbo API, which writes none. Source: reference cerbo/objects.yaml, operations.yaml;
docs/decisions/0250-*.md"""

from typing import Any

from charthouse.domains.billing.accounts import (
    Estimate,
)
from charthouse.domains.billing.cerbo.filters import DAY_FILTERS
from charthouse.domains.billing.cerbo.keys import (
    BELOW_ENCOUNTER,
    EXAMPLE,
    NOT_DELETED,
    make_charge_keys,
)
from charthouse.domains.practice.cerbo.keys import PAGES, make_patient_parent, make_policy
from charthouse.engine.declaration.composites import List
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.references import Reference
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.times import Date
from charthouse.engine.declaration.types import Text
from charthouse.engine.declaration.values import READ_ONLY

_ESTIMATE: dict[str, Any] = {
    "model": Estimate,
    "methods": "GET",
    "page_size": PAGES,
    "rows": NOT_DELETED,
    "keys": (
        *make_charge_keys(
            "estimate",
            "converted_id",
            Key("date_paid_by_insurance", Date(), READ_ONLY),
            Key("justifying_diagnoses", List(Text()), READ_ONLY, doc="ICD-10 codes."),
            Key("which_insurance_to_bill", Text(), READ_ONLY, doc="primary, secondary, tertiary, or empty."),
        ),
        Key("expiration_date", Date(), READ_ONLY, doc="Last day on which the estimate can become a charge."),
        Key(
            "converted_tp_patient_charge_id",
            Reference("charges", as_text=True),
            READ_ONLY,
            source="converted",
            doc="The charge created from the estimate.",
        ),
    ),
    "example": EXAMPLE,
    "policy": make_policy("patient_charges"),
}

estimates = Resource(
    path="patients/{patient_id}/estimates",
    doc="Cost estimates for a patient.",
    parents=make_patient_parent(),
    filters=DAY_FILTERS,
    **_ESTIMATE,
)

encounter_estimates = Resource(
    path="patients/{patient_id}/encounters/{encounter_id}/estimates",
    doc="Cost estimates made at an encounter.",
    reads=False,
    parents=BELOW_ENCOUNTER,
    **_ESTIMATE,
)

RESOURCES = [estimates, encounter_estimates]
