"""Appointments and their types through Cerbo v1, and the same rows through DrChrono."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from charthouse import clock
from charthouse.domains.patients.models import Patient
from charthouse.domains.practice.models import ExamRoom
from charthouse.domains.scheduling.cerbo.appointments import EMPTY
from charthouse.domains.scheduling.models import Reminder
from charthouse.identity import tenancy
from charthouse.identity.models import User
from charthouse.outbox.models import Outgoing
from tests.domains.scheduling.calendar import DAY, Calendar
from tests.support import make_api_user, make_user

NINE = f"{DAY} 14:00:00"  # at nine o'clock of US/Eastern


class Program:
    """An API user of a calendar's practice."""

    def __init__(self, calendar: Calendar) -> None:
        self.calendar = calendar
        self.user = calendar.clinic.user.pk
        self.http = make_api_user(calendar.clinic.practice).client()

    def add_type(self, name: str = "Visit", **values: Any) -> dict[str, Any]:
        answer = self.http.post(
            "/api/v1/appointment_types", json={"name": name, "default_length": 30} | values
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    def ask(self, start: str = NINE, minutes: int = 30, **values: Any) -> httpx.Response:
        end = datetime.fromisoformat(start) + timedelta(minutes=minutes)
        body = {
            "title": "Annual physical",
            "appointment_type": "Visit",
            "appointment_note": "Fasting",
            "start_date_time": start,
            "end_date_time": end.strftime("%Y-%m-%d %H:%M"),
            "provider_ids": [self.user],
            "pt_id": self.calendar.patient_id,
        }
        return self.http.post("/api/v1/appointments", json=body | values)

    def book(self, start: str = NINE, **values: Any) -> dict[str, Any]:
        answer = self.ask(start, **values)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def change(self, row: dict[str, Any], **values: Any) -> httpx.Response:
        return self.http.patch(f"/api/v1/appointments/{row['id']}", json=values)

    def list_ids(self, **parameters: Any) -> list[int]:
        asked = {"start_date": DAY, "end_date": DAY} | parameters
        answer = self.http.get("/api/v1/appointments", params=asked)
        assert answer.status_code == 200, answer.text
        return [row["id"] for row in answer.json()["data"]]


@pytest.fixture
def program(calendar: Calendar) -> Program:
    made = Program(calendar)
    made.add_type()
    return made


def test_both_apis_show_the_same_row(calendar: Calendar, program: Program) -> None:
    made = program.book(status="checked-in")
    shown = calendar.read_appointment(str(made["id"]))
    assert shown["scheduled_time"] == f"{DAY}T09:00:00"
    assert (shown["duration"], shown["reason"], shown["notes"]) == (30, "Annual physical", "Fasting")
    assert (shown["status"], shown["doctor"], shown["office"]) == (
        "Checked In",
        calendar.doctor.pk,
        calendar.office.pk,
    )
    assert [step["to_status"] for step in shown["status_transitions"]] == ["Checked In"]
    theirs = calendar.book("2026-03-02T11:00:00", status="No Show", reason="Cough")
    seen = program.http.get(f"/api/v1/appointments/{theirs['id']}").json()
    assert (seen["title"], seen["appointment_status"], seen["appointment_type"]) == ("Cough", "No Show", "")
    assert (seen["start_date_time"], seen["end_date_time"]) == (f"{DAY} 16:00:00", f"{DAY} 16:30:00")
    assert [user["id"] for user in seen["associated_providers"]] == sorted(
        user.pk for user in (calendar.clinic.user, calendar.user) if user.role == User.Role.DOCTOR
    )
    assert seen["addedby"] == calendar.user.pk
    assert made["addedby"] == 99999
    assert seen["patient_details"]["first_name"] == "Ada"


def test_a_provider_has_one_calendar(calendar: Calendar, program: Program) -> None:
    first = program.book()
    taken = program.ask(f"{DAY} 14:15:00")
    assert taken.status_code == 409
    assert taken.json()["error"]["message"] == f"Appointment overlaps with {first['id']}"
    program.book(f"{DAY} 14:30:00")
    assert program.change(first, start_date_time=f"{DAY} 14:45:00").status_code == 409
    assert program.change(first, title="Moved nowhere").status_code == 200
    assert program.change(first, status="cancelled").status_code == 200
    second = program.book(f"{DAY} 14:00:00")
    assert program.change(first, status="scheduled").status_code == 409
    assert program.http.delete(f"/api/v1/appointments/{second['id']}").status_code == 200
    assert program.change(first, status="scheduled").status_code == 200


@pytest.mark.parametrize("patients", [(True, True), (True, False), (False, True), (False, False)])
def test_as_many_visits_overlap_as_their_type_says(
    calendar: Calendar, program: Program, patients: tuple[bool, bool]
) -> None:
    """With a patient or without; what has neither patient nor type is a break, which lets nothing overlap."""
    program.add_type("Group", number_of_overlaps_to_allow=1)
    for has_patient in patients:
        program.book(appointment_type="Group", **({} if has_patient else {"pt_id": None}))
    assert program.ask(appointment_type="Group", pt_id=None).status_code == 409
    for start in (f"{DAY} 15:00:00", f"{DAY} 15:30:00"):
        program.book(start, pt_id=None)
    program.book(f"{DAY} 15:15:00", appointment_type="Group")  # two others, one at a time
    calendar.book(f"{DAY}T13:00:00", patient=None)
    assert program.ask(f"{DAY} 18:00:00", appointment_type="Group").status_code == 409


def test_an_appointment_is_taken_back_as_it_was_read(calendar: Calendar, program: Program) -> None:
    """Whoever made it, and whatever is empty in it; with empty values it stays what it is."""
    program.add_type("Video", telemedicine=True)
    made = [
        program.book(),
        program.book(f"{DAY} 15:00:00", appointment_type="Video", status="confirmed"),
        program.book(f"{DAY} 15:30:00", pt_id=None),
    ]
    ids = [
        *(one["id"] for one in made),
        calendar.book(f"{DAY}T14:00:00", status="Cancelled")["id"],
        calendar.book(f"{DAY}T14:00:00", patient=None)["id"],
        calendar.book(f"{DAY}T15:00:00", status="Rescheduled", reason="", notes="")["id"],
    ]
    assert made[1]["telemedicine"]["is_telemedicine"] is True
    for row in ids:
        shown = program.http.get(f"/api/v1/appointments/{row}").json()
        for empty in EMPTY:
            given = dict.fromkeys(("provider_ids", "provider_ids[]", "status", "appointment_type"), empty)
            answer = program.change({"id": row}, **shown)
            assert answer.status_code == 200, answer.text
            answer = program.change({"id": row}, **shown | given | {"pt_id": "", "telemedicine": empty})
            assert answer.status_code == 200, answer.text
            assert answer.json() == shown
            answer = program.change({"id": row}, start_date_time=empty, end_date_time=empty)
            assert answer.json() == shown
    again = program.ask(f"{DAY} 18:00:00", **{"pt_id": "", "status": "", "provider_ids[]": None})
    assert again.status_code == 200, again.text
    assert program.ask(f"{DAY} 19:00:00", appointment_type="").json()["error"]["fields"] == {
        "appointment_type": ["This field is required."]
    }


def test_rooms_are_chosen(calendar: Calendar, program: Program) -> None:
    """A visit goes into a free room, of which there are two; who shares a time needs none."""
    other = calendar.add_colleague()
    calendar.book(doctor=other.pk, exam_room=1)
    made = program.book()
    assert calendar.read_appointment(str(made["id"]))["exam_room"] == 2
    user = make_user(calendar.clinic.practice, doctor=other, role=User.Role.DOCTOR)
    program.add_type("Group", number_of_overlaps_to_allow=1)
    shared = program.book(appointment_type="Group")
    assert calendar.read_appointment(str(shared["id"]))["exam_room"] == 0
    assert program.ask(appointment_type="Group").status_code == 409
    third = calendar.add_colleague()
    of_third = make_user(calendar.clinic.practice, doctor=third, role=User.Role.DOCTOR)
    full = program.ask(provider_ids=[of_third.pk])
    assert full.status_code == 409  # every room is taken, and nobody is shared with
    with tenancy.within(calendar.clinic.id):
        ExamRoom.objects.create(
            practice=calendar.clinic.practice, office=calendar.office, index=3, name="Room 3"
        )
    assert calendar.read_appointment(str(program.book(provider_ids=[of_third.pk])["id"]))["exam_room"] == 3
    moved = program.change(made, provider_ids=[user.pk], start_date_time=f"{DAY} 18:00:00")
    assert calendar.read_appointment(str(moved.json()["id"]))["doctor"] == other.pk
    assert moved.json()["end_date_time"] == f"{DAY} 18:30:00"  # a beginning alone keeps the length


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"end_date_time": f"{DAY} 13:00:00"}, "end_date_time"),
        ({"end_date_time": f"{DAY} 14:00:30"}, "end_date_time"),
        ({"end_date_time": "2026-03-04 14:00:00"}, "end_date_time"),
        ({"start_date_time": "1999-12-31 12:00:00"}, "start_date_time"),
        ({"provider_ids": []}, "provider_ids"),
        ({"provider_ids": [999_999]}, "provider_ids"),
        ({"provider_ids": None}, "provider_ids"),
        ({"appointment_type": "Nonsense"}, "appointment_type"),
        ({"pt_id": None, "telemedicine": True}, "telemedicine"),
    ],
)
def test_what_is_refused(program: Program, values: dict[str, Any], key: str) -> None:
    answer = program.ask(**values)
    assert answer.status_code == 400
    assert list(answer.json()["error"]["fields"]) == [key]


