"""Documents of patients as Cerbo shows them. Source: reference cerbo/objects.yaml, operations.yaml;
docs/decisions/0272-documents.md"""

from typing import Any

from django.db import models
from django.db.models import Case, F, Q, When
from django.db.models.expressions import Combinable

from charthouse.domains.documents import filing, uploads
from charthouse.domains.documents.models import Document
from charthouse.domains.patients.cerbo.portal_requests import ENQUEUE_FILTER, make_submission_keys
from charthouse.domains.practice.cerbo.keys import (
    make_created_key,
    make_deleted_key,
    make_object_key,
    make_patient_key,
    make_patient_parent,
    make_policy,
    make_user_key,
)
from charthouse.engine.declaration.composites import Parse, convert
from charthouse.engine.declaration.events import plain_events
from charthouse.engine.declaration.filters import Filter
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Operation, PageSize, Resource
from charthouse.engine.declaration.sources import UNSTORED, Expression
from charthouse.engine.declaration.times import Timestamp
from charthouse.engine.declaration.types import Boolean, Integer, References, Text
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY, REQUIRED
from charthouse.engine.sql import expressions as sql
from charthouse.files.types import url_key

RESULT_CODES = (0, 1, 2)


def _parse_reviewer(parse: Parse, value: Any) -> Any:
    """Parse the id of a user, or -1 for everyone."""
    return filing.EVERYONE if value in (filing.EVERYONE, str(filing.EVERYONE)) else parse(value)


def _find_reviewer_references(value: Any) -> References:
    return () if value == filing.EVERYONE else (("users", value, ()),)


def _select_reviewer() -> Combinable:
    everyone = When(review_by_everyone=True, then=sql.literal(filing.EVERYONE))
    return Case(everyone, default=F("review_by_id"), output_field=models.BigIntegerField())


def _make_url_key(name: str, below: str, doc: str) -> Key:
    return url_key(name, path_format=f"/api/v1/documents/%s/{below}", doc=doc)


_COMMON: dict[str, Any] = {
    "model": Document,
    "page_size": PageSize(100, 100, 100),
    "rows": Q(archived=False),
    "keys": (
        make_object_key("document"),
        Key("id", Id(), READ_ONLY),
        make_patient_key(),
        Key("name", Text(), READ_ONLY, source="description"),
        Key("mime_type", Text(), READ_ONLY, source="document__media_type"),
        Key("folder", Text(), READ_ONLY, doc="The section of the chart."),
        Key("subfolder", Text(), READ_ONLY),
        Key("content", Text(), READ_ONLY, doc="Comments."),
        Key("flag", Boolean(), READ_ONLY, doc="Whether it is a key document."),
        Key(
            "requires_review",
            Integer(),
            READ_ONLY,
            source=Expression(_select_reviewer),
            doc="User who still has to review it: a user id, or -1 for everyone.",
        ),
        Key("dr_reviewer", Reference("users"), READ_ONLY, source="reviewer", doc="User who signed it off."),
        Key("dr_review_date", Timestamp(spaced=True), READ_ONLY, source="reviewed_at"),
        Key("review_status", Integer(), READ_ONLY, doc="1: pending."),
        Key(
            "result_code", Integer(choices=RESULT_CODES), READ_ONLY, doc="0 normal, 1 borderline, 2 abnormal."
        ),
        Key("follow_up_required_date", Timestamp(spaced=True), READ_ONLY, source="follow_up_at"),
        Key("pt_notified", Integer(choices=(1, 2)), READ_ONLY, doc="1 not needed, 2 notified."),
        Key("pt_notified_method", Text(), READ_ONLY),
        Key("file_size", Integer(), READ_ONLY, source="document__size", doc="Bytes."),
        make_user_key("addedby"),
        make_created_key(),
        make_deleted_key(),
        _make_url_key("url_content", "content", "Its bytes."),
        _make_url_key("url_stream", "stream", "Its bytes; supports Range."),
    ),
    "example": {"name": "Cardiology consult note", "mime_type": "application/pdf", "folder": "Consults"},
    "policy": make_policy("patient_documents"),
}

documents = Resource(
    path="documents",
    doc="A document in a patient's chart.",
    methods="GET",
    lists=False,
    **_COMMON,
)

