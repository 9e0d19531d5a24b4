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
from charthouse.engine.declaration.composites import List
from charthouse.engine.declaration.events import plain_events
from charthouse.engine.declaration.filters import Condition, Filter, Flag, Like, OnDay
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.objects import Object
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Operation, PageSize, Resource, Visibility
from charthouse.engine.declaration.sources import UNSTORED, Expression
from charthouse.engine.declaration.times import Date
from charthouse.engine.declaration.types import Boolean, Integer, Text
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY, REQUIRED, parse_text
from charthouse.engine.sql.expressions import BoundParameter

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
    policy=common("patients"),
    page_size=PAGES,
    rows=Q(archived=False),
    keys=PATIENT,
    filters=(
        Flag(
            "status",
            on_for="any",
            condition=lambda: Q(patient_status="A"),
            doc="Any value: active ones alone.",
        ),
    ),
    checks=(
        actions.no_open_notes,
        actions.set_status,
        actions.set_provider,
        actions.refuse_duplicate,
        actions.number_chart,
    ),
    events=plain_events("patient.created", "patient.modified", "patient.deleted", own="create modify delete"),
    example=_EXAMPLE,
)

found_patients = Resource(
    path="patients/search",
    model=Patient,
    doc="Patients by name, e-mail, birthday, portal name or time zone; with several, those whom all fit.",
    methods="GET",
    policy=common("patients"),
    reads=False,
    page_size=PAGES,
    rows=Q(archived=False),
    keys=tuple(PATIENT),
    filters=(
        Filter("last_name", Text(), Like(), doc="% stands for any part."),
        Filter("first_name", Text(), Like(), doc="% stands for any part."),
        Filter("email", Text(), Like(("email", "email2")), doc="% stands for any part."),
        Condition(
            "username",
            read=lambda text, given: {"username": log_ins.usual(parse_text(text))},
            condition=lambda: Q(
                Exists(access().filter(username=BoundParameter("username", models.TextField())))
            ),
            doc="The name that the patient signs in to the portal with.",
        ),
        Filter("dob", Date(), OnDay(), source="date_of_birth"),
        Filter("timezone", Text(choices=zones()), doc="IANA name."),
    ),
    example=_EXAMPLE,
)

# -- tags -------------------------------------------------------------------------------------------------------

tags = Resource(
    path="tags",
    model=Tag,
    doc="What a practice can mark its patients with.",
    methods="GET POST PATCH DELETE",
    policy=common("tags"),
    reads=False,
    page_size=PAGES,
    keys=(
        tag("tag"),
        Key("id", Id(), READ_ONLY),
        Key("name", Text(), REQUIRED, doc="No two tags have the same."),
        Key("category", Text(), REQUIRED),
        Key("description", Text(), REQUIRED),
        Key("displays_on_dash", Boolean(), REQUIRED),
        Key("note_displays_on_dashboard", Boolean(), REQUIRED, doc="Only with displays_on_dash."),
        Key("displays_on_calendar", Boolean(), REQUIRED),
        Key("color", Text(pattern="[0-9a-fA-F]{6}"), REQUIRED, example="b2f07e"),
        by("addedby"),
        created(),
        deleted(),
    ),
    filters=(Flag("include_deleted", on_for="any", doc="Any value adds deleted ones."),),
    visibility=Visibility(Q(archived=True), shown_by="include_deleted", by_id=True),
    checks=(actions.note_needs_tag,),
    unique={"tag_name_once": ("name", "A tag with this name exists already.")},
    events=plain_events("tag.created", "tag.modified", "tag.deleted", own="create modify delete"),
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
    policy=common("patient_tags"),
    reads=False,
    page_size=PageSize(1000, 1000, 1000),
    parents=below_patient(),
    rows=Q(archived=False),
    keys=PATIENT_TAG,
    events=plain_events("patient_tag.created", delete="patient_tag.deleted", own="create delete"),
    example={"name": "VIP", "tag_category": "Care", "notes": "", "date_applied": "2025-03-26 13:19:55"},
)

