"""Limits of attempts to authenticate: every way in, by address and by name; and what all refusals have in common."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import timedelta
from itertools import count
from typing import Any

import httpx
import pytest
from django.db import connections
from django.test.utils import override_settings

from charthouse import clock
from charthouse.engine.errors import Throttled
from charthouse.identity import attempt_limits, second_factor
from charthouse.identity.models import TokenCalls
from tests import support
from tests.cases import each_case
from tests.identity.oauth_flow import call_endpoint, open_signed_in_browser, parse_hidden_fields, sign_in
from tests.portal import portal_patients
from tests.queries import caught_queries

LIMIT = 4
_hours = count(100)  # each test has a window of its own


@pytest.fixture(autouse=True)
def limits() -> Iterator[None]:
    with (
        override_settings(SIGN_IN_LIMIT=LIMIT, AXES_FAILURE_LIMIT=100, PROXIES=1),
        clock.shift(timedelta(hours=next(_hours))),
    ):
        TokenCalls.objects.all().delete()
        yield


@pytest.fixture(scope="module")
def clinic(database: None) -> support.Clinic:
    clinic = support.make_practice()
    clinic.user.set_password(support.PASSWORD)
    clinic.user.save()
    return clinic


def call_from(ip: str, **options: Any) -> httpx.Client:
    caller = support.client(**options)
    caller.headers["X-Forwarded-For"] = ip
    return caller


def try_page(ip: str, path: str, **sent: str) -> httpx.Response:
    """Post a form of a page, with its hidden fields."""
    browser = call_from(ip)
    return browser.post(path, data=parse_hidden_fields(browser.get(path)) | sent)


def try_console(ip: str, n: int) -> httpx.Response:
    return try_page(ip, "/sign-in", username=f"name-{n}", password="x")


def try_portal(ip: str, n: int) -> httpx.Response:
    return try_page(ip, "/portal/sign-in", username=f"name-{n}", password="x")


def ask_for_link(ip: str, n: int) -> httpx.Response:
    return try_page(ip, "/password", who=f"name-{n}")


def ask_for_portal_link(ip: str, n: int) -> httpx.Response:
    return try_page(ip, "/portal/password", username=f"name-{n}")


def follow_link(ip: str, n: int) -> httpx.Response:
    return call_from(ip).get(f"/password/MQ/{n}-abc")


def follow_invitation(ip: str, n: int) -> httpx.Response:
    return call_from(ip).get(f"/portal/invitations/1-{n}")


def use_wrong_client_secret(ip: str, n: int) -> httpx.Response:
    sent = {
        "client_id": f"app-{n}",
        "client_secret": "x",
        "grant_type": "refresh_token",
        "refresh_token": "x",
    }
    return call_from(ip).post("/o/token/", data=sent)


def revoke_with_wrong_client_secret(ip: str, n: int) -> httpx.Response:
    return call_from(ip).post(
        "/o/revoke_token/", data={"client_id": f"app-{n}", "client_secret": "x", "token": "x"}
    )


def use_wrong_api_user_secret(ip: str, n: int) -> httpx.Response:
    return call_from(ip, auth=(f"pk_{n}", "sk_x")).get("/api/v1/patients")


WAYS = {
    f.__name__: f
    for f in (
        try_console,
        try_portal,
        ask_for_link,
        ask_for_portal_link,
        follow_link,
        follow_invitation,
        use_wrong_client_secret,
        revoke_with_wrong_client_secret,
        use_wrong_api_user_secret,
    )
}


@each_case("way", WAYS)
def test_an_address_has_so_many_attempts(way: str) -> None:
    TokenCalls.objects.all().delete()
    attempt: Callable[[str, int], httpx.Response] = WAYS[way]
    answers = [attempt("198.51.100.1", n) for n in range(LIMIT + 2)]
    assert [answer.status_code == 429 for answer in answers] == [False] * LIMIT + [True] * 2, way
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 900
    assert attempt("198.51.100.2", 0).status_code != 429, "another address"
    with clock.shift(timedelta(hours=1)):
        assert attempt("198.51.100.1", 0).status_code != 429, "later"


def test_a_locked_address_is_not_let_in_by_the_right_password(clinic: support.Clinic) -> None:
    for n in range(LIMIT):
        try_console("198.51.100.1", n)
    name = clinic.user.username
    answer = try_page("198.51.100.1", "/sign-in", username=name, password=support.PASSWORD)
    assert answer.status_code == 429
    assert try_page("198.51.100.2", "/sign-in", username=name, password=support.PASSWORD).status_code == 302


def test_right_passwords_count_nothing(clinic: support.Clinic) -> None:
    patient = portal_patients.make_portal_patient(clinic)
    for _ in range(LIMIT + 1):
        for path, name in (("/sign-in", clinic.user.username), ("/portal/sign-in", patient.username)):
            answer = try_page("198.51.100.1", path, username=name, password=support.PASSWORD)
            assert answer.status_code == 302


def test_the_ways_in_share_the_count_of_an_address() -> None:
    for n in range(LIMIT // 2):
        try_console("198.51.100.1", n)
        try_portal("198.51.100.1", n)
    assert {try_console("198.51.100.1", 9).status_code, try_portal("198.51.100.1", 9).status_code} == {429}


@each_case("path", ["/sign-in", "/portal/sign-in"])
def test_a_name_has_so_many_attempts_from_all_addresses(path: str) -> None:
    name = f"somebody at {path}"
    found = [
        try_page(f"203.0.113.{n}", path, username=name, password="x").status_code for n in range(LIMIT + 2)
    ]
    assert found[-2:] == [429, 429]
    assert 429 not in found[:-2]
    assert try_page("203.0.113.99", path, username="another", password="x").status_code != 429


def shift_to(minute: int, second: int = 0) -> AbstractContextManager[None]:
    """Stop at a minute of an hour of its own, up to what the test itself takes."""
    now = clock.now()
    at = now.replace(minute=minute, second=second, microsecond=0) + timedelta(hours=next(_hours))
    return clock.shift(at - now)


def test_a_window_is_a_quarter_of_an_hour_and_the_answer_says_when_it_ends() -> None:
    """Each quarter counts by itself; what is refused may be tried again when the next begins."""
    for minute in range(0, 60, 15):
        with shift_to(minute, 1):
            assert [try_console("198.51.100.1", n).status_code for n in range(LIMIT)] == [200] * LIMIT
        with shift_to(minute + 10):
            TokenCalls.objects.all().delete()
            for n in range(LIMIT):
                try_console("198.51.100.1", n)
            left = int(try_console("198.51.100.1", LIMIT).headers["Retry-After"])
        assert 240 <= left <= 300
    now = clock.now().replace(hour=1, minute=0, second=0, microsecond=0)
    windows = [attempt_limits.find_window(now + timedelta(minutes=n, seconds=59)) for n in range(60)]
    assert [(start - now).total_seconds() / 60 for start in windows] == [n // 15 * 15 for n in range(60)]


def test_what_is_refused_for_a_name_is_not_counted_for_the_address() -> None:
    for n in range(LIMIT):
        try_page(f"203.0.113.{n}", "/sign-in", username="somebody", password="x")
    found = [
        try_page("203.0.113.99", "/sign-in", username="somebody", password="x").status_code
        for _ in range(LIMIT + 2)
    ]
    assert found == [429] * (LIMIT + 2)
    assert [try_console("203.0.113.99", n).status_code for n in range(LIMIT + 1)] == [200] * LIMIT + [429]


def test_codes_of_a_second_factor(clinic: support.Clinic) -> None:
    user = support.make_user(clinic.practice, password=support.PASSWORD)
    device = second_factor.get_pending_device(user)
    device.confirmed = True
    device.save()
    browser = call_from("198.51.100.1")
    sign_in(browser, user.username)
    fields = parse_hidden_fields(browser.get("/sign-in/code"))
    found = [browser.post("/sign-in/code", data=fields | {"code": "0"}).status_code for _ in range(LIMIT + 1)]
    assert found == [400] * LIMIT + [429]


def test_pages_that_ask_for_the_password_again(clinic: support.Clinic) -> None:
    patient = portal_patients.make_portal_patient(clinic)
    with override_settings(PROXIES=0):
        browser, portal = open_signed_in_browser(clinic.user.username), patient.browser()
        for n in range(LIMIT + 1):
            answer = browser.post(
                "/account/password",
                data=parse_hidden_fields(browser.get("/account/password"))
                | {"old": "x", "new": "y", "again": "z"},
            )
            assert (answer.status_code == 429) == (n == LIMIT)
        TokenCalls.objects.all().delete()
        for n in range(LIMIT + 1):
            portal.get("/portal/account")
            answer = portal_patients.post(portal, "/portal/account", current="x", password="y", again="y")
            assert (answer.status_code == 429) == (n == LIMIT)


def test_good_secrets_are_accepted_from_an_address_with_many_wrong_ones(clinic: support.Clinic) -> None:
    app, program = support.make_app(), support.make_api_user(clinic.practice)
    with override_settings(PROXIES=0):
        for _ in range(LIMIT + 1):
            wrong = call_endpoint(app, client_secret="x", grant_type="refresh_token", refresh_token="x")
            unknown = support.client(auth=(program.row.username, "x")).get("/api/v1/patients")
        assert (wrong.status_code, unknown.status_code) == (429, 429)
        answer = call_endpoint(app, grant_type="refresh_token", refresh_token="x")
        assert answer.json()["error"] == "invalid_grant"
        assert program.client().get("/api/v1/patients").status_code == 200


def test_parallel_attempts_do_not_pass_the_limit() -> None:
    class Request:
        META = {"REMOTE_ADDR": "x", "HTTP_X_FORWARDED_FOR": "198.51.100.7"}

    def attempt(n: int) -> bool:
        try:
            attempt_limits.begin_attempt(Request(), f"name-{n}")  # type: ignore[arg-type]
        except Throttled:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(attempt, range(12))) == LIMIT


def test_an_ipv6_network_counts_as_one_address() -> None:
    for n in range(LIMIT):
        try_console(f"2001:db8:1:2::{n:x}", n)
    assert try_console("2001:db8:1:2:ffff::1", 9).status_code == 429
    assert try_console("2001:db8:1:3::1", 9).status_code == 200


def test_zero_is_no_limit() -> None:
    with override_settings(SIGN_IN_LIMIT=0):
        assert {try_console("198.51.100.1", n).status_code for n in range(LIMIT + 3)} == {200}


# -- nothing tells who exists -----------------------------------------------------------------------------------


def list_statements(call: Callable[[], httpx.Response], name: str) -> tuple[list[str], int, str]:
    """The statements of a call, without their values; its status, and its page without token and name."""
    with caught_queries() as made:
        answer = call()
    statements = [re.sub(r"\d+|'[^']*'|NULL", "?", sql) for sql in made]
    text = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", answer.text)
    return statements, answer.status_code, text.replace(name, "")


@each_case("path", ["/sign-in", "/portal/sign-in", "/password", "/portal/password"])
def test_names_that_exist_and_that_do_not_get_the_same_work_and_answer(
    path: str, clinic: support.Clinic
) -> None:
    patient = portal_patients.make_portal_patient(clinic)
    users = [
        clinic.user,
        support.make_user(clinic.practice, is_active=False, password=support.PASSWORD),
        support.make_user(clinic.practice),  # invited, without a password
    ]
    names = [patient.username] if path.startswith("/portal") else [user.username for user in users]
    if path == "/password":
        clinic.user.email = "known@clinic.example"
        clinic.user.save()
        names.append(clinic.user.email)
    found = []
    with override_settings(SIGN_IN_LIMIT=1000):
        for name in ["nobody@example.com", *names]:
            browser = call_from("198.51.100.1")
            fields = parse_hidden_fields(browser.get(path)) | {"username": name, "who": name, "password": "x"}
            hashed: list[int] = []
            with pytest.MonkeyPatch.context() as patch:
                count_hashes(patch, hashed)
                found.append((*list_statements(lambda: browser.post(path, data=fields), name), len(hashed)))  # noqa: B023
    for name, one in zip(names, found[1:], strict=True):
        assert one == found[0], name
    assert found[0][3] == (1 if path.endswith("sign-in") else 0), "passwords hashed"


def count_hashes(patch: pytest.MonkeyPatch, hashed: list[int]) -> None:
    """Count how often a password is hashed: it is what takes time."""
    from django.contrib.auth.hashers import Argon2PasswordHasher

    for method in ("encode", "verify"):
        original = getattr(Argon2PasswordHasher, method)

        def counted(*args: Any, _original: Any = original) -> Any:
            hashed.append(1)
            return _original(*args)

        patch.setattr(Argon2PasswordHasher, method, counted)
