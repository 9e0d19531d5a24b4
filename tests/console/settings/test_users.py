"""The practice's users: invitation, permissions, deactivation; offices and rooms."""

import re
from html import unescape
from typing import Any

import httpx
import pytest

from charthouse.audit.models import Event
from charthouse.domains.practice.models import Doctor, ExamRoom, Office
from charthouse.identity import second_factor, tenancy
from charthouse.identity.models import PERMISSIONS, User
from charthouse.outbox.models import Outgoing
from tests.identity.oauth_flow import is_accepted, open_signed_in_browser, parse_hidden_fields, sign_in
from tests.identity.test_sign_in import NEW, enable_second_factor, parse_link, set_password
from tests.queries import bounded_queries
from tests.support import (
    PASSWORD,
    Clinic,
    client,
    issue_token,
    make_api_user,
    make_app,
    make_practice,
    make_user,
)

NORA = {"first_name": "Nora", "last_name": "Nurse", "email": "nora@clinic.example", "timezone": "US/Pacific"}


def send(browser: httpx.Client, address: str, **values: Any) -> httpx.Response:
    return browser.post(address, data=parse_hidden_fields(browser.get(address)) | values)


def invite(browser: httpx.Client, clinic: Clinic, **values: Any) -> User:
    username = f"nora-{clinic.id}"
    answer = send(
        browser, "/settings/people/new", **(NORA | {"username": username, "role": "staff"} | values)
    )
    assert answer.status_code == 302
    return User.objects.get(username=values.get("username", username))


def list_events(clinic: Clinic, what: str) -> list[dict[str, Any]]:
    with tenancy.within(clinic.id):
        return list(Event.objects.filter(what=what).order_by("pk").values_list("details", flat=True))


def test_an_invited_user_sets_a_password_and_signs_in(clinic: Clinic, browser: httpx.Client) -> None:
    person = invite(browser, clinic, doctor_id=str(clinic.doctor.pk), permissions=["Access Scheduling"])
    assert (person.practice_id, person.role, person.doctor_id) == (clinic.id, "staff", clinic.doctor.pk)
    assert person.permissions == ["Access Scheduling"]
    assert not person.has_usable_password()
    assert list_events(clinic, "account created")[-1]["user"] == person.pk
    with tenancy.within(clinic.id):
        letter = Outgoing.objects.get(recipient=NORA["email"])
    assert person.username in letter.text
    set_password(parse_link(letter), NEW)
    assert sign_in(client(), person.username, NEW).status_code == 302
    assert "Nora Nurse" in browser.get("/settings/people").text


def test_a_new_doctor_can_be_booked_at_once_at_hours_that_are_set_on_a_page(
    clinic: Clinic, browser: httpx.Client
) -> None:
    with tenancy.within(clinic.id):
        Office.objects.create(
            practice=clinic.practice, doctor=clinic.doctor, name="Main", start_hour=8, end_hour=16
        )
    person = invite(browser, clinic, role="doctor")
    with (
        make_api_user(clinic.practice).client() as cerbo,
        client(issue_token(clinic.user, make_app())) as drchrono,
    ):
        kind = cerbo.post("/api/v1/appointment_types", json={"name": "Visit", "default_length": 30}).json()

        def windows() -> list[str]:
            asked = {
                "start_date": "2030-03-04",  # a Monday
                "end_date": "2030-03-10",
                "provider_ids[]": person.pk,
                "appointment_type_ids[]": kind["id"],
            }
            found = cerbo.get("/api/v1/appointments/availability", params=asked).json()["user_availabilies"]
            return [
                f"{one['window_start'][8:16]}-{one['window_end'][11:16]}"
                for one in found[0]["availability_by_type"][0]["available_windows"]
            ]

        zone = {"timezone": clinic.doctor.timezone}
        with tenancy.within(clinic.id):
            Doctor.objects.filter(pk=person.doctor_id).update(**zone)
        assert windows() == [f"{day:02} 08:00-16:00" for day in range(4, 9)]
        address = f"/settings/people/{person.pk}/hours"
        assert address in browser.get(f"/settings/people/{person.pk}").text
        as_before = dict.fromkeys(("wednesday", "thursday", "friday"), "08:00-16:00")
        hours = as_before | {
            "monday": "9:00-12:00, 13:00 \u2013 15:30",
            "tuesday": "",
            "saturday": "8:30-24:00",
        }
        assert send(browser, address, **hours).status_code == 302
        assert windows() == [
            "04 09:00-12:00",
            "04 13:00-15:30",
            *(f"{day:02} 08:00-16:00" for day in (6, 7, 8)),
            "09 08:30-16:00",
        ]
        (shown,) = (
            one
            for one in drchrono.get("/api/doctor_work_schedule?show_all=true").json()["results"]
            if one["doctor"] == person.doctor_id
        )
        assert [day["iso_weekday"] for day in shown["work_days"]] == list("123456")
        assert parse_hidden_fields(browser.get(address))
        assert "09:00-12:00, 13:00-15:30" in browser.get(address).text


