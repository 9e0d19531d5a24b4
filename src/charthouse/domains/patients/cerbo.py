"""Patients, their tags and the portal's queue as Cerbo shows them. Facts: reference cerbo/operations.yaml."""

from typing import Any

from django.db import models
from django.db.models import Exists, Q

from charthouse.domains.patients import cerbo_actions as actions
from charthouse.domains.patients import cerbo_facilities, cerbo_portal, log_ins
from charthouse.domains.patients.cerbo_keys import PATIENT, PATIENT_TAG, access, zones
from charthouse.domains.patients.models import Patient, PatientTag, PortalRequest, Tag
from charthouse.domains.patients.queue import STATUSES, TYPES
from charthouse.domains.practice.cerbo_keys import below_patient, by, common, created, deleted, tag
from charthouse.resource.declare import Hidden, PageSize, Resource
from charthouse.resource.events import plain
from charthouse.resource.fields import (
    OPTIONAL,
    READ_ONLY,
    REQUIRED,
    Boolean,
    Field,
    Id,
    Integer,
    Ref,
    Text,
    plain_text,
)
from charthouse.resource.filters import DateIs, Flag, Is, Like, Where
from charthouse.resource.functions import Function
from charthouse.resource.nested import Embedded
from charthouse.resource.sql import Slot

PAGES = PageSize(100, 100, 100)
_EXAMPLE = {
    "first_name": "Amara",
    "last_name": "Okafor",
    "dob": "1987-04-12",
    "sex": "F",
    "email1": "amara@example.com",
}

patients = Resource(
    path="patients",
    model=Patient,
    doc="The practice's patients.",
    methods="GET POST PATCH DELETE",
    **common("patients"),
    page_size=PAGES,
    rows=Q(archived=False),
    fields=PATIENT,
    filters=(
        Flag(
            "status", on_for="any", matches=lambda: Q(patient_status="A"), doc="Any value: active ones alone."
        ),
    ),
    checks=(
        actions.no_open_notes,
        actions.set_status,
        actions.set_provider,
        actions.refuse_duplicate,
        actions.number_chart,
    ),
    events=plain("patient.created", "patient.modified", "patient.deleted", ours="create modify delete"),
    example=_EXAMPLE,
)

found_patients = Resource(
    path="patients/search",
    model=Patient,
    doc="Patients by name, e-mail, birthday, portal name or time zone; with several, those whom all fit.",
    methods="GET",
    reads=False,
    **common("patients"),
    page_size=PAGES,
    rows=Q(archived=False),
    fields=tuple(PATIENT),
    filters=(
        Like("last_name", doc="% stands for any part."),
        Like("first_name", doc="% stands for any part."),
        Like("email", sources=("email", "email2"), doc="% stands for any part."),
        Where(
            "username",
            read=lambda text, given: {"username": log_ins.usual(plain_text(text))},
            condition=lambda: Q(Exists(access().filter(username=Slot("username", models.TextField())))),
            doc="The name that the patient signs in to the portal with.",
        ),
        DateIs("dob", source="date_of_birth"),
        Is("timezone", choices=zones(), doc="IANA name."),
    ),
    example=_EXAMPLE,
)

# -- tags -------------------------------------------------------------------------------------------------------

tags = Resource(
    path="tags",
    model=Tag,
    doc="What a practice can mark its patients with.",
    methods="GET POST PATCH DELETE",
    reads=False,
    **common("tags"),
    page_size=PAGES,
    fields=(
        tag("tag"),
        Id("id"),
        Text("name", REQUIRED, doc="No two tags have the same."),
        Text("category", REQUIRED),
        Text("description", REQUIRED),
        Boolean("displays_on_dash", REQUIRED),
        Boolean("note_displays_on_dashboard", REQUIRED, doc="Only with displays_on_dash."),
        Boolean("displays_on_calendar", REQUIRED),
        Text("color", REQUIRED, pattern="[0-9a-fA-F]{6}", example="b2f07e"),
        by("addedby"),
        created(),
        deleted(),
    ),
    filters=(Flag("include_deleted", on_for="any", doc="Any value adds deleted ones."),),
    hidden=Hidden(Q(archived=True), unless="include_deleted", by_id=True),
    checks=(actions.note_needs_tag,),
    unique={"tag_name_once": ("name", "A tag with this name exists already.")},
    events=plain("tag.created", "tag.modified", "tag.deleted", ours="create modify delete"),
    example={
        "name": "VIP",
        "category": "Care",
        "description": "Calls go through to the doctor.",
        "displays_on_dash": True,
        "note_displays_on_dashboard": False,
        "displays_on_calendar": True,
        "color": "b2f07e",
    },
)

