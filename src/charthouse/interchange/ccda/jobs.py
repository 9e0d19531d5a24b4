"""C-CDA generated in the background: started by a GET, polled by uuid. See docs/decisions/0113-ccda-async.md."""

from datetime import date
from typing import Any

from django.core.files.base import ContentFile
from procrastinate.contrib.django import app

from charthouse.domains.patients.drchrono.patients import ROW_FILTERS, patients
from charthouse.domains.patients.models import Patient
from charthouse.engine.declaration.calls import Answer, Call
from charthouse.engine.declaration.filters import Filter
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.resources import Operation
from charthouse.engine.declaration.types import Text
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY
from charthouse.engine.errors import Malformed
from charthouse.files import links
from charthouse.files.storage import store_file
from charthouse.interchange.ccda import document
from charthouse.interchange.ccda.drchrono import DATE_FILTERS, XML_MEDIA_TYPE, parse_window
from charthouse.interchange.cda.context import Window
from charthouse.jobs import actions as jobs
from charthouse.jobs.models import Job

KIND = "patients/ccda_async"
TASK = "charthouse.interchange.write_ccda"  # in ``interchange.tasks``, which imports this module
WAITING = "In progress"
INVALID_UUID = "Invalid uuid specified"
FAILED = "The document could not be prepared. Start another."


def _respond(call: Call) -> Any:
    return _report_job(call, str(call.parameters["uuid"])) if "uuid" in call.parameters else _start_job(call)


def _start_job(call: Call) -> dict[str, Any]:
    days = parse_window(call)
    request = {"patient": call.row.pk, "first": days.first.isoformat(), "last": days.last.isoformat()}
    job = jobs.create(call.actor, KIND, request, {}, _defer_task)
    url = call.url(**dict.fromkeys(call.query), uuid=str(job.uuid))
    return {
        "status": WAITING,
        "uuid": str(job.uuid),
        "description": f"The document is being prepared. Poll for it at {url}, for an hour from now.",
    }


def _defer_task(job: Job) -> None:
    app.configure_task(TASK, queue="lists").defer(practice=job.practice_id, job=job.pk)


def _report_job(call: Call, uuid: str) -> Any:
    """Return the job's state. Every uuid of another caller or patient gets the same error as an unknown one."""
    job = jobs.find(call.actor, KIND, uuid)
    if job is None or job.request["patient"] != call.row.pk:
        raise Malformed(INVALID_UUID)
    if job.has_failed:
        return Answer({"status": "Failed", "uuid": str(job.uuid), "detail": FAILED}, 500)
    if job.status != Job.Status.COMPLETE or job.file_id is None:
        return {"status": WAITING, "uuid": str(job.uuid)}
    link = links.make_link(call.actor.practice, job.file_id)
    return {"status": "Complete", "uuid": str(job.uuid), "document": link}


def make_document(job: Job) -> None:
    """Generate the document of a job, in the worker's transaction. Raises DoesNotExist for a deleted patient."""
    patient = Patient.objects.get(practice=job.practice_id, pk=job.request["patient"], archived=False)
    days = Window(date.fromisoformat(job.request["first"]), date.fromisoformat(job.request["last"]))
    content = ContentFile(document.render(patient, days), f"ccda-{patient.pk}.xml")
    job.file = store_file(content, XML_MEDIA_TYPE, job.practice_id)


OPERATIONS = [
    Operation(
        path="patients/{id}/ccda_async",
        doc=(
            "The patient's chart as C-CDA, generated in the background: start without a uuid, then "
            "poll with the uuid returned."
        ),
        run=_respond,
        of="patients",
        filters=(
            *DATE_FILTERS,
            Filter(
                "uuid",
                addition=True,
                doc="The uuid from the first response. If omitted, a new document is started.",
            ),
        ),
        row_filters=(*ROW_FILTERS, patients.filters_by_name["created_at"]),
        answer=(
            Key("status", Text(choices=(WAITING, "Complete", "Failed")), READ_ONLY),
            Key("uuid", Text(), READ_ONLY),
            Key("description", Text(), OPTIONAL, doc="In the first response: where to poll."),
            Key("document", Text(), OPTIONAL, doc="Once complete: a link to the XML, valid for an hour."),
            Key("detail", Text(), OPTIONAL, doc="Describes the failure."),
        ),
        other_statuses={500: "The document could not be prepared; see status, uuid, and detail."},
        example={
            "status": WAITING,
            "uuid": "0f8fad5b-d9cb-469f-a165-70867728950e",
            "description": "The document is being prepared. Poll for it at "
            "…?uuid=0f8fad5b-d9cb-469f-a165-70867728950e, …",
        },
        addition=True,
    ),
]
