"""Messages of doctors' message centers in the DrChrono API. Source: reference drchrono/resources.yaml, nested.yaml."""

from typing import Any

from django.db import models
from django.db.models import Case, Q, Value, When

from charthouse.domains.messaging import hooks
from charthouse.domains.messaging.codes import MESSAGE_TYPES
from charthouse.domains.messaging.drchrono.keys import EXAMPLE_FILE, FILE, OF_DOCTOR, OF_PATIENT
from charthouse.domains.messaging.models import (
    Message,
    MessageNote,
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
from charthouse.engine.declaration.types import Boolean, Text
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY, REQUIRED
from charthouse.engine.sql import expressions as sql

_ABOUT_FILES = "A file up to 50 MB; returned as a link that is valid for an hour."


def _select_type_description() -> Any:
    named = [When(type=code, then=Value(name)) for code, name in MESSAGE_TYPES.items() if name]
    return Case(*named, default=Value(""), output_field=models.TextField())


def _make_name_keys() -> tuple[Key, ...]:
    """Return the keys that copy the names of the people of a message, as the hosted API has them."""
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
    doc="Messages in doctors' message centers.",
    methods="GET POST PUT PATCH DELETE",
    policy=Policy(
        scopes=("messages",), permissions=("Access Message Center",), sharing="share_patients", owner="doctor"
    ),
    keys=(
        Key("doctor", Reference("doctors"), REQUIRED),
        Key("title", Text(), REQUIRED),
        Key("attachment", FILE, OPTIONAL, keep_on_put=True, example=EXAMPLE_FILE, doc=_ABOUT_FILES),
        Key("owner", Reference("users"), OPTIONAL, doc="The user who owns the message."),
        Key("patient", Reference("patients"), OPTIONAL, doc="The patient the message is about."),
        Key("responsible_user", Reference("users"), OPTIONAL, doc="The user responsible for the message."),
        Key("type", Text(choices=("", *MESSAGE_TYPES))),
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
                        Key("text", Text(multiline=True), REQUIRED),
                        Key("created_at", Timestamp(), READ_ONLY),
                        Key("created_by", Id(as_text=True), READ_ONLY, source="created_by_id"),
                    )
                )
            ),
            OPTIONAL,
            source=ChildRows(MessageNote, link="message", match_by="text"),
            doc="Each text that isn't there yet is added as a note; existing notes stay.",
        ),
        Key(
            "type_description",
            Text(),
            READ_ONLY,
            source=Expression(_select_type_description),
            nullable=False,
            addition=True,
        ),
        *_make_name_keys(),
        Key(
            "doctor_middle_name", Text(), READ_ONLY, source=Expression(lambda: sql.literal("")), addition=True
        ),
        Key("outgoing_fax_recipient_name", Text(), READ_ONLY, addition=True),
        Key("outgoing_fax_recipient_fax_number", Text(), READ_ONLY, addition=True),
    ),
    filters=(
        Filter(
            "received_since", Timestamp(), SINCE, source="received_at", doc="Received at or after this time."
        ),
        Filter(
            "updated_since", Timestamp(), SINCE, doc="Changed at or after this time.", source="updated_at"
        ),
        OF_DOCTOR,
        Filter("owner", Reference("users")),
        OF_PATIENT,
        Filter("responsible_user", Reference("users")),
        Flag("show_archived", doc="Includes archived messages."),
        Filter("type", addition=True),
    ),
    visibility=Visibility(Q(archived=True), shown_by="show_archived", referable=True),
    after=(hooks.sign_notes,),
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

RESOURCES = [messages]
