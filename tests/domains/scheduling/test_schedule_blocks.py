"""Schedule blocks and video visits."""

from charthouse.domains.practice.models import ExamRoom, Office
from charthouse.identity import tenancy
from tests import support
from tests.domains.caller import Caller

DAY = "2031-03-03"


def office_of(caller: Caller) -> int:
    with tenancy.within(caller.clinic.id):
        office = Office.objects.create(practice_id=caller.clinic.id, doctor=caller.doctor, name="Main")
        for index in (1, 2):
            ExamRoom.objects.create(
                practice_id=caller.clinic.id, office=office, index=index, name=f"Room {index}"
            )
    return office.pk


def block(caller: Caller, office: int, start: str, end: str, **values):
    body = {"provider": caller.doctor.pk, "office": office, "description": "Meeting"}
    body |= {"start_time": f"{DAY}T{start}", "end_time": f"{DAY}T{end}"} | values
    return caller.post("schedule_blocks", body)


def visit(caller: Caller, office: int, time: str, **values):
    body = {"doctor": caller.doctor.pk, "office": office, "exam_room": 1, "duration": 30}
    body |= {"patient": caller.new()["id"], "scheduled_time": f"{DAY}T{time}"} | values
    return caller.post("appointments", body)


def test_a_block_takes_its_time_until_it_is_deleted(caller: Caller) -> None:
    office = office_of(caller)
    made = block(caller, office, "12:00:00", "13:00:00").json()
    assert made["exam_room"] is None
    refused = visit(caller, office, "12:30:00")
    assert (refused.status_code, refused.json()) == (
        409,
        {"detail": f"Appointment overlaps with {made['id']}"},
    )
    assert visit(caller, office, "13:00:00").status_code == 201, (
        "an end that touches a beginning is no overlap"
    )
    assert caller.http.delete(f"/api/schedule_blocks/{made['id']}").status_code == 204
    assert visit(caller, office, "12:30:00").status_code == 201
    assert block(caller, office, "12:30:00", "12:45:00").status_code == 409, "nor may it lie over a visit"


def test_a_block_is_a_break_among_the_appointments(caller: Caller) -> None:
    made = block(caller, office_of(caller), "09:00:00", "09:45:00", exam_room=2).json()
    shown = caller.get(made["appointment_break"], "appointments")
    assert shown["appt_is_break"]
    assert (shown["duration"], shown["exam_room"], shown["scheduled_time"]) == (45, 2, f"{DAY}T09:00:00")
    on_the_day = caller.ids("schedule_blocks", date=DAY)
    assert on_the_day == caller.ids("schedule_blocks", date_range=f"{DAY}/{DAY}") == [made["id"]]
    assert caller.ids("schedule_blocks", date="2031-03-04") == []


def test_a_moved_block_keeps_its_length(caller: Caller) -> None:
    made = block(caller, office_of(caller), "09:00:00", "09:45:00").json()
    assert caller.patch(made["id"], "schedule_blocks", start_time=f"{DAY}T10:00:00").status_code == 204
    assert caller.get(made["id"], "schedule_blocks")["end_time"] == f"{DAY}T10:45:00"
    assert caller.patch(made["id"], "schedule_blocks", end_time=f"{DAY}T11:00:00").status_code == 204
    assert caller.get(made["id"], "schedule_blocks")["start_time"] == f"{DAY}T10:00:00"
    backwards = caller.patch(made["id"], "schedule_blocks", end_time=f"{DAY}T09:00:00")
    assert (backwards.status_code, list(backwards.json())) == (400, ["end_time"])


def test_blocks_without_a_room_take_only_their_providers_time(caller: Caller) -> None:
    office = office_of(caller)
    other = support.make_doctor(caller.clinic.practice)
    assert block(caller, office, "12:00:00", "13:00:00").status_code == 201
    assert block(caller, office, "12:00:00", "13:00:00", provider=other.pk).status_code == 201
    assert block(caller, office, "12:30:00", "13:30:00", provider=other.pk).status_code == 409


def test_a_video_visit_is_one_of_a_patient_and_leaves_a_history(caller: Caller) -> None:
    office = office_of(caller)
    appointment = visit(caller, office, "09:00:00").json()["id"]
    first = caller.post("telehealth_appointments", {"appointment": appointment}).json()
    again = caller.post(
        "telehealth_appointments", {"appointment": appointment, "sent_patient_email": True}
    ).json()
    assert (again["id"], again["sent_patient_email"], again["duration"]) == (first["id"], True, 30)
    events = caller.http.get("/api/telehealth_appointment_history").json()["results"]
    assert [event["event_type"] for event in events] == ["Created", "Changed"]
    pause = block(caller, office, "12:00:00", "13:00:00").json()["id"]
    assert caller.post("telehealth_appointments", {"appointment": pause}).status_code == 400
