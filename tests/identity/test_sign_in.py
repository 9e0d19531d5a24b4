"""Second factor, session lifetime, and links for setting a password."""

import re
import time
from datetime import timedelta
from html import unescape
from typing import Any

import httpx
import pytest
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django_otp.oath import totp
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from charthouse import clock
from charthouse.audit.models import Event
from charthouse.identity import password_links, second_factor, sessions, tenancy
from charthouse.identity.models import Practice, User
from charthouse.outbox.models import Outgoing
from tests.identity.oauth_flow import authorize, open_signed_in_browser, parse_hidden_fields, sign_in
from tests.jobs.worker import work_off
from tests.support import PASSWORD, Clinic, client, make_app, make_practice, make_user


@pytest.fixture
def clinic() -> Clinic:
    clinic = make_practice("Hill Clinic")
    clinic.user.set_password(PASSWORD)
    clinic.user.email = f"{clinic.user.username}@clinic.example"
    clinic.user.save()
    return clinic


def get_device(user: User) -> TOTPDevice:
    return TOTPDevice.objects.get(user=user)


def make_code(user: User, ahead: int = 0) -> str:
    """Return the code that the user's authenticator shows, ``ahead`` steps of 30 seconds from now."""
    return f"{totp(get_device(user).bin_key, t0=-30 * ahead):06}"


def reset_throttling(user: User) -> None:
    """Reset the delay after wrong codes, and allow the code of this time step again."""
    TOTPDevice.objects.filter(user=user).update(throttling_failure_count=0, last_t=-1)
    StaticDevice.objects.filter(user=user).update(throttling_failure_count=0)


def enable_second_factor(browser: httpx.Client, user: User) -> list[str]:
    """Enable the second factor through the pages; return the recovery codes."""
    form = parse_hidden_fields(browser.get("/account/second-factor"))
    page = browser.post("/account/second-factor", data=form | {"code": make_code(user)})
    assert page.status_code == 200, page.text
    reset_throttling(user)
    return re.findall(r"<code>([a-z0-9-]+)</code>", page.text)


def enter_code(browser: httpx.Client, given: str) -> httpx.Response:
    return browser.post(
        "/sign-in/code", data=parse_hidden_fields(browser.get("/sign-in/code")) | {"code": given}
    )


# Second factor


def test_the_page_shows_the_secret_as_qr_code_and_text(clinic: Clinic) -> None:
    page = open_signed_in_browser(clinic.user.username).get("/account/second-factor")
    assert "<svg" in page.text
    secret = re.findall(r"<code>([A-Z2-7 ]+)</code>", page.text)[0]
    assert len(secret.replace(" ", "")) == 32
    assert "style=" not in page.text


def test_an_enabled_second_factor_requires_password_and_code(clinic: Clinic) -> None:
    enable_second_factor(open_signed_in_browser(clinic.user.username), clinic.user)
    browser = client()
    answer = sign_in(browser, clinic.user.username, next="/account")
    assert answer.headers["Location"] == "/sign-in/code"
    assert browser.get("/account").headers["Location"] == "/sign-in?next=/account"
    assert authorize(browser, make_app()).headers["Location"].startswith("/sign-in?next=")
    answer = enter_code(browser, make_code(clinic.user))
    assert answer.headers["Location"] == "/account"
    assert browser.get("/account").status_code == 200


def test_a_code_is_valid_once(clinic: Clinic) -> None:
    enable_second_factor(open_signed_in_browser(clinic.user.username), clinic.user)
    first, second = client(), client()
    for browser in (first, second):
        sign_in(browser, clinic.user.username)
    now = make_code(clinic.user)
    assert enter_code(first, now).status_code == 302
    assert enter_code(second, now).status_code == 400


def test_wrong_codes_are_refused_and_throttled(clinic: Clinic) -> None:
    enable_second_factor(open_signed_in_browser(clinic.user.username), clinic.user)
    browser = client()
    sign_in(browser, clinic.user.username)
    right = make_code(clinic.user)
    wrong = f"{(int(right) + 1) % 10**6:06}"
    for given in (wrong, "", "x" * 500, "\0", right):  # the correct code too soon after wrong ones
        assert enter_code(browser, given).status_code == 400
        assert browser.get("/").status_code == 302
    reset_throttling(clinic.user)
    assert enter_code(browser, right).status_code == 302


