"""Supplements of patients: requesting, accepting and discontinuing them."""

from datetime import datetime
from typing import Any

from charthouse import clock
from charthouse.domains.medications.models import PatientSupplement, Supplement
from charthouse.domains.patients.cerbo.portal_requests import submit_request
from charthouse.domains.patients.models import PortalRequest
from charthouse.engine.declaration.calls import Call
from charthouse.engine.errors import Conflict, Invalid


def request_supplement(call: Call) -> dict[str, Any]:
    """Request a supplement of the catalogue for the patient of the path."""
    supplement = Supplement.objects.get(practice=call.actor.practice, pk=call.values["supplement_id"])
    return submit_request(
        call,
        "supplement",
        "patients/{patient_id}/supplements",
        title=supplement.name,
        notes=call.values.get("notes") or "",
        payload={"supplement_id": supplement.pk},
    )


def accept_supplement(request: PortalRequest, user: int | None) -> PatientSupplement:
    """Accept a requested supplement into the chart, inside the caller's transaction.

    ``user``: who accepts it. Raises DoesNotExist if the catalogue no longer has it.
    """
    supplement_id = request.payload["supplement_id"]
    supplement = Supplement.objects.get(practice=request.practice_id, pk=supplement_id, archived=False)
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


def discontinue_supplement(call: Call) -> None:
    """Discontinue a supplement. Raises Conflict if it was discontinued already."""
    row: PatientSupplement = call.row
    if row.discontinued_at is not None:
        raise Conflict("The supplement was discontinued already.")
    row.discontinued_at = get_discontinuation_time(call.values.get("discontinued_date"))
    row.discontinued_note = call.values.get("discontinued_note") or ""
    authors = row.set_authors(call.actor)
    row.save(update_fields=["discontinued_at", "discontinued_note", *authors, "updated_at"])


def get_discontinuation_time(given: datetime | None) -> datetime:
    """Return the time that was given, or now. Raises Invalid for a time in the future."""
    now = clock.now()
    if given is not None and given > now:
        raise Invalid({"discontinued_date": ["This date is in the future."]})
    return given or now
