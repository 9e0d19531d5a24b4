"""Billing profiles in the DrChrono API. Source: reference drchrono/resources.yaml, nested.yaml."""

from charthouse.domains.billing.codes import NDC_UNITS
from charthouse.domains.billing.drchrono.policy import PERMISSIONS
from charthouse.domains.billing.models import BillingProfile
from charthouse.engine.declaration.composites import List
from charthouse.engine.declaration.filters import Filter
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.objects import Object
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.times import Timestamp
from charthouse.engine.declaration.types import Boolean, Text
from charthouse.engine.declaration.values import READ_ONLY


def _make_texts(name: str) -> Key:
    return Key(name, List(Text()), READ_ONLY)


def _make_codes(name: str, *more: Key) -> Key:
    fields = (
        Key("code", Text(), READ_ONLY),
        Key("price", Text(), READ_ONLY),
        Key("quantity", Text(), READ_ONLY),
        *more,
    )
    return Key(name, List(Object(fields)), READ_ONLY, nullable=False)


_CLAIMED = (
    _make_texts("modifiers"),
    _make_texts("diagnosis_pointers_icd9"),
    _make_texts("diagnosis_pointers_icd10"),
    Key(
        "ndc_code",
        List(
            Object(
                (
                    Key("ndc_package_code", Text(), READ_ONLY),
                    Key("quantity", Text(), READ_ONLY),
                    Key("units", Text(choices=NDC_UNITS), READ_ONLY),
                )
            )
        ),
        READ_ONLY,
    ),
)

billing_profiles = Resource(
    path="billing_profiles",
    model=BillingProfile,
    doc="Codes that doctors bill together.",
    methods="GET",
    policy=Policy(
        scopes=("billing",), permissions=PERMISSIONS, sharing="share_billing_profiles", owner="doctor"
    ),
    keys=(
        Key("archived", Boolean(), READ_ONLY),
        _make_codes("cpt_codes", *_CLAIMED),
        Key("created_at", Timestamp(), READ_ONLY),
        _make_codes("custom_procedure_codes"),
        Key("doctor", Reference("doctors"), READ_ONLY),
        _make_codes("hcpcs_codes", *_CLAIMED),
        _make_texts("icd9_codes"),
        _make_texts("icd10_codes"),
        Key("id", Id(), READ_ONLY),
        Key("name", Text(), READ_ONLY),
        Key("updated_at", Timestamp(), READ_ONLY),
    ),
    filters=(Filter("doctor", Reference("doctors")),),
    example={
        "name": "Annual physical",
        "cpt_codes": [{"code": "99395", "price": "185.00", "quantity": "1.00"}],
    },
)

RESOURCES = [billing_profiles]
