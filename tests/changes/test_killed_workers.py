"""Killed workers lose no deliveries. ``python -m bench.webhooks chaos`` runs the same for long, and kills web servers
as well."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings

from charthouse import clock
from charthouse.changes import actions
from charthouse.changes.models import Delivery
from charthouse.identity import tenancy
from tests import figures
from tests.changes.receiver import list_deliveries, run_receiver, subscribe
from tests.conftest import PGDATA
from tests.sandbox.databases import use_new_database
from tests.support import client, issue_token, make_app, make_practice
from tests.waiting import PATIENCE, until

KILLS = int(os.environ.get("KILLS", "3"))
KILL_SECONDS = float(os.environ.get("KILL_SECONDS", "inf"))  # no more kills after that
WRITES = 20  # before each kill
LEFT_OVER = PATIENCE + KILLS  # seconds that the last worker may take for what the others left


@pytest.fixture
def worker(database: None, tmp_path: Path) -> Iterator["Worker"]:
    """A worker on a database of its own, which has nothing else to do."""
    with use_new_database("killed", tmp_path) as name:
        made = Worker(f"postgresql://postgres:@/{name}?host={PGDATA}")
        yield made
        made.kill()


class Worker:
    """``charthouse worker`` on a database."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "charthouse", "worker"],
            env={**os.environ, "CHARTHOUSE_SANDBOX": "1", "DATABASE_URL": self.url},
            stdout=subprocess.DEVNULL,  # what it says on stderr is shown with a failure
            start_new_session=True,
        )

    def kill(self) -> None:
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def test_every_committed_change_is_delivered_despite_killed_workers(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "SANDBOX", True)
    clinic, app = make_practice(), make_app()
    made: list[int] = []
    with run_receiver() as receiver, run_receiver() as own, client(issue_token(clinic.user, app)) as caller:
        webhook = subscribe(app.row, receiver, "PATIENT_CREATE")
        with tenancy.within(clinic.id):
            of_practice = actions.create_practice_webhook(clinic.practice, own.url, {}, ["patient.created"])
        end, kills = time.monotonic() + KILL_SECONDS, 0
        while kills < KILLS and time.monotonic() < end:
            worker.start()
            heard = len(receiver.got)
            for _ in range(WRITES):
                body = {"doctor": clinic.doctor.pk, "first_name": "A", "last_name": "B", "gender": "Male"}
                made.append(caller.post("/api/patients", json=body).json()["id"])
            until(lambda n=heard: len(receiver.got) > n)  # type: ignore[misc]
            worker.kill()  # most likely in the middle of the others
            kills += 1
        tenancy.clear_tenant()
        taken = Delivery.objects.using("owner").filter(practice_id=clinic.id).exclude(leased_until=None)
        taken.update(leased_until=clock.now() - timedelta(seconds=1))  # half a minute later
        worker.start()
        until(lambda: {body["object"]["id"] for body in receiver.bodies()} == set(made), seconds=LEFT_OVER)
        until(lambda: {int(body["data"]["id"]) for body in own.bodies()} == set(made), seconds=LEFT_OVER)
        for hook in (webhook, of_practice):
            until(lambda it=hook: {d.state for d in list_deliveries(it)} == {"delivered"}, seconds=LEFT_OVER)  # type: ignore[misc]
    for hook in (webhook, of_practice):
        assert sorted(delivery.row_id or 0 for delivery in list_deliveries(hook)) == sorted(made)
    figures.record(kills=kills, deliveries=2 * len(made))
