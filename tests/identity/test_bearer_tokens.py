"""Authentication of API calls by bearer token, and the rate limits of apps."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from unittest import mock

import pytest
from django.db import connection

from charthouse import clock
from charthouse.engine.actor import Actor
from charthouse.engine.errors import Throttled, Unauthenticated
from charthouse.identity import bearer_tokens, tenancy, token_pairs
from charthouse.identity.models import AccessToken, Calls, Practice, User
from tests.conftest import POOLED
from tests.support import Clinic, client, issue_token, make_app, make_practice, make_user


@pytest.fixture(scope="module")
def clinic(database: None) -> Clinic:
    return make_practice(sharing=["share_patients"])


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic eDp5", "Bearer nobody"])
def test_who_is_not_authenticated_has_no_practice(clinic: Clinic, header: str | None) -> None:
    tenancy.set_tenant(clinic.id)
    with pytest.raises(Unauthenticated):
        bearer_tokens.authenticate(header, clock.now())
    assert tenancy.get_connection().tenant is None


def authenticate(token: str, at: datetime | None = None) -> Actor:
    return bearer_tokens.authenticate(f"Bearer {token}", at or clock.now())


# Identity


def test_all_attributes_of_the_actor(clinic: Clinic) -> None:
    app = make_app(["patients", "labs", "patients:summary", "labs:vendor"])
    token = issue_token(clinic.user, app, ["patients:read", "patients:summary"])
    assert authenticate(token) == Actor(
        practice=clinic.id,
        user=clinic.user.pk,
        doctor=clinic.doctor.pk,
        app=app.row.pk,
        reads=frozenset({"patients", "patients:summary"}),
        writes=frozenset({"patients:summary"}),
        permissions=frozenset(clinic.user.permissions),
        shared=frozenset({"share_patients"}),
        rights=frozenset({"labs:vendor"}),
        plan="Provider",
    )
    assert tenancy.get_connection().tenant == clinic.id


def test_changes_apply_to_the_next_call(clinic: Clinic) -> None:
    practice = make_practice()
    app = make_app(["patients", "labs"])
    token = issue_token(practice.user, app)
    assert authenticate(token).reads == {"patients", "labs"}
    app.row.scopes = ["labs"]
    app.row.save()
    User.objects.filter(pk=practice.user.pk).update(permissions=["Settings"], doctor_id=None)
    Practice.objects.filter(pk=practice.id).update(sharing=[])
    caller = authenticate(token)
    assert (caller.reads, caller.permissions, caller.shared, caller.doctor) == (
        {"labs"},
        {"Settings"},
        set(),
        None,
    )


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_is_case_insensitive(clinic: Clinic, scheme: str) -> None:
    assert bearer_tokens.authenticate(f"{scheme} {issue_token(clinic.user, make_app())}", clock.now())


MISSING = "Authentication credentials were not provided."
INVALID = "Invalid access token."


@pytest.mark.parametrize(
    ("header", "detail"),
    [
        (None, MISSING),
        ("", MISSING),
        ("Bearer", MISSING),
        ("Bearer ", MISSING),
        ("Basic dTpw", MISSING),
        ("Token x", MISSING),
        ("Bearer nonsense", INVALID),
        ("Bearer \0", INVALID),
        ("Bearer ÿ\udcff", INVALID),
        ("Bearer " + "x" * 100_000, INVALID),
        ("Bearer ' or 1=1 --", INVALID),
    ],
)
def test_missing_and_invalid_tokens(header: str | None, detail: str) -> None:
    with pytest.raises(Unauthenticated) as refusal:
        bearer_tokens.authenticate(header, clock.now())
    assert refusal.value.detail == detail
    assert tenancy.get_connection().tenant is None


def test_the_body_of_a_401() -> None:
    with client() as caller:
        response = caller.get("/api/patients")
    assert (response.status_code, response.json()) == (401, {"detail": MISSING})
    assert response.headers["Content-Type"] == "application/json"


def test_a_token_expires_at_its_exact_time(clinic: Clinic) -> None:
    token = issue_token(clinic.user, make_app())
    end = AccessToken.objects.get(token_checksum=token_pairs.digest_token(token)).expires
    assert abs(end - clock.now() - timedelta(hours=48)) < timedelta(seconds=10)
    assert authenticate(token, end - timedelta(microseconds=1))
    with pytest.raises(Unauthenticated, match="expired"):
        authenticate(token, end)


def test_the_timestamp_may_be_in_any_time_zone(clinic: Clinic) -> None:
    token = issue_token(clinic.user, make_app())
    end = AccessToken.objects.get(token_checksum=token_pairs.digest_token(token)).expires
    assert authenticate(token, (end - timedelta(minutes=1)).astimezone(timezone(timedelta(hours=14))))


def test_inactive_users_and_users_without_a_practice(clinic: Clinic) -> None:
    off, operator = make_user(clinic.practice), make_user(None)
    tokens = [issue_token(user, make_app()) for user in (off, operator)]
    User.objects.filter(pk=off.pk).update(is_active=False)
    for token in tokens:
        with pytest.raises(Unauthenticated, match="inactive"):
            authenticate(token)


def test_a_revoked_token_is_reported_as_revoked(clinic: Clinic) -> None:
    app = make_app()
    token = issue_token(clinic.user, app)
    token_pairs.deauthorize(app.row.pk, clinic.user.pk)
    with pytest.raises(Unauthenticated, match="revoked"):
        authenticate(token)


@pytest.mark.skipif(POOLED, reason="they are sent in another way behind a pooler")
def test_one_statement_per_call(clinic: Clinic) -> None:
    token = issue_token(clinic.user, make_app(hourly_limit=5))
    authenticate(token)
    wrapper = tenancy.get_connection()
    with mock.patch.object(wrapper, "_run_prepared", wraps=wrapper._run_prepared) as run:
        authenticate(token)
    assert [call.args[0] for call in run.call_args_list] == [bearer_tokens.AUTHENTICATE_SQL]


# The hourly quota

NOON = datetime(2031, 5, 6, 12, 0, tzinfo=UTC)


def count_accepted(token: str, at: datetime, calls: int) -> int:
    """Make ``calls`` calls at one time; return how many were accepted."""
    good = 0
    for _ in range(calls):
        try:
            authenticate(token, at)
            good += 1
        except Throttled:
            assert tenancy.get_connection().tenant is None
    return good


@pytest.fixture
def long_lived_token(clinic: Clinic) -> str:
    """Issue a token of an app with three calls an hour that is valid beyond the times of these tests."""
    token = issue_token(clinic.user, make_app(hourly_limit=3))
    AccessToken.objects.filter(token_checksum=token_pairs.digest_token(token)).update(
        expires=NOON + timedelta(days=9)
    )
    return token


def test_the_hourly_limit_is_exact(long_lived_token: str) -> None:
    assert count_accepted(long_lived_token, NOON, 6) == 3


def test_the_quota_resets_on_the_hour(long_lived_token: str) -> None:
    assert (
        count_accepted(long_lived_token, NOON + timedelta(minutes=59, seconds=59, microseconds=999_999), 5)
        == 3
    )
    assert count_accepted(long_lived_token, NOON + timedelta(hours=1), 5) == 3
    assert (
        count_accepted(long_lived_token, NOON + timedelta(minutes=59), 5) == 0
    )  # a process whose clock lags


@pytest.mark.parametrize(
    ("after", "wait"),
    [
        (timedelta(0), 3600),
        (timedelta(microseconds=1), 3600),
        (timedelta(minutes=21, seconds=45), 2295),
        (timedelta(minutes=59, seconds=59), 1),
        (timedelta(minutes=59, seconds=59, microseconds=999_999), 1),
    ],
)
def test_retry_after_is_the_rest_of_the_hour(long_lived_token: str, after: timedelta, wait: int) -> None:
    count_accepted(long_lived_token, NOON + after, 3)
    with pytest.raises(Throttled) as refusal:
        authenticate(long_lived_token, NOON + after)
    assert refusal.value.wait == wait


def test_the_body_of_a_429(clinic: Clinic) -> None:
    token = issue_token(clinic.user, make_app(hourly_limit=0))
    with client(token) as caller:
        response = caller.get("/api/patients")
    wait = response.headers["Retry-After"]
    assert response.status_code == 429
    assert response.json() == {"detail": f"Request was throttled. Expected available in {wait} seconds."}
    assert 0 < int(wait) <= 3600


def test_the_quota_is_shared_by_all_users_of_an_app(clinic: Clinic) -> None:
    app = make_app(hourly_limit=3)
    one, two = (issue_token(user, app) for user in (clinic.user, make_user(clinic.practice)))
    assert count_accepted(one, clock.now(), 2) + count_accepted(two, clock.now(), 2) == 3
    assert count_accepted(issue_token(clinic.user, make_app(hourly_limit=3)), clock.now(), 3) == 3


def get_start_of_hour() -> datetime:
    return clock.now().replace(minute=0, second=0, microsecond=0)


def test_the_limit_within_a_second(clinic: Clinic) -> None:
    """The tenth call is refused until a second after the first. Refused calls do not count for the hour."""
    app = make_app(hourly_limit=100, second_limit=9)
    token = issue_token(clinic.user, app)
    assert count_accepted(token, get_start_of_hour(), 20) == 9
    with pytest.raises(Throttled) as refusal:
        authenticate(token, get_start_of_hour() + timedelta(milliseconds=900))
    assert (refusal.value.wait, refusal.value.gate) == (1, "rate")
    assert count_accepted(token, get_start_of_hour() + timedelta(milliseconds=1001), 20) == 9
    assert Calls.objects.get(application=app.row).calls == 18


def test_a_limit_within_a_second_without_an_hourly_limit(clinic: Clinic) -> None:
    token = issue_token(clinic.user, make_app(hourly_limit=None, second_limit=3))
    assert count_accepted(token, get_start_of_hour(), 10) == 3


def test_the_hourly_limit_takes_precedence(clinic: Clinic) -> None:
    token = issue_token(clinic.user, make_app(hourly_limit=2, second_limit=2))
    assert count_accepted(token, get_start_of_hour(), 2) == 2
    with pytest.raises(Throttled) as refusal:
        authenticate(token, get_start_of_hour())
    assert refusal.value.gate == "quota"
    assert refusal.value.wait == 3600


def test_setting_the_clock_back_does_not_throttle(clinic: Clinic) -> None:
    token = issue_token(clinic.user, make_app(hourly_limit=None, second_limit=1))
    assert count_accepted(token, get_start_of_hour() + timedelta(minutes=30), 1) == 1
    assert count_accepted(token, get_start_of_hour(), 1) == 1


def test_calls_without_a_limit_are_not_counted(clinic: Clinic) -> None:
    app = make_app(hourly_limit=None)
    assert count_accepted(issue_token(clinic.user, app), clock.now(), 20) == 20
    assert not Calls.objects.filter(application=app.row).exists()


def test_the_count_table_is_unlogged() -> None:
    with connection.cursor() as cursor:
        cursor.execute("select relpersistence from pg_class where relname = 'identity_calls'")
        assert cursor.fetchone() == ("u",)


WORKER = """
import sys, django; django.setup()
from datetime import datetime
from threading import Thread
from charthouse.identity import bearer_tokens
from charthouse.engine.errors import Throttled
good = []
def call():
    for _ in range(150):
        try: bearer_tokens.authenticate("Bearer " + sys.argv[1], datetime.fromisoformat(sys.argv[2])); good.append(1)
        except Throttled: pass
threads = [Thread(target=call) for _ in range(3)]
[thread.start() for thread in threads]; [thread.join() for thread in threads]
print(len(good))
"""


def test_the_quota_is_exact_across_processes(clinic: Clinic) -> None:
    token = issue_token(clinic.user, make_app(hourly_limit=555))
    at = clock.now().isoformat()
    root = Path(__file__).parents[2]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, token, at],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(root / "src")},
        )
        for _ in range(2)
    ]
    assert sum(int(process.communicate()[0]) for process in processes) == 555
