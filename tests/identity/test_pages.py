"""Signing in and out, and lockout."""

from datetime import timedelta

import httpx
import pytest
from axes.models import AccessAttempt
from django.conf import settings

from charthouse import clock
from charthouse.identity.models import User
from tests.identity.oauth_flow import open_signed_in_browser, parse_hidden_fields, sign_in
from tests.support import PASSWORD, Clinic, client, make_practice, make_user


@pytest.fixture
def clinic() -> Clinic:
    clinic = make_practice("Hill Clinic", sharing=["share_patients"])
    clinic.user.set_password(PASSWORD)
    clinic.user.save()
    return clinic


# Signing in


def test_sign_in_and_sign_out(clinic: Clinic) -> None:
    browser = client()
    answer = sign_in(browser, clinic.user.username)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    home = browser.get("/")
    assert "Hill Clinic" in home.text
    assert browser.get("/sign-out").status_code == 405
    out = browser.post(
        "/sign-out", data={"csrfmiddlewaretoken": parse_hidden_fields(home)["csrfmiddlewaretoken"]}
    )
    assert out.status_code == 302
    assert browser.get("/").headers["Location"] == "/sign-in?next=/"


def test_passwords_are_argon2(clinic: Clinic) -> None:
    assert clinic.user.password.startswith("argon2$argon2id$")
    assert settings.PASSWORD_HASHERS[0].endswith("Argon2PasswordHasher")


def test_last_login_uses_the_clock_of_the_project(clinic: Clinic) -> None:
    with clock.shift(timedelta(days=30)):
        open_signed_in_browser(clinic.user.username)
        last = User.objects.get(pk=clinic.user.pk).last_login
        assert last is not None
        assert abs(clock.now() - last) < timedelta(minutes=5)


def test_signing_in_creates_a_new_session_key(clinic: Clinic) -> None:
    browser = client()
    sign_in(browser, clinic.user.username)
    before = browser.cookies["charthouse_session"]
    browser.cookies.delete("charthouse_session")
    sign_in(browser, clinic.user.username)
    assert browser.cookies["charthouse_session"] != before


def test_cookies_are_httponly_and_samesite(clinic: Clinic) -> None:
    answer = sign_in(client(), clinic.user.username)
    for cookie in answer.headers.get_list("Set-Cookie"):
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie


def test_pages_have_a_strict_content_security_policy(clinic: Clinic) -> None:
    for page in (
        client().get("/sign-in"),
        open_signed_in_browser(clinic.user.username).get("/settings"),
        client().get("/nope"),
    ):
        policy = page.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
        assert "http" not in policy
        assert "unsafe" not in policy
        assert "style=" not in page.text
        assert page.headers["X-Content-Type-Options"] == "nosniff"
        for address in ("theme.js", "tabler/tabler.min.css", "pages.css", "mark.svg"):
            assert client().get(f"/static/charthouse/{address}").status_code == 200


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_next_is_limited_to_this_site(clinic: Clinic, elsewhere: str) -> None:
    assert sign_in(client(), clinic.user.username, next=elsewhere).headers["Location"] == "/"


WRONG = "Please enter a correct username and password"


def test_wrong_unknown_and_inactive_credentials_get_the_same_response(clinic: Clinic) -> None:
    off = make_user(clinic.practice, password=PASSWORD, is_active=False)
    pages = [
        sign_in(client(), clinic.user.username, "wrong"),
        sign_in(client(), "nobody"),
        sign_in(client(), off.username),
    ]
    for page in pages:
        assert page.status_code == 200
        assert WRONG in page.text


def test_signing_in_requires_a_csrf_token(clinic: Clinic) -> None:
    browser = client()
    assert (
        browser.post("/sign-in", data={"username": clinic.user.username, "password": PASSWORD}).status_code
        == 403
    )


@pytest.mark.parametrize("username", ["\0", "x" * 10_000, "<script>", "'; drop table identity_user; --", ""])
def test_hostile_usernames(username: str) -> None:
    page = sign_in(client(), username)
    assert page.status_code == 200
    assert "<script>" not in page.text.replace("<script src=", "")


def test_deactivating_a_user_ends_their_sessions(clinic: Clinic) -> None:
    staff = make_user(clinic.practice, password=PASSWORD)
    browser = open_signed_in_browser(staff.username)
    assert browser.get("/").status_code == 200
    User.objects.filter(pk=staff.pk).update(is_active=False)
    assert browser.get("/").status_code == 302


