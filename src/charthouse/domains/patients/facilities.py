"""Laboratories, pharmacies and specialists of patients: the order of a patient's facilities, and the pharmacies."""

from collections.abc import Callable

from django.db.models import F, Max

from charthouse import clock
from charthouse.domains.patients.models import Patient
from charthouse.domains.patients.models.facilities import PHARMACY, Facility, PatientFacility
from charthouse.engine.declaration.changes import Change
from charthouse.engine.declaration.hooks import hook


def make_priority_check(kind: str) -> Callable[[Change], None]:
    """Make a hook that sets the priority of a patient's facility of a kind: the one that is given; first, with
    ``set_as_primary``; else the one that it has, or the last."""

    @hook(keys=("priority_order", "set_as_primary"))
    def check(change: Change) -> None:
        if change.operation == "delete" or "priority_order" in change.given:
            return
        practice, patient = change.actor.practice, change.parent_ids["patient_id"]
        Patient.objects.select_for_update(no_key=True).get(
            practice=practice, pk=patient
        )  # serializes writers
        others = PatientFacility.objects.filter(
            practice=practice, patient=patient, archived=False, facility__kind=kind
        )
        if change.row is not None:
            others = others.exclude(pk=change.row.pk)
        if change.values.get("set_as_primary"):
            others.update(priority_order=F("priority_order") + 1, updated_at=clock.now())
            change.set_columns(priority_order=1)
        elif change.row is not None:
            change.set_columns(priority_order=change.row.priority_order)
        else:
            last = others.aggregate(last=Max("priority_order"))["last"]
            change.set_columns(priority_order=(last or 0) + 1)

    return check


def list_pharmacies(patient: Patient) -> list[Facility]:
    """List the pharmacies of the directory that a patient goes to, the default one first."""
    ncpdp_ids = dict.fromkeys([patient.default_pharmacy, *patient.preferred_pharmacies])
    ids = [ncpdp_id for ncpdp_id in ncpdp_ids if ncpdp_id]
    rows = Facility.objects.filter(
        practice=patient.practice_id, kind=PHARMACY, archived=False, ncpdp_id__in=ids
    ).order_by("-pk")
    by_id = {row.ncpdp_id: row for row in rows}
    return [by_id[ncpdp_id] for ncpdp_id in ids if ncpdp_id in by_id]
