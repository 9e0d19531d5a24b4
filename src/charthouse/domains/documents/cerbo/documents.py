"""Documents of patients as Cerbo shows them. Facts: reference cerbo/objects.yaml, operations.yaml;
docs/decisions/0272-documents.md"""

from typing import Any

from django.db import models
from django.db.models import Case, F, Q, When
from django.db.models.expressions import Combinable

from charthouse.domains.documents import filing, uploads
from charthouse.domains.documents.models import Document
from charthouse.domains.patients.cerbo.portal_requests import ENQUEUE_FILTER, QUEUED_KEYS
from charthouse.domains.practice.cerbo.keys import below_patient, by, common, created, deleted, tag
from charthouse.engine.declaration.composites import Converted
from charthouse.engine.declaration.events import plain_events
from charthouse.engine.declaration.filters import Filter
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Operation, PageSize, Resource
from charthouse.engine.declaration.sources import UNSTORED, Expression
from charthouse.engine.declaration.times import Timestamp
from charthouse.engine.declaration.types import Boolean, Integer, References, Text, Type
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY, REQUIRED
from charthouse.engine.sql import expressions as sql
from charthouse.files.types import url_key

RESULTS = (0, 1, 2)


def _parse_reviewer(inner: Type, value: Any) -> Any:
    """The id of a user, or -1 for everyone."""
    return filing.EVERYONE if value in (filing.EVERYONE, str(filing.EVERYONE)) else inner.parse(value)


def _find_reviewer(inner: Type, value: Any) -> References:
    return () if value == filing.EVERYONE else inner.find_references(value)


def _requires_review() -> Combinable:
    everyone = When(review_by_everyone=True, then=sql.literal(filing.EVERYONE))
    return Case(everyone, default=F("review_by_id"), output_field=models.BigIntegerField())


def _url(name: str, below: str, doc: str) -> Key:
    return url_key(name, path_format=f"/api/v1/documents/%s/{below}", doc=doc)


_SHOWN: dict[str, Any] = {
    "model": Document,
    "page_size": PageSize(100, 100, 100),
    "rows": Q(archived=False),
    "keys": (
        tag("document"),
        Key("id", Id(), READ_ONLY),
        Key("pt_id", Reference("patients"), READ_ONLY, source="patient"),
        Key("name", Text(), READ_ONLY, source="description"),
        Key("mime_type", Text(), READ_ONLY, source="document__media_type"),
        Key("folder", Text(), READ_ONLY, doc="A tab of the chart."),
        Key("subfolder", Text(), READ_ONLY),
        Key("content", Text(), READ_ONLY, doc="What is said of it."),
        Key("flag", Boolean(), READ_ONLY, doc="A key document."),
        Key(
            "requires_review",
            Integer(),
            READ_ONLY,
            source=Expression(_requires_review),
            doc="Who has yet to look at it: a user's id; -1: everyone.",
        ),
        Key("dr_reviewer", Reference("users"), READ_ONLY, source="reviewer", doc="Who signed it off."),
        Key("dr_review_date", Timestamp(spaced=True), READ_ONLY, source="reviewed_at"),
        Key("review_status", Integer(), READ_ONLY, doc="1: pending."),
        Key("result_code", Integer(choices=RESULTS), READ_ONLY, doc="0 normal, 1 borderline, 2 abnormal."),
        Key("follow_up_required_date", Timestamp(spaced=True), READ_ONLY, source="follow_up_at"),
        Key("pt_notified", Integer(choices=(1, 2)), READ_ONLY, doc="1 not needed, 2 notified."),
        Key("pt_notified_method", Text(), READ_ONLY),
        Key("file_size", Integer(), READ_ONLY, source="document__size", doc="Bytes."),
        by("addedby"),
        created(),
        deleted(),
        _url("url_content", "content", "Its bytes."),
        _url("url_stream", "stream", "Its bytes, also in parts."),
    ),
    "example": {"name": "Cardiology consult note", "mime_type": "application/pdf", "folder": "Consults"},
    "policy": common("patient_documents"),
}

