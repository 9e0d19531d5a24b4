"""What the hosted API has grown in billing since its v4 reference. Facts: reference drchrono/live_only.yaml."""

from django.db.models import F, Q, Value
from django.db.models.functions import Concat

from charthouse.domains.billing import actions
from charthouse.domains.billing.codes import FEE_CODE_TYPES, REMITTANCE_METHODS
from charthouse.domains.billing.drchrono_kinds import PAST
from charthouse.domains.billing.models import (
    FeeSchedule,
    FeeScheduleItem,
    LineItem,
    PatientAuthorization,
    Remittance,
)
from charthouse.domains.scheduling.models import BillingNote
from charthouse.engine.declaration.composites import List
from charthouse.engine.declaration.filters import HOLDS, SINCE, Filter, InDays, OnDay
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.objects import Object
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.related import ChildRows
from charthouse.engine.declaration.resources import PageSize, Resource
from charthouse.engine.declaration.sources import Expression
from charthouse.engine.declaration.times import Date, Timestamp
from charthouse.engine.declaration.types import Decimal, Integer, Measurement, Text
from charthouse.engine.declaration.values import READ_ONLY, REMOVED, REQUIRED
from charthouse.files.types import File

BILLING = ("Access Billing", "Show Billing Tab")

eobs = Resource(
    path="eobs",
    model=Remittance,
    doc="Explanations of benefits: what an insurer pays at once, with the paper that says so.",
    methods="GET POST",
    policy=Policy(scopes=("billing",), permissions=BILLING, sharing="share_patients", owner="doctor"),
    addition=True,
    keys=(
        Key("posted_date", Date(), READ_ONLY),
        Key("insurance_payer_name", Text(), REQUIRED),
        Key("doctor", Reference("doctors"), REQUIRED),
        Key("payment_method", Text(choices=REMITTANCE_METHODS), doc="X12 835 BPR04."),
        Key("deposit_date", Date()),
        Key("updated_at", Timestamp(), READ_ONLY),
        Key("insurance_payer_id", Text(), REQUIRED),
        Key("scanned_eob", File(kinds=("pdf", "image")), keep_on_put=True),
        Key("insurance_payer_trace_number", Text(), REQUIRED),
        Key("total_paid", Measurement()),
        Key("check_date", Date()),
        Key("id", Id(), READ_ONLY),
    ),
    filters=(Filter("doctor", Reference("doctors")),),
    checks=(actions.received,),
    example={
        "doctor": 1,
        "insurance_payer_name": "Alpine Mutual Health",
        "insurance_payer_id": "CH010",
        "insurance_payer_trace_number": "EFT-204417",
        "payment_method": "ACH",
        "total_paid": 412.5,
        "check_date": "2026-03-16",
    },
)

claim_billing_notes = Resource(
    path="claim_billing_notes",
    model=BillingNote,
    doc="Remarks of the billing staff on appointments, which show them as billing_notes.",
    methods="GET POST",
    policy=Policy(
        scopes=("billing",), permissions=BILLING, sharing="share_patients", owner="appointment__doctor"
    ),
    rows=Q(archived=False),
    addition=True,
    keys=(
        Key("text", Text(max_length=10_000), REQUIRED),
        Key("created_at", Timestamp(), READ_ONLY),
        Key("appointment", Reference("appointments"), REQUIRED),
        Key("id", Id(), READ_ONLY),
        Key("created_by", Text(), READ_ONLY, source="created_by__username", doc="User name."),
    ),
    filters=(
        Filter("appointment", Reference("appointments")),
        Filter("doctor", Reference("doctors"), source="appointment__doctor"),
    ),
    checks=(actions.noted,),
    example={"appointment": 5001, "text": "Claim resubmitted with the corrected member id"},
)

line_item_deletions = Resource(
    path="line_item_deletions",
    model=LineItem,
    doc="Line items that were deleted, and when.",
    methods="GET",
    policy=Policy(scopes=("billing",), permissions=BILLING, sharing="share_patients", owner="doctor"),
    rows=Q(archived=True),
    addition=True,
    keys=(
        Key("billing_line_item_id", Id(), READ_ONLY, source="id"),
        Key("created_at", Timestamp(), READ_ONLY, source="deleted_at", doc="When it was deleted."),
        Key("appointment_id", Reference("appointments"), READ_ONLY),
    ),
    filters=(
        Filter("since", Timestamp(), SINCE, source="deleted_at", doc="Deleted at or after."),
        Filter("appointment_id", Reference("appointments")),
    ),
    example={"billing_line_item_id": 71, "appointment_id": 5001},
)

