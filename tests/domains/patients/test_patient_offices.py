"""``offices`` of a patient: those of appointments that are not deleted; and the filter by office."""

from typing import Any

from charthouse.domains.practice.models import Office
from charthouse.identity import tenancy
from tests.domains.caller import Caller


def _offices(caller: Caller, count: int) -> list[int]:
    with tenancy.within(caller.clinic.id):
        rows = []
        for number in range(count):
            office = Office.objects.create(
                practice=caller.clinic.practice, doctor=caller.doctor, name=f"Office {number}"
            )
            rows.append(office.pk)
    for office_id in rows:
        assert caller.post(f"offices/{office_id}/add_exam_room", {"name": "One"}).status_code == 201
    return rows


def _visit(caller: Caller, patient: int, office: int, day: int, **values: Any) -> str:
    body = {
        "doctor": caller.doctor.pk, "patient": patient, "office": office, "exam_room": 1, "duration": 30,
        "scheduled_time": f"2030-03-{day:02}T09:30:00",
    }  # fmt: skip
    response = caller.post("appointments", body | values)
    assert response.status_code == 201, response.text
    return str(response.json()["id"])


def test_offices_of_a_patient(caller: Caller) -> None:
    first, second, third = _offices(caller, 3)
    amara, bo, cy = (caller.new()["id"] for _ in range(3))
    _visit(caller, amara, second, 1)
    _visit(caller, amara, first, 2)
    _visit(caller, amara, second, 3)
    _visit(caller, bo, first, 4, status="Cancelled")
    gone = _visit(caller, cy, third, 5)
    assert caller.http.delete(f"/api/appointments/{gone}").status_code == 204
    shown = {row["id"]: row["offices"] for row in caller.http.get("/api/patients").json()["results"]}
    assert shown == {amara: [first, second], bo: [first], cy: []}
    assert caller.ids(offices=first) == [amara, bo]
    assert caller.ids(offices=f"{second}, {third}") == [amara]
    assert caller.ids(offices=third) == caller.ids(offices="999999999") == []
    assert caller.ids(offices=f"{first},{second}", show_inactive="") == [amara, bo]