def test_recovery_codes_are_valid_once_and_stored_as_digests(clinic: Clinic) -> None:
    codes = enable_second_factor(open_signed_in_browser(clinic.user.username), clinic.user)
    assert len(set(codes)) == 10
    stored = set(StaticToken.objects.filter(device__user=clinic.user).values_list("token", flat=True))
    assert len(stored) == 10
    assert not stored & {given.replace("-", "") for given in codes}
    browser = client()
    sign_in(browser, clinic.user.username)
    assert enter_code(browser, codes[0].upper()).status_code == 302
    again = client()
    sign_in(again, clinic.user.username)
    assert enter_code(again, codes[0]).status_code == 400
    assert "9 of 10" in browser.get("/account").text


def test_new_recovery_codes_and_disabling_require_the_password(clinic: Clinic) -> None:
    browser = open_signed_in_browser(clinic.user.username)
    old = enable_second_factor(browser, clinic.user)
    for address in ("/account/second-factor/codes", "/account/second-factor/off"):
        form = parse_hidden_fields(browser.get(address))
        assert browser.post(address, data=form | {"password": "wrong"}).status_code == 400
        assert second_factor.is_enabled(clinic.user)
    form = parse_hidden_fields(browser.get("/account/second-factor/codes"))
    page = browser.post("/account/second-factor/codes", data=form | {"password": PASSWORD})
    new = re.findall(r"<code>([a-z0-9-]+)</code>", page.text)
    assert len(new) == 10
    assert not set(new) & set(old)
    form = parse_hidden_fields(browser.get("/account/second-factor/off"))
    assert browser.post("/account/second-factor/off", data=form | {"password": PASSWORD}).status_code == 302
    assert sign_in(client(), clinic.user.username).headers["Location"] == "/"


