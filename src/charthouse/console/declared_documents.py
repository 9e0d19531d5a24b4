"""Documents as people file and review them. DrChrono's API doesn't know this part of them, Cerbo's reads it."""

from django.db.models import Q

from charthouse.domains.documents import filing
from charthouse.domains.documents.models import Document
from charthouse.resource.declare import Resource
from charthouse.resource.fields import OPTIONAL, READ_ONLY, Boolean, Id, Integer, Ref, Text
from charthouse.resource.times import Timestamp

filings = Resource(
    path="filings",
    model=Document,
    doc="Where documents are filed, what they say, who has to look at them.",
    methods="GET PATCH",
    scopes=("patients",),
    permissions=("Manage Patients",),
    sharing="share_patients",
    owner="doctor",
    rows=Q(archived=False),
    fields=(
        Id("id"),
        Ref("patient", READ_ONLY, to="patients"),
        Text("folder", doc="A tab of the chart."),
        Text("subfolder"),
        Text("content", max_length=100_000, doc="What is said of it."),
        Boolean("flag"),
        Integer("result_code", OPTIONAL, choices=(0, 1, 2), default=0),
        Ref("review_by", OPTIONAL, to="users"),
        Boolean("review_by_everyone"),
        Timestamp("follow_up_at", doc="UTC. Makes a task for that day."),
        Integer("pt_notified", OPTIONAL, choices=(1, 2)),
        Text("pt_notified_method", doc="Of a patient who was notified."),
    ),
    checks=(filing.method_fits,),
    after=(filing.filed,),
    example={"folder": "Cardiology"},
)
RESOURCES = (filings,)
