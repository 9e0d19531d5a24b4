"""Billing notes of appointments in the DrChrono API. Source: reference drchrono/live_only.yaml."""

from django.db.models import Q

from charthouse.domains.billing import postings
from charthouse.domains.billing.drchrono.policy import PERMISSIONS
from charthouse.domains.scheduling.models import BillingNote
from charthouse.engine.declaration.filters import Filter
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.times import Timestamp
from charthouse.engine.declaration.types import Text
from charthouse.engine.declaration.values import READ_ONLY, REQUIRED

claim_billing_notes = Resource(
    path="claim_billing_notes",
    model=BillingNote,
    doc="Billing staff's notes on appointments, which show them as billing_notes.",
    methods="GET POST",
    policy=Policy(
        scopes=("billing",), permissions=PERMISSIONS, sharing="share_patients", owner="appointment__doctor"
    ),
    rows=Q(archived=False),
    addition=True,
    keys=(
        Key("text", Text(multiline=True, max_length=10_000), REQUIRED),
        Key("created_at", Timestamp(), READ_ONLY),
        Key("appointment", Reference("appointments"), REQUIRED),
        Key("id", Id(), READ_ONLY),
        Key("created_by", Text(), READ_ONLY, source="created_by__username", doc="Username."),
    ),
    filters=(
        Filter("appointment", Reference("appointments")),
        Filter("doctor", Reference("doctors"), source="appointment__doctor"),
    ),
    checks=(postings.set_author,),
    example={"appointment": 5001, "text": "Claim resubmitted with the corrected member id"},
)

RESOURCES = [claim_billing_notes]
