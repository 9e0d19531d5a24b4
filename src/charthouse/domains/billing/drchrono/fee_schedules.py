"""Fee schedules in the DrChrono API. Source: reference drchrono/resources.yaml, live_only.yaml."""

from django.db.models import F, Q

from charthouse.domains.billing.codes import FEE_CODE_TYPES
from charthouse.domains.billing.drchrono.policy import PERMISSIONS
from charthouse.domains.billing.models import (
    FeeSchedule,
    FeeScheduleItem,
)
from charthouse.engine.declaration.composites import List
from charthouse.engine.declaration.filters import SINCE, Filter, OnDay, Operator
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.objects import Object
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.related import ChildRows
from charthouse.engine.declaration.resources import PageSize, Resource
from charthouse.engine.declaration.times import Date, Timestamp
from charthouse.engine.declaration.types import Decimal, Integer, Text, Type
from charthouse.engine.declaration.values import READ_ONLY
from charthouse.engine.sql import expressions as sql
from charthouse.engine.sql.expressions import BoundParameter


class _Holds(Operator):
    """One of the values of a column's array."""

    def match(self, type: Type, name: str, path: str) -> Q:
        return Q(sql.is_any(BoundParameter(name, type.output_field), F(path)))


fee_schedules_v2 = Resource(
    path="fee_schedules_v2",
    model=FeeSchedule,
    doc="Price lists: doctors, payer and plan, and validity period.",
    methods="GET",
    policy=Policy(scopes=("billing",), permissions=PERMISSIONS, sharing="share_fee_schedule", owner="doctor"),
    rows=Q(archived=False),
    page_size=PageSize(default=20, maximum=20),
    addition=True,
    keys=(
        Key("ineffective_date", Date(), READ_ONLY),
        Key("assignees", List(Integer()), READ_ONLY, doc="Doctor ids."),
        Key(
            "items",
            List(
                Object(
                    (
                        Key("id", Id(), READ_ONLY),
                        Key("code", Text(), READ_ONLY),
                        Key("code_type", Text(choices=FEE_CODE_TYPES), READ_ONLY),
                        Key("base_price", Decimal(), READ_ONLY),
                        Key("insured_price", Decimal(), READ_ONLY),
                        Key("cash_price", Decimal(), READ_ONLY),
                        Key("allowed_amount", Decimal(), READ_ONLY),
                        Key("description", Text(), READ_ONLY),
                    )
                )
            ),
            READ_ONLY,
            source=ChildRows(FeeScheduleItem, link="schedule"),
        ),
        Key("created_at", Timestamp(), READ_ONLY),
        Key("payer_id", Text(), READ_ONLY),
        Key("updated_at", Timestamp(), READ_ONLY),
        Key("assignee_type", Text(choices=FeeSchedule.AssigneeType.values), READ_ONLY),
        Key("specialities", List(Text()), READ_ONLY),
        Key("effective_date", Date(), READ_ONLY),
        Key("plan_name", Text(), READ_ONLY),
        Key("id", Id(), READ_ONLY),
    ),
    filters=(
        Filter("payer_id"),
        Filter("plan_name"),
        Filter("specialities", Text(), _Holds()),
        Filter("assignees", Reference(""), _Holds(), doc="Doctor id."),
        Filter("assignee_type", Text(choices=FeeSchedule.AssigneeType.values)),
        Filter("effective_date", Date(), OnDay()),
        Filter("ineffective_date", Date(), OnDay()),
    ),
    example={"plan_name": "Choice PPO", "payer_id": "CH010", "assignee_type": "Individual"},
)


def _make_schedule_key(name: str) -> Key:
    return Key(name, Text(), READ_ONLY, source=f"schedule__{name}")


fee_schedules = Resource(
    path="fee_schedules",
    model=FeeScheduleItem,
    doc="Prices of codes, in general or for a payer's plan.",
    methods="GET",
    policy=Policy(
        scopes=("billing",),
        permissions=("Access Billing",),
        sharing="share_fee_schedule",
        owner="schedule__doctor",
    ),
    keys=(
        Key("id", Id(), READ_ONLY),
        Key("doctor", Reference("doctors"), READ_ONLY, source="schedule__doctor"),
        Key("code", Text(), READ_ONLY),
        Key("code_type", Text(choices=FEE_CODE_TYPES), READ_ONLY),
        *(Key(f"cpt_hcpcs_modifier{place}", Text(), READ_ONLY) for place in range(1, 5)),
        Key("office", Reference("offices"), READ_ONLY),
        Key("ndc_code", Text(), READ_ONLY),
        Key("ndc_quantity", Decimal(), READ_ONLY),
        Key("ndc_units", Text(), READ_ONLY, doc="F2, GR, ME, ML, or UN."),
        Key("base_price", Decimal(), READ_ONLY),
        Key("insured_price", Decimal(), READ_ONLY),
        Key("cash_price", Decimal(), READ_ONLY),
        Key("insured_out_of_network_price", Decimal(), READ_ONLY),
        _make_schedule_key("payer_id"),
        _make_schedule_key("plan_name"),
        Key("allowed_amount", Decimal(), READ_ONLY),
        Key("billing_description", Text(), READ_ONLY),
        Key("description", Text(), READ_ONLY),
        Key("picklist_category", Text(), READ_ONLY),
        Key("created_at", Timestamp(), READ_ONLY),
        Key("updated_at", Timestamp(), READ_ONLY),
    ),
    filters=(
        Filter("since", Timestamp(), SINCE, source="updated_at"),
        Filter("doctor", Reference("doctors"), source="schedule__doctor"),
        Filter("payer_id", source="schedule__payer_id"),
        Filter("code_type", Text(choices=FEE_CODE_TYPES)),
        Filter("code"),
    ),
    example={"code": "99213", "code_type": "CPT", "base_price": "145.00", "allowed_amount": "92.00"},
)

RESOURCES = [fee_schedules, fee_schedules_v2]
