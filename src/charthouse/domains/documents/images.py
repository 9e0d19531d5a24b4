"""Images of patients: submitting them to the portal's queue, and accepting them into the chart."""

from typing import Any

from charthouse.domains.documents import uploads
from charthouse.domains.documents.models import PatientImage
from charthouse.domains.patients.models import Patient, PortalRequest
from charthouse.domains.patients.portal_requests import describe_request, enqueue
from charthouse.engine.declaration.calls import Answer, Call
from charthouse.engine.execution.writing import in_transaction
from charthouse.files.models import StoredFile
from charthouse.files.storage import store_file

PHOTO_TYPE = uploads.make_file_type("photo", "image")


def submit_image(call: Call) -> dict[str, Any]:
    """Submit an image for the patient that the path names."""
    image = uploads.store_upload(call)
    return describe_request(_enqueue_image(call.row, image, api_user=call.actor.api_user))


def submit_uploaded_image(patient: Patient, content: Any, proxy: int | None = None) -> PortalRequest:
    """Submit an image that a patient, or a ``proxy`` for the patient, uploaded in the portal.

    Raises InvalidValue for what is no image, TooLarge.
    """
    found = PHOTO_TYPE.parse(content)

    def store_and_enqueue() -> PortalRequest:
        file = store_file(found.content, found.media_type, patient.practice_id)
        return _enqueue_image(patient, file, proxy_id=proxy)

    return in_transaction({}, store_and_enqueue)


def _enqueue_image(patient: Patient, file: StoredFile, **sender: int | None) -> PortalRequest:
    """Enqueue an image. ``sender``: columns of who sent it, ``api_user`` or ``proxy_id``."""
    payload = {"mime_type": file.media_type, "size": file.size}
    return enqueue(patient, "image", title="Image", payload=payload, file=file, **sender)


def accept_image(request: PortalRequest, user: int | None) -> PatientImage:
    """Accept a submitted image into the chart, within the caller's transaction. ``user``: the id of who does it."""
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


def get_content(call: Call) -> Any:
    """Return the bytes of an image."""
    row = call.row
    return Answer(StoredFile.objects.get(practice=row.practice_id, pk=row.file_id))
