"""Images of patients as Cerbo shows them, and what else it shows of this room. Facts: seed 004; reference
cerbo/objects.yaml, operations.yaml."""

from typing import Any

from django.db.models import Q

from charthouse.domains.documents import cerbo_documents, filing, images, uploads
from charthouse.domains.documents.models import PatientImage
from charthouse.domains.patients.queueing import QUEUED
from charthouse.domains.practice.cerbo_keys import below_patient, by, common, created, deleted, tag
from charthouse.files.fields import Address
from charthouse.resource.declare import PageSize, Resource
from charthouse.resource.fields import READ_ONLY, REQUIRED, Field, Id, Integer, Ref, Text
from charthouse.resource.filters import Is
from charthouse.resource.functions import Function
from charthouse.resource.times import Moment

IMAGES = "patients/{patient_id}/images"
TYPES = ("personal", "medical")


def _url(name: str, below: str, doc: str) -> Field:
    return Address(name, where=f"/api/v1/patients/%s/images/%s/{below}", about=("patient_id", "pk"), doc=doc)


patient_images = Resource(
    path=IMAGES,
    model=PatientImage,
    doc="Images of a patient: personal ones from the portal, medical ones of the practice.",
    methods="GET",
    **common("patient_images"),
    page_size=PageSize(100, 100, 100),
    parents=below_patient(),
    rows=Q(archived=False),
    fields=(
        tag("image"),
        Id("id"),
        Ref("pt_id", READ_ONLY, source="patient", to="patients"),
        Text("photo_type", READ_ONLY, choices=TYPES),
        Text("mime_type", READ_ONLY, source="file__media_type"),
        Text("name", READ_ONLY),
        Text("notes", READ_ONLY),
        Moment("date_taken", READ_ONLY, source="taken_at"),
        created(),
        by("addedby"),
        deleted(),
        _url("url_content", "content", "Its bytes."),
        _url("url_stream", "stream", "Its bytes, also in parts."),
    ),
    filters=(Is("photo_type", choices=TYPES, doc="Both where it isn't given."),),
    example={"photo_type": "personal", "mime_type": "image/png", "name": "Rash, day 3"},
)

_BYTES: dict[str, Any] = {"of": IMAGES, "media": "*/*", "run": images.content, "also": uploads.IN_PARTS}

FUNCTIONS = [
    *cerbo_documents.FUNCTIONS,
    Function(path=f"{IMAGES}/{{id}}/content", doc="The bytes of an image.", **_BYTES),
    Function(path=f"{IMAGES}/{{id}}/stream", doc="The bytes of an image, or of a Range of it.", **_BYTES),
    Function(
        path="patients/{id}/images",
        method="POST",
        doc="Send a personal image into the portal's queue, where staff take it into the chart.",
        of="patients",
        scopes=("patient_images",),
        run=images.send,
        fields=(
            Integer("pt_id", REQUIRED, stored=False, maximum=2**63 - 1, doc="The patient of the address."),
            Text("mime_type", REQUIRED, stored=False, choices=tuple(uploads.PICTURES)),
            uploads.Upload(
                "base64_content",
                REQUIRED,
                stored=False,
                kinds=("image",),
                doc="A JPEG, PNG or GIF of at most 16 MB, base64.",
            ),
        ),
        answers=QUEUED,
        max_body=uploads.MOST_BODY,
        example={
            "pt_id": 1,
            "mime_type": "image/gif",
            "base64_content": "R0lGODlhAQABAIAAAAUEBAAAACwAAAAAAQABAAACAkQBADs=",
            "result": True,
        },
    ),
]
RESOURCES = [patient_images, *cerbo_documents.RESOURCES]
# What staff do when they take a request into the chart, by its type.
ACCEPT = {"image": images.accept, "document": filing.accept}
