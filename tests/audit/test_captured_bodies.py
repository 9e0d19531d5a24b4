"""Capture of bodies of an app's calls: duration, visibility and exclusions."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.db import connections

from charthouse import clock
from charthouse.audit import captured_bodies, request_log, tasks
from charthouse.audit.models import Bodies, Event
from charthouse.identity import tenancy
from tests import support


@pytest.fixture
def clinic() -> support.Clinic:
    return support.make_practice()


@pytest.fixture
def app() -> support.App:
    return support.make_app()


@pytest.fixture
def caller(clinic: support.Clinic, app: support.App) -> Iterator[httpx.Client]:
    with support.client(support.issue_token(clinic.user, app)) as client:
        yield client


def get_bodies(answer: httpx.Response, clinic: support.Clinic) -> Bodies | None:
    """Return the captured bodies of a call, or None."""
    request_log.flush()
    with tenancy.within(clinic.id):
        return captured_bodies.get_bodies(answer.headers["X-Request-Id"])  # type: ignore[arg-type]


def test_off_by_default(clinic: support.Clinic, caller: httpx.Client) -> None:
    assert get_bodies(caller.get("/api/patients"), clinic) is None


def test_bodies_are_captured_until_the_end(
    clinic: support.Clinic, app: support.App, caller: httpx.Client
) -> None:
    until = captured_bodies.start_capture(app.row, timedelta(hours=1), clinic.user)
    assert captured_bodies.get_capture_end(app.row) == until
    sent = {"doctor": clinic.doctor.pk, "gender": "Female", "first_name": "Zo\u00eb"}
    answer = caller.post("/api/patients", json=sent)
    found = get_bodies(answer, clinic)
    assert found is not None
    assert '"first_name":"Zo\u00eb"' in found.asked.replace(" ", "")
    assert found.answered == answer.text
    assert (found.practice_id, found.app_id) == (clinic.id, app.row.pk)
    with clock.shift(timedelta(hours=2)):
        assert get_bodies(caller.get("/api/patients"), clinic) is None
        assert captured_bodies.get_capture_end(app.row) is None


def test_a_capture_lasts_at_most_a_day_and_stops_at_once(
    clinic: support.Clinic, app: support.App, caller: httpx.Client
) -> None:
    until = captured_bodies.start_capture(app.row, timedelta(days=30), clinic.user)
    assert until <= clock.now() + captured_bodies.MAX_CAPTURE
    captured_bodies.stop_capture(app.row)
    assert get_bodies(caller.get("/api/patients"), clinic) is None


def test_starting_a_capture_is_an_audit_event(clinic: support.Clinic, app: support.App) -> None:
    captured_bodies.start_capture(app.row, timedelta(hours=1), clinic.user)
    event = Event.objects.using("owner").filter(practice_id=clinic.id).latest("id")
    assert (event.what, event.user_id, event.app_id) == ("bodies captured", clinic.user.pk, app.row.pk)


def test_other_apps_and_unauthenticated_calls_are_not_captured(
    clinic: support.Clinic, app: support.App, caller: httpx.Client
) -> None:
    captured_bodies.start_capture(app.row, timedelta(hours=1), clinic.user)
    with support.client(support.issue_token(clinic.user, support.make_app())) as other:
        assert get_bodies(other.get("/api/patients"), clinic) is None
    with support.client("nonsense") as nobody:
        assert get_bodies(nobody.post("/api/patients", json={"a": 1}), clinic) is None


def test_only_the_practice_of_the_data_sees_bodies(
    clinic: support.Clinic, app: support.App, caller: httpx.Client
) -> None:
    captured_bodies.start_capture(app.row, timedelta(hours=1), clinic.user)
    answer = caller.get("/api/patients")
    assert get_bodies(answer, clinic) is not None
    assert get_bodies(answer, support.make_practice()) is None


def test_long_bodies_are_truncated_and_files_omitted(
    clinic: support.Clinic, app: support.App, caller: httpx.Client
) -> None:
    captured_bodies.start_capture(app.row, timedelta(hours=1), clinic.user)
    answer = caller.post("/api/patients", content=b"x" * 100_000, headers={"Content-Type": "text/plain"})
    assert answer.status_code == 415
    long = caller.post("/api/patients", json={"notes": "\0y" * 50_000})
    found = get_bodies(long, clinic)
    assert found is not None
    assert len(found.asked) < captured_bodies.MAX_BYTES + 100
    assert found.asked.endswith("bytes in all)")
    sent: Any = {"file": ("a.png", b"\x89PNG secret", "image/png")}
    multipart = get_bodies(caller.post("/api/patients", files=sent), clinic)
    assert multipart is not None
    assert "secret" not in multipart.asked
    for token in (caller.headers["Authorization"].split()[1], app.client_secret):
        with connections["owner"].cursor() as cursor:
            cursor.execute("select count(*) from audit_bodies b where strpos(b::text, %s) > 0", [token])
            assert cursor.fetchone() == (0,)


def test_bodies_are_deleted_after_a_week(
    clinic: support.Clinic, app: support.App, caller: httpx.Client
) -> None:
    captured_bodies.start_capture(app.row, timedelta(hours=1), clinic.user)
    answer = caller.get("/api/patients")
    tasks.sweep_periodically(timestamp=0)
    assert get_bodies(answer, clinic) is not None
    with clock.shift(captured_bodies.RETENTION + timedelta(minutes=1)):
        assert captured_bodies.sweep() >= 1
    assert get_bodies(answer, clinic) is None
