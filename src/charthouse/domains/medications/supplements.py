"""Supplements: asked for by patients, taken into the chart, stopped."""

from datetime import datetime
from typing import Any

from charthouse import clock
from charthouse.domains.medications.models import PatientSupplement, Supplement
from charthouse.domains.patients.queue import PortalRequest
from charthouse.domains.patients.queueing import ask
from charthouse.engine.declaration.calls import Call
from charthouse.engine.errors import Conflict, Invalid


def send(call: Call) -> dict[str, Any]:
    """Ask for a supplement of the catalogue, for the patient that the path names."""
    supplement = Supplement.objects.get(practice=call.actor.practice, pk=call.values["supplement_id"])
    return ask(
        call,
        "supplement",
        title=supplement.name,
        notes=call.values.get("notes") or "",
        payload={"supplement_id": supplement.pk},
    )


def accept(request: PortalRequest, user: int | None) -> PatientSupplement:
    """Take a supplement that was asked for into the chart, inside the caller's transaction; ``user`` is who does.
    Raises DoesNotExist where the practice no longer has it."""
    asked = request.payload["supplement_id"]
    supplement = Supplement.objects.get(practice=request.practice_id, pk=asked, archived=False)
    return PatientSupplement.objects.create(
        practice_id=request.practice_id,
        patient_id=request.patient_id,
        supplement=supplement,
        start_date=clock.now().date(),
        notes=request.notes,
        request=request,
        added_by_id=user,
        updated_by_id=user,
    )


def discontinue(call: Call) -> None:
    """Stop a supplement. Raises Conflict where it was stopped already."""
    row: PatientSupplement = call.row
    if row.discontinued_at is not None:
        raise Conflict("The supplement was discontinued already.")
    row.discontinued_at = stopped_at(call.values.get("discontinued_date"))
    row.discontinued_note = call.values.get("discontinued_note") or ""
    signed = row.sign(call.actor)
    row.save(update_fields=["discontinued_at", "discontinued_note", *signed, "updated_at"])


def stopped_at(said: datetime | None) -> datetime:
    """The moment that was said, or now. Raises Invalid for one to come."""
    now = clock.now()
    if said is not None and said > now:
        raise Invalid({"discontinued_date": ["This date lies in the future."]})
    return said or now
