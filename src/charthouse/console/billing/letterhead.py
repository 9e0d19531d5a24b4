"""The sender of a printed page."""

from typing import Any

from charthouse.console.kit.page import Request
from charthouse.domains.patients.models import Patient
from charthouse.domains.practice.models import Office


def get_letterhead(request: Request, patient: Patient) -> dict[str, Any]:
    """Get the sender of a printed page: the practice, and the first office of the patient's doctor."""
    offices = Office.objects.filter(practice=request.actor.practice, archived=False)
    office = offices.filter(doctor=patient.doctor_id).order_by("pk").first()
    return {"practice": request.user.practice, "office": office, "doctor": patient.doctor}
