"""The second factor, sessions that end, and links to set a password."""

import re
import time
from datetime import timedelta
from html import unescape

import httpx
import pytest
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django_otp.oath import totp
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from charthouse import clock
from charthouse.audit.models import Event
from charthouse.identity import passwords, second_factor, sessions, tenancy
from charthouse.identity.models import Practice, User
from charthouse.outbox.models import Outgoing
from tests.identity.oauth_flow import authorize, hidden, sign_in, signed_in
from tests.support import PASSWORD, Clinic, client, make_app, make_practice, make_user


@pytest.fixture
def clinic() -> Clinic:
    clinic = make_practice("Hill Clinic")
    clinic.user.set_password(PASSWORD)
    clinic.user.email = f"{clinic.user.username}@clinic.example"
    clinic.user.save()
    return clinic


def device(user: User) -> TOTPDevice:
    return TOTPDevice.objects.get(user=user)


def code(user: User, ahead: int = 0) -> str:
    """What the person's authenticator shows, so many steps of 30 seconds from now."""
    return f"{totp(device(user).bin_key, t0=-30 * ahead):06}"


def forgive(user: User) -> None:
    """Wait out what wrong codes cost, and let a code of this half minute be used again."""
    TOTPDevice.objects.filter(user=user).update(throttling_failure_count=0, last_t=-1)
    StaticDevice.objects.filter(user=user).update(throttling_failure_count=0)


def set_up(browser: httpx.Client, user: User) -> list[str]:
    """Turn the second factor on as the pages do; the recovery codes."""
    form = hidden(browser.get("/account/second-factor"))
    page = browser.post("/account/second-factor", data=form | {"code": code(user)})
    assert page.status_code == 200, page.text
    forgive(user)
    return re.findall(r"<code>([a-z0-9-]+)</code>", page.text)


def enter_code(browser: httpx.Client, given: str) -> httpx.Response:
    return browser.post("/sign-in/code", data=hidden(browser.get("/sign-in/code")) | {"code": given})


# Second factor


def test_the_page_shows_the_secret_as_picture_and_text(clinic: Clinic) -> None:
    page = signed_in(clinic.user.username).get("/account/second-factor")
    assert "<svg" in page.text
    secret = re.findall(r"<code>([A-Z2-7 ]+)</code>", page.text)[0]
    assert len(secret.replace(" ", "")) == 32
    assert "style=" not in page.text


def test_on_means_password_and_code(clinic: Clinic) -> None:
    set_up(signed_in(clinic.user.username), clinic.user)
    browser = client()
    answer = sign_in(browser, clinic.user.username, next="/account")
    assert answer.headers["Location"] == "/sign-in/code"
    assert browser.get("/account").headers["Location"] == "/sign-in?next=/account"
    assert authorize(browser, make_app()).headers["Location"].startswith("/sign-in?next=")
    answer = enter_code(browser, code(clinic.user))
    assert answer.headers["Location"] == "/account"
    assert browser.get("/account").status_code == 200


def test_a_code_is_good_once(clinic: Clinic) -> None:
    set_up(signed_in(clinic.user.username), clinic.user)
    first, second = client(), client()
    for browser in (first, second):
        sign_in(browser, clinic.user.username)
    now = code(clinic.user)
    assert enter_code(first, now).status_code == 302
    assert enter_code(second, now).status_code == 400


def test_wrong_codes_let_nobody_in_and_must_wait(clinic: Clinic) -> None:
    set_up(signed_in(clinic.user.username), clinic.user)
    browser = client()
    sign_in(browser, clinic.user.username)
    right = code(clinic.user)
    wrong = f"{(int(right) + 1) % 10**6:06}"
    for given in (wrong, "", "x" * 500, "\0", right):  # the right one too soon after wrong ones
        assert enter_code(browser, given).status_code == 400
        assert browser.get("/").status_code == 302
    forgive(clinic.user)
    assert enter_code(browser, right).status_code == 302


def test_recovery_codes_are_good_once_and_kept_as_digests(clinic: Clinic) -> None:
    codes = set_up(signed_in(clinic.user.username), clinic.user)
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


