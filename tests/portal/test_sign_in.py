"""Signing in to the portal: separate from the console, by practice, rate-limited, expiring."""

import re
from datetime import timedelta

import httpx
import pytest
from axes.models import AccessAttempt
from django.conf import settings
from django.db import connection

from charthouse import clock
from charthouse.audit.models import Event
from charthouse.domains.patients import portal_access
from charthouse.domains.patients.models import Patient, PortalAccess
from charthouse.identity import sessions, tenancy
from charthouse.outbox.models import Outgoing
from tests.jobs.worker import work_off
from tests.portal.portal_patients import CSRF, PortalPatient, make_portal_patient, post, sign_in
from tests.support import PASSWORD, Clinic, client, make_practice, make_user


@pytest.fixture
def clinic() -> Clinic:
    return make_practice("Harbour Clinic")


@pytest.fixture
def known(clinic: Clinic) -> PortalPatient:
    return make_portal_patient(clinic)


def is_in(browser: httpx.Client) -> bool:
    answer = browser.get("/portal")
    assert answer.status_code in (200, 302)
    return answer.status_code == 200


def list_events(clinic: Clinic) -> list[tuple[str, int | None]]:
    tenancy.set_tenant(clinic.id)
    return list(Event.objects.order_by("id").values_list("what", "patient_id"))


def test_signing_in_and_out(known: PortalPatient) -> None:
    browser = client()
    answer = browser.get("/portal")
    assert answer.headers["Location"] == "/portal/sign-in"
    browser = known.browser()
    answer = browser.get("/portal")
    assert "Hello, Amara" in answer.text
    assert "Harbour Clinic" in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert browser.get("/portal/sign-in").headers["Location"] == "/portal"
    before = browser.cookies["charthouse_portal"]
    assert post(browser, "/portal/sign-out").headers["Location"] == "/portal/sign-in"
    assert not is_in(browser)
    assert not is_in(client(cookies={"charthouse_portal": before})), "not even with the old cookie"
    assert list_events(known.clinic) == [
        ("portal signed in", known.patient.pk),
        ("portal signed out", known.patient.pk),
    ]


def test_the_portal_has_a_cookie_of_its_own(known: PortalPatient) -> None:
    answer = sign_in(client(), known.username)
    (cookie,) = [line for line in answer.headers.get_list("set-cookie") if "charthouse_portal" in line]
    assert "Path=/portal" in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "charthouse_session" not in answer.headers["set-cookie"]


def test_signing_in_starts_a_new_session(known: PortalPatient) -> None:
    browser = client(cookies={"charthouse_portal": "thesessionthatsomebodyelseknows1"})
    sign_in(browser, known.username)
    kept = [cookie.value for cookie in browser.cookies.jar if cookie.name == "charthouse_portal"]
    assert kept[-1] != "thesessionthatsomebodyelseknows1"
    assert not is_in(client(cookies={"charthouse_portal": "thesessionthatsomebodyelseknows1"}))


def test_sessions_of_portal_and_console_are_separate(known: PortalPatient) -> None:
    browser = known.browser()
    session = browser.cookies["charthouse_portal"]
    for cookies in ({}, {"charthouse_session": session}):
        other = client(cookies={"charthouse_portal": session, **cookies})
        assert other.get("/").headers["Location"].startswith("/sign-in"), "the console"
        assert other.get("/settings").headers["Location"].startswith("/sign-in")
    assert "username or the password is incorrect" in sign_in(client(), known.clinic.user.username).text

    person = make_user(known.clinic.practice, password=PASSWORD)
    console = client()
    console.get("/sign-in")
    token = {"csrfmiddlewaretoken": console.cookies[CSRF]}
    console.post("/sign-in", data={"username": person.username, "password": PASSWORD} | token)
    staff = console.cookies["charthouse_session"]
    assert console.get("/").status_code == 200
    assert not is_in(console)
    assert not is_in(client(cookies={"charthouse_portal": staff}))
    assert console.get("/").status_code == 200, "looking at the portal signs nobody out of the console"
    console.post("/sign-in", data={"username": known.username, "password": PASSWORD} | token)
    assert (
        client().post("/sign-in", data={"username": known.username, "password": PASSWORD}).status_code == 403
    )


def test_both_sessions_in_one_browser(known: PortalPatient) -> None:
    person = make_user(known.clinic.practice, password=PASSWORD)
    browser = known.browser()
    browser.get("/sign-in")
    said = {"username": person.username, "password": PASSWORD, "csrfmiddlewaretoken": browser.cookies[CSRF]}
    assert browser.post("/sign-in", data=said).status_code == 302
    assert browser.get("/").status_code == 200
    assert "Hello, Amara" in browser.get("/portal").text
    post(browser, "/portal/sign-out")
    assert browser.get("/").status_code == 200
    assert not is_in(browser)