@pytest.mark.parametrize(
    "text",
    ["9-12", "12:00-9:00", "9:00-9:00", "9:00-25:00", "9:00-12:00, 11:00-13:00", "all day", "9:60-10:00"],
)
def test_hours_that_can_not_be_are_refused(clinic: Clinic, browser: httpx.Client, text: str) -> None:
    person = invite(browser, clinic, role="doctor", username=f"d-{clinic.id}")
    answer = send(browser, f"/settings/people/{person.pk}/hours", friday=text)
    assert answer.status_code == 400
    assert text in unescape(answer.text), "what was typed stays"


def test_only_doctors_of_the_practice_have_a_page_of_hours(clinic: Clinic, browser: httpx.Client) -> None:
    staff, stranger = invite(browser, clinic), make_practice().user
    for user in (staff, stranger):
        assert browser.get(f"/settings/people/{user.pk}/hours").status_code == 404
    assert "Working hours" not in browser.get(f"/settings/people/{staff.pk}").text


def test_an_invited_doctor_gets_a_doctor_row(clinic: Clinic, browser: httpx.Client) -> None:
    person = invite(browser, clinic, role="doctor")
    with tenancy.within(clinic.id):
        doctor = Doctor.objects.get(pk=person.doctor_id)
    assert (doctor.first_name, doctor.timezone) == ("Nora", "US/Pacific")
    send(browser, f"/settings/people/{person.pk}", **(NORA | {"last_name": "Newname"}))
    with tenancy.within(clinic.id):
        doctor.refresh_from_db()
    assert doctor.last_name == "Newname"


def test_an_invalid_invitation_creates_no_account(clinic: Clinic, browser: httpx.Client) -> None:
    stranger = make_practice()
    before = User.objects.count()
    for wrong, words in (
        ({"username": stranger.user.username}, "This username is taken"),
        ({"username": clinic.user.username}, "This username is taken"),
        ({"email": "nonsense"}, "valid email"),
        ({"first_name": ""}, "required"),
        ({"role": "queen"}, "valid choice"),
        ({"timezone": "Mars/Olympus"}, "valid choice"),
        ({"doctor_id": str(stranger.doctor.pk)}, "valid choice"),
        ({"permissions": ["Rule The World"]}, "valid choice"),
        ({"username": "x" * 151}, "at most 150"),
    ):
        values = NORA | {"username": f"nora-{clinic.id}", "role": "staff"} | wrong
        page = send(browser, "/settings/people/new", **values)
        assert page.status_code == 400, wrong
        assert words in unescape(page.text), wrong
        assert 'value="Nurse"' in page.text
    assert User.objects.count() == before


def test_a_deactivated_user_is_refused_at_once(clinic: Clinic, browser: httpx.Client) -> None:
    staff = make_user(clinic.practice, doctor=clinic.doctor, password=PASSWORD)
    theirs, token = open_signed_in_browser(staff.username), issue_token(staff, make_app())
    assert is_accepted(token)
    assert "They lose access right away" in browser.get(f"/settings/people/{staff.pk}/off").text
    assert send(browser, f"/settings/people/{staff.pk}/off").status_code == 302
    assert theirs.get("/").status_code == 302
    assert not is_accepted(token)
    browser.get("/settings/people")  # says so
    assert staff.username not in browser.get("/settings/people").text
    assert staff.username in browser.get("/settings/people?state=off").text
    send(browser, f"/settings/people/{staff.pk}/on")
    assert not is_accepted(token), "what has ended does not come back"
    assert theirs.get("/").status_code == 302
    assert [detail["active"] for detail in list_events(clinic, "account changed")] == [False, True]


