"""Explanations of benefits in the DrChrono API. Source: reference drchrono/live_only.yaml."""

from charthouse.domains.billing import postings
from charthouse.domains.billing.codes import REMITTANCE_METHODS
from charthouse.domains.billing.drchrono.policy import PERMISSIONS
from charthouse.domains.billing.models import (
    Remittance,
)
from charthouse.engine.declaration.filters import Filter
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.times import Date, Timestamp
from charthouse.engine.declaration.types import Measurement, Text
from charthouse.engine.declaration.values import READ_ONLY, REQUIRED
from charthouse.files.types import File

eobs = Resource(
    path="eobs",
    model=Remittance,
    doc=("Explanations of benefits: an insurer's combined payment, with the document that explains it."),
    methods="GET POST",
    policy=Policy(scopes=("billing",), permissions=PERMISSIONS, sharing="share_patients", owner="doctor"),
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
        Key("total_paid", Measurement(places=2, rounding="ROUND_DOWN")),
        Key("check_date", Date()),
        Key("id", Id(), READ_ONLY),
    ),
    filters=(Filter("doctor", Reference("doctors")),),
    checks=(postings.set_posted_date,),
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

RESOURCES = [eobs]
