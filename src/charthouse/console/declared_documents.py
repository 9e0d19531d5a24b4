"""Documents as people file and review them. DrChrono's API doesn't know this part of them, Cerbo's reads it."""

from django.db.models import Q

from charthouse.domains.documents import filing
from charthouse.domains.documents.models import Document
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.times import Timestamp
from charthouse.engine.declaration.types import Boolean, Integer, Text
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY

filings = Resource(
    path="filings",
    model=Document,
    doc="Where documents are filed, what they say, who has to look at them.",
    methods="GET PATCH",
    policy=Policy(
        scopes=("patients",), permissions=("Manage Patients",), sharing="share_patients", owner="doctor"
    ),
    rows=Q(archived=False),
    keys=(
        Key("id", Id(), READ_ONLY),
        Key("patient", Reference("patients"), READ_ONLY),
        Key("folder", Text(), doc="A tab of the chart."),
        Key("subfolder", Text()),
        Key("content", Text(max_length=100_000), doc="What is said of it."),
        Key("flag", Boolean()),
        Key("result_code", Integer(choices=(0, 1, 2)), OPTIONAL, default=0),
        Key("review_by", Reference("users"), OPTIONAL),
        Key("review_by_everyone", Boolean()),
        Key("follow_up_at", Timestamp(), doc="UTC. Makes a task for that day."),
        Key("pt_notified", Integer(choices=(1, 2)), OPTIONAL),
        Key("pt_notified_method", Text(), doc="Of a patient who was notified."),
    ),
    checks=(filing.method_fits,),
    after=(filing.filed,),
    example={"folder": "Cardiology"},
)
RESOURCES = (filings,)
