"""Line items in the DrChrono API. Source: reference drchrono/resources.yaml, nested.yaml, live_only.yaml; sums:
``line_item_sums``."""

from django.db.models import Q

from charthouse.domains.billing import line_item_sums, postings
from charthouse.domains.billing.codes import LINE_ITEM_STATUSES
from charthouse.domains.billing.drchrono.filters import make_utc_day_filter
from charthouse.domains.billing.drchrono.policy import PERMISSIONS
from charthouse.domains.billing.drchrono.types import POINTER, make_list_of_four, make_procedure_type
from charthouse.domains.billing.keys import make_amount
from charthouse.domains.billing.models import (
    LineItem,
    no_modifiers,
)
from charthouse.domains.billing.service_days import VISIT_TIME, VISIT_ZONE, select_service_day
from charthouse.engine.declaration.events import plain_events
from charthouse.engine.declaration.filters import SINCE, Filter, OnDay
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.sources import UNSTORED, Expression
from charthouse.engine.declaration.times import Date, Timestamp
from charthouse.engine.declaration.types import Boolean, Decimal, Text
from charthouse.engine.declaration.values import READ_ONLY, REQUIRED, WRITE_ONLY
from charthouse.engine.sql import expressions as sql

line_items = Resource(
    path="line_items",
    model=LineItem,
    doc="Charges for services at visits. Every balance is the sum of the postings on them.",
    methods="GET POST PUT PATCH DELETE",
    policy=Policy(scopes=("billing",), permissions=PERMISSIONS, sharing="share_patients", owner="doctor"),
    rows=Q(archived=False),
    keys=(
        make_amount("adjustment", line_item_sums.select_adjustment, "Written off."),
        Key("appointment", Reference("appointments"), REQUIRED),
        Key("allowed", Decimal(minimum=0), doc="Amount allowed by the insurer."),
        make_amount(
            "balance_ins",
            line_item_sums.select_insurance_balance,
            "Insurers' part: not yet paid, written off, or passed on.",
        ),
        make_amount(
            "balance_pt",
            line_item_sums.select_patient_balance,
            "The patient's part: passed on by insurers, or self-paid.",
        ),
        make_amount("balance_total", line_item_sums.select_balance, "Billed minus written off minus paid."),
        Key(
            "billed",
            Decimal(minimum=0),
            source=Expression(lambda: sql.format_truncated(line_item_sums.select_billed()), column="billed"),
            nullable=False,
            doc="Default: price times quantity.",
        ),
        Key("billing_status", Text(choices=LINE_ITEM_STATUSES), READ_ONLY),
        Key("code", Text(), REQUIRED, example="99213"),
        Key(
            "denied_flag",
            Boolean(),
            READ_ONLY,
            source=Expression(line_item_sums.select_denied),
            nullable=False,
        ),
        Key(
            "diagnosis_pointers",
            make_list_of_four(POINTER, fill=0),
            REQUIRED,
            example=[1, 0, 0, 0],
            doc=(
                "Positions in the visit's diagnoses, starting at 1. An ICD-10 code given instead of a "
                "position is added to the diagnoses."
            ),
        ),
        Key("doctor", Reference("doctors"), REQUIRED),
        Key("id", Id(), READ_ONLY),
        make_amount(
            "ins1_paid", lambda: line_item_sums.select_paid_by_insurer(1), "Paid by the primary insurer."
        ),
        make_amount(
            "ins2_paid", lambda: line_item_sums.select_paid_by_insurer(2), "Paid by the secondary insurer."
        ),
        make_amount(
            "ins3_paid", lambda: line_item_sums.select_paid_by_insurer(3), "Paid by the tertiary insurer."
        ),
        make_amount("ins_total", line_item_sums.select_paid_by_insurers, "Paid by all insurers."),
        Key("insurance_status", Text(), READ_ONLY, doc="Status/Adj Type on the billing screen."),
        Key(
            "modifiers",
            make_list_of_four(Text(max_length=5), fill=""),
            default=no_modifiers,
            example=["25", "", "", ""],
        ),
        make_amount("paid_total", line_item_sums.select_paid, "Paid by insurers and the patient."),
        Key("patient", Reference("patients"), READ_ONLY),
        Key("price", Decimal(minimum=0), REQUIRED, required_unless="use_fee_schedule_defaults"),
        Key("procedure_type", make_procedure_type(), REQUIRED),
        make_amount("pt_paid", line_item_sums.select_paid_by_patient, "Paid by the patient."),
        Key("quantity", Decimal(minimum=0), default=1),
        Key("units", Text(), READ_ONLY),
        Key("posted_date", Timestamp(), READ_ONLY, source="created_at"),
        Key("updated_at", Timestamp(), READ_ONLY, doc="Also changes with every payment on the line item."),
        Key(
            "service_date",
            Date(),
            source=Expression(select_service_day, column="service_date"),
            doc="Default: the day of the visit.",
        ),
        Key("description", Text(), READ_ONLY, doc="Price from the doctor's fee schedule."),
        Key(
            "expected_reimbursement",
            Decimal(),
            READ_ONLY,
            doc="Price from the fee schedule of the patient's payer.",
        ),
        Key(
            "use_fee_schedule_defaults",
            Boolean(),
            WRITE_ONLY,
            source=UNSTORED,
            in_query=True,
            addition=True,
            doc=(
                "True: a new item of type C or H gets its price and modifiers from the fee schedule if it "
                "has none."
            ),
        ),
    ),
    filters=(
        Filter("appointment", Reference("appointments")),
        Filter("doctor", Reference("doctors")),
        Filter("office", Reference("offices"), source="appointment__office"),
        Filter("patient", Reference("patients")),
        Filter("service_date", Date(), OnDay(VISIT_ZONE), source=VISIT_TIME, doc="Date of the visit."),
        make_utc_day_filter("posted_date", source="created_at", doc="Posted on this day (UTC)."),
        Filter("since", Timestamp(), SINCE, source="updated_at"),
    ),
    checks=(postings.post_line_item,),
    events=plain_events("LINE_ITEM_CREATE", "LINE_ITEM_MODIFY", "LINE_ITEM_DELETE"),
    example={
        "appointment": 5001,
        "doctor": 1,
        "code": "99213",
        "procedure_type": "CPT(C)",
        "diagnosis_pointers": [1, 0, 0, 0],
        "modifiers": ["25", "", "", ""],
        "price": "145.00",
        "quantity": "1.00",
    },
)

line_item_deletions = Resource(
    path="line_item_deletions",
    model=LineItem,
    doc="Deleted line items and when they were deleted.",
    methods="GET",
    policy=Policy(scopes=("billing",), permissions=PERMISSIONS, sharing="share_patients", owner="doctor"),
    rows=Q(archived=True),
    addition=True,
    keys=(
        Key("billing_line_item_id", Id(), READ_ONLY, source="id"),
        Key("created_at", Timestamp(), READ_ONLY, source="deleted_at", doc="When the line item was deleted."),
        Key("appointment_id", Reference("appointments"), READ_ONLY),
    ),
    filters=(
        Filter("since", Timestamp(), SINCE, source="deleted_at", doc="Deleted at or after this time."),
        Filter("appointment_id", Reference("appointments")),
    ),
    example={"billing_line_item_id": 71, "appointment_id": 5001},
)

RESOURCES = [line_items, line_item_deletions]
