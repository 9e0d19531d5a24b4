"""Bodies are kept for a while, when an app's developer asks for it, and never what nobody may see."""

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


def kept(answer: httpx.Response, clinic: support.Clinic) -> Bodies | None:
    request_log.flush()
    with tenancy.within(clinic.id):
        return captured_bodies.of_call(answer.headers["X-Request-Id"])  # type: ignore[arg-type]


def test_off_by_default(clinic: support.Clinic, caller: httpx.Client) -> None:
    assert kept(caller.get("/api/patients"), clinic) is None


def test_on_for_a_while(clinic: support.Clinic, app: support.App, caller: httpx.Client) -> None:
    until = captured_bodies.switch_on(app.row, timedelta(hours=1), clinic.user)
    assert captured_bodies.captured_until(app.row) == until
    sent = {"doctor": clinic.doctor.pk, "gender": "Female", "first_name": "Zo\u00eb"}
    answer = caller.post("/api/patients", json=sent)
    found = kept(answer, clinic)
    assert found is not None
    assert '"first_name":"Zo\u00eb"' in found.asked.replace(" ", "")
    assert found.answered == answer.text
    assert (found.practice_id, found.app_id) == (clinic.id, app.row.pk)
    with clock.shift(timedelta(hours=2)):
        assert kept(caller.get("/api/patients"), clinic) is None
        assert captured_bodies.captured_until(app.row) is None


def test_at_most_a_day_and_off_at_once(
    clinic: support.Clinic, app: support.App, caller: httpx.Client
) -> None:
    until = captured_bodies.switch_on(app.row, timedelta(days=30), clinic.user)
    assert until <= clock.now() + captured_bodies.LONGEST
    captured_bodies.switch_off(app.row)
    assert kept(caller.get("/api/patients"), clinic) is None


def test_switching_on_is_an_event(clinic: support.Clinic, app: support.App) -> None:
    captured_bodies.switch_on(app.row, timedelta(hours=1), clinic.user)
    event = Event.objects.using("owner").filter(practice_id=clinic.id).latest("id")
    assert (event.what, event.user_id, event.app_id) == ("bodies captured", clinic.user.pk, app.row.pk)


def test_other_apps_and_strangers_are_not_captured(
    clinic: support.Clinic, app: support.App, caller: httpx.Client
) -> None:
    captured_bodies.switch_on(app.row, timedelta(hours=1), clinic.user)
    with support.client(support.issue_token(clinic.user, support.make_app())) as other:
        assert kept(other.get("/api/patients"), clinic) is None
    with support.client("nonsense") as nobody:
        assert kept(nobody.post("/api/patients", json={"a": 1}), clinic) is None


def test_only_the_practice_whose_data_it_is_sees_them(
    clinic: support.Clinic, app: support.App, caller: httpx.Client
) -> None:
    captured_bodies.switch_on(app.row, timedelta(hours=1), clinic.user)
    answer = caller.get("/api/patients")
    assert kept(answer, clinic) is not None
    assert kept(answer, support.make_practice()) is None


def test_what_is_long_is_cut_and_what_is_no_text_is_left_out(
    clinic: support.Clinic, app: support.App, caller: httpx.Client
) -> None:
    captured_bodies.switch_on(app.row, timedelta(hours=1), clinic.user)
    answer = caller.post("/api/patients", content=b"x" * 100_000, headers={"Content-Type": "text/plain"})
    assert answer.status_code == 415
    long = caller.post("/api/patients", json={"notes": "\0y" * 50_000})
    found = kept(long, clinic)
    assert found is not None
    assert len(found.asked) < captured_bodies.MOST + 100
    assert found.asked.endswith("bytes in all)")
    sent: Any = {"file": ("a.png", b"\x89PNG secret", "image/png")}
    multipart = kept(caller.post("/api/patients", files=sent), clinic)
    assert multipart is not None
    assert "secret" not in multipart.asked
    for token in (caller.headers["Authorization"].split()[1], app.client_secret):
        with connections["owner"].cursor() as cursor:
            cursor.execute("select count(*) from audit_bodies b where strpos(b::text, %s) > 0", [token])
            assert cursor.fetchone() == (0,)


def test_they_are_swept_after_a_week(clinic: support.Clinic, app: support.App, caller: httpx.Client) -> None:
    captured_bodies.switch_on(app.row, timedelta(hours=1), clinic.user)
    answer = caller.get("/api/patients")
    tasks.sweep_periodically(timestamp=0)
    assert kept(answer, clinic) is not None
    with clock.shift(captured_bodies.KEPT + timedelta(minutes=1)):
        assert captured_bodies.sweep() >= 1
    assert kept(answer, clinic) is None