documents = Resource(
    path="documents",
    doc="A document of a patient's chart.",
    methods="GET",
    lists=False,
    **_SHOWN,
)

patient_documents = Resource(
    path="patients/{patient_id}/documents",
    doc="The documents of a patient's chart.",
    methods="GET",
    reads=False,
    parents=below_patient(),
    filters=(Filter("folder", doc="Those of one tab."),),
    events=plain_events(
        "document.created", "document.modified", "document.deleted", own="create modify delete"
    ),
    **_SHOWN,
)

_BYTES: dict[str, Any] = {
    "of": "documents",
    "media": "*/*",
    "run": filing.content,
    "other_statuses": uploads.IN_PARTS,
}
_SENT: tuple[Key, ...] = (
    Key("pt_id", Integer(maximum=2**63 - 1), REQUIRED, source=UNSTORED, doc="The patient of the address."),
    Key("mime_type", Text(choices=tuple(uploads.PAPERS)), REQUIRED, source=UNSTORED),
    Key("name", Text(max_length=500), REQUIRED, source=UNSTORED, doc="Its title."),
    Key(
        "base64_content",
        uploads.make_file_type("base64_content", "document", "text"),
        REQUIRED,
        source=UNSTORED,
        doc="A PDF, an image or UTF-8 text of at most 16 MB, base64.",
    ),
    Key(
        "notes",
        Text(max_length=10_000),
        OPTIONAL,
        source=UNSTORED,
        doc="With enqueue=true alone; its content once it is accepted.",
    ),
    Key("content", Text(max_length=100_000), OPTIONAL, source=UNSTORED, doc="With enqueue=false alone."),
    Key("folder", Text(max_length=200), OPTIONAL, source=UNSTORED, doc="Ignored with enqueue=true."),
    Key("subfolder", Text(max_length=200), OPTIONAL, source=UNSTORED),
    Key("flag", Boolean(), OPTIONAL, source=UNSTORED, nullable=True),
    Key(
        "requires_review",
        Converted(Reference("users"), parse_with=_parse_reviewer, find_references_with=_find_reviewer),
        OPTIONAL,
        source=UNSTORED,
        nullable=True,
        doc="A user; -1: everyone.",
    ),
    Key("dr_reviewer", Reference("users"), OPTIONAL, source=UNSTORED, nullable=True),
    Key(
        "dr_review_date",
        Timestamp(spaced=True),
        OPTIONAL,
        source=UNSTORED,
        nullable=True,
        requires="dr_reviewer",
    ),
    Key("review_status", Integer(choices=(1,)), OPTIONAL, source=UNSTORED, nullable=True),
    Key("result_code", Integer(choices=RESULTS), OPTIONAL, source=UNSTORED, nullable=True),
    Key(
        "follow_up_required_date",
        Timestamp(spaced=True),
        OPTIONAL,
        source=UNSTORED,
        nullable=True,
        doc="Makes a task for that day, once it is in the chart.",
    ),
    Key("pt_notified", Integer(choices=(1, 2)), OPTIONAL, source=UNSTORED, nullable=True),
    Key(
        "pt_notified_method", Text(max_length=154), OPTIONAL, source=UNSTORED, doc="With pt_notified 2 alone."
    ),
)

OPERATIONS = [
    Operation(path="documents/{id}/content", doc="The bytes of a document.", **_BYTES),
    Operation(path="documents/{id}/stream", doc="The bytes of a document, or of a Range of it.", **_BYTES),
    Operation(
        path="patients/{id}/documents",
        method="POST",
        doc="Send a document into the portal's queue, from which staff take it into the chart, unless enqueue is off.",
        of="patients",
        run=filing.send,
        policy=Policy(scopes=("patient_documents",)),
        filters=(ENQUEUE_FILTER,),
        keys=_SENT,
        answer=QUEUED_KEYS,
        max_body=uploads.MOST_BODY,
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
