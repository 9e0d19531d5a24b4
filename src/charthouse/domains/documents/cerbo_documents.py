"""Documents of patients as Cerbo shows them. Facts: reference cerbo/objects.yaml, operations.yaml;
docs/decisions/0272-documents.md"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.models import Case, F, Q, When
from django.db.models.expressions import Combinable

from charthouse.domains.documents import filing, uploads
from charthouse.domains.documents.models import Document
from charthouse.domains.patients.queueing import ENQUEUE, QUEUED
from charthouse.domains.practice.cerbo_keys import below_patient, by, common, created, deleted, tag
from charthouse.files.fields import Address
from charthouse.resource import sql
from charthouse.resource.declare import PageSize, Resource
from charthouse.resource.events import plain
from charthouse.resource.fields import OPTIONAL, READ_ONLY, REQUIRED, Boolean, Field, Id, Integer, Ref, Text
from charthouse.resource.filters import Is
from charthouse.resource.functions import Function
from charthouse.resource.times import Moment

RESULTS = (0, 1, 2)


@dataclass(frozen=True, kw_only=True, eq=False)
class Reviewers(Ref):
    """The id of a user, or -1 for everyone."""

    def parse(self, value: Any) -> int:
        return filing.EVERYONE if value in (filing.EVERYONE, str(filing.EVERYONE)) else super().parse(value)

    def references(self, value: Any) -> Iterable[tuple[Ref, int, tuple[str, ...]]]:
        return () if value == filing.EVERYONE else super().references(value)


def _requires_review() -> Combinable:
    everyone = When(review_by_everyone=True, then=sql.constant(filing.EVERYONE))
    return Case(everyone, default=F("review_by_id"), output_field=models.BigIntegerField())


def _url(name: str, below: str, doc: str) -> Field:
    return Address(name, where=f"/api/v1/documents/%s/{below}", doc=doc)


_SHOWN: dict[str, Any] = {
    "model": Document,
    **common("patient_documents"),
    "page_size": PageSize(100, 100, 100),
    "rows": Q(archived=False),
    "fields": (
        tag("document"),
        Id("id"),
        Ref("pt_id", READ_ONLY, source="patient", to="patients"),
        Text("name", READ_ONLY, source="description"),
        Text("mime_type", READ_ONLY, source="document__media_type"),
        Text("folder", READ_ONLY, doc="A tab of the chart."),
        Text("subfolder", READ_ONLY),
        Text("content", READ_ONLY, doc="What is said of it."),
        Boolean("flag", READ_ONLY, doc="A key document."),
        Integer(
            "requires_review",
            READ_ONLY,
            computed=_requires_review,
            doc="Who has yet to look at it: a user's id; -1: everyone.",
        ),
        Ref("dr_reviewer", READ_ONLY, source="reviewer", to="users", doc="Who signed it off."),
        Moment("dr_review_date", READ_ONLY, source="reviewed_at"),
        Integer("review_status", READ_ONLY, doc="1: pending."),
        Integer("result_code", READ_ONLY, choices=RESULTS, doc="0 normal, 1 borderline, 2 abnormal."),
        Moment("follow_up_required_date", READ_ONLY, source="follow_up_at"),
        Integer("pt_notified", READ_ONLY, choices=(1, 2), doc="1 not needed, 2 notified."),
        Text("pt_notified_method", READ_ONLY),
        Integer("file_size", READ_ONLY, source="document__size", doc="Bytes."),
        by("addedby"),
        created(),
        deleted(),
        _url("url_content", "content", "Its bytes."),
        _url("url_stream", "stream", "Its bytes, also in parts."),
    ),
    "example": {"name": "Cardiology consult note", "mime_type": "application/pdf", "folder": "Consults"},
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
    filters=(Is("folder", doc="Those of one tab."),),
    events=plain("document.created", "document.modified", "document.deleted", ours="create modify delete"),
    **_SHOWN,
)

_BYTES: dict[str, Any] = {"of": "documents", "media": "*/*", "run": filing.content, "also": uploads.IN_PARTS}
_SENT: tuple[Field, ...] = (
    Integer("pt_id", REQUIRED, stored=False, maximum=2**63 - 1, doc="The patient of the address."),
    Text("mime_type", REQUIRED, stored=False, choices=tuple(uploads.PAPERS)),
    Text("name", REQUIRED, stored=False, max_length=500, doc="Its title."),
    uploads.Upload(
        "base64_content",
        REQUIRED,
        stored=False,
        kinds=("document", "text"),
        doc="A PDF, an image or UTF-8 text of at most 16 MB, base64.",
    ),
    Text(
        "notes",
        OPTIONAL,
        stored=False,
        max_length=10_000,
        doc="With enqueue=true alone; its content once it is accepted.",
    ),
    Text("content", OPTIONAL, stored=False, max_length=100_000, doc="With enqueue=false alone."),
    Text("folder", OPTIONAL, stored=False, max_length=200, doc="Ignored with enqueue=true."),
    Text("subfolder", OPTIONAL, stored=False, max_length=200),
    Boolean("flag", OPTIONAL, stored=False, nullable=True),
    Reviewers(
        "requires_review", OPTIONAL, stored=False, nullable=True, to="users", doc="A user; -1: everyone."
    ),
    Ref("dr_reviewer", OPTIONAL, stored=False, nullable=True, to="users"),
    Moment("dr_review_date", OPTIONAL, stored=False, nullable=True, requires="dr_reviewer"),
    Integer("review_status", OPTIONAL, stored=False, nullable=True, choices=(1,)),
    Integer("result_code", OPTIONAL, stored=False, nullable=True, choices=RESULTS),
    Moment(
        "follow_up_required_date",
        OPTIONAL,
        stored=False,
        nullable=True,
        doc="Makes a task for that day, once it is in the chart.",
    ),
    Integer("pt_notified", OPTIONAL, stored=False, nullable=True, choices=(1, 2)),
    Text("pt_notified_method", OPTIONAL, stored=False, max_length=154, doc="With pt_notified 2 alone."),
)

FUNCTIONS = [
    Function(path="documents/{id}/content", doc="The bytes of a document.", **_BYTES),
    Function(path="documents/{id}/stream", doc="The bytes of a document, or of a Range of it.", **_BYTES),
    Function(
        path="patients/{id}/documents",
        method="POST",
        doc="Send a document into the portal's queue, from which staff take it into the chart, unless enqueue is off.",
        of="patients",
        scopes=("patient_documents",),
        run=filing.send,
        parameters=(ENQUEUE,),
        fields=_SENT,
        answers=QUEUED,
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
RESOURCES = [documents, patient_documents]