_GIVEN_TAG: tuple[Key, ...] = (
    Key("name", Text(max_length=100), REQUIRED, example="VIP"),
    Key("notes", Text(max_length=1000)),
    Key("note", Text(max_length=1000), doc="As notes."),
)


def _given_tags(name: str) -> Key:
    return Key(name, List(Object(_GIVEN_TAG), max_items=100), OPTIONAL, source=UNSTORED, doc="Tags, by name.")


_TAGGED: dict[str, Any] = {"of": "patients", "policy": Policy(scopes=("patient_tags",))}

put_tags = Operation(
    path="patients/{id}/tags",
    method="POST",
    doc="Put tags on a patient; answers with all of the patient's tags.",
    **_TAGGED,
    keys=(_given_tags("tags"), _given_tags("tags[]")),
    array_key="tags",
    answer=PATIENT_TAG,
    answer_model=PatientTag,
    many=True,
    run=actions.put_tags,
    example={"tags": [{"name": "VIP", "notes": "Since 2019"}]},
)

take_tag = Operation(
    path="patients/{id}/tags/{tag_name}",
    method="DELETE",
    doc="Take a tag off a patient, by the tag's name.",
    **_TAGGED,
    filters=(Filter("tag_name", doc="The tag's name."),),
    answer=actions.DELETED,
    run=actions.take_tag,
    example={
        "object": "patient_tag",
        "action": "delete",
        "result": True,
        "message": "The tag was taken off.",
    },
)

send_email = Operation(
    path="patients/{id}/emails/send",
    of="patients",
    method="POST",
    doc="Send an e-mail to a patient's primary address, from the practice's own.",
    keys=(
        Key("subject", Text(max_length=200), REQUIRED, source=UNSTORED),
        Key("body", Text(max_length=100_000), REQUIRED, source=UNSTORED),
        Key("reply-to", Text(max_length=254), REQUIRED, source=UNSTORED, doc="Where answers go."),
    ),
    answer=actions.RESULT,
    run=actions.send_email,
    policy=Policy(scopes=("patient_emails",), rate_class="email_trigger"),
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
    policy=common("patient_portal"),
    reads=False,
    page_size=PAGES,
    parents=below_patient(),
    keys=(
        tag("portal_queue_request"),
        Key("id", Id(), READ_ONLY),
        Key("pt_id", Reference("patients"), READ_ONLY, source="patient"),
        Key("request_type", Text(choices=TYPES), READ_ONLY),
        Key("status", Text(choices=STATUSES), READ_ONLY),
        Key("title", Text(), READ_ONLY),
        Key("notes", Text(), READ_ONLY),
        Key("payload", Object((), open=True), READ_ONLY),
        Key(
            "addedby",
            Integer(),
            READ_ONLY,
            source=Expression(actions.sender),
            nullable=False,
            doc="99999: an API user.",
        ),
        created(),
        deleted(),
        Key("deletedby", Integer(), READ_ONLY, source="deleted_by_id", doc="The API user who deleted it."),
    ),
    filters=(
        Filter("request_type", Text(choices=TYPES)),
        Filter("status", Text(choices=STATUSES), doc="Open ones where it isn't given."),
    ),
    visibility=Visibility(~Q(status="open"), shown_by="status", by_id=True),
    delete={"archived": True, "status": "deleted"},
    checks=(actions.deleted_by_caller,),
    example={"request_type": "image", "status": "open", "payload": {"mime_type": "image/png"}},
)

RESOURCES = [*cerbo_facilities.RESOURCES, patients, found_patients, tags, patient_tags, portal_queue]
FUNCTIONS = [*cerbo_facilities.FUNCTIONS, *cerbo_portal.FUNCTIONS, put_tags, take_tag, send_email]
