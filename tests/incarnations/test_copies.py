"""A copy sends nothing and says so, until somebody resumes it; what counts as a copy."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connections, transaction
from django.test import override_settings

from charthouse import clock
from charthouse.audit import anchors, request_log
from charthouse.audit import tasks as audit_tasks
from charthouse.audit.models import Event
from charthouse.changes import feed, http_client, verification
from charthouse.changes.models import Change, Webhook
from charthouse.commands import installation
from charthouse.domains.billing import tasks as billing_tasks
from charthouse.domains.scheduling import tasks as scheduling_tasks
from charthouse.domains.tasks.models import TaskCategory
from charthouse.identity import incarnations, tenancy
from charthouse.identity.models import Incarnation
from charthouse.operation import database_checks, health, metrics, state_metrics
from charthouse.operation.findings import Level
from charthouse.outbox import delivery, queue
from tests.cases import each_case
from tests.conftest import _execute
from tests.files.test_sweep import House
from tests.identity.oauth_flow import open_signed_in_browser
from tests.incarnations.record import start_using
from tests.outbox import servers
from tests.portal.portal_patients import make_portal_patient
from tests.sandbox.databases import use_database, use_new_database
from tests.support import PASSWORD, client, make_app, make_practice, make_user
from tests.waiting import until

BANNER = "This is a restored copy."


@pytest.fixture
def own_database(database: None, tmp_path: Path) -> Iterator[str]:
    with use_new_database("copies", tmp_path) as name:
        yield name


@pytest.fixture
def settings() -> Iterator[Any]:
    with override_settings():
        yield django_settings


def read() -> Incarnation:
    return Incarnation.objects.using("owner").get()


def test_a_copy_sends_no_webhook_and_goes_on_where_it_was(own_database: str) -> None:
    used = start_using()
    incarnations.mark_as_copy()
    made = used.write(2)
    assert used.send() == []
    assert incarnations.resume()
    assert not incarnations.resume(), "once"
    assert used.send() == made
    assert used.ask() == made
    assert used.seal() == []
    events = Event.objects.using("owner").filter(what__in=("database restored", "sending resumed"))
    assert list(events.order_by("id").values_list("what", "details__incarnation")) == [
        ("database restored", 2),
        ("sending resumed", 2),
    ]


def test_a_copy_sends_no_messages(own_database: str, settings: Any) -> None:
    clinic = make_practice()
    with servers.run_mail_server() as mails, servers.run_sms_gateway() as texts:
        settings.SMTP_URL, settings.SMS_URL, settings.SMS_TOKEN = mails.url, texts.url, "a token"
        incarnations.mark_as_copy()
        with tenancy.within(clinic.id):
            message = queue.queue_email(clinic.id, "ada@patients.example", "About", "Text", purpose="test")
            queue.queue_sms(clinic.id, "+1 555 0100", "Text", purpose="test")
        assert not delivery.deliver_message(clinic.id, message.pk)
        assert delivery.deliver_due_messages() == 0
        message.refresh_from_db(using="owner")
        assert (message.attempts, message.sent_at) == (0, None)
        incarnations.resume()
        assert delivery.deliver_due_messages() == 2
        assert delivery.deliver_due_messages() == 0


def test_periodic_tasks_of_a_copy(own_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reminders, charges of subscriptions and anchors wait, and so does the verification of receivers."""
    done: list[str] = []
    for module, name in (
        (scheduling_tasks.reminder_delivery, "send_due_reminders"),
        (billing_tasks.subscriptions, "charge_due"),
        (anchors, "record"),
    ):
        monkeypatch.setattr(module, name, lambda name=name: done.append(name))
    monkeypatch.setattr(http_client, "verify", _prove)
    webhook = Webhook.objects.create(
        application=make_app().row,
        callback_url="https://example.com/",
        events=["PATIENT_CREATE"],
        verification_requested_at=clock.now(),
    )

    def run_all() -> list[str]:
        done.clear()
        for task in (
            scheduling_tasks.remind_periodically,
            billing_tasks.charge_subscriptions,
            audit_tasks.anchor_daily,
        ):
            task(timestamp=0)
        done.extend(["verify"] * verification.verify_pending())
        return done

    incarnations.mark_as_copy()
    assert run_all() == []
    incarnations.resume()
    assert run_all() == ["send_due_reminders", "charge_due", "record", "verify"]
    webhook.refresh_from_db()
    assert webhook.verification_requested_at is None


async def _prove(*_: Any) -> str:
    return ""


def test_an_anchor_by_hand_is_refused(own_database: str) -> None:
    incarnations.mark_as_copy()
    with pytest.raises(anchors.AnchorError, match="charthouse resume"):
        anchors.record()


def test_a_copy_deletes_no_contents_of_files(own_database: str) -> None:
    """It may share its storage with the original."""
    house = House()
    file = house.keep(b"%PDF-1.4 of the original")
    with tenancy.within(house.clinic.id):
        type(file).objects.filter(pk=file.pk).update(archived=True)
    incarnations.mark_as_copy()
    with clock.shift(timedelta(days=2)):
        assert house.sweep().contents == 0
        assert house.is_stored(file)
        incarnations.resume()
        assert house.sweep().contents == 1
        assert not house.is_stored(file)


