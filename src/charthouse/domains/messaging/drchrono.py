"""Messages and calls as DrChrono shows them. Facts: reference drchrono/resources.yaml, nested.yaml, enums.yaml."""

from typing import Any

from django.db import models
from django.db.models import Case, Q, Value, When

from charthouse.domains.messaging import actions
from charthouse.domains.messaging.models import (
    CommLog,
    Message,
    MessageNote,
    PatientMessage,
    PatientMessageAttachment,
)
from charthouse.engine.declaration.composites import List
from charthouse.engine.declaration.events import plain_events
from charthouse.engine.declaration.filters import SINCE, Filter, Flag
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.objects import Object
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.related import ChildRows
from charthouse.engine.declaration.resources import Resource, Visibility
from charthouse.engine.declaration.sources import Expression
from charthouse.engine.declaration.times import Timestamp
from charthouse.engine.declaration.types import Boolean, Decimal, Integer, Text
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY, REQUIRED
from charthouse.engine.sql import expressions as sql
from charthouse.files.types import File

TYPES = {  # reference enums.yaml message_type; the last five have no published name
    "GP": "Generated PDF",
    "GC": "Generated CSV",
    "GZ": "Generated ZIP",
    "IF": "Incoming Fax",
    "OF": "Outgoing Fax",
    "IL": "Incoming Labs",
    "IR": "Inbound Referrals",
    "OR": "Outbound Referrals",
    "IE": "Incoming eRx",
    "OA": "Online Appointments",
    "PO": "Patient Onboarding",
    "PI": "Patient Incoming Message",
    "PM": "Patient Outgoing Message",
    "OO": "Demo Meeting Message",
    "OD": "Outbound Direct Message",
    "ID": "Inbound Direct Message",
    "GT": "",
    "CE": "",
    "CH": "",
    "DL": "",
    "CN": "",
}
_PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
_FILE = File(kinds=("document",), max_size=50 * 1024 * 1024)
_ABOUT_FILES = "A PDF or an image of at most 50 MB; reads as a link that works for an hour."
_OF_DOCTOR = Filter("doctor", Reference("doctors"))
_OF_PATIENT = Filter("patient", Reference("patients"))
_SINCE = Filter("since", Timestamp(), SINCE, doc="Changed at or after.", source="updated_at")


def _type_description() -> Any:
    named = [When(type=code, then=Value(name)) for code, name in TYPES.items() if name]
    return Case(*named, default=Value(""), output_field=models.TextField())


def _names() -> tuple[Key, ...]:
    """The hosted API's copies of names, of the people that a message refers to."""
    paths = {
        "doctor": ("first_name", "last_name"),
        "patient": ("first_name", "middle_name", "last_name"),
        "owner": ("first_name", "last_name"),
        "responsible_user": ("first_name", "last_name"),
    }
    return tuple(
        Key(f"{who}_{name}", Text(), READ_ONLY, source=f"{who}__{name}", nullable=True, addition=True)
        for who, names in paths.items()
        for name in names
    )


messages = Resource(
    path="messages",
    model=Message,
    doc="What is in the message centers of doctors.",
    methods="GET POST PUT PATCH DELETE",
    policy=Policy(
        scopes=("messages",), permissions=("Access Message Center",), sharing="share_patients", owner="doctor"
    ),
    keys=(
        Key("doctor", Reference("doctors"), REQUIRED),
        Key("title", Text(), REQUIRED),
        Key("attachment", _FILE, OPTIONAL, keep_on_put=True, example=_PIXEL, doc=_ABOUT_FILES),
        Key("owner", Reference("users"), OPTIONAL, doc="Whose message it is."),
        Key("patient", Reference("patients"), OPTIONAL, doc="Whom it is about."),
        Key("responsible_user", Reference("users"), OPTIONAL, doc="Who deals with it."),
        Key("type", Text(choices=("", *TYPES))),
        Key("archived", Boolean(), READ_ONLY, doc="Set by DELETE."),
        Key("id", Id(), READ_ONLY),
        Key("read", Boolean(), READ_ONLY),
        Key("received_at", Timestamp(), READ_ONLY),
        Key("updated_at", Timestamp(), READ_ONLY),
        Key("starred", Boolean(), READ_ONLY),
        Key("workflow_step", Text(), READ_ONLY),
        Key(
            "message_notes",
            List(
                Object(
                    (
                        Key("text", Text(), REQUIRED),
                        Key("created_at", Timestamp(), READ_ONLY),
                        Key("created_by", Id(as_text=True), READ_ONLY, source="created_by_id"),
                    )
                )
            ),
            OPTIONAL,
            source=ChildRows(MessageNote, link="message", match_by="text"),
            doc="A text that isn't there yet is a new note; the others stay.",
        ),
        Key(
            "type_description",
            Text(),
            READ_ONLY,
            source=Expression(_type_description),
            nullable=False,
            addition=True,
        ),
        *_names(),
        Key(
            "doctor_middle_name", Text(), READ_ONLY, source=Expression(lambda: sql.literal("")), addition=True
        ),
        Key("outgoing_fax_recipient_name", Text(), READ_ONLY, addition=True),
        Key("outgoing_fax_recipient_fax_number", Text(), READ_ONLY, addition=True),
    ),
    filters=(
        Filter("received_since", Timestamp(), SINCE, source="received_at", doc="Received at or after."),
        Filter("updated_since", Timestamp(), SINCE, doc="Changed at or after.", source="updated_at"),
        _OF_DOCTOR,
        Filter("owner", Reference("users")),
        _OF_PATIENT,
        Filter("responsible_user", Reference("users")),
        Flag("show_archived", doc="Adds archived messages."),
        Filter("type", addition=True),
    ),
    visibility=Visibility(Q(archived=True), shown_by="show_archived", referable=True),
    after=(actions.sign_notes,),
    events=plain_events("MESSAGE_CREATE", "MESSAGE_MODIFY", "MESSAGE_DELETE", own="create modify delete"),
    example={
        "doctor": 1,
        "title": "Fax from Lakeside Cardiology",
        "type": "IF",
        "patient": 12,
        "owner": 3,
        "responsible_user": 4,
        "message_notes": [{"text": "Filed."}],
    },
)

