"""The check of every API call: whose token, what they may do, is there quota left."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from django.db import connection

from charthouse import clock
from charthouse.engine.actor import Actor
from charthouse.engine.errors import Throttled, Unauthenticated
from charthouse.identity import bearer_tokens, tenancy, token_pairs
from charthouse.identity.models import AccessToken, Calls, Practice, User
from tests.support import Clinic, client, issue_token, make_app, make_practice, make_user


@pytest.fixture(scope="module")
def clinic(database: None) -> Clinic:
    return make_practice(sharing=["share_patients"])


def actor(token: str, at: datetime | None = None) -> Actor:
    return bearer_tokens.authenticate(f"Bearer {token}", at or clock.now())


# Who


def test_everything_about_the_caller(clinic: Clinic) -> None:
    app = make_app(["patients", "labs", "patients:summary", "labs:vendor"])
    token = issue_token(clinic.user, app, ["patients:read", "patients:summary"])
    assert actor(token) == Actor(
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
    assert tenancy.database().tenant == clinic.id


def test_what_changes_counts_on_the_next_call(clinic: Clinic) -> None:
    practice = make_practice()
    app = make_app(["patients", "labs"])
    token = issue_token(practice.user, app)
    assert actor(token).reads == {"patients", "labs"}
    app.row.scopes = ["labs"]
    app.row.save()
    User.objects.filter(pk=practice.user.pk).update(permissions=["Settings"], doctor_id=None)
    Practice.objects.filter(pk=practice.id).update(sharing=[])
    caller = actor(token)
    assert (caller.reads, caller.permissions, caller.shared, caller.doctor) == (
        {"labs"},
        {"Settings"},
        set(),
        None,
    )


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_is_read_in_any_case(clinic: Clinic, scheme: str) -> None:
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
def test_no_good_token(header: str | None, detail: str) -> None:
    with pytest.raises(Unauthenticated) as refusal:
        bearer_tokens.authenticate(header, clock.now())
    assert refusal.value.detail == detail
    assert tenancy.database().tenant is None


def test_the_body_of_a_401() -> None:
    with client() as caller:
        response = caller.get("/api/patients")
    assert (response.status_code, response.json()) == (401, {"detail": MISSING})
    assert response.headers["Content-Type"] == "application/json"


def test_a_token_ends_to_the_second(clinic: Clinic) -> None:
    token = issue_token(clinic.user, make_app())
    end = AccessToken.objects.get(token_checksum=token_pairs.digest_token(token)).expires
    assert abs(end - clock.now() - timedelta(hours=48)) < timedelta(seconds=10)
    assert actor(token, end - timedelta(microseconds=1))
    with pytest.raises(Unauthenticated, match="expired"):
        actor(token, end)


def test_the_moment_may_come_in_any_zone(clinic: Clinic) -> None:
    token = issue_token(clinic.user, make_app())
    end = AccessToken.objects.get(token_checksum=token_pairs.digest_token(token)).expires
    assert actor(token, (end - timedelta(minutes=1)).astimezone(timezone(timedelta(hours=14))))


def test_people_who_are_off_and_people_without_a_practice(clinic: Clinic) -> None:
    off, operator = make_user(clinic.practice), make_user(None)
    tokens = [issue_token(user, make_app()) for user in (off, operator)]
    User.objects.filter(pk=off.pk).update(is_active=False)
    for token in tokens:
        with pytest.raises(Unauthenticated, match="inactive"):
            actor(token)


def test_a_revoked_token_says_so(clinic: Clinic) -> None:
    app = make_app()
    token = issue_token(clinic.user, app)
    token_pairs.deauthorize(app.row.pk, clinic.user.pk)
    with pytest.raises(Unauthenticated, match="revoked"):
        actor(token)


def test_one_statement_a_call(clinic: Clinic) -> None:
    token = issue_token(clinic.user, make_app(hourly_limit=5))
    actor(token)
    wrapper = tenancy.database()
    sent: list[bytes] = []
    real = wrapper._run_prepared
    wrapper._run_prepared = lambda statement, values: sent.append(statement) or real(statement, values)  # type: ignore
    try:
        actor(token)
    finally:
        del wrapper._run_prepared
    assert sent == [bearer_tokens.AUTHENTICATE_SQL]


# The hourly quota

NOON = datetime(2031, 5, 6, 12, 0, tzinfo=UTC)


def made(token: str, at: datetime, calls: int) -> int:
    """How many of so many calls are let in."""
    good = 0
    for _ in range(calls):
        try:
            actor(token, at)
            good += 1
        except Throttled:
            assert tenancy.database().tenant is None
    return good


@pytest.fixture
def lasting(clinic: Clinic) -> str:
    """A token of an app with three calls an hour that doesn't end before the moments of these tests."""
    token = issue_token(clinic.user, make_app(hourly_limit=3))
    AccessToken.objects.filter(token_checksum=token_pairs.digest_token(token)).update(
        expires=NOON + timedelta(days=9)
    )
    return token