def test_every_page_and_the_operator_are_told(own_database: str) -> None:
    clinic = make_practice()
    patient, user = make_portal_patient(clinic), make_user(clinic.practice, password=PASSWORD)

    def read_pages() -> list[str]:
        incarnations.forget()
        pages = [open_signed_in_browser(user.username).get("/"), patient.browser().get("/portal")]
        with client() as nobody:
            pages += [nobody.get("/sign-in"), nobody.get("/portal/sign-in")]
        assert {page.status_code for page in pages} == {200}
        return [page.text for page in pages]

    def find() -> tuple[bool, str, Level, dict[str, float]]:
        (check,) = (each for each in health.run_checks() if each.name == "sending")
        (finding,) = (each for each in database_checks.list_findings() if each.name == "sending")
        names = (metrics.SENDING_PAUSED, metrics.INCARNATION)
        samples = {metric.name: value for metric, _, value in state_metrics.measure() if metric in names}
        return check.ok, check.detail, finding.level, samples

    assert not any(BANNER in page for page in read_pages())
    assert find() == (True, "on", Level.OK, {"sending_paused": 0, "database_incarnation": 1})
    incarnations.mark_as_copy()
    assert all(BANNER in page for page in read_pages())
    paused = "paused, it is a restored copy: charthouse resume"
    assert find() == (True, paused, Level.WARNING, {"sending_paused": 1, "database_incarnation": 2})
    assert installation.resume().startswith("This database is the real one")
    assert not any(BANNER in page for page in read_pages())
    assert installation.resume() == "This database sends already."
    assert installation.pause() == incarnations.COPY_NOTICE
    assert all(BANNER in page for page in read_pages())


def test_a_sandbox_is_never_paused(own_database: str, settings: Any) -> None:
    settings.SANDBOX = True
    incarnations.mark_as_copy()
    assert read().paused_since is None
    assert incarnations.may_send()


def test_a_copy_within_the_server_is_found(own_database: str, tmp_path: Path) -> None:
    """By ``create database … template``: same server, same tables, another oid of the database."""
    used = start_using()
    request_log.stop()
    connections.close_all()
    name = f"{own_database}_2"
    _execute(f'create database "{name}" template "{own_database}"')
    with use_database(name, tmp_path):
        assert not incarnations.may_send()
        begun = incarnations.begin_if_new()
        assert begun is not None
        assert (begun.number, begun.cause, begun.paused_since is not None) == (2, "copy", True)
        assert incarnations.begin_if_new() is None
        made = used.write(1)
        assert made[0] > incarnations.SKIPPED_IDS
    _execute(f'drop database "{name}" with (force)')
    assert (read().number, incarnations.may_send()) == (1, True), "the original goes on"


def test_an_incarnation_waits_for_running_transactions(own_database: str) -> None:
    """A change with a number of before is never committed behind a reader that has gone beyond it."""
    clinic = make_practice()
    start = feed.read_after(feed.Position(), using="owner", limit=100_000)[1]
    written, go = threading.Event(), threading.Event()

    def write() -> None:
        with tenancy.within(clinic.id), transaction.atomic():
            TaskCategory.objects.create(practice=clinic.practice, name="Early")
            written.set()
            go.wait(60)
        connections.close_all()

    def mark() -> None:
        incarnations.mark_as_copy()
        connections.close_all()

    threads = [threading.Thread(target=write), threading.Thread(target=mark)]
    threads[0].start()
    assert written.wait(60)
    threads[1].start()
    until(_is_somebody_waiting)
    before, _ = feed.read_after(start, using="owner")
    assert (before, read().number) == ([], 1)
    go.set()
    for thread in threads:
        thread.join()
    found, _ = feed.read_after(start, using="owner")
    assert [entry.after and entry.after["name"] for entry in found] == ["Early"]
    assert found[0].position.txid < incarnations.BLOCK


def _is_somebody_waiting() -> bool:
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "select exists (select from pg_stat_activity where datname = current_database() "
            "and wait_event_type = 'Lock' and query like 'lock table%%')"
        )
        return bool(cursor.fetchone()[0])


def test_numbers_are_never_given_twice(own_database: str) -> None:
    clinic = make_practice()
    numbers, ids = [], []
    for _ in range(3):
        with tenancy.within(clinic.id):
            ids.append(TaskCategory.objects.create(practice=clinic.practice, name="x").pk)
        with connections["owner"].cursor() as cursor:
            cursor.execute("select txid::text::bigint from changes_change order by id desc limit 1")
            numbers.append(cursor.fetchone()[0])
        assert Change.objects.using("owner").exists()
        incarnations.mark_as_copy()
    assert [number // incarnations.BLOCK for number in numbers] == [0, 1, 2]
    assert [later - earlier for earlier, later in pairwise(ids)] == [1_000_001] * 2


# What the server says, and what it is with CHARTHOUSE_FAILOVER=60.
PLACE = {"server": "7/5", "relation": 9, "timeline": 2, "replay_age": 5.0, "has_target": False}
CASES: dict[str, tuple[dict[str, Any], str | None]] = {
    "the same": ({"timeline": 1}, None),
    "promoted": ({}, "failover"),
    "promoted twice": ({"timeline": 3}, "failover"),
    "promoted long after": ({"replay_age": 61.0}, "recovery"),
    "restarted since": ({"replay_age": None}, "recovery"),
    "recovered to a target": ({"has_target": True}, "recovery"),
    "an earlier timeline": ({"timeline": 0}, "recovery"),
    "a dump": ({"relation": 10}, "copy"),
    "an upgrade": ({"server": "8/5", "timeline": 1}, "copy"),
    "another database": ({"server": "7/6"}, "copy"),
}


@each_case("case", CASES)
def test_what_is_a_failover(case: str, settings: Any) -> None:
    different, expected = CASES[case]
    row = Incarnation(server="7/5", relation=9, timeline=1)
    place = incarnations._Place(**PLACE | different)
    settings.FAILOVER = 60
    assert incarnations._find_cause(row, place) == expected
    settings.FAILOVER = 0
    assert incarnations._find_cause(row, place) == ("recovery" if expected == "failover" else expected)
