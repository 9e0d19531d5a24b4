"""Patients request, move and cancel appointments in the portal, by the rules of the practice."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from charthouse import clock
from charthouse.audit.models import Event
from charthouse.domains.messaging.models import Message
from charthouse.domains.practice.models import Office
from charthouse.domains.scheduling.models import Appointment, AppointmentProfile
from charthouse.identity import tenancy
from charthouse.identity.models import Practice
from charthouse.portal import booking
from tests.concurrency import run_concurrently
from tests.portal.portal_patients import PortalPatient, make_portal_patient, post
from tests.support import Clinic, make_practice

ZONE = ZoneInfo("US/Eastern")  # of the clinic's doctor
NOW = datetime(2026, 3, 2, 8, tzinfo=ZONE)  # a Monday
PATH = "/portal/appointments/new"


@pytest.fixture(autouse=True)
def monday() -> Iterator[None]:
    with clock.shift(NOW - clock.now()):
        yield


@pytest.fixture
def clinic() -> Clinic:
    """A practice whose provider is at work from 9 to 12 on weekdays and can be booked online."""
    clinic = make_practice("Harbour Clinic")
    with tenancy.within(clinic.id):
        office = Office.objects.create(
            practice=clinic.practice, doctor=clinic.doctor, name="Main Street", online_scheduling=True,
            phone_number="555-201-4434", start_hour=9, end_hour=12,
        )  # fmt: skip
        assert office.pk
        AppointmentProfile.objects.create(
            practice=clinic.practice, doctor=clinic.doctor, name="FU30", name_portal="Follow-up", duration=30,
            online_scheduling=True,
        )  # fmt: skip
    return clinic


@pytest.fixture
def known(clinic: Clinic) -> PortalPatient:
    return make_portal_patient(clinic)


def list_times(page: httpx.Response) -> list[str]:
    return re.findall(r'name="time" value="([^"]+)"', page.text)


def request_time(browser: httpx.Client, time: str, path: str = PATH, **values: Any) -> httpx.Response:
    return post(browser, path, time=time, **values)


def list_appointments(clinic: Clinic) -> list[Appointment]:
    with tenancy.within(clinic.id):
        return list(Appointment.objects.filter(archived=False).order_by("pk"))


def test_times_are_free_ones_after_the_notice(clinic: Clinic, known: PortalPatient) -> None:
    browser = known.browser()
    times = list_times(browser.get(PATH))
    assert times[:3] == ["2026-03-03 14:00:00", "2026-03-03 14:30:00", "2026-03-03 15:00:00"]
    assert "2026-03-10 13:00:00" in times, "daylight saving time has begun: 9:00 there is 13:00 UTC"
    with tenancy.within(clinic.id):
        Practice.objects.filter(pk=clinic.id).update(portal_notice_hours=48)
    assert list_times(browser.get(PATH))[0] == "2026-03-04 14:00:00"


def test_a_requested_appointment_holds_its_time(clinic: Clinic, known: PortalPatient) -> None:
    browser = known.browser()
    time = list_times(browser.get(PATH))[1]
    answer = request_time(browser, time, reason="Sore throat")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/portal/appointments")
    (row,) = list_appointments(clinic)
    assert (row.patient_id, row.reason, row.duration) == (known.patient.pk, "Sore throat", 30)
    assert (row.status, row.scheduled_time.isoformat()) == ("Not Confirmed", "2026-03-03T14:30:00+00:00")
    page = browser.get("/portal/appointments").text
    assert "is requested" in page
    assert "Follow-up" in page
    assert time not in list_times(browser.get(PATH))
    with tenancy.within(clinic.id):
        message = Message.objects.get(patient=known.patient.pk)
        assert Event.objects.filter(patient_id=known.patient.pk, what="portal appointment").count() == 1
    assert (message.type, message.owner_id) == ("OA", clinic.user.pk)
    assert message.title == "Appointment requested Tuesday, March 3, 2026, 9:30 AM: Sore throat"
    assert request_time(browser, time).status_code == 409


def test_two_patients_who_want_one_time(clinic: Clinic, known: PortalPatient) -> None:
    other = make_portal_patient(clinic, first_name="Chidi")
    browsers = [known.browser(), other.browser()]
    time = max(list_times(browser.get(PATH))[0] for browser in browsers)
    answers = run_concurrently([partial(request_time, one, time) for one in browsers])
    assert sorted(answer.status_code for answer in answers) == [302, 409]
    assert len(list_appointments(clinic)) == 1


@pytest.mark.parametrize(
    "time",
    [
        "",
        "2026-03-03 14:10:00",
        "2026-03-02 15:00:00",
        "2026-03-03 05:00:00",
        "2027-03-03 14:00:00",
        "x" * 99,
    ],
)
def test_what_was_not_offered_cannot_be_booked(clinic: Clinic, known: PortalPatient, time: str) -> None:
    assert request_time(known.browser(), time).status_code == 409
    assert list_appointments(clinic) == []


@pytest.mark.parametrize("closed", ["office", "kind"])
def test_nothing_is_offered_that_is_not_online(clinic: Clinic, known: PortalPatient, closed: str) -> None:
    with tenancy.within(clinic.id):
        rows: Any = (Office if closed == "office" else AppointmentProfile).objects
        rows.update(online_scheduling=False)
    browser = known.browser()
    page = browser.get(PATH)
    assert list_times(page) == []
    assert "does not take appointments online" in page.text
    assert request_time(browser, "2026-03-03 14:00:00").status_code == 200
    assert list_appointments(clinic) == []


def test_an_appointment_is_moved_and_cancelled(clinic: Clinic, known: PortalPatient) -> None:
    browser = known.browser()
    request_time(browser, list_times(browser.get(PATH))[0])
    (row,) = list_appointments(clinic)
    path = f"/portal/appointments/{row.pk}"
    assert "Change time" in browser.get("/portal/appointments").text
    assert request_time(browser, "2026-03-04 14:00:00", f"{path}/move").status_code == 302
    assert list_appointments(clinic)[0].scheduled_time.isoformat() == "2026-03-04T14:00:00+00:00"
    other = make_portal_patient(clinic, first_name="Chidi").browser()
    for act in ("move", "cancel"):
        assert other.get(f"{path}/{act}").status_code == 404
    assert "Cancel this appointment?" in browser.get(f"{path}/cancel").text
    assert post(browser, f"{path}/cancel").status_code == 302
    assert list_appointments(clinic)[0].status == "Cancelled"
    assert browser.get(f"{path}/move").status_code == 409
    with tenancy.within(clinic.id):
        titles = [one.title for one in Message.objects.order_by("pk")]
    assert [title.split()[1] for title in titles] == ["requested", "moved", "cancelled"]


def test_the_hours_before_an_appointment_are_the_practices(clinic: Clinic, known: PortalPatient) -> None:
    browser = known.browser()
    request_time(browser, list_times(browser.get(PATH))[0])
    (row,) = list_appointments(clinic)
    with clock.shift(timedelta(hours=2)):
        assert "Change time" not in browser.get("/portal/appointments").text
        for act in ("move", "cancel"):
            assert post(browser, f"/portal/appointments/{row.pk}/{act}").status_code == 409
    assert list_appointments(clinic)[0].status == "Not Confirmed"


def test_a_patient_cannot_fill_the_calendar(clinic: Clinic, known: PortalPatient) -> None:
    browser = known.browser()
    for time in list_times(browser.get(PATH))[:5]:
        assert request_time(browser, time).status_code == 302
    assert request_time(browser, list_times(browser.get(PATH))[0]).status_code == 409
    assert len(list_appointments(clinic)) == 5


def test_a_patient_who_was_checked_in_meanwhile_cancels_nothing(
    clinic: Clinic, known: PortalPatient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Staff check the patient in while the patient's click is on its way."""
    browser = known.browser()
    request_time(browser, list_times(browser.get(PATH))[0])
    (row,) = list_appointments(clinic)
    look = booking._find_open

    def check_in_after_the_first_look(*arguments: Any) -> Any:
        found = look(*arguments)
        monkeypatch.setattr(booking, "_find_open", look)
        Appointment.objects.filter(pk=row.pk).update(status="Checked In")
        return found

    for act, values in (("cancel", {}), ("move", {"time": "2026-03-04 14:00:00"})):
        with tenancy.within(clinic.id):
            Appointment.objects.filter(pk=row.pk).update(status="Confirmed")
        monkeypatch.setattr(booking, "_find_open", check_in_after_the_first_look)
        assert post(browser, f"/portal/appointments/{row.pk}/{act}", **values).status_code == 409
        (now,) = list_appointments(clinic)
        assert (now.status, now.scheduled_time) == ("Checked In", row.scheduled_time)
