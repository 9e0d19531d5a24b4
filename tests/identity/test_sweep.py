"""Periodic deletion of expired rows, in batches."""

from datetime import timedelta

from django.contrib.sessions.models import Session
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from procrastinate.contrib.django import app as worker

from charthouse import clock
from charthouse.identity import tasks, token_pairs
from charthouse.identity.models import AccessToken, Calls, Grant, RefreshToken
from tests.support import make_app, make_practice


def test_expired_rows_are_deleted_in_batches_and_others_retained() -> None:
    clinic = make_practice()
    apps = [make_app() for _ in range(3)]
    old = [token_pairs.issue_pair(app.row, clinic.user) for app in apps]
    token_pairs.deauthorize(apps[2].row.pk, clinic.user.pk)
    for number in range(25):
        Grant.objects.create(
            application=apps[0].row,
            user=clinic.user,
            code=f"{clinic.id}-{number}",
            expires=clock.now(),
            scope="",
        )
        Session.objects.create(
            session_key=f"{clinic.id}-{number}",
            session_data="",
            expire_date=timezone.now() - timedelta(minutes=1),
        )
    Session.objects.create(session_key=f"{clinic.id}-live", expire_date=timezone.now() + timedelta(minutes=1))
    Calls.objects.using("owner").bulk_create(  # the web role may not insert
        Calls(application=apps[0].row, hour=clock.now() - timedelta(days=4, hours=hour), calls=1)
        for hour in range(25)
    )
    with clock.shift(tasks.RETENTION + token_pairs.ACCESS_TOKEN_LIFETIME + timedelta(seconds=5)):
        new = token_pairs.issue_pair(apps[0].row, clinic.user)
        with CaptureQueriesContext(connection) as queries:
            swept = tasks.sweep(batch_size=10)
        left = AccessToken.objects.filter(user=clinic.user)
        assert [token.token_checksum for token in left] == [token_pairs.digest_token(new.access_token)]
        assert set(
            RefreshToken.objects.filter(user=clinic.user).values_list("token_checksum", flat=True)
        ) == {
            token_pairs.digest_token(old[0].refresh_token),  # just revoked
            token_pairs.digest_token(old[1].refresh_token),  # live: it does not expire
            token_pairs.digest_token(new.refresh_token),
        }
    assert not Grant.objects.filter(user=clinic.user).exists()
    assert Session.objects.filter(session_key__startswith=f"{clinic.id}-").count() == 1
    assert not Calls.objects.filter(application=apps[0].row).exists()
    assert swept["Grant"] >= 25
    assert swept["Calls"] >= 25
    for query in queries:
        if query["sql"].startswith("DELETE") and " IN (" in query["sql"]:
            assert query["sql"].split(" IN (")[1].count(",") < 10


def test_the_sweep_is_a_periodic_task() -> None:
    assert tasks.sweep_periodically.name in worker.tasks
    assert [
        task.cron
        for task in worker.periodic_registry.periodic_tasks.values()
        if "sweep_identity" in task.periodic_id
    ]


def test_a_sweep_without_expired_rows() -> None:
    tasks.sweep_periodically(timestamp=0)
