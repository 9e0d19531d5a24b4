"""A record that is used while it moves from server to server, and what its callers and receivers have learned of it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connections

from charthouse import clock
from charthouse.audit import request_log, verification
from charthouse.changes import delivery_queue, fanout, periods
from charthouse.changes.delivery_queue import Outcome
from charthouse.changes.models import Webhook
from charthouse.domains.patients.models import Patient
from charthouse.identity import tenancy
from tests.audit.sealing import seal_all_rows
from tests.support import Clinic, client, issue_token, make_app, make_practice
from tests.waiting import until

TABLE = Patient._meta.db_table


@dataclass
class Used:
    """``rows``: patients by id, in the order of their creation; ``sent``: (id of the delivery, id of the patient) of
    every attempt that a receiver has answered; ``asked_until``: the end of the last delta."""

    clinic: Clinic
    token: str
    asked_until: datetime
    rows: list[int] = field(default_factory=list)
    sent: list[tuple[int, int]] = field(default_factory=list)
    reported: list[int] = field(default_factory=list)

    def write(self, count: int = 3) -> list[int]:
        """Create patients through the API."""
        patient = {"doctor": self.clinic.doctor.pk, "gender": "Female", "first_name": "A", "last_name": "B"}
        with client(self.token) as caller:
            made = []
            for _ in range(count):
                answer = caller.post("/api/patients", json=patient)
                assert answer.status_code == 201, answer.text
                made.append(int(answer.json()["id"]))
        self.rows += made
        return made

    def fan_out(self) -> None:
        tenancy.clear_tenant()
        until(lambda: not fanout.is_behind())
        while fanout.create_deliveries():
            pass

    def send(self) -> list[int]:
        """Send what is due to receivers that accept it. Return the patients that they were told of."""
        self.fan_out()
        claims = delivery_queue.record_and_claim([], {}, 1000, 1000)
        results = [delivery_queue.Result(claim, Outcome(200, 1, ""), clock.now()) for claim in claims]
        delivery_queue.record_and_claim(results, {}, 0, 0)
        told = []
        for claim in claims:
            with connections["owner"].cursor() as cursor:
                cursor.execute("select row_id from changes_delivery where id = %s", [claim.delivery.pk])
                told.append(cursor.fetchone()[0])
        self.sent += [(claim.delivery.pk, row) for claim, row in zip(claims, told, strict=True)]
        return told

    def ask(self) -> list[int]:
        """Ask for the delta since the last one. Return the patients in it."""
        end = clock.now()
        with tenancy.within(self.clinic.id):
            found = periods.list_changed_rows(self.clinic.id, [TABLE], self.asked_until, end)
        self.asked_until = end
        rows = sorted(change.row for change in found)
        self.reported += rows
        return rows

    def seal(self) -> list[Any]:
        """Seal everything. Return what does not hold."""
        request_log.flush()
        seal_all_rows()
        return list(verification.verify())


def start_using() -> Used:
    """Make a practice, an app with a webhook, and its first rows, some of which the receiver knows."""
    clinic, app = make_practice(), make_app()
    used = Used(clinic, issue_token(clinic.user, app), clock.now())
    fanout.start_reading()
    Webhook.objects.create(
        application=app.row,
        callback_url="https://example.com/h",
        events=["PATIENT_CREATE"],
        verified_at=clock.now(),
    )
    assert used.write(4) == sorted(used.send())
    assert used.ask() == used.rows
    assert used.seal() == []
    return used


def read_offset() -> int:
    with connections["owner"].cursor() as cursor:
        cursor.execute("select transaction_offset from identity_incarnation")
        return int(cursor.fetchone()[0])