patient_tags = Resource(
    path="patients/{patient_id}/tags",
    model=PatientTag,
    doc="The tags of a patient.",
    methods="GET",
    reads=False,
    **common("patient_tags"),
    page_size=PageSize(1000, 1000, 1000),
    parents=below_patient(),
    rows=Q(archived=False),
    fields=PATIENT_TAG,
    events=plain("patient_tag.created", delete="patient_tag.deleted", ours="create delete"),
    example={"name": "VIP", "tag_category": "Care", "notes": "", "date_applied": "2025-03-26 13:19:55"},
)

_GIVEN_TAG: tuple[Field, ...] = (
    Text("name", REQUIRED, max_length=100, example="VIP"),
    Text("notes", max_length=1000),
    Text("note", max_length=1000, doc="As notes."),
)


def _given_tags(name: str) -> Field:
    return Embedded(
        name, OPTIONAL, many=True, at_most=100, stored=False, fields=_GIVEN_TAG, doc="Tags, by name."
    )


_TAGGED: dict[str, Any] = {"of": "patients", "scopes": ("patient_tags",)}

put_tags = Function(
    path="patients/{id}/tags",
    method="POST",
    doc="Put tags on a patient; answers with all of the patient's tags.",
    **_TAGGED,
    fields=(_given_tags("tags"), _given_tags("tags[]")),
    bare="tags",
    answers=PATIENT_TAG,
    answers_of=PatientTag,
    many=True,
    run=actions.put_tags,
    example={"tags": [{"name": "VIP", "notes": "Since 2019"}]},
)

take_tag = Function(
    path="patients/{id}/tags/{tag_name}",
    method="DELETE",
    doc="Take a tag off a patient, by the tag's name.",
    **_TAGGED,
    parameters=(Is("tag_name", doc="The tag's name."),),
    answers=actions.DELETED,
    run=actions.take_tag,
    example={
        "object": "patient_tag",
        "action": "delete",
        "result": True,
        "message": "The tag was taken off.",
    },
)

send_email = Function(
    path="patients/{id}/emails/send",
    of="patients",
    method="POST",
    doc="Send an e-mail to a patient's primary address, from the practice's own.",
    scopes=("patient_emails",),
    counted="email_trigger",
    fields=(
        Text("subject", REQUIRED, stored=False, max_length=200),
        Text("body", REQUIRED, stored=False, max_length=100_000),
        Text("reply-to", REQUIRED, stored=False, max_length=254, doc="Where answers go."),
    ),
    answers=actions.RESULT,
    run=actions.send_email,
    example={
        "subject": "Your visit",
        "body": "See you on Monday.",
        "reply-to": "front@practice.example",
        "result": True,
        "message": "The e-mail will be sent.",
    },
)

# -- the portal's queue -----------------------------------------------------------------------------------------

portal_queue = Resource(
    path="patients/{patient_id}/portal/enqueued",
    model=PortalRequest,
    doc="What was sent for a patient and waits for staff to take it into the chart.",
    methods="GET DELETE",
    reads=False,
    **common("patient_portal"),
    page_size=PAGES,
    parents=below_patient(),
    fields=(
        tag("portal_queue_request"),
        Id("id"),
        Ref("pt_id", READ_ONLY, source="patient", to="patients"),
        Text("request_type", READ_ONLY, choices=TYPES),
        Text("status", READ_ONLY, choices=STATUSES),
        Text("title", READ_ONLY),
        Text("notes", READ_ONLY),
        Embedded("payload", READ_ONLY, fields=(), open=True),
        Integer("addedby", READ_ONLY, computed=actions.sender, nullable=False, doc="99999: an API user."),
        created(),
        deleted(),
        Integer("deletedby", READ_ONLY, source="deleted_by_id", doc="The API user who deleted it."),
    ),
    filters=(
        Is("request_type", choices=TYPES),
        Is("status", choices=STATUSES, doc="Open ones where it isn't given."),
    ),
    hidden=Hidden(~Q(status="open"), unless="status", by_id=True),
    delete={"archived": True, "status": "deleted"},
    checks=(actions.deleted_by_caller,),
    example={"request_type": "image", "status": "open", "payload": {"mime_type": "image/png"}},
)

RESOURCES = [*cerbo_facilities.RESOURCES, patients, found_patients, tags, patient_tags, portal_queue]
FUNCTIONS = [*cerbo_facilities.FUNCTIONS, *cerbo_portal.FUNCTIONS, put_tags, take_tag, send_email]
