"""A backlog longer than a batch: every event once, in its order, wherever the batches end."""

import pytest
from django.conf import settings
from django.db import transaction

from charthouse import clock
from charthouse.changes import fanout
from charthouse.changes.models import Delivery, Reader, Webhook
from charthouse.domains.patients.models import Patient
from charthouse.identity import tenancy
from tests.support import Clinic, client, issue_token, make_app, make_practice
from tests.waiting import until

EVENTS = ["PATIENT_CREATE", "PATIENT_MODIFY", "PATIENT_DELETE"]


@pytest.fixture
def clinic(database: None) -> Clinic:
    return make_practice()


@pytest.fixture
def webhook(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> Webhook:
    monkeypatch.setattr(settings, "SANDBOX", True)
    app = make_app()
    issue_token(clinic.user, app)
    fanout.start_reading()
    work_off()
    return Webhook.objects.create(
        application=app.row, callback_url="https://example.com/hook", events=EVENTS, verified_at=clock.now()
    )


def work_off() -> None:
    tenancy.clear_tenant()
    until(lambda: not fanout.is_behind())
    while fanout.create_deliveries():
        pass


def write_backlog(clinic: Clinic) -> list[tuple[str, int]]:
    """Create lists of patients, each in one transaction, change and delete some. Return the events, in order."""
    told: list[tuple[str, int]] = []
    with client(issue_token(clinic.user, make_app())) as caller:
        for size in (1, 3, 2, 7, 1):
            patient = {"doctor": clinic.doctor.pk, "gender": "Female", "first_name": "A", "last_name": "B"}
            answer = caller.post("/api/patients", json=[patient] * size)
            assert answer.status_code == 201, answer.text
            made = [row["id"] for row in answer.json()]
            told += [("PATIENT_CREATE", row) for row in made]
            assert caller.patch(f"/api/patients/{made[0]}", json={"nick_name": "C"}).status_code == 204
            told.append(("PATIENT_MODIFY", made[0]))
        assert caller.delete(f"/api/patients/{made[0]}").status_code == 204
        # What it was before cannot be shown any more.
        told = [event for event in told if event[1] != made[0]] + [("PATIENT_DELETE", made[0])]
    return told


def test_no_event_is_lost_or_repeated_wherever_a_batch_ends(
    clinic: Clinic, webhook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch ends between two transactions, in the middle of one, and in one that is longer than a batch."""
    begin = Reader.objects.using("owner").get(name=fanout.READER_NAME)
    told = write_backlog(clinic)
    tenancy.clear_tenant()
    until(lambda: not fanout.is_behind())
    # (changes of a batch, of a transaction that is taken as a whole)
    for limits in [(500, 5000), *((size, 5000) for size in range(4, 10)), (4, 5)]:
        monkeypatch.setattr(fanout, "MAX_CHANGES", limits[0])
        monkeypatch.setattr(fanout, "MAX_TRANSACTION_CHANGES", limits[1])
        begin.save(using="owner")
        work_off()
        found = Delivery.objects.using("owner").filter(webhook=webhook)
        assert list(found.order_by("pk").values_list("event", "row_id")) == told, limits
        found.delete()


def test_a_transaction_that_creates_and_changes_rows_is_not_divided(
    clinic: Clinic, webhook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fanout, "MAX_CHANGES", 4)
    made: list[Patient] = []
    for size in (1, 2, 3, 5):
        with tenancy.within(clinic.id), transaction.atomic():
            rows = [
                Patient.objects.create(
                    practice=clinic.practice, doctor=clinic.doctor, first_name="Ada", gender="Female"
                )
                for _ in range(size)
            ]
            for row in rows:
                row.nick_name = "Later"
                row.save()
        made += rows
    work_off()
    found = Delivery.objects.using("owner").filter(webhook=webhook).order_by("pk")
    assert list(found.values_list("event", "row_id")) == [("PATIENT_CREATE", row.pk) for row in made]
