"""Deliveries, which hold contents of records, are deleted when they are old."""

from datetime import timedelta

import pytest

from charthouse import clock
from charthouse.changes import actions, tasks
from charthouse.changes.models import Delivery
from charthouse.identity import tenancy
from tests.support import make_practice


def test_old_deliveries_are_deleted_batch_by_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "BATCH_SIZE", 2)
    clinic = make_practice()
    with tenancy.within(clinic.id):
        webhook = actions.create_practice_webhook(
            clinic.practice, "https://hooks.example.com/a", {}, ["patient.created"]
        )
    limit = clock.now() - timedelta(days=30)
    Delivery.objects.using("owner").bulk_create(
        Delivery(
            practice_id=clinic.id, webhook=webhook, event="patient.created", body=b"{}", row_id=at, at=limit
        )
        for at in range(5)
    )
    kept = Delivery.objects.using("owner").create(
        practice_id=clinic.id,
        webhook=webhook,
        event="patient.created",
        body=b"{}",
        at=limit + timedelta(minutes=5),
    )
    tasks.delete_old_deliveries(0)
    assert list(Delivery.objects.using("owner").filter(practice_id=clinic.id)) == [kept]