# Lockout


def fail_to_sign_in(username: str, times: int, address: str = "127.0.0.1") -> httpx.Response:
    for _ in range(times):
        answer = sign_in(open_browser_at(address), username, "wrong")
    return answer


def open_browser_at(address: str) -> httpx.Client:
    browser = client()
    browser._transport.remote_addr = address  # type: ignore[attr-defined]
    return browser


def test_five_failures_lock_a_username_from_one_ip_address(clinic: Clinic) -> None:
    name = clinic.user.username
    assert WRONG in fail_to_sign_in(name, 4).text
    locked = fail_to_sign_in(name, 1)
    assert locked.status_code == 429
    assert "15 minutes" in locked.text
    assert sign_in(open_browser_at("127.0.0.1"), name).status_code == 429
    assert sign_in(open_browser_at("192.0.2.7"), name).status_code == 302
    assert (
        sign_in(
            open_browser_at("127.0.0.1"), make_user(clinic.practice, password=PASSWORD).username
        ).status_code
        == 302
    )


def test_an_unknown_username_is_locked_out_too() -> None:
    assert "15 minutes" in fail_to_sign_in("nobody-at-all", 5).text


def test_a_lockout_ends_after_fifteen_minutes(clinic: Clinic) -> None:
    name = clinic.user.username
    assert fail_to_sign_in(name, 7).status_code == 429
    attempts = AccessAttempt.objects.filter(username=name)
    last = attempts.get().attempt_time
    attempts.update(attempt_time=last - timedelta(minutes=14))
    assert sign_in(client(), name).status_code == 429
    attempts.update(attempt_time=last - timedelta(minutes=15, seconds=1))
    assert sign_in(client(), name).status_code == 302


def test_signing_in_resets_the_count_of_failures(clinic: Clinic) -> None:
    name = clinic.user.username
    fail_to_sign_in(name, 4)
    open_signed_in_browser(name)
    assert WRONG in fail_to_sign_in(name, 4).text


def test_failed_attempts_are_stored_without_input(clinic: Clinic) -> None:
    sign_in(client(), clinic.user.username, "hunter2", next="/o/authorize/?state=hush")
    (row,) = AccessAttempt.objects.filter(username=clinic.user.username).values()
    assert "hunter2" not in str(row)
    assert "hush" not in str(row)
    assert "csrf" not in str(row["post_data"]).replace("csrfmiddlewaretoken=********************", "")


# Requests that can't be read

PART = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n'
UNREADABLE = {
    "multipart/form-data": b"x",
    "multipart/form-data; boundary=": b"x",
    "multipart/form-data; boundary=b": PART * 1500 + b"--b--",
    "application/x-www-form-urlencoded": b"&".join(b"a%d=1" % number for number in range(2000)),
    "application/x-www-form-urlencoded; charset=utf-7": b"a=b",
}


@pytest.mark.parametrize("kind", UNREADABLE)
@pytest.mark.parametrize(
    "path", ["/sign-in", "/portal/sign-in", "/o/token/", "/o/revoke_token/", "/patients/new"]
)
def test_a_body_that_cannot_be_read_gets_the_servers_own_answer(clinic: Clinic, path: str, kind: str) -> None:
    browser = open_signed_in_browser(clinic.user.username)
    headers = {"Content-Type": kind, "X-CSRFToken": browser.cookies["charthouse_csrf"]}
    answer = browser.post(path, content=UNREADABLE[kind], headers=headers)
    assert answer.status_code == 400
    assert answer.headers["Cache-Control"] == "no-store"
    if path.startswith("/o/"):
        assert answer.json()["error"] == "invalid_request"
        assert answer.json()["error_description"]
    else:
        assert ("That can't be read" in answer.text) == (not path.startswith("/portal"))
        assert "<main" in answer.text


def test_a_choice_that_no_form_offers_is_told(clinic: Clinic) -> None:
    browser = open_signed_in_browser(clinic.user.username)
    form = parse_hidden_fields(browser.get("/settings"))
    answer = browser.post("/settings", data=form | {"sharing": "everything"})
    assert (answer.status_code, "Unknown choice." in answer.text) == (400, True)
