"""Insurance transactions in the DrChrono API. Source: reference drchrono/resources.yaml."""

from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.expressions import Combinable

from charthouse.domains.billing.drchrono.filters import make_utc_day_filter
from charthouse.domains.billing.drchrono.policy import PERMISSIONS
from charthouse.domains.billing.models import (
    Transaction,
)
from charthouse.domains.patients.models import Coverage
from charthouse.engine.declaration.events import plain_events
from charthouse.engine.declaration.filters import SINCE, Filter
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.objects import Object
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.sources import Expression
from charthouse.engine.declaration.times import Date, Timestamp
from charthouse.engine.declaration.types import Decimal, Integer, Text
from charthouse.engine.declaration.values import READ_ONLY
from charthouse.engine.sql import expressions as sql


def _select_insurance() -> Combinable:
    """Return the patient's current insurer of the transaction's rank, as a JSON object."""
    rows = Coverage.objects.filter(
        practice=OuterRef("practice_id"),
        patient=OuterRef("patient_id"),
        rank=OuterRef("ins_name"),
        archived=False,
    )
    return Subquery(
        rows.values_list(
            sql.json_object(
                id_number=F("insurance_payer_id"), message=F("notes"), name=F("insurance_company")
            )
        )[:1]
    )


def _make_line_item_key(name: str, to: str) -> Key:
    return Key(name, Reference(to), READ_ONLY, source=f"line_item__{name}")


transactions = Resource(
    path="transactions",
    model=Transaction,
    doc="Insurers' payments, adjustments, and amounts passed on to patients for charges.",
    methods="GET",
    policy=Policy(
        scopes=("billing",), permissions=PERMISSIONS, sharing="share_patients", owner="line_item__doctor"
    ),
    rows=Q(archived=False),
    keys=(
        Key("adjustment", Decimal(), READ_ONLY),
        Key(
            "adjustment_group_code",
            Text(),
            READ_ONLY,
            doc="X12 CAS01: CO, CR, OA, PI, or PR (the patient owes the amount).",
        ),
        Key("adjustment_reason", Text(), READ_ONLY, doc="X12 claim adjustment reason code."),
        _make_line_item_key("appointment", "appointments"),
        Key("check_date", Date(), READ_ONLY),
        Key("claim_status", Text(), READ_ONLY, doc="X12 CLP02."),
        Key("created_at", Timestamp(), READ_ONLY),
        _make_line_item_key("doctor", "doctors"),
        Key("id", Id(), READ_ONLY),
        Key("ins_paid", Decimal(), READ_ONLY),
        Key(
            "ins_name",
            Integer(minimum=1, maximum=3),
            READ_ONLY,
            doc="1 primary, 2 secondary, 3 tertiary insurance.",
        ),
        Key("line_item", Reference("line_items"), READ_ONLY),
        _make_line_item_key("patient", "patients"),
        Key("posted_date", Timestamp(), READ_ONLY, source="created_at"),
        Key("trace_number", Text(), READ_ONLY, doc="Check number."),
        Key("updated_at", Timestamp(), READ_ONLY),
        Key(
            "insurance",
            Object(
                (
                    Key("id_number", Text(), READ_ONLY, doc="The payer's id."),
                    Key("message", Text(), READ_ONLY, doc="Notes about the insurance."),
                    Key("name", Text(), READ_ONLY),
                )
            ),
            READ_ONLY,
            source=Expression(_select_insurance),
            addition=True,
        ),
    ),
    filters=(
        Filter("appointment", Reference("appointments"), source="line_item__appointment"),
        Filter("line_item", Reference("line_items")),
        make_utc_day_filter("posted_date", source="created_at"),
        Filter("since", Timestamp(), SINCE, source="updated_at"),
        Filter("doctor", Reference("doctors"), source="line_item__doctor", addition=True),
    ),
    events=plain_events(delete="LINE_ITEM_TRANSACTION_DELETE"),
    example={
        "line_item": 1,
        "ins_name": 1,
        "ins_paid": "80.00",
        "adjustment": "45.00",
        "adjustment_group_code": "CO",
        "adjustment_reason": "45",
        "claim_status": "1",
        "trace_number": "EFT-204417",
    },
)

RESOURCES = [transactions]
