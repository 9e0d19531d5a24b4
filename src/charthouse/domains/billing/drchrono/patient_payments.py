"""Payments of patients and their log in the DrChrono API. Source: reference drchrono/resources.yaml."""

from django.db.models import Q

from charthouse.domains.billing import postings
from charthouse.domains.billing.codes import PAYMENT_METHODS, PAYMENT_TYPES
from charthouse.domains.billing.drchrono.policy import PERMISSIONS
from charthouse.domains.billing.models import (
    PatientPayment,
    PaymentLogEntry,
)
from charthouse.engine.declaration.events import plain_events
from charthouse.engine.declaration.filters import SINCE, Filter, OnDay
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.times import Date, Timestamp
from charthouse.engine.declaration.types import Decimal, Text
from charthouse.engine.declaration.values import READ_ONLY, REQUIRED

patient_payments = Resource(
    path="patient_payments",
    model=PatientPayment,
    doc="Payments from patients and refunds to them; amounts of refunds are negative.",
    methods="GET POST",
    policy=Policy(
        scopes=("billing:patient-payment",),
        permissions=(*PERMISSIONS, "Access Patients Payments"),
        sharing="share_patients",
        owner="doctor",
    ),
    rows=Q(archived=False),
    keys=(
        Key("appointment", Reference("appointments"), doc="Default: the line item's."),
        Key(
            "amount",
            Decimal(),
            REQUIRED,
            doc="Must not be zero; a refund is stored as negative whatever its sign.",
        ),
        Key("created_at", Timestamp(), READ_ONLY),
        Key("created_by", Reference("users"), READ_ONLY),
        Key(
            "doctor",
            Reference("doctors"),
            doc="Default: the line item's, otherwise the appointment's, otherwise the patient's.",
        ),
        Key("id", Id(), READ_ONLY),
        Key("line_item", Reference("line_items")),
        Key("notes", Text(multiline=True)),
        Key("patient", Reference("patients"), REQUIRED),
        Key("payment_transaction_type", Text(choices=PAYMENT_TYPES), default=""),
        Key("payment_method", Text(choices=PAYMENT_METHODS)),
        Key("posted_date", Date(), READ_ONLY, doc="The day in the doctor's time zone."),
        Key("received_date", Date(past=True)),
        Key("trace_number", Text()),
        Key("updated_at", Timestamp(), READ_ONLY),
    ),
    filters=(
        Filter("doctor", Reference("doctors")),
        Filter("patient", Reference("patients")),
        Filter("since", Timestamp(), SINCE, source="updated_at"),
        Filter("posted_date", Date(), OnDay(), addition=True),
    ),
    checks=(postings.check_payment,),
    after=(postings.log_new_payment,),
    events=plain_events(
        "CASH_PAYMENT_CREATE", "CASH_PAYMENT_MODIFY", "CASH_PAYMENT_DELETE", own="create modify"
    ),
    example={"patient": 12, "line_item": 1, "amount": "25.00", "payment_method": "VISA"},
)

patient_payment_log = Resource(
    path="patient_payment_log",
    model=PaymentLogEntry,
    doc="Changes to patients' payments, with the resulting state.",
    methods="GET",
    policy=Policy(scopes=("billing",), permissions=PERMISSIONS, sharing="share_patients", owner="doctor"),
    keys=(
        Key("patient", Reference("patients"), READ_ONLY),
        Key("doctor", Reference("doctors"), READ_ONLY),
        Key("appointment", Reference("appointments"), READ_ONLY),
        Key("amount", Decimal(), READ_ONLY),
        Key("payment_method", Text(choices=PAYMENT_METHODS), READ_ONLY),
        Key("created_by", Reference("users"), READ_ONLY),
        Key(
            "action",
            Text(choices=PaymentLogEntry.Action.values),
            READ_ONLY,
            doc="C created, U updated, D deleted, F filled, A filled automatically.",
        ),
        Key("source", Text(), READ_ONLY, doc="Where the change was made."),
        Key("updated_at", Timestamp(), READ_ONLY),
        Key("id", Id(), READ_ONLY, addition=True),
    ),
    filters=(
        Filter("doctor", Reference("doctors")),
        Filter("office", Reference("offices"), source="appointment__office"),
        Filter("since", Timestamp(), SINCE, source="updated_at"),
    ),
    example={"patient": 12, "amount": "25.00", "payment_method": "VISA", "action": "C", "source": "API"},
)

RESOURCES = [patient_payments, patient_payment_log]
