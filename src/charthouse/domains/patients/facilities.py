"""Laboratories, pharmacies and specialists elsewhere, and which of them are a patient's."""

from collections.abc import Callable
from typing import Any

from django.db import models
from django.db.models import F, Max, Q

from charthouse import clock
from charthouse.domains.practice.models import text
from charthouse.engine.declaration.changes import Change
from charthouse.engine.declaration.hooks import hook
from charthouse.identity.tenancy import Record, RecordKey, Signed

LABORATORY, PHARMACY, SPECIALIST = "laboratory", "pharmacy", "specialist"


class Facility(Signed, Record):
    """An entry of the practice's directory. ``kind``: laboratory, pharmacy or specialist. ``ncpdp_id``: by which
    patients name their pharmacies."""

    kind = models.CharField(max_length=10)
    name = models.CharField(max_length=200)
    company_brand = text(200)
    specialty = text(100)
    address1 = text(200)
    city = text(100)
    state = text(50)
    zip_code = text(20)
    phone = text(50)
    fax = text(50)
    email = text(254)
    ncpdp_id = text(20)

    class Meta:
        verbose_name_plural = "facilities"
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=(LABORATORY, PHARMACY, SPECIALIST)), name="facility_kind"
            )
        ]

    def __str__(self) -> str:
        return self.name


class PatientFacility(Signed, Record):
    """A laboratory or specialist of a patient. ``priority_order``: the lowest is the one to go to first."""

    patient = RecordKey("patients.Patient")
    facility = RecordKey("patients.Facility", indexed=False)
    priority_order = models.PositiveIntegerField(default=1)
    note = text(255)

    class Meta:
        verbose_name_plural = "patient facilities"
        constraints = [
            models.UniqueConstraint(
                fields=["practice", "patient", "facility"],
                condition=Q(archived=False),
                name="facility_once_of_patient",
            )
        ]

    def __str__(self) -> str:
        return f"facility {self.facility_id} of patient {self.patient_id}"


def in_order(kind: str) -> Callable[[Change], None]:
    """A check that gives a patient's new facility its place: as said; first, as the primary one, where that is said; or
    the place it has, or the last."""

    @hook(keys=("priority_order", "set_as_primary"))
    def check(change: Change) -> None:
        if change.operation == "delete" or "priority_order" in change.given:
            return
        from charthouse.domains.patients.models import Patient

        practice, patient = change.actor.practice, change.parent_ids["patient_id"]
        Patient.objects.select_for_update(no_key=True).get(practice=practice, pk=patient)  # one after another
        others = PatientFacility.objects.filter(
            practice=practice, patient=patient, archived=False, facility__kind=kind
        )
        if change.row is not None:
            others = others.exclude(pk=change.row.pk)
        if change.values.get("set_as_primary"):
            others.update(priority_order=F("priority_order") + 1, updated_at=clock.now())
            change.columns["priority_order"] = 1
        elif change.row is not None:
            change.columns["priority_order"] = change.row.priority_order
        else:
            last = others.aggregate(last=Max("priority_order"))["last"]
            change.columns["priority_order"] = (last or 0) + 1

    return check


def pharmacies_of(patient: Any) -> list[Facility]:
    """The pharmacies of the directory that a patient goes to, the default one first."""
    named = dict.fromkeys([patient.default_pharmacy, *patient.preferred_pharmacies])
    ids = [ncpdp_id for ncpdp_id in named if ncpdp_id]
    rows = Facility.objects.filter(
        practice=patient.practice_id, kind=PHARMACY, archived=False, ncpdp_id__in=ids
    ).order_by("-pk")
    there = {row.ncpdp_id: row for row in rows}
    return [there[ncpdp_id] for ncpdp_id in ids if ncpdp_id in there]