def test_the_primary_user_can_not_be_deactivated(clinic: Clinic, browser: httpx.Client) -> None:
    page = send(browser, f"/settings/people/{clinic.user.pk}/off")
    assert page.status_code == 409
    assert User.objects.get(pk=clinic.user.pk).is_active


def test_another_user_becomes_the_primary_user(clinic: Clinic, browser: httpx.Client) -> None:
    heir = make_user(clinic.practice, password=PASSWORD, permissions=["Settings"], first_name="Nora")
    off = make_user(clinic.practice, password=PASSWORD, is_active=False)
    invited, stranger = make_user(clinic.practice), make_practice()
    address = f"/settings/people/{heir.pk}/primary"
    assert "Make Nora the primary user?" in browser.get(address).text
    assert send(browser, address, password="wrong").status_code == 400
    for nobody in (off, invited, clinic.user):
        assert send(browser, f"/settings/people/{nobody.pk}/primary", password=PASSWORD).status_code == 409
    assert browser.get(f"/settings/people/{stranger.user.pk}/primary").status_code == 404
    token = parse_hidden_fields(browser.get(address)) | {"password": PASSWORD}
    assert open_signed_in_browser(heir.username).get(address).status_code == 403
    assert browser.post(address, data=token).status_code == 302
    heir.refresh_from_db()
    clinic.user.refresh_from_db()
    assert (heir.is_primary, clinic.user.is_primary) == (True, False)
    assert heir.permissions == list(PERMISSIONS)
    assert browser.post(address, data=token).status_code == 403, "not the primary user any more"
    assert open_signed_in_browser(heir.username).get("/settings/people").status_code == 200
    assert list_events(clinic, "account changed")[-1]["instead_of"] == clinic.user.pk


def test_permissions_and_names_are_changed(clinic: Clinic, browser: httpx.Client) -> None:
    staff = make_user(clinic.practice, permissions=["Settings"])
    address = f"/settings/people/{staff.pk}"
    answer = send(browser, address, **NORA, permissions=["Show Billing Tab", "Access Billing"])
    assert answer.status_code == 302
    staff.refresh_from_db()
    assert staff.permissions == ["Access Billing", "Show Billing Tab"]
    assert (staff.last_name, staff.email) == ("Nurse", NORA["email"])
    assert list_events(clinic, "permissions changed")[-1]["taken"] == ["Settings"]
    assert send(browser, address, **(NORA | {"email": "x"})).status_code == 400


def test_a_lost_second_factor_is_removed(clinic: Clinic, browser: httpx.Client) -> None:
    staff = make_user(clinic.practice, password=PASSWORD)
    enable_second_factor(open_signed_in_browser(staff.username), staff)
    assert send(browser, f"/settings/people/{staff.pk}/second-factor").status_code == 302
    assert not second_factor.is_enabled(staff)
    assert sign_in(client(), staff.username).headers["Location"] == "/"


def test_users_of_another_practice_are_not_found(clinic: Clinic, browser: httpx.Client) -> None:
    stranger = make_practice()
    token = parse_hidden_fields(browser.get("/"))
    for end in ("", "/off", "/on", "/link", "/second-factor", "/nonsense"):
        address = f"/settings/people/{stranger.user.pk}{end}"
        assert browser.get(address).status_code == 404, end
        assert browser.post(address, data=token | NORA).status_code == 404, end
    assert stranger.user.username not in browser.get("/settings/people?state=all").text


