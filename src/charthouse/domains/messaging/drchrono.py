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
from charthouse.files.fields import File
from charthouse.resource import sql
from charthouse.resource.declare import Hidden, Resource
from charthouse.resource.events import plain
from charthouse.resource.fields import (
    OPTIONAL,
    READ_ONLY,
    REQUIRED,
    Boolean,
    Decimal,
    Field,
    Id,
    Integer,
    Ref,
    Text,
)
from charthouse.resource.filters import Flag, Is, RefIs, Since
from charthouse.resource.nested import Many
from charthouse.resource.times import Timestamp, WallClock

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
_UPLOAD: dict[str, Any] = {
    "kinds": ("document",),
    "max_size": 50 * 1024 * 1024,
    "example": _PIXEL,
    "doc": "A PDF or an image of at most 50 MB; reads as a link that works for an hour.",
}
_OF_DOCTOR = RefIs("doctor", to="doctors")
_OF_PATIENT = RefIs("patient", to="patients")
_SINCE = Since("since", doc="Changed at or after.")


def _type_description() -> Any:
    named = [When(type=code, then=Value(name)) for code, name in TYPES.items() if name]
    return Case(*named, default=Value(""), output_field=models.TextField())


def _names() -> tuple[Field, ...]:
    """The hosted API's copies of names, of the people that a message refers to."""
    paths = {
        "doctor": ("first_name", "last_name"),
        "patient": ("first_name", "middle_name", "last_name"),
        "owner": ("first_name", "last_name"),
        "responsible_user": ("first_name", "last_name"),
    }
    return tuple(
        Text(f"{who}_{name}", READ_ONLY, source=f"{who}__{name}", nullable=True, addition=True)
        for who, names in paths.items()
        for name in names
    )


messages = Resource(
    path="messages",
    model=Message,
    doc="What is in the message centers of doctors.",
    methods="GET POST PUT PATCH DELETE",
    scopes=("messages",),
    permissions=("Access Message Center",),
    sharing="share_patients",
    owner="doctor",
    fields=(
        Ref("doctor", REQUIRED, to="doctors"),
        Text("title", REQUIRED),
        File("attachment", OPTIONAL, **_UPLOAD),
        Ref("owner", OPTIONAL, to="users", doc="Whose message it is."),
        Ref("patient", OPTIONAL, to="patients", doc="Whom it is about."),
        Ref("responsible_user", OPTIONAL, to="users", doc="Who deals with it."),
        Text("type", choices=("", *TYPES)),
        Boolean("archived", READ_ONLY, doc="Set by DELETE."),
        Id("id"),
        Boolean("read", READ_ONLY),
        Timestamp("received_at", READ_ONLY),
        Timestamp("updated_at", READ_ONLY),
        Boolean("starred", READ_ONLY),
        Text("workflow_step", READ_ONLY),
        Many(
            "message_notes",
            OPTIONAL,
            to=MessageNote,
            link="message",
            key="text",
            doc="A text that isn't there yet is a new note; the others stay.",
            fields=(
                Text("text", REQUIRED),
                Timestamp("created_at", READ_ONLY),
                Id("created_by", source="created_by_id", as_text=True),
            ),
        ),
        Text("type_description", READ_ONLY, computed=_type_description, nullable=False, addition=True),
        *_names(),
        Text("doctor_middle_name", READ_ONLY, computed=lambda: sql.constant(""), addition=True),
        Text("outgoing_fax_recipient_name", READ_ONLY, addition=True),
        Text("outgoing_fax_recipient_fax_number", READ_ONLY, addition=True),
    ),
    filters=(
        Since("received_since", source="received_at", doc="Received at or after."),
        Since("updated_since", doc="Changed at or after."),
        _OF_DOCTOR,
        RefIs("owner", to="users"),
        _OF_PATIENT,
        RefIs("responsible_user", to="users"),
        Flag("show_archived", doc="Adds archived messages."),
        Is("type", addition=True),
    ),
    hidden=Hidden(Q(archived=True), unless="show_archived", usable=True),
    after=(actions.sign_notes,),
    events=plain("MESSAGE_CREATE", "MESSAGE_MODIFY", "MESSAGE_DELETE", ours="create modify delete"),
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
    scopes=("patients", "messages"),
    permissions=("Manage Patients", "Access Message Center"),
    sharing="share_faxes",
    owner="doctor",
    rows=Q(sent_by="dr"),
    fields=(
        Many(
            "attachments",
            OPTIONAL,
            to=PatientMessageAttachment,
            link="patient_message",
            doc="Those given are added to those that are there.",
            fields=(
                File("attachment", REQUIRED, **{**_UPLOAD, "doc": "Base64 text; reads as a link."}),
                Ref("doctor", OPTIONAL, to="doctors", doc="The message's, where none is named."),
                Timestamp("created_at", READ_ONLY),
                Timestamp("updated_at", READ_ONLY),
            ),
        ),
        Text("body", default=""),
        Timestamp("created_at", READ_ONLY),
        Ref("doctor", REQUIRED, to="doctors"),
        Id("id"),
        Ref("message", OPTIONAL, to="messages", doc="The doctor's message that it belongs to."),
        Ref("patient", REQUIRED, to="patients", doc="Whom it is sent to."),
        Text("subject", REQUIRED),
        Timestamp("updated_at", READ_ONLY),
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
    scopes=("calendar",),
    permissions=("Access Scheduling",),
    sharing="share_patients",
    owner="doctor",
    fields=(
        Ref("appointment", OPTIONAL, to="appointments"),
        Boolean("archived", READ_ONLY),
        Ref("author", READ_ONLY, to="users", doc="Who changed it last."),
        Decimal("cash_charged"),
        Timestamp("created_at", READ_ONLY),
        Ref("doctor", REQUIRED, to="doctors"),
        Integer("duration", minimum=0, doc="Minutes."),
        Id("id"),
        Text("message"),
        Ref("patient", REQUIRED, to="patients"),
        WallClock(
            "scheduled_time",
            zone="doctor__timezone",
            doc="Wall clock of the doctor's zone; the appointment's time where there is an appointment.",
        ),
        Text("title"),
        Text("type"),
        Timestamp("updated_at", READ_ONLY),
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
