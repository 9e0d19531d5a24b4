"""What the hosted API has grown in billing since its v4 reference. Facts: reference drchrono/live_only.yaml."""

from django.db.models import F, Q, Value
from django.db.models.functions import Concat

from charthouse.domains.billing import actions
from charthouse.domains.billing.codes import FEE_CODE_TYPES, REMITTANCE_METHODS
from charthouse.domains.billing.drchrono_kinds import Holds, Passed
from charthouse.domains.billing.models import (
    FeeSchedule,
    FeeScheduleItem,
    LineItem,
    PatientAuthorization,
    Remittance,
)
from charthouse.domains.scheduling.models import BillingNote
from charthouse.files.fields import File
from charthouse.resource.anonymous import NOTHING
from charthouse.resource.declare import PageSize, Resource
from charthouse.resource.fields import READ_ONLY, REQUIRED, Decimal, Id, Integer, ListOf, Measure, Ref, Text
from charthouse.resource.filters import DateIs, DateRange, Is, RefIs, Since
from charthouse.resource.nested import Embedded, Many
from charthouse.resource.times import Date, Timestamp

BILLING = ("Access Billing", "Show Billing Tab")

eobs = Resource(
    path="eobs",
    model=Remittance,
    doc="Explanations of benefits: what an insurer pays at once, with the paper that says so.",
    methods="GET POST",
    scopes=("billing",),
    permissions=BILLING,
    sharing="share_patients",
    owner="doctor",
    addition=True,
    fields=(
        Date("posted_date", READ_ONLY),
        Text("insurance_payer_name", REQUIRED),
        Ref("doctor", REQUIRED, to="doctors"),
        Text("payment_method", choices=REMITTANCE_METHODS, doc="X12 835 BPR04."),
        Date("deposit_date"),
        Timestamp("updated_at", READ_ONLY),
        Text("insurance_payer_id", REQUIRED),
        File("scanned_eob", kinds=("pdf", "image")),
        Text("insurance_payer_trace_number", REQUIRED),
        Measure("total_paid"),
        Date("check_date"),
        Id("id"),
    ),
    filters=(RefIs("doctor", to="doctors"),),
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
    scopes=("billing",),
    permissions=BILLING,
    sharing="share_patients",
    owner="appointment__doctor",
    rows=Q(archived=False),
    addition=True,
    fields=(
        Text("text", REQUIRED, max_length=10_000),
        Timestamp("created_at", READ_ONLY),
        Ref("appointment", REQUIRED, to="appointments"),
        Id("id"),
        Text("created_by", READ_ONLY, source="created_by__username", doc="User name."),
    ),
    filters=(
        RefIs("appointment", to="appointments"),
        RefIs("doctor", source="appointment__doctor", to="doctors"),
    ),
    checks=(actions.noted,),
    example={"appointment": 5001, "text": "Claim resubmitted with the corrected member id"},
)

line_item_deletions = Resource(
    path="line_item_deletions",
    model=LineItem,
    doc="Line items that were deleted, and when.",
    methods="GET",
    scopes=("billing",),
    permissions=BILLING,
    sharing="share_patients",
    owner="doctor",
    rows=Q(archived=True),
    addition=True,
    fields=(
        Id("billing_line_item_id", source="id"),
        Timestamp("created_at", READ_ONLY, source="deleted_at", doc="When it was deleted."),
        Ref("appointment_id", READ_ONLY, to="appointments"),
    ),
    filters=(
        Since("since", source="deleted_at", doc="Deleted at or after."),
        RefIs("appointment_id", to="appointments"),
    ),
    example={"billing_line_item_id": 71, "appointment_id": 5001},
)

patient_authorizations = Resource(
    path="patient_authorizations",
    model=PatientAuthorization,
    doc="Insurers' consents to so many visits of a patient.",
    methods="GET",
    scopes=("patients",),
    permissions=("Manage Patients",),
    sharing="share_patients",
    owner="doctor",
    rows=Q(archived=False),
    addition=True,
    fields=(
        Text("status", READ_ONLY),
        Text(
            "patient",
            READ_ONLY,
            computed=lambda: Concat(F("patient__first_name"), Value(" "), F("patient__last_name")),
            nullable=False,
            left=NOTHING,
            doc="Name.",
        ),
        Date("end_date", READ_ONLY),
        Text(
            "doctor",
            READ_ONLY,
            computed=lambda: Concat(F("doctor__first_name"), Value(" "), F("doctor__last_name")),
            nullable=False,
            doc="Name.",
        ),
        Timestamp("updated_at", READ_ONLY),
        Integer("number_of_visits", READ_ONLY),
        Timestamp("created_at", READ_ONLY),
        Text("specialty", READ_ONLY),
        Text("auth_number", READ_ONLY),
        Date("start_date", READ_ONLY),
        Ref("patient_id", READ_ONLY, to="patients"),
        Integer("visits_remaining", READ_ONLY, computed=lambda: F("number_of_visits") - F("visits_used")),
        Text("notes", READ_ONLY),
        Ref("doctor_id", READ_ONLY, to="doctors"),
        Embedded(
            "procedure_codes",
            READ_ONLY,
            many=True,
            nullable=False,
            fields=(Text("price", READ_ONLY), Text("code", READ_ONLY), Text("quantity", READ_ONLY)),
        ),
        Passed("expired", READ_ONLY, source="end_date", doc="Its last day (UTC) has passed."),
        Id("id"),
    ),
    filters=(
        RefIs("patient", to="patients"),
        RefIs("doctor", to="doctors"),
        DateIs("start_date"),
        DateIs("end_date"),
        DateRange("date_range", source="start_date", doc="Of start_date."),
    ),
    example={"status": "Approved", "auth_number": "AUTH001024", "number_of_visits": 12},
)

fee_schedules_v2 = Resource(
    path="fee_schedules_v2",
    model=FeeSchedule,
    doc="Price lists as a whole: whose, for which payer and plan, from when until when.",
    methods="GET",
    scopes=("billing",),
    permissions=BILLING,
    sharing="share_fee_schedule",
    owner="doctor",
    rows=Q(archived=False),
    page_size=PageSize(default=20, maximum=20),
    addition=True,
    fields=(
        Date("ineffective_date", READ_ONLY),
        ListOf("assignees", READ_ONLY, item=Integer("doctor"), doc="Ids of doctors."),
        Many(
            "items",
            READ_ONLY,
            to=FeeScheduleItem,
            link="schedule",
            fields=(
                Id("id"),
                Text("code", READ_ONLY),
                Text("code_type", READ_ONLY, choices=FEE_CODE_TYPES),
                Decimal("base_price", READ_ONLY),
                Decimal("insured_price", READ_ONLY),
                Decimal("cash_price", READ_ONLY),
                Decimal("allowed_amount", READ_ONLY),
                Text("description", READ_ONLY),
            ),
        ),
        Timestamp("created_at", READ_ONLY),
        Text("payer_id", READ_ONLY),
        Timestamp("updated_at", READ_ONLY),
        Text("assignee_type", READ_ONLY, choices=FeeSchedule.AssigneeType.values),
        ListOf("specialities", READ_ONLY, item=Text("speciality")),
        Date("effective_date", READ_ONLY),
        Text("plan_name", READ_ONLY),
        Id("id"),
    ),
    filters=(
        Is("payer_id"),
        Is("plan_name"),
        Holds("specialities"),
        Holds("assignees", ids=True, doc="Id of a doctor."),
        Is("assignee_type", choices=FeeSchedule.AssigneeType.values),
        DateIs("effective_date"),
        DateIs("ineffective_date"),
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