def test_sign_in_settings(clinic: Clinic, browser: httpx.Client) -> None:
    shown = {"person": [], "sharing": []}
    send(browser, "/settings", **shown, idle_minutes="15", require_second_factor="on")
    clinic.practice.refresh_from_db()
    assert (clinic.practice.idle_minutes, clinic.practice.require_second_factor) == (15, True)
    enable_second_factor(browser, clinic.user)
    for wrong in ("0", "721", "x", "-5", "1e3", ""):
        assert send(browser, "/settings", **shown, idle_minutes=wrong).status_code == 400
    clinic.practice.refresh_from_db()
    assert clinic.practice.idle_minutes == 15


# Offices

MAIN = {"name": "Main", "start_hour": "8", "end_hour": "17", "country": "US", "state": "CO"}


def test_an_office_and_its_rooms_are_added_and_changed(clinic: Clinic, browser: httpx.Client) -> None:
    made = send(browser, "/settings/offices/new", **MAIN, doctor=str(clinic.doctor.pk))
    assert made.status_code == 302
    address = made.headers["Location"]
    assert "no room yet" in browser.get(address).text
    for name in ("Blue", "Green"):
        assert send(browser, f"{address}/rooms/new", name=name).status_code == 302
    assert send(browser, f"{address}/rooms/2", name="Grey", online_scheduling="on").status_code == 302
    with tenancy.within(clinic.id):
        office = Office.objects.get(practice=clinic.id)
        rooms = ExamRoom.objects.order_by("index").values_list("index", "name", "online_scheduling")
        assert list(rooms) == [(1, "Blue", False), (2, "Grey", True)]
    assert (office.name, office.start_hour, office.state) == ("Main", 8, "CO")
    closed = MAIN | {"doctor": str(clinic.doctor.pk), "archived": "on", "name": "Old Main"}
    assert send(browser, address, **closed).status_code == 302
    assert "Old Main" not in browser.get("/settings/offices").text
    assert re.search(
        r"Old Main</a>.*<td class=\"text-end\">2<", browser.get("/settings/offices?state=closed").text
    )


def test_invalid_offices_are_refused(clinic: Clinic, browser: httpx.Client) -> None:
    stranger = make_practice()
    good = MAIN | {"doctor": str(clinic.doctor.pk)}
    for wrong in (
        {"name": ""},
        {"doctor": str(stranger.doctor.pk)},
        {"start_hour": "17", "end_hour": "8"},
        {"end_hour": "25"},
        {"state": "Colorado"},
    ):
        page = send(browser, "/settings/offices/new", **(good | wrong))
        assert page.status_code == 400, wrong
        assert f"id_{next(reversed(wrong))}-wrong" in page.text, wrong
    with tenancy.within(clinic.id):
        assert not Office.objects.exists()


def test_offices_of_another_practice_are_not_found(clinic: Clinic, browser: httpx.Client) -> None:
    stranger = make_practice()
    with tenancy.within(stranger.id):
        office = Office.objects.create(practice=stranger.practice, doctor=stranger.doctor, name="Theirs")
        ExamRoom.objects.create(practice=stranger.practice, office=office, index=1, name="One")
    token = parse_hidden_fields(browser.get("/"))
    for end in ("", "/rooms/new", "/rooms/1"):
        assert browser.get(f"/settings/offices/{office.pk}{end}").status_code == 404
        assert browser.post(f"/settings/offices/{office.pk}{end}", data=token | MAIN).status_code == 404


@pytest.mark.parametrize(
    "address", ["/settings/people", "/settings/people/new", "/settings/offices", "/settings/offices/new"]
)
def test_pages_need_the_primary_user(clinic: Clinic, browser: httpx.Client, address: str) -> None:
    for _ in range(30):
        make_user(clinic.practice)
    browser.get(address)
    with bounded_queries():
        assert browser.get(address).status_code == 200
    staff = make_user(clinic.practice, password=PASSWORD)
    assert open_signed_in_browser(staff.username).get(address).status_code == 403


def test_a_users_page_needs_few_queries(clinic: Clinic, browser: httpx.Client) -> None:
    browser.get(f"/settings/people/{clinic.user.pk}")
    with bounded_queries():
        assert browser.get(f"/settings/people/{clinic.user.pk}").status_code == 200
