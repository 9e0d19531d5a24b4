"""Documents that are sent for a patient: into the portal's queue, or past it into the chart."""

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

EVERYONE = -1  # who has to review a document, in Cerbo's word
NOTIFIED = 2
PENDING = 1
# Keys that go into the chart as they are, and moments.
_PLAIN = (
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
_MOMENTS = ("dr_review_date", "follow_up_required_date")


def send(call: Call) -> dict[str, Any]:
    """Put a document into the queue of the patient that the path names, or into the chart. Raises Invalid."""
    values, waits = call.values, call.parameters.get("enqueue", True)
    wrong = {}
    if values.get("pt_notified_method") and values.get("pt_notified") != NOTIFIED:
        wrong["pt_notified_method"] = ["Only with pt_notified 2."]
    if waits and values.get("content"):
        wrong["content"] = ["Only with enqueue=false; into the queue, give notes."]
    if not waits and values.get("notes"):
        wrong["notes"] = ["Only with enqueue=true; into the chart, give content."]
    if wrong:
        raise Invalid(wrong)
    file = uploads.kept(call, uploads.PAPERS)
    told: dict[str, Any] = {name: values[name] for name in _PLAIN if values.get(name) not in (None, "")}
    told |= {name: values[name].isoformat() for name in _MOMENTS if values.get(name)}
    if waits:
        told.pop("folder", None)  # it is filed by whoever takes it in
    told |= {"mime_type": file.media_type, "size": file.size}
    notes = values.get("notes") or ""
    return submit_request(call, "document", title=values["name"], notes=notes, payload=told, file=file)


def accept_document(request: PortalRequest, user: int | None) -> Document:
    """Take a document into the chart, inside the caller's transaction; ``user`` is who does. The notes that came with
    it become its content."""
    practice, said = request.practice_id, request.payload
    patient = Patient.objects.get(practice=practice, pk=request.patient_id)
    moments = {name: parse_timestamp(said[name]) for name in _MOMENTS if name in said}
    review = said.get("requires_review")
    assert request.file_id is not None
    row = Document.objects.create(
        practice_id=practice,
        patient=patient,
        doctor_id=patient.doctor_id,
        document_id=request.file_id,
        date=clock.now().date(),
        description=request.title,
        folder=said.get("folder", ""),
        subfolder=said.get("subfolder", ""),
        content=said.get("content") or request.notes,
        flag=said.get("flag", False),
        review_by_id=review if review != EVERYONE else None,
        review_by_everyone=review == EVERYONE,
        reviewer_id=said.get("dr_reviewer"),
        reviewed_at=moments.get("dr_review_date"),
        review_status=said.get("review_status"),
        result_code=said.get("result_code", 0),
        follow_up_at=moments.get("follow_up_required_date"),
        pt_notified=said.get("pt_notified"),
        pt_notified_method=said.get("pt_notified_method", ""),
        request=request,
        added_by_id=user,
        updated_by_id=user,
    )
    if row.follow_up_at is not None:
        signals.follow_up_asked.send(sender=Document, document=row)
    return row


# -- what staff do with documents of the chart -------------------------------------------------------------------

WAITING = Q(review_by__isnull=False) | Q(review_by_everyone=True) | Q(review_status=PENDING)


def waits(row: Document) -> bool:
    """Whether somebody has yet to look at it."""
    return row.review_by_id is not None or row.review_by_everyone or row.review_status == PENDING


def sign_off(practice: int, row_id: int, user: int) -> Document:
    """Somebody has looked at a document, inside the caller's transaction. Of two at once the first has. Raises
    Conflict where nobody has to any more."""
    row = Document.objects.select_for_update(of=("self",), no_key=True).get(practice=practice, pk=row_id)
    if not waits(row):
        raise Conflict("The document has been reviewed already.")
    row.review_by_id, row.review_by_everyone, row.review_status = None, False, None
    row.reviewer_id, row.reviewed_at, row.updated_by_id = user, clock.now(), user
    reviewed = ("review_by", "review_by_everyone", "review_status", "reviewer", "reviewed_at", "updated_by")
    row.save(update_fields=[*reviewed, "updated_at"])
    return row


@hook(keys=("pt_notified", "pt_notified_method"))
def method_fits(change: Change) -> None:
    if change.get("pt_notified_method") and change.get("pt_notified") != NOTIFIED:
        change.add_error("pt_notified_method", "Only of a patient who was notified.")


@hook()
def filed(change: Change, row: Any) -> None:
    """A day to come back on, if it is another than before, is a task."""
    if row.follow_up_at is not None and "follow_up_at" in change.old_values:
        signals.follow_up_asked.send(sender=Document, document=row)


def content(call: Call) -> Any:
    """The bytes of a document."""
    row = call.row
    return Answer(StoredFile.objects.get(practice=row.practice_id, pk=row.document_id))