def test_staff_are_no_providers(calendar: Calendar, program: Program) -> None:
    staff = make_user(calendar.clinic.practice, doctor=calendar.doctor)
    assert program.ask(provider_ids=[staff.pk]).status_code == 400
    assert program.ask(provider_ids=[staff.pk, program.user]).status_code == 400


def test_lists(calendar: Calendar, program: Program) -> None:
    made = program.book()
    gone = program.book(f"{DAY} 15:00:00", status="cancelled")
    night = program.book("2026-03-02 23:45:00", status="confirmed")
    late = program.book("2026-03-03 00:15:00")
    own = program.book(f"{DAY} 16:00:00", status="Waiting", pt_id=None)
    lunch = calendar.book(f"{DAY}T12:00:00", patient=None)
    assert program.list_ids() == [made["id"], night["id"], own["id"]]
    assert program.list_ids(end_date="2026-03-03") == [made["id"], night["id"], late["id"], own["id"]]
    assert program.list_ids(include_cancelled="1") == [made["id"], gone["id"], night["id"], own["id"]]
    assert program.list_ids(include_work_schedule="1") == [
        made["id"],
        night["id"],
        own["id"],
        int(lunch["id"]),
    ]
    assert program.list_ids(pt_id=calendar.patient_id) == [made["id"], night["id"]]
    assert program.list_ids(provider_id=program.user) == program.list_ids()
    assert program.list_ids(provider_id=999_999) == []
    assert program.list_ids(**{"status[]": ["cancelled", "Waiting"]}) == [gone["id"], own["id"]]
    assert program.list_ids(**{"status[]": "scheduled"}) == [made["id"]]
    backwards = program.http.get("/api/v1/appointments", params={"start_date": "2026-03-03", "end_date": DAY})
    assert list(backwards.json()["error"]["fields"]) == ["end_date"]
    missing = program.http.get("/api/v1/appointments")
    assert sorted(missing.json()["error"]["fields"]) == ["end_date", "start_date"]


