"""The layout, menu, refusals and forms of the console."""

import re
from html import unescape

import httpx
import pytest

from charthouse.domains.patients.models import CustomDemographic
from charthouse.domains.scheduling.models import AppointmentProfile
from charthouse.identity import tenancy
from tests.identity.oauth_flow import open_signed_in_browser, parse_hidden_fields
from tests.queries import bounded_queries
from tests.support import PASSWORD, Clinic, client, make_doctor, make_practice, make_user


def menu(page: httpx.Response) -> list[str]:
    return re.findall(r'<li><a href="([^"]+)"', page.text)


def test_the_menu_has_only_entries_that_the_user_may_open(clinic: Clinic) -> None:
    staff = make_user(clinic.practice, password=PASSWORD, permissions=["Access Scheduling", "Settings"])
    plain = make_user(clinic.practice, password=PASSWORD, permissions=[])
    everything = menu(open_signed_in_browser(clinic.user.username).get("/"))
    assert "/settings" in everything
    offered = menu(open_signed_in_browser(staff.username).get("/"))
    assert "/catalogues/profiles" in offered
    assert "/catalogues/fields" not in offered
    browser = open_signed_in_browser(plain.username)
    assert not {"/settings", "/catalogues/profiles"} & set(menu(browser.get("/")))
    for address in everything:
        if address not in menu(browser.get("/")):
            assert browser.get(address).status_code == 403, address


def test_the_current_page_is_marked_in_the_menu(clinic: Clinic) -> None:
    page = open_signed_in_browser(clinic.user.username).get("/catalogues/profiles/new")
    assert re.findall(r'href="([^"]+)" aria-current="page"', page.text) == ["/catalogues/profiles"]


def test_pages_are_not_cached(clinic: Clinic) -> None:
    browser = open_signed_in_browser(clinic.user.username)
    for address in ("/", "/settings", "/catalogues/profiles/1"):
        assert browser.get(address).headers["Cache-Control"] == "no-store"


def test_a_partial_request_redirects_the_whole_page_to_sign_in(clinic: Clinic) -> None:
    answer = client().get(
        "/catalogues/profiles?q=x",
        headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/catalogues/profiles"},
    )
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == "/sign-in?next=/catalogues/profiles"


def test_other_methods_are_refused(clinic: Clinic) -> None:
    browser = open_signed_in_browser(clinic.user.username)
    token = parse_hidden_fields(browser.get("/"))["csrfmiddlewaretoken"]
    assert browser.post("/", data={"csrfmiddlewaretoken": token}).status_code == 405
    assert browser.head("/").status_code == 200


# Catalogues


def send(browser: httpx.Client, address: str, **values: str) -> httpx.Response:
    return browser.post(address, data=parse_hidden_fields(browser.get(address)) | values)


PROFILE = {"name": "Well child", "reason": "Check-up", "duration": "25", "color": "#3a87ad"}


def test_a_row_is_created_changed_and_deleted(clinic: Clinic) -> None:
    browser = open_signed_in_browser(clinic.user.username)
    made = send(browser, "/catalogues/profiles/new", **PROFILE, online_scheduling="true")
    assert made.headers["Location"] == "/catalogues/profiles"
    page = browser.get("/catalogues/profiles")
    assert "The profile has been added." in page.text
    (address,) = re.findall(r'<td><a href="(/catalogues/profiles/\d+)">Well child</a>', page.text)
    form = browser.get(address)
    assert 'value="25"' in form.text
    assert re.search(r'name="online_scheduling" value="true" checked', form.text)
    assert send(browser, address, **(PROFILE | {"duration": "40"})).status_code == 302
    with tenancy.within(clinic.id):
        row = AppointmentProfile.objects.get(practice=clinic.id)
    assert (row.duration, row.online_scheduling, row.doctor_id) == (40, False, clinic.doctor.pk)
    asked = browser.get(f"{address}/delete")
    assert "Delete this profile?" in asked.text
    assert "Well child" in asked.text
    assert send(browser, f"{address}/delete").status_code == 302
    with tenancy.within(clinic.id):
        row.refresh_from_db()
    assert row.archived
    assert "Well child" not in browser.get("/catalogues/profiles").text