def test_the_code_page_without_a_password_redirects_to_sign_in(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert client().get("/sign-in/code").headers["Location"] == "/sign-in"
    enable_second_factor(open_signed_in_browser(clinic.user.username), clinic.user)
    browser = client()
    sign_in(browser, clinic.user.username)
    now = time.time()
    monkeypatch.setattr(sessions.time, "time", lambda: now + 301)
    assert browser.get("/sign-in/code").headers["Location"] == "/sign-in"


def test_next_is_limited_to_this_site_after_a_code(clinic: Clinic) -> None:
    enable_second_factor(open_signed_in_browser(clinic.user.username), clinic.user)
    browser = client()
    sign_in(browser, clinic.user.username, next="https://evil.example/")
    assert enter_code(browser, make_code(clinic.user)).headers["Location"] == "/"


def test_next_is_a_path_of_a_page(clinic: Clinic) -> None:
    """Else it would be taken for the name of a view, or lead back here for good."""
    for given in ("sign-out", "a:b", "\0", "?x", "//evil.example/", "/sign-in", "/sign-in?next=/sign-in"):
        browser = client()
        assert sign_in(browser, clinic.user.username, next=given).headers["Location"] == "/", given
        again = browser.get("/sign-in", params={"next": given})
        assert (again.status_code, again.headers["Location"]) == (302, "/"), given


def test_a_practice_can_require_a_second_factor(clinic: Clinic) -> None:
    staff = make_user(clinic.practice, password=PASSWORD)
    browser = open_signed_in_browser(staff.username)
    Practice.objects.filter(pk=clinic.id).update(require_second_factor=True)
    for address in ("/", "/account", "/settings", "/o/authorize/?client_id=x"):
        assert browser.get(address).headers["Location"] == "/account/second-factor", address
    part = browser.get("/", headers={"HX-Request": "true"})
    assert part.headers["HX-Redirect"] == "/account/second-factor"
    assert "requires it for everyone" in browser.get("/account/second-factor").text
    enable_second_factor(browser, staff)
    assert browser.get("/").status_code == 200
    other = client()
    sign_in(other, staff.username)
    assert enter_code(other, make_code(staff)).status_code == 302
    assert other.get("/").status_code == 200


# Sessions


def age_session(browser: httpx.Client, seconds: int) -> None:
    """Set the time last seen of a session back."""
    session = SessionStore(browser.cookies["charthouse_session"])
    session[sessions.LAST_SEEN_KEY] -= seconds
    session.save()


def test_an_idle_session_expires(clinic: Clinic) -> None:
    browser = open_signed_in_browser(clinic.user.username)
    age_session(browser, 29 * 60)
    assert browser.get("/").status_code == 200
    age_session(browser, 29 * 60)  # the previous request reset the idle time
    assert browser.get("/").status_code == 200
    age_session(browser, 30 * 60 + 1)
    answer = browser.get("/account?x=1")
    assert answer.headers["Location"] == "/sign-in?next=/account%3Fx%3D1"
    assert "signed out because" in browser.get("/sign-in").text


def test_the_idle_time_is_set_by_the_practice(clinic: Clinic) -> None:
    Practice.objects.filter(pk=clinic.id).update(idle_minutes=5)
    browser = open_signed_in_browser(clinic.user.username)
    age_session(browser, 5 * 60 + 1)
    assert browser.get("/").status_code == 302


def test_a_session_lasts_at_most_twelve_hours(clinic: Clinic) -> None:
    browser = open_signed_in_browser(clinic.user.username)
    age_session(browser, 10 * 60)
    browser.get("/")
    session = SessionStore(browser.cookies["charthouse_session"])
    assert 0 < session.get_expiry_age() <= 12 * 3600
    assert session.get_expiry_date() == SessionStore(browser.cookies["charthouse_session"]).get_expiry_date()


def test_moving_the_clock_signs_nobody_out(clinic: Clinic) -> None:
    browser = open_signed_in_browser(clinic.user.username)
    with clock.shift(timedelta(days=2)):
        assert browser.get("/").status_code == 200


# Passwords


def list_mails(clinic: Clinic) -> list[Outgoing]:
    with tenancy.within(clinic.id):
        return list(Outgoing.objects.order_by("pk"))


def request_link(who: str) -> httpx.Response:
    browser = client()
    answer = browser.post("/password", data=parse_hidden_fields(browser.get("/password")) | {"who": who})
    work_off("links")
    return answer


def parse_link(letter: Outgoing) -> str:
    return re.findall(rf"{settings.BASE_URL}(/password/\S+)", letter.text)[0]


def set_password(address: str, password: str) -> httpx.Response:
    browser = client(follow_redirects=True)
    page = browser.get(address)
    if "no longer works" in page.text:
        return page
    fields = {"new_password1": password, "new_password2": password}
    return browser.post(str(page.url), data=parse_hidden_fields(page) | fields)


NEW = "another long pass phrase"


def request_link_for_primary_user(clinic: Clinic) -> str:
    """Return the path of the link mailed to the primary user. Signing in afterwards would invalidate it."""
    assert "we sent a link" in request_link(clinic.user.email.upper()).text
    (letter,) = list_mails(clinic)
    assert (letter.recipient, letter.purpose) == (clinic.user.email, "account")
    return parse_link(letter)


@pytest.fixture
def link_path(clinic: Clinic) -> str:
    return request_link_for_primary_user(clinic)


def test_a_forgotten_password(clinic: Clinic) -> None:
    before = open_signed_in_browser(clinic.user.username)
    link_path = request_link_for_primary_user(clinic)
    page = set_password(link_path, NEW)
    assert "Your password has been set" in page.text
    assert sign_in(client(), clinic.user.username, NEW).status_code == 302
    assert sign_in(client(), clinic.user.username).status_code == 200
    assert before.get("/").status_code == 302  # other sessions are ended
    assert "no longer works" in set_password(link_path, "and yet another phrase").text


def test_weak_passwords_are_refused(clinic: Clinic, link_path: str) -> None:
    for weak in ("short", "123456789012", clinic.user.username):
        page = set_password(link_path, weak)
        assert "invalid-feedback" in page.text
    assert sign_in(client(), clinic.user.username).status_code == 302


def test_a_link_is_valid_for_a_day(clinic: Clinic, link_path: str) -> None:
    with clock.shift(timedelta(hours=25)):
        assert "no longer works" in set_password(link_path, NEW).text
    with clock.shift(timedelta(hours=23)):
        assert "has been set" in set_password(link_path, NEW).text


def test_requesting_a_link_does_not_reveal_accounts(clinic: Clinic) -> None:
    stranger = make_user(clinic.practice, email="off@clinic.example", is_active=False)
    same = {
        re.sub(r'value="\w+"', "", request_link(who).text)
        for who in ("nobody", stranger.username, clinic.user.email)
    }
    assert len(same) == 1
    assert len(list_mails(clinic)) == 1


def test_a_second_request_shortly_after_sends_nothing(clinic: Clinic, link_path: str) -> None:
    request_link(clinic.user.username)
    assert len(list_mails(clinic)) == 1
    with clock.shift(password_links.MIN_LINK_INTERVAL + timedelta(seconds=1)):
        request_link(clinic.user.username)
    assert len(list_mails(clinic)) == 2


def test_a_request_shortly_after_a_link_of_the_operator_sends_nothing(clinic: Clinic) -> None:
    password_links.make_link(clinic.user)
    request_link(clinic.user.username)
    assert list_mails(clinic) == []
    with clock.shift(password_links.MIN_LINK_INTERVAL + timedelta(seconds=1)):
        request_link(clinic.user.username)
    assert len(list_mails(clinic)) == 1


@pytest.mark.parametrize("values", [{"email": ""}, {"is_active": False}, {"practice": None}], ids=str)
def test_who_can_have_no_link_gets_none(clinic: Clinic, values: dict[str, Any]) -> None:
    user = make_user(clinic.practice, email="staff@clinic.example")
    for name, value in values.items():
        setattr(user, name, value)
    assert not password_links.send_link(user)
    assert list_mails(clinic) == []


def test_the_link_ignores_the_host_header(clinic: Clinic) -> None:
    browser = client()
    form = parse_hidden_fields(browser.get("/password"))
    browser.post("/password", data=form | {"who": clinic.user.username}, headers={"Host": "localhost"})
    work_off("links")
    (letter,) = list_mails(clinic)
    assert settings.BASE_URL in letter.text
    assert "localhost" not in letter.text.replace(settings.BASE_URL, "")


@pytest.mark.parametrize("who", ["", "\0", "x" * 5000, "%", "'"])
def test_malformed_names(who: str) -> None:
    assert request_link(who).status_code == 200


def test_setting_a_password_does_not_bypass_the_second_factor(clinic: Clinic) -> None:
    enable_second_factor(open_signed_in_browser(clinic.user.username), clinic.user)
    set_password(request_link_for_primary_user(clinic), NEW)
    assert sign_in(client(), clinic.user.username, NEW).headers["Location"] == "/sign-in/code"


def test_changing_the_password(clinic: Clinic) -> None:
    browser, other = (
        open_signed_in_browser(clinic.user.username),
        open_signed_in_browser(clinic.user.username),
    )
    form = parse_hidden_fields(browser.get("/account/password"))
    wrong = browser.post("/account/password", data=form | {"old": "x", "new": "short", "again": "shorter"})
    assert wrong.status_code == 400
    text = unescape(wrong.text)
    for words in ("That password is incorrect", "too short", "don't match"):
        assert words in text
    right = {"old": PASSWORD, "new": NEW, "again": NEW}
    assert browser.post("/account/password", data=form | right).status_code == 302
    assert browser.get("/").status_code == 200
    assert other.get("/").status_code == 302


def test_account_changes_are_audit_events(clinic: Clinic) -> None:
    set_password(request_link_for_primary_user(clinic), NEW)
    browser = client()
    sign_in(browser, clinic.user.username, NEW)
    enable_second_factor(browser, clinic.user)
    form = parse_hidden_fields(browser.get("/account/second-factor/off"))
    browser.post("/account/second-factor/off", data=form | {"password": NEW})
    with tenancy.within(clinic.id):
        events = Event.objects.filter(what__in=("password changed", "account changed")).order_by("pk")
        assert [(one.what, one.details.get("second_factor")) for one in events] == [
            ("password changed", None),
            ("account changed", "on"),
            ("account changed", "off"),
        ]
