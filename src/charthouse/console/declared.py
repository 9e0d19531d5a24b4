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
from charthouse.dialects.drchrono.registry import registry as drchrono
from charthouse.domains.billing.codes import FEE_CODE_TYPES
from charthouse.domains.billing.models import BillingProfile, FeeSchedule, FeeScheduleItem
from charthouse.domains.clinical.charting import DATA_TYPES
from charthouse.domains.clinical.models import ClinicalNoteFieldType, ClinicalNoteTemplate
from charthouse.domains.inventory.models import InventoryCategory
from charthouse.domains.patients.models import CustomInsurancePlanName
from charthouse.domains.scheduling.models import CustomVital
from charthouse.resource.change import Change
from charthouse.resource.declare import Registry, Resource
from charthouse.resource.fields import OPTIONAL, REQUIRED, Boolean, Decimal, Id, Integer, ListOf, Ref, Text
from charthouse.resource.nested import Embedded
from charthouse.resource.times import Date

CODE = (Text("code", REQUIRED), Text("price"), Text("quantity"))


def _set_up(
    path: str, model: Any, sharing: str, *fields: Any, owner: str = "doctor", **more: Any
) -> Resource:
    """A table that the practice sets up: every row has an owner, and whoever may change settings writes it."""
    return Resource(
        path=path,
        model=model,
        doc=f"{path.replace('_', ' ').capitalize()}, as people of the practice set them up.",
        methods="GET POST PATCH DELETE",
        scopes=("settings",),
        permissions=("Settings", *more.pop("permissions", ())),
        sharing=sharing,
        owner=owner,
        fields=(Id("id"), *fields),
        rows=Q(archived=False),
        example=more.pop("example"),
        **more,
    )


def _doctor() -> Ref:
    return Ref("doctor", REQUIRED, to="doctors")


def _made_by(change: Change) -> None:
    if change.row is None:
        change.columns["user_id"] = change.actor.user


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
        Text("name", REQUIRED),
        Boolean("is_persistent", doc="What it says of a patient stands in later notes as well."),
        Integer("order_on_complete_note", OPTIONAL, minimum=0, maximum=10_000, default=1),
        permissions=("Access Clinical Notes",),
        example={"name": "Subjective"},
    ),
    _set_up(
        "note_fields",
        ClinicalNoteFieldType,
        "share_clinical_templates",
        Ref("clinical_note_template", REQUIRED, to="note_templates"),
        Text("name", REQUIRED),
        Text("data_type", OPTIONAL, choices=DATA_TYPES, default="String"),
        ListOf("allowed_values", item=Text("allowed_values")),
        Boolean("required", doc="No note with this section is locked before it has a value."),
        Text("comment"),
        Integer("position", OPTIONAL, minimum=0, maximum=10_000, default=1),
        owner="clinical_note_template__doctor",
        permissions=("Access Clinical Notes",),
        example={"name": "Chief complaint"},
    ),
    _set_up(
        "vital_kinds",
        CustomVital,
        "always",
        _doctor(),
        Text("name", REQUIRED),
        Text("data_type", OPTIONAL, choices=tuple(CustomVital.DataType.values), default="text"),
        Text("description"),
        Text("unit"),
        ListOf("allowed_values", item=Text("allowed_values")),
        permissions=("Access Clinical Notes",),
        example={"name": "Peak flow"},
    ),
    _set_up(
        "code_sets",
        BillingProfile,
        "share_billing_profiles",
        _doctor(),
        Text("name", REQUIRED),
        Embedded("cpt_codes", OPTIONAL, many=True, open=True, fields=CODE),
        Embedded("hcpcs_codes", OPTIONAL, many=True, open=True, fields=CODE),
        ListOf("icd10_codes", item=Text("icd10_codes")),
        permissions=("Access Billing",),
        checks=(_keep_the_rest,),
        example={"name": "Annual physical"},
    ),
    _set_up(
        "price_lists",
        FeeSchedule,
        "share_fee_schedule",
        _doctor(),
        Text("plan_name"),
        Text("payer_id"),
        Date("effective_date"),
        Date("ineffective_date"),
        permissions=("Access Billing",),
        example={"plan_name": "Self-pay"},
    ),
    _set_up(
        "prices",
        FeeScheduleItem,
        "share_fee_schedule",
        Ref("schedule", REQUIRED, to="price_lists"),
        Text("code", REQUIRED),
        Text("code_type", OPTIONAL, choices=FEE_CODE_TYPES, default="CPT"),
        Text("description"),
        Decimal("base_price", OPTIONAL),
        Decimal("insured_price", OPTIONAL),
        Decimal("cash_price", OPTIONAL),
        Decimal("allowed_amount", OPTIONAL),
        Ref("office", to="offices"),
        owner="schedule__doctor",
        permissions=("Access Billing",),
        example={"code": "99213", "base_price": "145.00"},
    ),
    _set_up(
        "stock_categories",
        InventoryCategory,
        "share_inventory",
        _doctor(),
        Text("name", REQUIRED),
        Text("category_type"),
        permissions=("Access Clinical Notes",),
        example={"name": "Vaccines"},
    ),
    _set_up(
        "plan_names",
        CustomInsurancePlanName,
        "custom_insurance_plan_name",
        _doctor(),
        Text("insurance_plan_name", REQUIRED),
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
    return Registry("console", RESOURCES, beside=drchrono())
