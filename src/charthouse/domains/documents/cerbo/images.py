"""Images of patients as Cerbo shows them. Source: seed 004; reference cerbo/objects.yaml, operations.yaml."""

from typing import Any

from charthouse.domains.documents import images, uploads
from charthouse.domains.documents.models import PatientImage
from charthouse.domains.patients.cerbo.portal_requests import QUEUED_KEYS
from charthouse.domains.practice.cerbo.keys import (
    declare_patient_list,
    make_created_key,
    make_deleted_key,
    make_patient_key,
    make_user_key,
)
from charthouse.engine.declaration.filters import Filter
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.resources import Operation
from charthouse.engine.declaration.sources import UNSTORED
from charthouse.engine.declaration.times import Timestamp
from charthouse.engine.declaration.types import Integer, Text
from charthouse.engine.declaration.values import READ_ONLY, REQUIRED
from charthouse.files.types import url_key

PATH = "patients/{patient_id}/images"
TYPES = ("personal", "medical")


def _make_url_key(name: str, below: str, doc: str) -> Key:
    return url_key(
        name, path_format=f"/api/v1/patients/%s/images/%s/{below}", columns=("patient_id", "pk"), doc=doc
    )


patient_images = declare_patient_list(
    "patient_images",
    "image",
    path=PATH,
    model=PatientImage,
    doc="A patient's images: personal ones from the portal, medical ones from the practice.",
    methods="GET",
    keys=(
        make_patient_key(),
        Key("photo_type", Text(choices=TYPES), READ_ONLY),
        Key("mime_type", Text(), READ_ONLY, source="file__media_type"),
        Key("name", Text(), READ_ONLY),
        Key("notes", Text(), READ_ONLY),
        Key("date_taken", Timestamp(spaced=True), READ_ONLY, source="taken_at"),
        make_created_key(),
        make_user_key("addedby"),
        make_deleted_key(),
        _make_url_key("url_content", "content", "Its bytes."),
        _make_url_key("url_stream", "stream", "Its bytes; supports Range."),
    ),
    filters=(Filter("photo_type", Text(choices=TYPES), doc="Default: both."),),
    example={"photo_type": "personal", "mime_type": "image/png", "name": "Rash, day 3"},
)

_CONTENT: dict[str, Any] = {
    "of": PATH,
    "media": "*/*",
    "run": images.get_content,
    "other_statuses": uploads.RANGE_STATUSES,
}

OPERATIONS = [
    Operation(path=f"{PATH}/{{id}}/content", doc="Download an image.", **_CONTENT),
    Operation(path=f"{PATH}/{{id}}/stream", doc="The image's bytes, or a Range of them.", **_CONTENT),
    Operation(
        path="patients/{id}/images",
        method="POST",
        doc="Send a personal image to the portal queue, where staff accept it into the chart.",
        of="patients",
        run=images.submit_image,
        policy=Policy(scopes=("patient_images",)),
        keys=(
            Key(
                "pt_id",
                Integer(maximum=2**63 - 1),
                REQUIRED,
                source=UNSTORED,
                doc="Must match the patient in the URL.",
            ),
            Key("mime_type", Text(choices=tuple(uploads.IMAGE_TYPES)), REQUIRED, source=UNSTORED),
            Key(
                "base64_content",
                uploads.make_file_type("base64_content", "image"),
                REQUIRED,
                source=UNSTORED,
                doc="A JPEG, PNG, or GIF up to 16 MB, as base64.",
            ),
        ),
        answer=QUEUED_KEYS,
        max_body=uploads.MAX_BODY,
        example={
            "pt_id": 1,
            "mime_type": "image/gif",
            "base64_content": "R0lGODlhAQABAIAAAAUEBAAAACwAAAAAAQABAAACAkQBADs=",
            "result": True,
        },
    ),
]

RESOURCES = [patient_images]
