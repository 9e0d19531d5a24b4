"""Rate limit of the OAuth endpoints by app and IP address, and by IP address."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import count

import pytest
from django.test import override_settings

from charthouse import clock
from charthouse.engine.errors import Throttled
from charthouse.identity import oauth_rate_limit, tasks
from charthouse.identity.models import TokenCalls
from tests.identity import oauth_flow
from tests.support import make_app


@pytest.fixture(autouse=True)
def limit() -> Iterator[None]:
    with override_settings(TOKEN_LIMIT=5), clock.shift(timedelta(hours=next(_days))):
        TokenCalls.objects.all().delete()
        yield


_days = count(100)  # each test uses a different minute


def count_allowed(address: str, client: str, calls: int) -> int:
    """Make ``calls`` calls; return how many were allowed."""
    good, waits = 0, []
    for _ in range(calls):
        try:
            oauth_rate_limit.count_call(address, client)
            good += 1
        except Throttled as refusal:
            waits.append(refusal.wait)
    assert all(0 < wait <= 60 for wait in waits)
    return good


def test_calls_beyond_the_limit_are_429() -> None:
    app = make_app()
    answers = [oauth_flow.call_endpoint(app, grant_type="refresh_token", refresh_token="x") for _ in range(7)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429] * 2
    last = answers[-1]
    assert last.json() == {
        "detail": f"Request was throttled. Expected available in {last.headers['Retry-After']} seconds."
    }
    assert (
        oauth_flow.call_endpoint(make_app(), grant_type="refresh_token", refresh_token="x").status_code == 401
    )
    assert oauth_flow.call_endpoint(app, "revoke_token", token="x").status_code == 429


def test_the_count_restarts_each_minute() -> None:
    assert count_allowed("192.0.2.1", "app", 8) == 5
    with clock.shift(timedelta(minutes=1)):
        assert count_allowed("192.0.2.1", "app", 8) == 5


def test_apps_and_ip_addresses_are_counted_separately() -> None:
    assert count_allowed("192.0.2.1", "one", 8) == 5
    assert count_allowed("192.0.2.1", "two", 8) == 5
    assert count_allowed("192.0.2.2", "one", 8) == 5


def test_invented_client_ids_share_the_limit_of_the_ip_address() -> None:
    assert sum(count_allowed("192.0.2.1", f"app {n}", 1) for n in range(80)) == 50


def test_zero_disables_the_limit() -> None:
    with override_settings(TOKEN_LIMIT=0):
        assert count_allowed("192.0.2.1", "app", 100) == 100
    assert not TokenCalls.objects.exists()


def test_old_counts_are_swept() -> None:
    count_allowed("192.0.2.1", "app", 1)
    with clock.shift(timedelta(days=3)):
        assert tasks.sweep()["TokenCalls"] == 2
