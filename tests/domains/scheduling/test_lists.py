"""Lists of appointments: required filters, days, the 190-day rule, sharing."""

from datetime import UTC, date, datetime, timedelta

import pytest

from charthouse import clock
from charthouse.domains.scheduling.models import Appointment
from charthouse.identity import tenancy
from charthouse.identity.models import PERMISSIONS
from tests.domains.caller import Caller
from tests.domains.scheduling.calendar import DAY, Calendar
from tests.support import make_practice

NEEDS_ONE = "One of these query parameters is required: since, date, date_range, occurred_since."


def test_a_list_needs_a_time(calendar: Calendar) -> None:
    made = calendar.book()
    for parameters in ({}, {"doctor": "1"}, {"date": ""}):
        answer = calendar.http.get("/api/appointments", params=parameters)
        assert (answer.status_code, answer.json()) == (400, {"detail": NEEDS_ONE})
    for parameters in ({"date": DAY}, {"date_range": f"{DAY}/{DAY}"}, {"since": made["updated_at"]}):
        assert [row["id"] for row in calendar.list_appointments(**parameters)] == [made["id"]]
    assert calendar.http.get(f"/api/appointments/{made['id']}").status_code == 200


def test_filters(calendar: Calendar) -> None:
    other = calendar.add_colleague().pk
    first = calendar.book(status="Confirmed")
    second = calendar.book(f"{DAY}T10:00:00", doctor=other, patient=None)
    third = calendar.book("2026-03-03T00:00:00")
    found = {
        (("date", DAY),): [first, second],
        (("date", "2026-03-03"),): [third],
        (("date_range", "2026-03-02/2026-03-03"),): [first, second, third],
        (("date", DAY), ("doctor", other)): [second],
        (("date", DAY), ("patient", calendar.patient_id)): [first],
        (("date", DAY), ("office", calendar.office.pk)): [first, second],
        (("date", DAY), ("status", "Confirmed")): [first],
        (("date", DAY), ("status", "Arrived")): [],
        (("date", DAY), ("office", 2**40)): [],
    }
    for parameters, rows in found.items():
        assert [row["id"] for row in calendar.list_appointments(**dict(parameters))] == [
            row["id"] for row in rows
        ]
    for name, text in (("date", "2.3.2026"), ("date_range", DAY), ("since", "now"), ("doctor", "x")):
        answer = calendar.http.get("/api/appointments", params={"date": DAY} | {name: text})
        assert (answer.status_code, list(answer.json())) == (400, [name])


def test_since_is_about_writing_not_about_the_visit(calendar: Calendar) -> None:
    made = calendar.book("2020-01-02T09:00:00")
    with clock.shift(timedelta(hours=1)):
        hour_later = clock.now().strftime("%Y-%m-%dT%H:%M:%S")
        assert calendar.list_appointments(since=hour_later) == []
        calendar.change_and_read(made, notes="x")
        assert [row["id"] for row in calendar.list_appointments(since=hour_later)] == [made["id"]]


@pytest.mark.parametrize("years", [0, -3, 7])
def test_long_ranges_must_lie_in_the_past(years: int) -> None:
    """Days count from the day that the project's clock shows."""
    with clock.shift(timedelta(days=365 * years)):
        calendar, today = Calendar(), clock.now().date()
        for first, last, status in (
            (0, 190, 200),
            (0, 191, 400),
            (-190, 0, 200),
            (-191, 0, 400),
            (-191, -1, 200),  # over, to the last day
            (-4000, -1, 200),
            (1, 192, 400),
            (5, 4, 400),
        ):
            days = f"{today + timedelta(days=first)}/{today + timedelta(days=last)}"
            answer = calendar.http.get("/api/appointments", params={"date_range": days})
            assert answer.status_code == status, days
            assert status == 200 or list(answer.json()) == ["date_range"]


def test_extreme_days_find_nothing(calendar: Calendar) -> None:
    for day in ("0001-01-01", "0001-01-02", "9999-12-31", "9999-12-30"):
        assert calendar.http.get("/api/appointments", params={"date": day}).status_code in (200, 400)
    assert calendar.list_appointments(date=str(date(1, 1, 3))) == []


def test_virtual_bases_can_be_left_out_and_take_no_time(calendar: Calendar) -> None:
    made = calendar.book()
    with tenancy.within(calendar.clinic.id):
        Appointment.objects.filter(pk=made["id"]).update(is_virtual_base=True)
    second = calendar.book()
    ids = [row["id"] for row in calendar.list_appointments(date=DAY)]
    assert ids == [made["id"], second["id"]]
    assert [row["id"] for row in calendar.list_appointments(date=DAY, ignore_virtual="true")] == [
        second["id"]
    ]