patient_authorizations = Resource(
    path="patient_authorizations",
    model=PatientAuthorization,
    doc="Insurers' consents to so many visits of a patient.",
    methods="GET",
    policy=Policy(
        scopes=("patients",), permissions=("Manage Patients",), sharing="share_patients", owner="doctor"
    ),
    rows=Q(archived=False),
    addition=True,
    keys=(
        Key("status", Text(), READ_ONLY),
        Key(
            "patient",
            Text(),
            READ_ONLY,
            source=Expression(lambda: Concat(F("patient__first_name"), Value(" "), F("patient__last_name"))),
            nullable=False,
            deidentified=REMOVED,
            doc="Name.",
        ),
        Key("end_date", Date(), READ_ONLY),
        Key(
            "doctor",
            Text(),
            READ_ONLY,
            source=Expression(lambda: Concat(F("doctor__first_name"), Value(" "), F("doctor__last_name"))),
            nullable=False,
            doc="Name.",
        ),
        Key("updated_at", Timestamp(), READ_ONLY),
        Key("number_of_visits", Integer(), READ_ONLY),
        Key("created_at", Timestamp(), READ_ONLY),
        Key("specialty", Text(), READ_ONLY),
        Key("auth_number", Text(), READ_ONLY),
        Key("start_date", Date(), READ_ONLY),
        Key("patient_id", Reference("patients"), READ_ONLY),
        Key(
            "visits_remaining",
            Integer(),
            READ_ONLY,
            source=Expression(lambda: F("number_of_visits") - F("visits_used")),
        ),
        Key("notes", Text(), READ_ONLY),
        Key("doctor_id", Reference("doctors"), READ_ONLY),
        Key(
            "procedure_codes",
            List(
                Object(
                    (
                        Key("price", Text(), READ_ONLY),
                        Key("code", Text(), READ_ONLY),
                        Key("quantity", Text(), READ_ONLY),
                    )
                )
            ),
            READ_ONLY,
            nullable=False,
        ),
        Key("expired", PAST, READ_ONLY, source="end_date", doc="Its last day (UTC) has passed."),
        Key("id", Id(), READ_ONLY),
    ),
    filters=(
        Filter("patient", Reference("patients")),
        Filter("doctor", Reference("doctors")),
        Filter("start_date", Date(), OnDay()),
        Filter("end_date", Date(), OnDay()),
        Filter("date_range", Date(), InDays(), source="start_date", doc="Of start_date."),
    ),
    example={"status": "Approved", "auth_number": "AUTH001024", "number_of_visits": 12},
)

fee_schedules_v2 = Resource(
    path="fee_schedules_v2",
    model=FeeSchedule,
    doc="Price lists as a whole: whose, for which payer and plan, from when until when.",
    methods="GET",
    policy=Policy(scopes=("billing",), permissions=BILLING, sharing="share_fee_schedule", owner="doctor"),
    rows=Q(archived=False),
    page_size=PageSize(default=20, maximum=20),
    addition=True,
    keys=(
        Key("ineffective_date", Date(), READ_ONLY),
        Key("assignees", List(Integer()), READ_ONLY, doc="Ids of doctors."),
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
        Filter("specialities", Text(), HOLDS),
        Filter("assignees", Reference(""), HOLDS, doc="Id of a doctor."),
        Filter("assignee_type", Text(choices=FeeSchedule.AssigneeType.values)),
        Filter("effective_date", Date(), OnDay()),
        Filter("ineffective_date", Date(), OnDay()),
    ),
    example={"plan_name": "Choice PPO", "payer_id": "CH010", "assignee_type": "Individual"},
)

RESOURCES = [
    eobs,
    claim_billing_notes,
    line_item_deletions,
    patient_authorizations,
    fee_schedules_v2,
]
