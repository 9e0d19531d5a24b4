"""Images of patients: sent through the portal's queue, taken into the chart by staff."""

from typing import Any

from charthouse.domains.documents import uploads
from charthouse.domains.documents.models import PatientImage
from charthouse.domains.patients.models import Patient, PortalRequest
from charthouse.domains.patients.portal_requests import describe_request, enqueue
from charthouse.engine.declaration.calls import Answer, Call
from charthouse.engine.execution.writing import in_transaction
from charthouse.files.models import StoredFile
from charthouse.files.storage import store_file

PHOTO = uploads.make_file_type("photo", "image")


def send(call: Call) -> dict[str, Any]:
    """Put an image into the queue of the patient that the path names."""
    return describe_request(_queue(call.row, uploads.kept(call, uploads.PICTURES), call.actor.api_user))


def upload(patient: Patient, content: Any) -> PortalRequest:
    """Put an image that a patient uploaded in the portal into the queue. Raises InvalidValue for what is none,
    TooLarge."""
    found = PHOTO.parse(content)

    def work() -> PortalRequest:
        return _queue(patient, store_file(found.content, found.media_type, patient.practice_id), None)

    return in_transaction({}, work)


def _queue(patient: Patient, file: StoredFile, api_user: int | None) -> PortalRequest:
    told = {"mime_type": file.media_type, "size": file.size}
    return enqueue(patient, "image", api_user=api_user, title="Image", payload=told, file=file)


def accept_image(request: PortalRequest, user: int | None) -> PatientImage:
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