# -- who sees what ------------------------------------------------------------------------------------------------


def test_without_sharing_only_ones_own_calendar_is_seen() -> None:
    clinic = make_practice(sharing=())
    mine = Calendar(clinic=clinic)
    colleague = mine.add_colleague()
    theirs = Calendar(clinic=clinic, doctor=colleague)
    made = theirs.book()
    assert mine.list_appointments(date=DAY) == []
    assert mine.http.get(f"/api/appointments/{made['id']}").status_code == 404
    assert mine.change(made, notes="x").status_code == 404
    assert mine.http.delete(f"/api/appointments/{made['id']}").status_code == 404
    for_other = mine.try_to_book(doctor=colleague.pk)
    assert (for_other.status_code, list(for_other.json())) == (400, ["doctor"])
    own = mine.book()
    assert list(mine.change(own, doctor=colleague.pk).json()) == ["doctor"]
    assert list(mine.change(own, patient=theirs.patient_id).json()) == ["patient"]


def test_hidden_appointments_still_take_their_time() -> None:
    clinic = make_practice(sharing=())
    mine = Calendar(clinic=clinic)
    theirs = Calendar(clinic=clinic, doctor=mine.add_colleague())
    made = mine.book()
    with tenancy.within(clinic.id):
        Appointment.objects.filter(pk=made["id"]).update(office_id=theirs.office.pk)
    assert theirs.try_to_book().json() == {"detail": f"Appointment overlaps with {made['id']}"}


def test_settings_follow_their_own_sharing_switch() -> None:
    for switch, paths in {
        "share_appointment_profiles": ("appointment_profiles",),
        "share_reminder_profile": ("reminder_profiles",),
        "share_patients": ("custom_appointment_fields",),
    }.items():
        for sharing, seen in (((), 0), ((switch,), 1)):
            clinic = make_practice(sharing=sharing)
            mine = Calendar(clinic=clinic)
            theirs = Caller(clinic, doctor=mine.add_colleague())
            for path in paths:
                bodies = {
                    "appointment_profiles": {
                        "name": "Exam",
                        "color": "#112233",
                        "duration": 10,
                        "reason": "r",
                        "online_scheduling": False,
                    },
                    "reminder_profiles": {"name": "n", "reminders": []},
                    "custom_appointment_fields": {"field_name": "f"},
                }
                mine.new(path, **bodies[path])
                assert len(theirs.ids(path)) == seen
                assert len(mine.ids(path)) == 1


def test_practices_are_separate(calendar: Calendar) -> None:
    made = calendar.book()
    stranger = Calendar()
    assert stranger.list_appointments(date=DAY) == []
    assert stranger.http.get(f"/api/appointments/{made['id']}").status_code == 404
    answer = stranger.try_to_book(
        office=calendar.office.pk, doctor=calendar.doctor.pk, patient=calendar.patient_id
    )
    assert (answer.status_code, set(answer.json())) == (400, {"office", "doctor", "patient"})


@pytest.mark.parametrize("lacking", ["Access Billing", "Show Billing Tab", "Access Clinical Notes"])
def test_every_permission_is_needed(calendar: Calendar, lacking: str) -> None:
    weaker = Caller(calendar.clinic, permissions=[name for name in PERMISSIONS if name != lacking])
    assert weaker.http.get("/api/appointments", params={"date": DAY}).status_code == 403
    assert weaker.post("appointments", calendar.body()).status_code == 403


def test_occurred_since_is_about_visits_whose_time_has_come(calendar: Calendar) -> None:
    """Wall clock of the office's doctor (US/Eastern here): 09:00 is 14:00 UTC."""
    with clock.shift(datetime(2026, 3, 2, 15, tzinfo=UTC) - clock.now()):
        earlier, today = calendar.book("2026-02-27T09:00:00"), calendar.book()
        calendar.book(f"{DAY}T16:00:00")
        ids = [earlier["id"], today["id"]]
        for since, found in {
            "2026-02-01": ids,
            "2026-02-27T09:00:00": ids,
            "2026-02-27T09:00:01": ids[1:],
            DAY: ids[1:],
            f"{DAY}T09:00:01": [],
            "2027-01-01": [],
        }.items():
            assert [row["id"] for row in calendar.list_appointments(occurred_since=since)] == found
        for text in ("x", "2026-02-30", "2026-03-02T09:00:00Z", "0001-01-01"):
            answer = calendar.http.get("/api/appointments", params={"occurred_since": text})
            assert (answer.status_code, list(answer.json())) == (400, ["occurred_since"])
