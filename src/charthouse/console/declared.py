"""What people set up in the console and the API only reads, declared like everything else: the same engine writes it,
so the same rules, checks and changes hold. No API serves these."""

from functools import lru_cache
from typing import Any

from django.db.models import Q

from charthouse.console import (
    declared_accounts,
    declared_care,
    declared_documents,
    declared_notes,
    declared_questionnaires,
    declared_stock,
)
from charthouse.domains.billing.codes import FEE_CODE_TYPES
from charthouse.domains.billing.models import BillingProfile, FeeSchedule, FeeScheduleItem
from charthouse.domains.clinical.field_values import DATA_TYPES
from charthouse.domains.clinical.models import ClinicalNoteFieldType, ClinicalNoteTemplate
from charthouse.domains.inventory.models import InventoryCategory
from charthouse.domains.patients.models import CustomInsurancePlanName
from charthouse.domains.scheduling.models import CustomVital
from charthouse.engine.declaration.changes import Change
from charthouse.engine.declaration.composites import List
from charthouse.engine.declaration.hooks import hook
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.objects import Object
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.registry import build_registry
from charthouse.engine.declaration.resources import Registry, Resource
from charthouse.engine.declaration.times import Date
from charthouse.engine.declaration.types import Boolean, Decimal, Integer, Text
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY, REQUIRED
from charthouse.gateway.drchrono.registry import registry as drchrono

CODE = (Key("code", Text(), REQUIRED), Key("price", Text()), Key("quantity", Text()))


def _set_up(
    path: str, model: Any, sharing: str, *fields: Any, owner: str = "doctor", **more: Any
) -> Resource:
    """A table that the practice sets up: every row has an owner, and whoever may change settings writes it."""
    return Resource(
        path=path,
        model=model,
        doc=f"{path.replace('_', ' ').capitalize()}, as people of the practice set them up.",
        methods="GET POST PATCH DELETE",
        policy=Policy(
            scopes=("settings",),
            permissions=("Settings", *more.pop("permissions", ())),
            sharing=sharing,
            owner=owner,
        ),
        keys=(Key("id", Id(), READ_ONLY), *fields),
        rows=Q(archived=False),
        example=more.pop("example"),
        **more,
    )


def _doctor() -> Key:
    return Key("doctor", Reference("doctors"), REQUIRED)


@hook()
def _made_by(change: Change) -> None:
    if change.row is None:
        change.columns["user_id"] = change.actor.user


@hook()
def _keep_the_rest(change: Change) -> None:
    """What the API shows of a code beside what is asked here (modifiers, pointers) stays with the code."""
    asked = {field.name for field in CODE}
    for name in ("cpt_codes", "hcpcs_codes"):
        if change.row is not None and change.values.get(name):
            rest = {
                item.get("code"): {key: value for key, value in item.items() if key not in asked}
                for item in getattr(change.row, name)
            }
            change.values[name] = [rest.get(item["code"], {}) | item for item in change.values[name]]


RESOURCES = (
    *declared_care.RESOURCES,
    _set_up(
        "note_templates",
        ClinicalNoteTemplate,
        "share_clinical_templates",
        _doctor(),
        Key("name", Text(), REQUIRED),
        Key("is_persistent", Boolean(), doc="What it says of a patient stands in later notes as well."),
        Key("order_on_complete_note", Integer(minimum=0, maximum=10_000), OPTIONAL, default=1),
        permissions=("Access Clinical Notes",),
        example={"name": "Subjective"},
    ),
    _set_up(
        "note_fields",
        ClinicalNoteFieldType,
        "share_clinical_templates",
        Key("clinical_note_template", Reference("note_templates"), REQUIRED),
        Key("name", Text(), REQUIRED),
        Key("data_type", Text(choices=DATA_TYPES), OPTIONAL, default="String"),
        Key("allowed_values", List(Text())),
        Key("required", Boolean(), doc="No note with this section is locked before it has a value."),
        Key("comment", Text()),
        Key("position", Integer(minimum=0, maximum=10_000), OPTIONAL, default=1),
        owner="clinical_note_template__doctor",
        permissions=("Access Clinical Notes",),
        example={"name": "Chief complaint"},
    ),
    _set_up(
        "vital_kinds",
        CustomVital,
        "always",
        _doctor(),
        Key("name", Text(), REQUIRED),
        Key("data_type", Text(choices=tuple(CustomVital.DataType.values)), OPTIONAL, default="text"),
        Key("description", Text()),
        Key("unit", Text()),
        Key("allowed_values", List(Text())),
        permissions=("Access Clinical Notes",),
        example={"name": "Peak flow"},
    ),
    _set_up(
        "code_sets",
        BillingProfile,
        "share_billing_profiles",
        _doctor(),
        Key("name", Text(), REQUIRED),
        Key("cpt_codes", List(Object(CODE, open=True)), OPTIONAL),
        Key("hcpcs_codes", List(Object(CODE, open=True)), OPTIONAL),
        Key("icd10_codes", List(Text())),
        permissions=("Access Billing",),
        checks=(_keep_the_rest,),
        example={"name": "Annual physical"},
    ),
    _set_up(
        "price_lists",
        FeeSchedule,
        "share_fee_schedule",
        _doctor(),
        Key("plan_name", Text()),
        Key("payer_id", Text()),
        Key("effective_date", Date()),
        Key("ineffective_date", Date()),
        permissions=("Access Billing",),
        example={"plan_name": "Self-pay"},
    ),
    _set_up(
        "prices",
        FeeScheduleItem,
        "share_fee_schedule",
        Key("schedule", Reference("price_lists"), REQUIRED),
        Key("code", Text(), REQUIRED),
        Key("code_type", Text(choices=FEE_CODE_TYPES), OPTIONAL, default="CPT"),
        Key("description", Text()),
        Key("base_price", Decimal(), OPTIONAL),
        Key("insured_price", Decimal(), OPTIONAL),
        Key("cash_price", Decimal(), OPTIONAL),
        Key("allowed_amount", Decimal(), OPTIONAL),
        Key("office", Reference("offices")),
        owner="schedule__doctor",
        permissions=("Access Billing",),
        example={"code": "99213", "base_price": "145.00"},
    ),
    _set_up(
        "stock_categories",
        InventoryCategory,
        "share_inventory",
        _doctor(),
        Key("name", Text(), REQUIRED),
        Key("category_type", Text()),
        permissions=("Access Clinical Notes",),
        example={"name": "Vaccines"},
    ),
    _set_up(
        "plan_names",
        CustomInsurancePlanName,
        "custom_insurance_plan_name",
        _doctor(),
        Key("insurance_plan_name", Text(), REQUIRED),
        checks=(_made_by,),
        example={"insurance_plan_name": "County employees"},
    ),
    *declared_accounts.RESOURCES,
    *declared_notes.RESOURCES,
    *declared_questionnaires.RESOURCES,
    *declared_documents.RESOURCES,
    *declared_stock.RESOURCES,
)


@lru_cache(maxsize=1)
def registry() -> Registry:
    """The console's own resources, beside those of the API."""
    return build_registry("console", RESOURCES, base=drchrono())