patient_documents = Resource(
    path="patients/{patient_id}/documents",
    doc="The documents in a patient's chart.",
    methods="GET",
    reads=False,
    parents=make_patient_parent(),
    filters=(Filter("folder", doc="Only documents in this tab."),),
    events=plain_events(
        "document.created", "document.modified", "document.deleted", own="create modify delete"
    ),
    **_COMMON,
)

_CONTENT: dict[str, Any] = {
    "of": "documents",
    "media": "*/*",
    "run": filing.get_content,
    "other_statuses": uploads.RANGE_STATUSES,
}
_SUBMISSION_KEYS: tuple[Key, ...] = (
    Key(
        "pt_id",
        Integer(maximum=2**63 - 1),
        REQUIRED,
        source=UNSTORED,
        doc="Must match the patient in the URL.",
    ),
    Key(
        "mime_type",
        Text(max_length=127),
        REQUIRED,
        source=UNSTORED,
        doc="Must match the content's type if that can be detected.",
    ),
    Key("name", Text(max_length=500), REQUIRED, source=UNSTORED, doc="The document's title."),
    Key(
        "base64_content",
        uploads.make_file_type("base64_content", "document"),
        REQUIRED,
        source=UNSTORED,
        doc="Any file up to 16 MB, as base64.",
    ),
    Key(
        "notes",
        Text(multiline=True, max_length=10_000),
        OPTIONAL,
        source=UNSTORED,
        doc="Only with enqueue=true; becomes the document's content once it is accepted.",
    ),
    Key(
        "content",
        Text(multiline=True, max_length=100_000),
        OPTIONAL,
        source=UNSTORED,
        doc="Only with enqueue=false.",
    ),
    Key("folder", Text(max_length=200), OPTIONAL, source=UNSTORED, doc="Ignored with enqueue=true."),
    Key("subfolder", Text(max_length=200), OPTIONAL, source=UNSTORED),
    Key("flag", Boolean(), OPTIONAL, source=UNSTORED, nullable=True),
    Key(
        "requires_review",
        convert(Reference("users"), parse=_parse_reviewer, find_references=_find_reviewer_references),
        OPTIONAL,
        source=UNSTORED,
        nullable=True,
        doc="A user id, or -1 for everyone.",
    ),
    Key("dr_reviewer", Reference("users"), OPTIONAL, source=UNSTORED, nullable=True),
    Key(
        "dr_review_date",
        Timestamp(spaced=True, past=True),
        OPTIONAL,
        source=UNSTORED,
        nullable=True,
        requires="dr_reviewer",
    ),
    Key("review_status", Integer(choices=(1,)), OPTIONAL, source=UNSTORED, nullable=True),
    Key("result_code", Integer(choices=RESULT_CODES), OPTIONAL, source=UNSTORED, nullable=True),
    Key(
        "follow_up_required_date",
        Timestamp(spaced=True),
        OPTIONAL,
        source=UNSTORED,
        nullable=True,
        doc="Creates a task for that day once the document is in the chart.",
    ),
    Key("pt_notified", Integer(choices=(1, 2)), OPTIONAL, source=UNSTORED, nullable=True),
    Key(
        "pt_notified_method", Text(max_length=154), OPTIONAL, source=UNSTORED, doc="Only with pt_notified 2."
    ),
)

OPERATIONS = [
    Operation(path="documents/{id}/content", doc="Download a document.", **_CONTENT),
    Operation(path="documents/{id}/stream", doc="The document's bytes, or a Range of them.", **_CONTENT),
    Operation(
        path="patients/{id}/documents",
        method="POST",
        doc=(
            "Send a document to the portal queue, where staff accept it into the chart. With "
            "enqueue=false, it goes directly into the chart and the response includes it."
        ),
        of="patients",
        run=filing.submit_document,
        policy=Policy(scopes=("patient_documents",)),
        filters=(ENQUEUE_FILTER,),
        keys=_SUBMISSION_KEYS,
        answer=make_submission_keys(_COMMON["keys"]),
        answer_model=Document,
        max_body=uploads.MAX_BODY,
        example={
            "pt_id": 1,
            "mime_type": "text/plain",
            "name": "A note from home",
            "base64_content": "SGVsbG8sIGRvY3Rvci4=",
            "notes": "Written last night",
            "result": True,
        },
    ),
]

RESOURCES = [documents, patient_documents]
