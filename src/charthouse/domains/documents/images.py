"""Images of patients: sent through the portal's queue, taken into the chart by staff."""

from typing import Any

from charthouse.domains.documents.models import PatientImage
from charthouse.domains.patients.queue import PortalRequest, enqueue, queued
from charthouse.files.models import StoredFile
from charthouse.files.storage import store
from charthouse.resource.errors import Invalid
from charthouse.resource.functions import Answer, Call

# What a sender may call it → what it is. Two are no registered types (seed 004); they are taken for what they mean.
MEDIA = {
    "image/jpeg": "image/jpeg",
    "image/jpg": "image/jpeg",
    "image/gif": "image/gif",
    "image/png": "image/png",
    "image/pngx": "image/png",
}


def send(call: Call) -> dict[str, Any]:
    """Put an image into the queue of the patient that the path names."""
    values, patient = call.values, call.row
    if values["pt_id"] != patient.pk:
        raise Invalid({"pt_id": ["This is not the patient of the address."]})
    upload = values["base64_content"]
    if upload.media_type != MEDIA[values["mime_type"]]:
        raise Invalid({"base64_content": [f"The file is no {values['mime_type']}."]})
    file = store(upload.content, upload.media_type, patient.practice_id)
    request = enqueue(
        patient,
        "image",
        api_user=call.actor.api_user,
        title="Image",
        payload={"mime_type": upload.media_type, "size": file.size},
        file=file,
    )
    return queued(request)


def accept(request: PortalRequest, user: int) -> PatientImage:
    """Take a queued image into the chart, inside the caller's transaction; ``user`` is who does."""
    assert request.file_id is not None
    return PatientImage.objects.create(
        practice_id=request.practice_id,
        patient_id=request.patient_id,
        file_id=request.file_id,
        photo_type="personal",
        name=request.title,
        notes=request.notes,
        request=request,
        added_by_id=user,
        updated_by_id=user,
    )


def content(call: Call) -> Any:
    """The bytes of an image."""
    row = call.row
    return Answer(StoredFile.objects.get(practice=row.practice_id, pk=row.file_id))