patient_messages = Resource(
    path="patient_messages",
    model=PatientMessage,
    doc="Messages to patients, in the patient portal.",
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
                            _FILE,
                            REQUIRED,
                            keep_on_put=True,
                            example=_PIXEL,
                            doc="Base64 text; reads as a link.",
                        ),
                        Key(
                            "doctor",
                            Reference("doctors"),
                            OPTIONAL,
                            doc="The message's, where none is named.",
                        ),
                        Key("created_at", Timestamp(), READ_ONLY),
                        Key("updated_at", Timestamp(), READ_ONLY),
                    )
                )
            ),
            OPTIONAL,
            source=ChildRows(PatientMessageAttachment, link="patient_message"),
            doc="Those given are added to those that are there.",
        ),
        Key("body", Text(), default=""),
        Key("created_at", Timestamp(), READ_ONLY),
        Key("doctor", Reference("doctors"), REQUIRED),
        Key("id", Id(), READ_ONLY),
        Key("message", Reference("messages"), OPTIONAL, doc="The doctor's message that it belongs to."),
        Key("patient", Reference("patients"), REQUIRED, doc="Whom it is sent to."),
        Key("subject", Text(), REQUIRED),
        Key("updated_at", Timestamp(), READ_ONLY),
    ),
    filters=(_OF_DOCTOR, _OF_PATIENT, _SINCE),
    after=(actions.attach,),
    example={"doctor": 1, "patient": 12, "subject": "Your results", "body": "All is well."},
)

comm_logs = Resource(
    path="comm_logs",
    model=CommLog,
    doc="Calls with patients.",
    methods="GET POST PUT PATCH",
    policy=Policy(
        scopes=("calendar",), permissions=("Access Scheduling",), sharing="share_patients", owner="doctor"
    ),
    keys=(
        Key("appointment", Reference("appointments"), OPTIONAL),
        Key("archived", Boolean(), READ_ONLY),
        Key("author", Reference("users"), READ_ONLY, doc="Who changed it last."),
        Key("cash_charged", Decimal()),
        Key("created_at", Timestamp(), READ_ONLY),
        Key("doctor", Reference("doctors"), REQUIRED),
        Key("duration", Integer(minimum=0), doc="Minutes."),
        Key("id", Id(), READ_ONLY),
        Key("message", Text()),
        Key("patient", Reference("patients"), REQUIRED),
        Key(
            "scheduled_time",
            Timestamp(zone="doctor__timezone"),
            doc="Wall clock of the doctor's zone; the appointment's time where there is an appointment.",
        ),
        Key("title", Text()),
        Key("type", Text()),
        Key("updated_at", Timestamp(), READ_ONLY),
    ),
    filters=(_OF_DOCTOR, _OF_PATIENT, _SINCE),
    checks=(actions.log_call,),
    example={
        "doctor": 1,
        "patient": 12,
        "title": "Refill",
        "type": "Incoming call",
        "message": "Asks for a refill.",
        "duration": 5,
    },
)

RESOURCES = [messages, patient_messages, comm_logs]
