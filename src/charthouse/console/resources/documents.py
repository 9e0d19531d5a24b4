"""Filing and review of documents, and images of patients, as the console writes them.

DrChrono's API has neither; Cerbo's API reads the filing.
"""

from django.db.models import Q

from charthouse.console.resources.declaring import (
    declare_patient_list,
    refuse_future,
)
from charthouse.domains.documents import filing
from charthouse.domains.documents.models import Document, PatientImage
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.times import Timestamp
from charthouse.engine.declaration.types import Boolean, Integer, Text
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY, REQUIRED
from charthouse.files.types import File

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
        Key("folder", Text(), doc="The section of the chart."),
        Key("subfolder", Text()),
        Key("content", Text(multiline=True, max_length=100_000), doc="Comments."),
        Key("flag", Boolean()),
        Key("result_code", Integer(choices=(0, 1, 2)), OPTIONAL, default=0),
        Key("review_by", Reference("users"), OPTIONAL),
        Key("review_by_everyone", Boolean()),
        Key("follow_up_at", Timestamp(), doc="Creates a task for that day."),
        Key("pt_notified", Integer(choices=(1, 2)), OPTIONAL),
        Key("pt_notified_method", Text(), doc="Of a patient who was notified."),
    ),
    checks=(filing.check_notification_method,),
    after=(filing.notify_follow_up,),
    example={"folder": "Cardiology"},
)
MAX_IMAGE_SIZE = 16 * 1024 * 1024  # bytes, as Cerbo takes

RESOURCES = (
    filings,
    declare_patient_list(
        "pictures",
        PatientImage,
        (),
        Key(
            "file",
            File(kinds=("image",), max_size=MAX_IMAGE_SIZE),
            REQUIRED,
            doc="JPEG, PNG or GIF.",
            keep_on_put=True,
        ),
        Key("photo_type", Text(choices=("medical", "personal")), REQUIRED, default="medical"),
        Key("name", Text()),
        Key("notes", Text(multiline=True)),
        Key("taken_at", Timestamp(past=True)),
        checks=(refuse_future("taken_at"),),
        example={"patient": 1, "photo_type": "medical"},
    ),
)
