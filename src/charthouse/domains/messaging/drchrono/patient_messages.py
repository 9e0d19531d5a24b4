"""Messages to patients in the DrChrono API. Source: reference drchrono/resources.yaml, nested.yaml."""

from django.db.models import Q

from charthouse.domains.messaging import hooks
from charthouse.domains.messaging.drchrono.keys import EXAMPLE_FILE, FILE, OF_DOCTOR, OF_PATIENT, SINCE_UPDATE
from charthouse.domains.messaging.models import (
    PatientMessage,
    PatientMessageAttachment,
)
from charthouse.engine.declaration.composites import List
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.objects import Object
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.related import ChildRows
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.times import Timestamp
from charthouse.engine.declaration.types import Text
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY, REQUIRED

patient_messages = Resource(
    path="patient_messages",
    model=PatientMessage,
    doc="Messages to patients in the patient portal.",
    methods="GET POST PUT PATCH",
    policy=Policy(
        scopes=("patients", "messages"),
        permissions=("Manage Patients", "Access Message Center"),
        sharing="share_faxes",
        owner="doctor",
    ),
    rows=Q(sent_by="dr"),
    keys=(
        Key(
            "attachments",
            List(
                Object(
                    (
                        Key(
                            "attachment",
                            FILE,
                            REQUIRED,
                            keep_on_put=True,
                            example=EXAMPLE_FILE,
                            doc="Base64 text; returned as a link.",
                        ),
                        Key(
                            "doctor",
                            Reference("doctors"),
                            OPTIONAL,
                            doc="Default: the message's doctor.",
                        ),
                        Key("created_at", Timestamp(), READ_ONLY),
                        Key("updated_at", Timestamp(), READ_ONLY),
                    )
                )
            ),
            OPTIONAL,
            source=ChildRows(PatientMessageAttachment, link="patient_message"),
            doc="Attachments given are added to the existing ones.",
        ),
        Key("body", Text(multiline=True), default=""),
        Key("created_at", Timestamp(), READ_ONLY),
        Key("doctor", Reference("doctors"), REQUIRED),
        Key("id", Id(), READ_ONLY),
        Key("message", Reference("messages"), OPTIONAL, doc="The doctor's message that it belongs to."),
        Key("patient", Reference("patients"), REQUIRED, doc="The recipient."),
        Key("subject", Text(), REQUIRED),
        Key("updated_at", Timestamp(), READ_ONLY),
    ),
    filters=(OF_DOCTOR, OF_PATIENT, SINCE_UPDATE),
    after=(hooks.set_attachment_doctor, hooks.notify_patient),
    example={"doctor": 1, "patient": 12, "subject": "Your results", "body": "All is well."},
)

RESOURCES = [patient_messages]