def test_errors_are_at_their_fields_and_input_is_preserved(clinic: Clinic) -> None:
    browser = open_signed_in_browser(clinic.user.username)
    page = send(browser, "/catalogues/profiles/new", **(PROFILE | {"duration": "0", "color": "blue"}))
    assert page.status_code == 400
    text = unescape(page.text)
    for name, message in (("duration", "greater than or equal to 1"), ("color", "Enter a color as #RRGGBB")):
        assert re.search(rf'id="id_{name}-wrong"><div>[^<]*{message}', text), name
        assert re.search(rf'id="id_{name}" [^>]*aria-describedby="[^"]*id_{name}-wrong"', text), name
    assert 'value="Well child"' in text
    assert 'value="blue"' in text
    with tenancy.within(clinic.id):
        assert not AppointmentProfile.objects.exists()


def test_lists_and_references(clinic: Clinic) -> None:
    other = make_doctor(clinic.practice, first_name="Otto", last_name="Other")
    browser = open_signed_in_browser(clinic.user.username)
    form = browser.get("/catalogues/fields/new")
    assert f'<option value="{other.pk}">Otto Other</option>' in form.text
    values = {"name": "Housing", "doctor": str(other.pk), "allowed_values": "Owns\r\n Rents \r\n\r\n"}
    assert send(browser, "/catalogues/fields/new", **values).status_code == 302
    with tenancy.within(clinic.id):
        row = CustomDemographic.objects.get(practice=clinic.id)
    assert (row.doctor_id, row.allowed_values) == (other.pk, ["Owns", "Rents"])
    assert "Owns\nRents" in browser.get(f"/catalogues/fields/{row.pk}").text


def test_a_row_of_another_practice_is_not_found(clinic: Clinic) -> None:
    stranger = make_practice()
    with tenancy.within(stranger.id):
        row = AppointmentProfile.objects.create(
            practice=stranger.practice, doctor=stranger.doctor, name="Secret", color="#000000", duration=5
        )
    browser = open_signed_in_browser(clinic.user.username)
    assert "Secret" not in browser.get("/catalogues/profiles").text
    for end in ("", "/delete"):
        assert browser.get(f"/catalogues/profiles/{row.pk}{end}").status_code == 404
    form = parse_hidden_fields(browser.get("/catalogues/profiles/new"))
    for end in ("", "/delete"):
        answer = browser.post(f"/catalogues/profiles/{row.pk}{end}", data=form | PROFILE)
        assert answer.status_code == 404
    page = send(browser, "/catalogues/profiles/new", **PROFILE, doctor=str(stranger.doctor.pk))
    assert page.status_code == 400
    assert "object does not exist" in page.text


def test_a_missing_permission_forbids_reading_and_writing(clinic: Clinic) -> None:
    staff = make_user(clinic.practice, password=PASSWORD, permissions=["Settings"])
    browser = open_signed_in_browser(staff.username)
    token = parse_hidden_fields(browser.get("/"))["csrfmiddlewaretoken"]
    for end in ("", "/new", "/1", "/1/delete"):
        assert browser.get(f"/catalogues/profiles{end}").status_code == 403, end
    for end in ("/new", "/1", "/1/delete"):
        answer = browser.post(f"/catalogues/profiles{end}", data=PROFILE | {"csrfmiddlewaretoken": token})
        assert answer.status_code == 403, end
        assert "Access Scheduling" in unescape(answer.text)


@pytest.mark.parametrize("address", ["/", "/settings", "/catalogues/profiles", "/catalogues/profiles/new"])
def test_pages_need_few_queries(clinic: Clinic, address: str) -> None:
    with tenancy.within(clinic.id):
        for number in range(30):
            AppointmentProfile.objects.create(
                practice=clinic.practice,
                doctor=clinic.doctor,
                name=f"V {number}",
                color="#000000",
                duration=5,
            )
    browser = open_signed_in_browser(clinic.user.username)
    browser.get(address)
    with bounded_queries():
        assert browser.get(address).status_code == 200
