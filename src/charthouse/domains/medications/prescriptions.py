"""Prescriptions: requesting, accepting, refilling and discontinuing them, and their drugs of the formulary."""

from typing import Any

from charthouse import clock
from charthouse.domains.medications.models import Drug, Medication
from charthouse.domains.medications.supplements import get_discontinuation_time
from charthouse.domains.patients.cerbo.portal_requests import submit_request
from charthouse.domains.patients.models import Patient, PortalRequest
from charthouse.engine.declaration.calls import Call
from charthouse.engine.declaration.changes import Change
from charthouse.engine.declaration.hooks import hook
from charthouse.engine.declaration.values import describe_missing_row
from charthouse.engine.errors import Conflict, Invalid

NO_TERMS = "No terms agreed to"


@hook(keys=("rxnorm",))
def find_drug(change: Change) -> None:
    """Set the drug of the formulary with the RxNorm code of the medication."""
    if change.operation == "delete" or not change.changes("rxnorm"):
        return
    rows = Drug.objects.filter(practice=change.actor.practice, archived=False, rxnorm=change.values["rxnorm"])
    found = rows.order_by("pk").values_list("pk", flat=True).first() if change.values["rxnorm"] else None
    change.set_columns(drug_id=found)


def request_drug(call: Call) -> dict[str, Any]:
    """Request a drug of the formulary for the patient of the path."""
    drug = Drug.objects.get(practice=call.actor.practice, pk=call.values["drug_id"])
    return submit_request(
        call,
        "rx",
        "patients/{patient_id}/rxs",
        title=drug.name,
        notes=call.values.get("notes") or "",
        payload={"drug_id": drug.pk},
    )


def accept_drug(request: PortalRequest, user: int | None) -> Medication:
    """Accept a requested drug into the chart, inside the caller's transaction; it is not ordered yet.

    ``user``: who accepts it. Raises DoesNotExist if the formulary no longer has the drug.
    """
    practice = request.practice_id
    drug = Drug.objects.get(practice=practice, pk=request.payload["drug_id"], archived=False)
    patient = Patient.objects.get(practice=practice, pk=request.patient_id)
    return Medication.objects.create(
        practice_id=practice,
        patient=patient,
        doctor_id=patient.doctor_id,
        drug=drug,
        name=drug.name,
        rxnorm=drug.rxnorm,
        ndc=drug.ndc,
        route=drug.route,
        notes=request.notes,
        request=request,
        added_by_id=user,
        updated_by_id=user,
    )


def request_refill(call: Call) -> dict[str, Any]:
    """Request a refill of a prescription of the path's patient."""
    row_id, patient = call.values["original_prescription_id"], call.row
    rows = Medication.objects.filter(practice=patient.practice_id, patient=patient.pk, archived=False)
    row = rows.filter(pk=row_id).first()
    if row is None:
        raise Invalid({"original_prescription_id": [describe_missing_row(row_id)]})
    if is_discontinued(row):
        raise Invalid({"original_prescription_id": ["This prescription was discontinued."]})
    terms = call.values.get("agreed_to_terms") or NO_TERMS
    payload = {"original_prescription_id": row.pk, "agreed_to_terms": terms}
    notes = call.values.get("notes") or ""
    return submit_request(call, "rx_refill", title=row.name, notes=notes, payload=payload)


def accept_refill(request: PortalRequest, user: int | None) -> Medication:
    """Prescribe again, as of today, what is to be refilled. Raises DoesNotExist if the prescription was
    deleted, Conflict if it was discontinued meanwhile."""
    row_id = request.payload["original_prescription_id"]
    row = Medication.objects.get(practice=request.practice_id, pk=row_id, archived=False)
    if is_discontinued(row):
        raise Conflict("This prescription was discontinued.")
    row.pk, row._state.adding = None, True
    row.request, row.notes = request, request.notes
    row.appointment_id = None
    now = clock.now()
    row.created_at, row.date_prescribed, row.order_status = now, now.date(), "Ordered"
    row.added_by_id = row.updated_by_id = user
    row.save(force_insert=True)
    return row


def is_discontinued(row: Medication) -> bool:
    return row.status == "inactive" or row.order_status == "Discontinued"


def discontinue_prescription(call: Call) -> dict[str, Any]:
    """Discontinue a prescription, for both APIs. Raises Conflict if it was discontinued already."""
    row: Medication = call.row
    if is_discontinued(row):
        raise Conflict("The prescription was discontinued already.")
    at, reason = (
        get_discontinuation_time(call.values.get("discontinued_date")),
        call.values["discontinued_reason"],
    )
    row.status, row.order_status = "inactive", "Discontinued"
    row.discontinued_at, row.date_stopped_taking, row.discontinued_reason = at, at.date(), reason
    authors = row.set_authors(call.actor)
    written = ("status", "order_status", "discontinued_at", "date_stopped_taking", "discontinued_reason")
    row.save(update_fields=[*written, *authors, "updated_at"])
    return {
        "object": "prescription",
        "id": row.pk,
        "drug_id": row.drug_id,
        "drug_name": row.name,
        "status": "discontinued",
        "discontinued_date": f"{at:%Y-%m-%d %H:%M:%S}",
        "discontinued_reason": reason,
    }


def append_to_pharmacy_note(call: Call) -> dict[str, Any] | None:
    """Append the text to the note as a new paragraph."""
    row: Medication = call.row
    row.pharmacy_note = "\n\n".join(part for part in (row.pharmacy_note, call.values["text"]) if part)
    row.save(update_fields=["pharmacy_note", "updated_at"])
    return {"pharmacy_note": row.pharmacy_note} if call.operation.answer else None
