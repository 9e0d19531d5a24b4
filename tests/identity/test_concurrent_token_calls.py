"""Many at once, each on a connection of its own: the first wins, the others find out."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import httpx
import pytest
from django.db import connection, connections

from charthouse.identity.models import AccessToken, RefreshToken
from tests.identity.oauth_flow import code, exchange, refresh, signed_in, tokens, works
from tests.support import PASSWORD, App, Clinic, make_app, make_practice


@pytest.fixture(scope="module")
def clinic(database: None) -> Clinic:
    clinic = make_practice()
    clinic.user.set_password(PASSWORD)
    clinic.user.save()
    return clinic


@pytest.fixture(scope="module")
def browser(clinic: Clinic) -> httpx.Client:
    return signed_in(clinic.user.username)


@pytest.fixture
def app() -> App:
    return make_app()


def at_once(calls: list[Callable[[], Any]]) -> list[Any]:
    """The answers of all, begun at the same moment in threads of their own."""
    start = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        connection.ensure_connection()
        start.wait()
        try:
            return call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def live(app: App) -> tuple[int, int]:
    return (
        AccessToken.objects.filter(application=app.row, revoked=None).count(),
        RefreshToken.objects.filter(application=app.row, revoked=None).count(),
    )


def test_fifty_refreshes_of_one_token_leave_one_live_pair(browser: httpx.Client, app: App) -> None:
    old = tokens(browser, app)
    answers = at_once([lambda: refresh(app, old["refresh_token"])] * 50)
    assert Counter(answer.status_code for answer in answers) == {200: 1, 401: 49}
    assert {answer.json()["error"] for answer in answers if answer.status_code == 401} == {"invalid_grant"}
    assert live(app) == (1, 1)
    (new,) = [answer.json() for answer in answers if answer.status_code == 200]
    assert works(new["access_token"])
    assert not works(old["access_token"])
    assert refresh(app, new["refresh_token"]).status_code == 200


def test_one_code_exchanged_by_many_gives_one_pair_that_dies(browser: httpx.Client, app: App) -> None:
    good = code(browser, app)
    answers = at_once([lambda: exchange(app, good)] * 20)
    assert Counter(answer.status_code for answer in answers) == {200: 1, 401: 19}
    assert live(app) == (0, 0)


def test_many_consents_exchanged_at_once_leave_one_live_pair(browser: httpx.Client, app: App) -> None:
    codes = [code(browser, app) for _ in range(20)]
    answers = at_once([lambda good=good: exchange(app, good) for good in codes])  # type: ignore[misc]
    assert Counter(answer.status_code for answer in answers) == {200: 20}
    assert live(app) == (1, 1)
    assert sum(works(answer.json()["access_token"]) for answer in answers) == 1


def test_refreshing_and_consenting_at_once(browser: httpx.Client, app: App) -> None:
    old = tokens(browser, app)
    codes = [code(browser, app) for _ in range(10)]
    calls: list[Callable[[], Any]] = [lambda good=good: exchange(app, good) for good in codes]  # type: ignore[misc]
    calls += [lambda: refresh(app, old["refresh_token"])] * 10
    answers = at_once(calls)
    assert {answer.status_code for answer in answers} <= {200, 401}
    assert live(app) == (1, 1)
