"""Documents of patients: submitting them, accepting them into the chart, reviewing them."""

from typing import Any

from django.db.models import Q

from charthouse import clock
from charthouse.domains.documents import signals, uploads
from charthouse.domains.documents.models import Document
from charthouse.domains.patients.cerbo.portal_requests import submit_request
from charthouse.domains.patients.models import Patient, PortalRequest
from charthouse.engine.declaration.calls import Answer, Call
from charthouse.engine.declaration.changes import Change
from charthouse.engine.declaration.hooks import hook
from charthouse.engine.declaration.times import parse_timestamp
from charthouse.engine.errors import Conflict, Invalid
from charthouse.files.models import StoredFile

EVERYONE = -1  # a document that every user has to review, in Cerbo's API
NOTIFIED = 2
PENDING = 1
# Keys of a submission that are stored as they are, and timestamps.
_PLAIN_KEYS = (
    "folder",
    "subfolder",
    "content",
    "flag",
    "requires_review",
    "dr_reviewer",
    "review_status",
    "result_code",
    "pt_notified",
    "pt_notified_method",
)
_TIMESTAMP_KEYS = ("dr_review_date", "follow_up_required_date")


def submit_document(call: Call) -> dict[str, Any]:
    """Submit a document for the patient that the path names, into the portal's queue or directly into the chart. Raises
    Invalid."""
    values, is_queued = call.values, call.parameters.get("enqueue", True)
    wrong = {}
    if values.get("pt_notified_method") and values.get("pt_notified") != NOTIFIED:
        wrong["pt_notified_method"] = ["Only with pt_notified 2."]
    if is_queued and values.get("content"):
        wrong["content"] = ["Only with enqueue=false; into the queue, give notes."]
    if not is_queued and values.get("notes"):
        wrong["notes"] = ["Only with enqueue=true; into the chart, give content."]
    if wrong:
        raise Invalid(wrong)
    file = uploads.store_upload(call)
    payload: dict[str, Any] = {
        name: values[name] for name in _PLAIN_KEYS if values.get(name) not in (None, "")
    }
    payload |= {name: values[name].isoformat() for name in _TIMESTAMP_KEYS if values.get(name)}
    if is_queued:
        payload.pop("folder", None)  # staff choose the folder when they accept it
    payload |= {"mime_type": file.media_type, "size": file.size}
    notes = values.get("notes") or ""
    about = {"title": values["name"], "notes": notes, "payload": payload, "file": file}
    return submit_request(call, "document", "documents", **about)


def accept_document(request: PortalRequest, user: int | None) -> Document:
    """Accept a submitted document into the chart, within the caller's transaction. ``user``: the id of who does it. The
    notes that came with it become its content."""
    practice, submitted = request.practice_id, request.payload
    patient = Patient.objects.get(practice=practice, pk=request.patient_id)
    moments = {name: parse_timestamp(submitted[name]) for name in _TIMESTAMP_KEYS if name in submitted}
    review = submitted.get("requires_review")
    assert request.file_id is not None
    row = Document.objects.create(
        practice_id=practice,
        patient=patient,
        doctor_id=patient.doctor_id,
        document_id=request.file_id,
        date=clock.now().date(),
        description=request.title,
        folder=submitted.get("folder", ""),
        subfolder=submitted.get("subfolder", ""),
        content=submitted.get("content") or request.notes,
        flag=submitted.get("flag", False),
        review_by_id=review if review != EVERYONE else None,
        review_by_everyone=review == EVERYONE,
        reviewer_id=submitted.get("dr_reviewer"),
        reviewed_at=moments.get("dr_review_date"),
        review_status=submitted.get("review_status"),
        result_code=submitted.get("result_code", 0),
        follow_up_at=moments.get("follow_up_required_date"),
        pt_notified=submitted.get("pt_notified"),
        pt_notified_method=submitted.get("pt_notified_method", ""),
        request=request,
        added_by_id=user,
        updated_by_id=user,
    )
    if row.follow_up_at is not None:
        signals.follow_up_requested.send(sender=Document, document=row)
    return row


# -- what staff do with documents of the chart -------------------------------------------------------------------

WAITING = Q(review_by__isnull=False) | Q(review_by_everyone=True) | Q(review_status=PENDING)


def needs_review(row: Document) -> bool:
    """Return whether somebody still has to review the document."""
    return row.review_by_id is not None or row.review_by_everyone or row.review_status == PENDING


def sign_off(practice: int, row_id: int, user: int) -> Document:
    """Record that a user has reviewed a document, within the caller's transaction. Raises Conflict where no review is
    due, so that of two at the same time one succeeds."""
    row = Document.objects.select_for_update(of=("self",), no_key=True).get(practice=practice, pk=row_id)
    if not needs_review(row):
        raise Conflict("The document has been reviewed already.")
    row.review_by_id, row.review_by_everyone, row.review_status = None, False, None
    row.reviewer_id, row.reviewed_at, row.updated_by_id = user, clock.now(), user
    reviewed = ("review_by", "review_by_everyone", "review_status", "reviewer", "reviewed_at", "updated_by")
    row.save(update_fields=[*reviewed, "updated_at"])
    return row


@hook(keys=("pt_notified", "pt_notified_method"))
def check_notification_method(change: Change) -> None:
    """Refuse a method of notification for a patient who was not notified."""
    if change.get("pt_notified_method") and change.get("pt_notified") != NOTIFIED:
        change.add_error("pt_notified_method", "Only of a patient who was notified.")


@hook()
def notify_follow_up(change: Change, row: Any) -> None:
    """Send the signal that makes a task, where the day of the follow-up has changed."""
    if row.follow_up_at is not None and "follow_up_at" in change.old_values:
        signals.follow_up_requested.send(sender=Document, document=row)


def get_content(call: Call) -> Any:
    """Return the bytes of a document."""
    row = call.row
    return Answer(StoredFile.objects.get(practice=row.practice_id, pk=row.document_id))
