"""A doctor with an office and a patient, for tests of scheduling."""

from typing import Any

import httpx

from charthouse.domains.patients.models import Patient
from charthouse.domains.practice.models import Doctor, ExamRoom, Office
from charthouse.domains.scheduling.models import Appointment
from charthouse.identity import tenancy
from tests.domains.caller import Caller
from tests.support import make_doctor, make_practice

DAY = "2026-03-02"  # a Monday


def make_office(doctor: Doctor, rooms: int = 2) -> Office:
    with tenancy.within(doctor.practice_id):
        office = Office.objects.create(practice_id=doctor.practice_id, doctor=doctor, name="Main Street")
        for index in range(1, rooms + 1):
            ExamRoom.objects.create(
                practice_id=doctor.practice_id, office=office, index=index, name=f"Room {index}"
            )
    return office


class Calendar(Caller):
    """A doctor in ``zone`` who sees a patient in an office of two rooms."""

    def __init__(self, zone: str = "US/Eastern", clinic: Any = None, **options: Any) -> None:
        if clinic is None:
            clinic = make_practice()
            with tenancy.within(clinic.id):
                Doctor.objects.filter(pk=clinic.doctor.pk).update(timezone=zone)
        super().__init__(clinic, **options)
        self.office = make_office(self.doctor)
        with tenancy.within(self.clinic.id):
            self.patient_id = Patient.objects.create(
                practice=self.clinic.practice, doctor=self.doctor, first_name="Ada", gender="Female"
            ).pk

    def body(self, time: str = f"{DAY}T09:00:00", **values: Any) -> dict[str, Any]:
        """The body of a new appointment of half an hour."""
        return {
            "doctor": self.doctor.pk,
            "office": self.office.pk,
            "exam_room": 1,
            "patient": self.patient_id,
            "scheduled_time": time,
            "duration": 30,
        } | values

    def book(self, time: str = f"{DAY}T09:00:00", **values: Any) -> dict[str, Any]:
        """An appointment that must be given."""
        response = self.try_to_book(time, **values)
        assert response.status_code == 201, response.text
        return response.json()

    def try_to_book(self, time: str = f"{DAY}T09:00:00", **values: Any) -> httpx.Response:
        return self.post("appointments", self.body(time, **values))

    def change(self, appointment: dict[str, Any] | str, **values: Any) -> httpx.Response:
        row = appointment if isinstance(appointment, str) else appointment["id"]
        return self.http.patch(f"/api/appointments/{row}", json=values)

    def change_and_read(self, appointment: dict[str, Any], **values: Any) -> dict[str, Any]:
        """The appointment after a change that must be taken."""
        response = self.change(appointment, **values)
        assert response.status_code == 204, response.text
        return self.read_appointment(appointment)

    def read_appointment(self, appointment: dict[str, Any] | str) -> dict[str, Any]:
        row = appointment if isinstance(appointment, str) else appointment["id"]
        return self.get(row, "appointments")

    def list_appointments(self, **parameters: Any) -> list[dict[str, Any]]:
        response = self.http.get("/api/appointments", params=parameters)
        assert response.status_code == 200, response.text
        return response.json()["results"]

    def row(self, appointment: dict[str, Any]) -> Appointment:
        with tenancy.within(self.clinic.id):
            return Appointment.objects.get(pk=appointment["id"])

    def add_colleague(self, **values: Any) -> Doctor:
        return make_doctor(self.clinic.practice, **values)