def test_video_visits(calendar: Calendar, program: Program) -> None:
    program.add_type("Video", telemedicine=True)
    plain, video = program.book(), program.book(f"{DAY} 15:00:00", appointment_type="Video")
    assert plain["telemedicine"] == {"is_telemedicine": False, "telemedicine_url": None}
    assert video["telemedicine"]["is_telemedicine"] is True
    visits = calendar.http.get("/api/telehealth_appointments", params={"appointment": video["id"]}).json()
    assert [visit["appointment"] for visit in visits["results"]] == [video["id"]]
    off = program.change(video, telemedicine=False).json()
    assert off["telemedicine"]["is_telemedicine"] is False
    assert program.change(plain, telemedicine=True).json()["telemedicine"]["is_telemedicine"] is True


def test_types_are_profiles(calendar: Calendar, program: Program) -> None:
    made = program.add_type("Sports check", color_hex="b2f07e", which_providers=[program.user], sort_order=4)
    shown = calendar.get(made["id"], "appointment_profiles")
    assert (shown["color"], shown["duration"], shown["doctor"]) == ("#b2f07e", 30, calendar.doctor.pk)
    assert made["name_portal"] == "Sports check"
    theirs = calendar.new(
        "appointment_profiles",
        name="Old",
        color="rgb(178, 240, 126)",
        duration=15,
        online_scheduling=True,
        reason="x",
    )
    rows = program.http.get("/api/v1/appointment_types").json()["data"]
    (old,) = [row for row in rows if row["id"] == theirs["id"]]
    assert (old["color_hex"], old["default_length"], old["allow_on_portal"]) == ("b2f07e", 15, True)
    assert program.user in old["which_providers"]
    calendar.http.delete(f"/api/appointment_profiles/{made['id']}")
    ids = [row["id"] for row in program.http.get("/api/v1/appointment_types").json()["data"]]
    assert made["id"] not in ids
    answer = program.http.get("/api/v1/appointment_types", params={"include_deleted": "yes"})
    (gone,) = [row for row in answer.json()["data"] if row["id"] == made["id"]]
    assert gone["is_active"] is False
    assert gone["inactive_date"]


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"name": "Visit"}, "name"),
        ({"name": "--"}, "name"),
        ({"color_hex": "#b2f07e"}, "color_hex"),
        ({"default_length": 4}, "default_length"),
        ({"default_length": 721}, "default_length"),
        ({"which_providers": [999_999]}, "which_providers"),
        ({"sms_reminder": "x" * 221}, "sms_reminder"),
        ({"email_reminder_hrs_before": 721}, "email_reminder_hrs_before"),
    ],
)
def test_types_that_are_refused(program: Program, values: dict[str, Any], key: str) -> None:
    body = {"name": "Another", "default_length": 30} | values
    answer = program.http.post("/api/v1/appointment_types", json=body)
    assert answer.status_code == 400
    assert list(answer.json()["error"]["fields"]) == [key]


def test_what_a_type_sends(calendar: Calendar, program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    monkeypatch.setattr(clock, "now", lambda: now)
    with tenancy.within(calendar.clinic.id):
        Patient.objects.filter(pk=calendar.patient_id).update(email="ada@example.com")
    program.add_type(
        "Told",
        email_notice_on=True,
        email_notice="See you soon.",
        email_notice_subject="Booked",
        email_reminder_on=True,
        email_reminder="Tomorrow!",
        email_reminder_hrs_before=24,
        sms_reminder_on=True,
        sms_reminder_hrs_before=48,
    )
    made = program.book(appointment_type="Told")
    with tenancy.within(calendar.clinic.id):
        rows = list(Reminder.objects.filter(appointment=made["id"]))
        sent = list(Outgoing.objects.filter(practice=calendar.clinic.id))
    assert [(row.type, row.text, row.scheduled_time) for row in rows] == [
        ("email", "Tomorrow!", datetime(2026, 3, 1, 14, tzinfo=UTC))
    ]  # the other one's time is past
    assert [(one.recipient, one.subject, one.text) for one in sent] == [
        ("ada@example.com", "Booked", "See you soon.")
    ]