def test_so_many_calls_and_no_more(lasting: str) -> None:
    assert made(lasting, NOON, 6) == 3


def test_the_quota_starts_over_at_the_top_of_the_hour(lasting: str) -> None:
    assert made(lasting, NOON + timedelta(minutes=59, seconds=59, microseconds=999_999), 5) == 3
    assert made(lasting, NOON + timedelta(hours=1), 5) == 3
    assert made(lasting, NOON + timedelta(minutes=59), 5) == 0  # a process whose clock is a little behind


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
def test_the_wait_is_until_the_top_of_the_hour(lasting: str, after: timedelta, wait: int) -> None:
    made(lasting, NOON + after, 3)
    with pytest.raises(Throttled) as refusal:
        actor(lasting, NOON + after)
    assert refusal.value.wait == wait


def test_the_body_of_a_429(clinic: Clinic) -> None:
    token = issue_token(clinic.user, make_app(hourly_limit=0))
    with client(token) as caller:
        response = caller.get("/api/patients")
    wait = response.headers["Retry-After"]
    assert response.status_code == 429
    assert response.json() == {"detail": f"Request was throttled. Expected available in {wait} seconds."}
    assert 0 < int(wait) <= 3600


def test_the_quota_is_the_apps_whoever_it_acts_for(clinic: Clinic) -> None:
    app = make_app(hourly_limit=3)
    one, two = (issue_token(user, app) for user in (clinic.user, make_user(clinic.practice)))
    assert made(one, clock.now(), 2) + made(two, clock.now(), 2) == 3
    assert made(issue_token(clinic.user, make_app(hourly_limit=3)), clock.now(), 3) == 3


def on_the_hour() -> datetime:
    return clock.now().replace(minute=0, second=0, microsecond=0)


def test_calls_within_a_second(clinic: Clinic) -> None:
    """The tenth is refused; a second after the first there is room again. What is refused counts for no hour."""
    app = make_app(hourly_limit=100, second_limit=9)
    token = issue_token(clinic.user, app)
    assert made(token, on_the_hour(), 20) == 9
    with pytest.raises(Throttled) as refusal:
        actor(token, on_the_hour() + timedelta(milliseconds=900))
    assert (refusal.value.wait, refusal.value.gate, refusal.value.app) == (1, "rate", app.row.pk)
    assert made(token, on_the_hour() + timedelta(milliseconds=1001), 20) == 9
    assert Calls.objects.get(application=app.row).calls == 18


def test_a_second_without_an_hour(clinic: Clinic) -> None:
    token = issue_token(clinic.user, make_app(hourly_limit=None, second_limit=3))
    assert made(token, on_the_hour(), 10) == 3


def test_when_the_hour_is_used_up_it_is_the_hour_that_refuses(clinic: Clinic) -> None:
    token = issue_token(clinic.user, make_app(hourly_limit=2, second_limit=2))
    assert made(token, on_the_hour(), 2) == 2
    with pytest.raises(Throttled) as refusal:
        actor(token, on_the_hour())
    assert refusal.value.gate == "quota"
    assert refusal.value.wait == 3600


def test_a_clock_that_is_put_back_locks_nobody_out(clinic: Clinic) -> None:
    token = issue_token(clinic.user, make_app(hourly_limit=None, second_limit=1))
    assert made(token, on_the_hour() + timedelta(minutes=30), 1) == 1
    assert made(token, on_the_hour(), 1) == 1


def test_whose_token_it_was_is_known_of_one_that_has_ended(clinic: Clinic) -> None:
    app = make_app()
    token = issue_token(clinic.user, app)
    issue_token(clinic.user, app)
    with pytest.raises(Unauthenticated) as refusal:
        actor(token, clock.now())
    assert refusal.value.app == app.row.pk


def test_no_limit_counts_nothing(clinic: Clinic) -> None:
    app = make_app(hourly_limit=None)
    assert made(issue_token(clinic.user, app), clock.now(), 20) == 20
    assert not Calls.objects.filter(application=app.row).exists()


def test_counting_costs_no_log_flush() -> None:
    with connection.cursor() as cursor:
        cursor.execute("select relpersistence from pg_class where relname = 'identity_calls'")
        assert cursor.fetchone() == ("u",)


WORKER = """
import sys, django; django.setup()
from datetime import datetime
from threading import Thread
from charthouse.identity import bearer
from charthouse.engine.errors import Throttled
good = []
def call():
    for _ in range(150):
        try: bearer.authenticate("Bearer " + sys.argv[1], datetime.fromisoformat(sys.argv[2])); good.append(1)
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