@pytest.mark.parametrize(
    "username", ["", "nobody", "a\0b", "x" * 300, "\ud800".encode("utf-8", "surrogatepass")]
)
def test_unknown_usernames_are_refused(username: str) -> None:
    answer = sign_in(client(), username)
    assert answer.status_code == 400
    assert "username or the password is incorrect" in answer.text


def test_a_wrong_password_is_reported_and_audited(known: PortalPatient) -> None:
    answer = sign_in(client(), known.username, "not the password")
    assert answer.status_code == 400
    assert "not the password" not in answer.text
    assert list_events(known.clinic) == [("portal sign-in failed", known.patient.pk)]


def test_credentials_are_not_logged(known: PortalPatient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    sign_in(client(), known.username, "canary-of-a-password")
    known.browser()
    forget(known.username)
    for secret in (known.username, PASSWORD, "canary-of-a-password"):
        assert secret not in caplog.text
    assert "login failure" in caplog.text


def test_five_failures_lock_the_username_from_that_address_only(known: PortalPatient) -> None:
    for _ in range(4):
        assert sign_in(client(), known.username, "wrong").status_code == 400
    assert sign_in(client(), known.username, "wrong").status_code == 429
    locked = sign_in(client(), known.username)
    assert locked.status_code == 429
    assert "Too many attempts" in locked.text
    assert make_portal_patient(known.clinic).browser()
    attempt = AccessAttempt.objects.order_by("-pk")[0]
    assert known.username not in str(vars(attempt)), "an e-mail address isn't kept with failed attempts"
    assert "wrong" not in attempt.post_data


def test_a_form_without_csrf_token_is_refused(known: PortalPatient) -> None:
    answer = client().post("/portal/sign-in", data={"username": known.username, "password": PASSWORD})
    assert answer.status_code == 403
    browser = known.browser()
    assert browser.post("/portal/sign-out", data={}).status_code == 403
    assert is_in(browser)


@pytest.mark.parametrize(
    ("given", "leads"),
    [
        ("/portal/appointments", "/portal/appointments"),
        ("/settings", "/portal"),
        ("https://evil.example/portal/", "/portal"),
        ("//evil.example/portal/", "/portal"),
    ],
)
def test_signing_in_redirects_to_the_requested_page(known: PortalPatient, given: str, leads: str) -> None:
    assert sign_in(client(), known.username, next=given).headers["Location"] == leads


def test_revocation_ends_the_session_at_once(known: PortalPatient) -> None:
    browser = known.browser()
    with tenancy.within(known.clinic.id):
        portal_access.revoke(known.clinic.id, known.patient.pk, known.clinic.user.pk)
    assert not is_in(browser)
    assert "username or the password is incorrect" in sign_in(client(), known.username).text


def test_deleting_the_patient_ends_the_session(known: PortalPatient) -> None:
    browser = known.browser()
    with tenancy.within(known.clinic.id):
        Patient.objects.filter(pk=known.patient.pk).update(archived=True)
    assert not is_in(browser)
    assert sign_in(client(), known.username).status_code == 400


def test_an_idle_session_expires(known: PortalPatient, monkeypatch: pytest.MonkeyPatch) -> None:
    browser, began = known.browser(), sessions.get_unix_time()
    minute = 60 * known.clinic.practice.idle_minutes
    monkeypatch.setattr(sessions.time, "time", lambda: began + minute - 5)
    assert is_in(browser)
    monkeypatch.setattr(sessions.time, "time", lambda: began + 2 * minute - 15)
    assert is_in(browser), "who does something stays"
    monkeypatch.setattr(sessions.time, "time", lambda: began + 4 * minute)
    assert not is_in(browser)


def forget(username: str) -> str:
    browser = client()
    browser.get("/portal/password")
    answer = post(browser, "/portal/password", username=username)
    work_off("links")
    assert answer.status_code == 200
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", answer.text)


def letters(clinic: Clinic) -> list[Outgoing]:
    tenancy.set_tenant(clinic.id)
    return list(Outgoing.objects.filter(practice=clinic.id).order_by("id"))


def test_a_forgotten_password(known: PortalPatient) -> None:
    browser = known.browser()
    assert forget(known.username.upper()) == forget("nobody@example.com")
    assert forget(known.username), "a second one right after it sends nothing"
    (letter,) = letters(known.clinic)
    assert (letter.recipient, letter.purpose) == ("amara@example.com", "portal password")
    assert known.username in letter.text
    (path,) = re.findall(r"(/portal/invitations/\S+)", letter.text)
    assert is_in(browser), "until the link is taken, all stays as it is"
    other = client()
    other.get(path)
    said = {"born": "1987-04-12", "password": "another good password", "again": "another good password"}
    assert post(other, path, **said).status_code == 302
    assert not is_in(browser), "a new password ends the sessions of the old one"
    assert sign_in(client(), known.username).status_code == 400
    assert sign_in(client(), known.username, "another good password").status_code == 302
    assert other.get(path).status_code == 404
    assert ("portal password changed", known.patient.pk) in list_events(known.clinic)


def test_a_link_to_a_new_password_expires(known: PortalPatient) -> None:
    forget(known.username)
    (letter,) = letters(known.clinic)
    (path,) = re.findall(r"(/portal/invitations/\S+)", letter.text)
    with clock.shift(portal_access.PASSWORD_LINK_LIFETIME - timedelta(seconds=5)):
        assert client().get(path).status_code == 200
    with clock.shift(portal_access.PASSWORD_LINK_LIFETIME):
        assert client().get(path).status_code == 404


def test_without_an_email_address_nothing_is_sent(clinic: Clinic) -> None:
    lost = make_portal_patient(clinic, email="")
    assert forget(lost.username) == forget("nobody@example.com")
    assert letters(clinic) == []


def test_a_patient_of_two_practices(known: PortalPatient) -> None:
    other = make_portal_patient(make_practice("Mountain Clinic"), known.username)
    browser = client()
    answer = sign_in(browser, known.username)
    assert answer.status_code == 200
    assert "Harbour Clinic" in answer.text
    assert "Mountain Clinic" in answer.text
    assert not is_in(browser)
    sign_in(browser, known.username, practice=str(other.clinic.id))
    assert "Mountain Clinic" in browser.get("/portal").text
    with tenancy.within(other.clinic.id):
        PortalAccess.objects.filter(pk=other.access.pk).update(password="")
    sign_in(browser, known.username, practice=str(other.clinic.id))
    assert "Harbour Clinic" in browser.get("/portal").text, "the password opens this one alone"


def test_on_a_practices_own_host_only_its_patients_sign_in(
    known: PortalPatient, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_portal_patient(make_practice("Mountain Clinic"), known.username)
    stranger = make_portal_patient(other.clinic)
    monkeypatch.setattr(settings, "PRACTICE_HOSTS", {"testserver": known.clinic.id})
    assert "Harbour Clinic" in known.browser().get("/portal").text
    assert sign_in(client(), stranger.username).status_code == 400
    forget(stranger.username)
    assert letters(other.clinic) == []
    forget(known.username)
    assert len(letters(known.clinic)) == 1
    assert letters(other.clinic) == []


def test_a_username_of_many_practices_is_checked_in_few() -> None:
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from portal_practices('', 5)")
        assert cursor.fetchone() == (0,)


NEW = {"current": PASSWORD, "password": "another good password", "again": "another good password"}


def test_changing_the_password_needs_the_present_one(known: PortalPatient) -> None:
    browser, other = known.browser(), known.browser()
    for said, wrong in (
        ({"current": "wrong"}, "That password is incorrect."),
        ({"current": ""}, "That password is incorrect."),
        ({"again": "something else"}, "don&#x27;t match"),
        ({"password": "short", "again": "short"}, "too short"),
        ({"password": known.username, "again": known.username}, "too similar"),
    ):
        answer = post(browser, "/portal/account", **NEW | said)
        assert answer.status_code == 400
        assert wrong in answer.text
        assert PASSWORD not in answer.text
    before = browser.cookies["charthouse_portal"]
    assert post(browser, "/portal/account", **NEW).headers["Location"] == "/portal/account"
    assert is_in(browser)
    assert browser.cookies["charthouse_portal"] != before
    assert not is_in(other), "every other session ends"
    assert sign_in(client(), known.username).status_code == 400
    assert sign_in(client(), known.username, NEW["password"]).status_code == 302
    assert ("portal password changed", known.patient.pk) in list_events(known.clinic)


def test_wrong_present_passwords_are_limited(known: PortalPatient) -> None:
    browser = known.browser()
    statuses = [post(browser, "/portal/account", **NEW | {"current": "wrong"}).status_code for _ in range(6)]
    assert statuses == [400, 400, 400, 400, 429, 429]
    assert post(browser, "/portal/account", **NEW).status_code == 429
