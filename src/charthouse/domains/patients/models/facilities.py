"""Laboratories, pharmacies and specialists outside the practice, and which of them are a patient's."""

from django.db import models
from django.db.models import Q

from charthouse.domains.practice.models import text
from charthouse.identity.tenancy import Authored, Record, RecordKey

LABORATORY, PHARMACY, SPECIALIST = "laboratory", "pharmacy", "specialist"


class Facility(Authored, Record):
    """An entry of the practice's directory. ``kind``: laboratory, pharmacy or specialist. ``ncpdp_id``: the id by which
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


class PatientFacility(Authored, Record):
    """A laboratory or specialist of a patient. ``priority_order``: the lowest comes first."""

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
