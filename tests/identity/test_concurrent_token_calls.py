"""Concurrent calls of the token endpoint, each on a database connection of its own."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import httpx
import pytest
from django.db import connections, transaction

from charthouse.identity import token_pairs
from charthouse.identity.models import AccessToken, Grant, RefreshToken
from tests.concurrency import run_concurrently
from tests.gateway.test_conflicts import is_waiting
from tests.identity.oauth_flow import (
    call_endpoint,
    exchange_code,
    is_accepted,
    obtain_code,
    obtain_tokens,
    open_signed_in_browser,
    refresh_tokens,
)
from tests.support import PASSWORD, App, Clinic, make_app, make_practice
from tests.waiting import until


@pytest.fixture(scope="module")
def clinic(database: None) -> Clinic:
    clinic = make_practice()
    clinic.user.set_password(PASSWORD)
    clinic.user.save()
    return clinic


@pytest.fixture(scope="module")
def browser(clinic: Clinic) -> httpx.Client:
    return open_signed_in_browser(clinic.user.username)


@pytest.fixture
def app() -> App:
    return make_app()


def count_live(app: App) -> tuple[int, int]:
    """Count the live access and refresh tokens of an app."""
    return (
        AccessToken.objects.filter(application=app.row, revoked=None).count(),
        RefreshToken.objects.filter(application=app.row, revoked=None).count(),
    )


def test_concurrent_refreshes_of_one_token_leave_one_live_pair(browser: httpx.Client, app: App) -> None:
    old = obtain_tokens(browser, app)
    answers = run_concurrently([lambda: refresh_tokens(app, old["refresh_token"])] * 50)
    assert Counter(answer.status_code for answer in answers) == {200: 1, 401: 49}
    assert {answer.json()["error"] for answer in answers if answer.status_code == 401} == {"invalid_grant"}
    assert count_live(app) == (1, 1)
    (new,) = [answer.json() for answer in answers if answer.status_code == 200]
    assert is_accepted(new["access_token"])
    assert not is_accepted(old["access_token"])
    assert refresh_tokens(app, new["refresh_token"]).status_code == 200


def test_concurrent_exchanges_of_one_code_leave_no_live_pair(browser: httpx.Client, app: App) -> None:
    good = obtain_code(browser, app)
    answers = run_concurrently([lambda: exchange_code(app, good)] * 20)
    assert Counter(answer.status_code for answer in answers) == {200: 1, 401: 19}
    assert count_live(app) == (0, 0)


def test_concurrent_exchanges_of_several_codes_leave_one_live_pair(browser: httpx.Client, app: App) -> None:
    codes = [obtain_code(browser, app) for _ in range(20)]
    answers = run_concurrently([lambda good=good: exchange_code(app, good) for good in codes])  # type: ignore[misc]
    assert Counter(answer.status_code for answer in answers) == {200: 20}
    assert count_live(app) == (1, 1)
    assert sum(is_accepted(answer.json()["access_token"]) for answer in answers) == 1


def test_everything_that_changes_pairs_waits_for_the_lock(
    clinic: Clinic, browser: httpx.Client, app: App
) -> None:
    """One after the other, the calls find the lock taken, and do what they do when it is free."""
    pair, code = obtain_tokens(browser, app), obtain_code(browser, app)
    calls: list[Callable[[], Any]] = [
        lambda: exchange_code(app, code),
        lambda: exchange_code(app, code),  # used: revokes what was given for it
        lambda: refresh_tokens(app, pair["refresh_token"]),
        lambda: call_endpoint(app, "revoke_token", token=pair["access_token"]),
        lambda: token_pairs.deauthorize(app.row.pk, clinic.user.pk),
        lambda: token_pairs.issue_pair(app.row, clinic.user),
    ]
    for number, call in enumerate(calls):
        if number == 2:
            pair = obtain_tokens(browser, app)
        done = Event()
        with ThreadPoolExecutor(1) as pool, transaction.atomic():
            token_pairs.lock_pairs(app.row.pk, clinic.user.pk)
            running = pool.submit(run_with_connection, call, done)
            until(is_waiting)
            assert not done.is_set(), number
            # No row is locked before: whoever has the lock would wait for it, and both for each other.
            list(Grant.objects.filter(application=app.row).select_for_update(nowait=True))
        running.result()
    assert count_live(app) == (1, 1)


def run_with_connection(call: Callable[[], Any], done: Event) -> None:
    try:
        call()
        done.set()
    finally:
        connections.close_all()


def test_concurrent_refreshes_and_exchanges_leave_one_live_pair(browser: httpx.Client, app: App) -> None:
    old = obtain_tokens(browser, app)
    codes = [obtain_code(browser, app) for _ in range(10)]
    calls: list[Callable[[], Any]] = [lambda good=good: exchange_code(app, good) for good in codes]  # type: ignore[misc]
    calls += [lambda: refresh_tokens(app, old["refresh_token"])] * 10
    answers = run_concurrently(calls)
    assert {answer.status_code for answer in answers} <= {200, 401}
    assert count_live(app) == (1, 1)