def test_new_recovery_codes_and_turning_off_ask_for_the_password(clinic: Clinic) -> None:
    browser = signed_in(clinic.user.username)
    old = set_up(browser, clinic.user)
    for address in ("/account/second-factor/codes", "/account/second-factor/off"):
        form = hidden(browser.get(address))
        assert browser.post(address, data=form | {"password": "wrong"}).status_code == 400
        assert second_factor.is_enabled(clinic.user)
    form = hidden(browser.get("/account/second-factor/codes"))
    page = browser.post("/account/second-factor/codes", data=form | {"password": PASSWORD})
    new = re.findall(r"<code>([a-z0-9-]+)</code>", page.text)
    assert len(new) == 10
    assert not set(new) & set(old)
    form = hidden(browser.get("/account/second-factor/off"))
    assert browser.post("/account/second-factor/off", data=form | {"password": PASSWORD}).status_code == 302
    assert sign_in(client(), clinic.user.username).headers["Location"] == "/"


def test_the_code_page_without_a_password_leads_back(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    assert client().get("/sign-in/code").headers["Location"] == "/sign-in"
    set_up(signed_in(clinic.user.username), clinic.user)
    browser = client()
    sign_in(browser, clinic.user.username)
    now = time.time()
    monkeypatch.setattr(sessions.time, "time", lambda: now + 301)
    assert browser.get("/sign-in/code").headers["Location"] == "/sign-in"


def test_next_stays_on_this_site_after_a_code(clinic: Clinic) -> None:
    set_up(signed_in(clinic.user.username), clinic.user)
    browser = client()
    sign_in(browser, clinic.user.username, next="https://evil.example/")
    assert enter_code(browser, code(clinic.user)).headers["Location"] == "/"


def test_a_practice_can_ask_it_of_everybody(clinic: Clinic) -> None:
    staff = make_user(clinic.practice, password=PASSWORD)
    browser = signed_in(staff.username)
    Practice.objects.filter(pk=clinic.id).update(require_second_factor=True)
    for address in ("/", "/account", "/settings", "/o/authorize/?client_id=x"):
        assert browser.get(address).headers["Location"] == "/account/second-factor", address
    part = browser.get("/", headers={"HX-Request": "true"})
    assert part.headers["HX-Redirect"] == "/account/second-factor"
    assert "asks for one from everybody" in browser.get("/account/second-factor").text
    set_up(browser, staff)
    assert browser.get("/").status_code == 200
    other = client()
    sign_in(other, staff.username)
    assert enter_code(other, code(staff)).status_code == 302
    assert other.get("/").status_code == 200


# Sessions


def age(browser: httpx.Client, seconds: int) -> None:
    """As if nothing had been heard of this browser for so long."""
    session = SessionStore(browser.cookies["charthouse_session"])
    session[sessions.LAST_SEEN_KEY] -= seconds
    session.save()


def test_an_idle_session_ends(clinic: Clinic) -> None:
    browser = signed_in(clinic.user.username)
    age(browser, 29 * 60)
    assert browser.get("/").status_code == 200
    age(browser, 29 * 60)  # seen meanwhile
    assert browser.get("/").status_code == 200
    age(browser, 30 * 60 + 1)
    answer = browser.get("/account?x=1")
    assert answer.headers["Location"] == "/sign-in?next=/account%3Fx%3D1"
    assert "signed out because" in browser.get("/sign-in").text


def test_how_long_is_the_practices_choice(clinic: Clinic) -> None:
    Practice.objects.filter(pk=clinic.id).update(idle_minutes=5)
    browser = signed_in(clinic.user.username)
    age(browser, 5 * 60 + 1)
    assert browser.get("/").status_code == 302


def test_twelve_hours_are_the_most(clinic: Clinic) -> None:
    browser = signed_in(clinic.user.username)
    age(browser, 10 * 60)
    browser.get("/")
    session = SessionStore(browser.cookies["charthouse_session"])
    assert 0 < session.get_expiry_age() <= 12 * 3600
    assert session.get_expiry_date() == SessionStore(browser.cookies["charthouse_session"]).get_expiry_date()


def test_moving_the_clock_signs_nobody_out(clinic: Clinic) -> None:
    browser = signed_in(clinic.user.username)
    with clock.shift(timedelta(days=2)):
        assert browser.get("/").status_code == 200


# Passwords


def letters(clinic: Clinic) -> list[Outgoing]:
    with tenancy.within(clinic.id):
        return list(Outgoing.objects.order_by("pk"))


def ask(who: str) -> httpx.Response:
    browser = client()
    return browser.post("/password", data=hidden(browser.get("/password")) | {"who": who})


def link(letter: Outgoing) -> str:
    return re.findall(rf"{settings.BASE_URL}(/password/\S+)", letter.text)[0]


def choose(address: str, password: str) -> httpx.Response:
    browser = client(follow_redirects=True)
    page = browser.get(address)
    if "does not work any more" in page.text:
        return page
    fields = {"new_password1": password, "new_password2": password}
    return browser.post(str(page.url), data=hidden(page) | fields)


NEW = "another long pass phrase"


def asked_by(clinic: Clinic) -> str:
    """The address in the letter that the primary user gets. Signing in meanwhile would make it void."""
    assert "on its way" in ask(clinic.user.email.upper()).text
    (letter,) = letters(clinic)
    assert (letter.recipient, letter.purpose) == (clinic.user.email, "account")
    return link(letter)


@pytest.fixture
def asked(clinic: Clinic) -> str:
    return asked_by(clinic)


def test_a_forgotten_password(clinic: Clinic) -> None:
    before = signed_in(clinic.user.username)
    asked = asked_by(clinic)
    page = choose(asked, NEW)
    assert "Your password has been set" in page.text
    assert sign_in(client(), clinic.user.username, NEW).status_code == 302
    assert sign_in(client(), clinic.user.username).status_code == 200
    assert before.get("/").status_code == 302  # other sessions have ended
    assert "does not work any more" in choose(asked, "and yet another phrase").text


def test_weak_passwords_are_refused(clinic: Clinic, asked: str) -> None:
    for weak in ("short", "123456789012", clinic.user.username):
        page = choose(asked, weak)
        assert "invalid-feedback" in page.text
    assert sign_in(client(), clinic.user.username).status_code == 302


def test_a_link_is_good_for_a_day(clinic: Clinic, asked: str) -> None:
    with clock.shift(timedelta(hours=25)):
        assert "does not work any more" in choose(asked, NEW).text
    with clock.shift(timedelta(hours=23)):
        assert "has been set" in choose(asked, NEW).text


def test_asking_says_nothing_about_who_exists(clinic: Clinic) -> None:
    stranger = make_user(clinic.practice, email="off@clinic.example", is_active=False)
    same = {
        re.sub(r'value="\w+"', "", ask(who).text) for who in ("nobody", stranger.username, clinic.user.email)
    }
    assert len(same) == 1
    assert len(letters(clinic)) == 1


def test_asking_again_at_once_sends_nothing(clinic: Clinic, asked: str) -> None:
    ask(clinic.user.username)
    assert len(letters(clinic)) == 1
    with clock.shift(passwords.MIN_LINK_INTERVAL + timedelta(seconds=1)):
        ask(clinic.user.username)
    assert len(letters(clinic)) == 2


def test_the_link_is_on_our_own_address_whatever_the_request_says(clinic: Clinic) -> None:
    browser = client()
    form = hidden(browser.get("/password"))
    browser.post("/password", data=form | {"who": clinic.user.username}, headers={"Host": "localhost"})
    (letter,) = letters(clinic)
    assert settings.BASE_URL in letter.text
    assert "localhost" not in letter.text.replace(settings.BASE_URL, "")


@pytest.mark.parametrize("who", ["", "\0", "x" * 5000, "%", "'"])
def test_hostile_names(who: str) -> None:
    assert ask(who).status_code == 200


def test_the_second_factor_is_still_asked_for(clinic: Clinic) -> None:
    set_up(signed_in(clinic.user.username), clinic.user)
    choose(asked_by(clinic), NEW)
    assert sign_in(client(), clinic.user.username, NEW).headers["Location"] == "/sign-in/code"


def test_changing_ones_password(clinic: Clinic) -> None:
    browser, other = signed_in(clinic.user.username), signed_in(clinic.user.username)
    form = hidden(browser.get("/account/password"))
    wrong = browser.post("/account/password", data=form | {"old": "x", "new": "short", "again": "shorter"})
    assert wrong.status_code == 400
    text = unescape(wrong.text)
    for words in ("That is not your password", "too short", "not the same"):
        assert words in text
    right = {"old": PASSWORD, "new": NEW, "again": NEW}
    assert browser.post("/account/password", data=form | right).status_code == 302
    assert browser.get("/").status_code == 200
    assert other.get("/").status_code == 302


def test_what_is_done_to_an_account_is_in_the_audit(clinic: Clinic) -> None:
    choose(asked_by(clinic), NEW)
    browser = client()
    sign_in(browser, clinic.user.username, NEW)
    set_up(browser, clinic.user)
    form = hidden(browser.get("/account/second-factor/off"))
    browser.post("/account/second-factor/off", data=form | {"password": NEW})
    with tenancy.within(clinic.id):
        told = Event.objects.filter(what__in=("password changed", "account changed")).order_by("pk")
        assert [(one.what, one.details.get("second_factor")) for one in told] == [
            ("password changed", None),
            ("account changed", "on"),
            ("account changed", "off"),
        ]
