"""Every event of DrChrono's webhooks, caused by an API call, with the object as the API returns it."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.conf import settings
from django.db import transaction

from charthouse import clock
from charthouse.changes import fanout
from charthouse.changes.event_catalog import load_catalog
from charthouse.changes.models import Delivery, Webhook
from charthouse.domains.clinical.notes import lock, unlock
from charthouse.domains.patients.models import AttachedFlag, Patient
from charthouse.gateway.drchrono.registry import get_registry
from charthouse.identity import tenancy
from tests.contract import world as worlds
from tests.contract.world import World
from tests.support import make_api_user
from tests.waiting import until

PLAIN = [
    (resource.path, event.name, event.on)
    for resource in get_registry()
    for event in resource.events
    if event.of is None and not event.column
]


@pytest.fixture(scope="module")
def world(database: None) -> World:
    return worlds.make("Events")


@pytest.fixture
def webhook(world: World, monkeypatch: pytest.MonkeyPatch) -> Webhook:
    """A webhook subscribed to all events, without a running sender."""
    monkeypatch.setattr(settings, "SANDBOX", True)
    tenancy.clear_tenant()
    fanout.start_reading()
    return Webhook.objects.create(
        application=world.app.row,
        callback_url="https://example.com/hook",
        events=list(load_catalog().events["app"]),
        verified_at=clock.now(),
    )


@pytest.fixture
def caused(webhook: Webhook) -> Callable[[Callable[[], object]], list[Delivery]]:
    """A function that returns the deliveries caused by a function."""

    def wait_for_deliveries() -> list[Delivery]:
        tenancy.clear_tenant()
        until(lambda: not fanout.is_behind())
        while fanout.create_deliveries():
            pass
        return list(Delivery.objects.using("owner").filter(webhook=webhook).order_by("pk"))

    def caused(cause: Callable[[], object]) -> list[Delivery]:
        before = len(wait_for_deliveries())
        cause()
        return wait_for_deliveries()[before:]

    return caused


Caused = Callable[[Callable[[], object]], list[Delivery]]


def list_names(deliveries: list[Delivery]) -> list[str]:
    return sorted(delivery.event for delivery in deliveries)


def show_delivery(delivery: Delivery) -> dict[str, object]:
    import json

    found = json.loads(bytes(delivery.body))["object"]
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(("path", "event", "on"), PLAIN)
def test_create_modify_and_delete_events(
    world: World, caused: Caused, path: str, event: str, on: str
) -> None:
    resource = get_registry()[path]
    if on == "insert":
        made: list[int] = []
        found = [
            d
            for d in caused(lambda: made.append(world.new(path)))
            if d.event == event and d.row_id == made[0]
        ]
        row = made[0]
    else:
        row = world.new(path)
        if on == "delete" and "DELETE" in resource.method_set:
            found = caused(lambda: check_ok(world.client.delete(f"/api/{path}/{row}")))
        else:  # not by this API
            columns = (
                {"archived": True} if on == "delete" else {"updated_at": clock.now() + timedelta(seconds=1)}
            )

            def change() -> None:
                with tenancy.within(world.practice):
                    resource.model._default_manager.filter(pk=row).update(**columns)

            found = caused(change)
        found = [d for d in found if d.event == event and d.row_id == row]
    (delivery,) = found
    assert delivery.practice_id == world.practice
    assert delivery.user_id == world.clinic.user.pk
    assert str(show_delivery(delivery).get("id", row)) == str(row)
    if on != "delete":
        answer = world.client.get(f"/api/{path}/{row}").json()
        told = show_delivery(delivery)
        assert keep_lasting(told) == keep_lasting(
            {name: value for name, value in answer.items() if name in told}
        )


def keep_lasting(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row without its write times, and with links without their expiry."""
    return {name: _link(value) for name, value in row.items() if name != "updated_at"}


def _link(value: Any) -> Any:
    return re.sub(r"(/files/\d+-\d+)-\S+", r"\1", value) if isinstance(value, str) else value


def check_ok(answer: httpx.Response) -> None:
    assert answer.status_code in (200, 201, 204), answer.text


def test_one_write_causes_one_event(world: World, caused: Caused) -> None:
    patient = world.new("patients")
    change = {
        "first_name": "Once",
        "primary_insurance": {"insurance_company": "Aetna", "insurance_id_number": "W1"},
    }
    found = caused(lambda: check_ok(world.client.patch(f"/api/patients/{patient}", json=change)))
    assert list_names(found) == ["PATIENT_MODIFY"]
    assert list_names(
        caused(lambda: check_ok(world.client.patch(f"/api/patients/{patient}", json=change)))
    ) in (
        [],
        ["PATIENT_MODIFY"],
    )
    assert list_names(caused(lambda: world.new("patients"))) == ["PATIENT_CREATE"]


def test_note_lock_and_unlock_events(world: World, caused: Caused) -> None:
    note = world.new("clinical_notes")

    def sign() -> None:
        with tenancy.within(world.practice):
            lock(world.practice, note, world.clinic.user.pk)

    def reopen() -> None:
        with tenancy.within(world.practice):
            unlock(world.practice, note)

    for field in (
        get_registry()["clinical_note_field_types"]
        .model._default_manager.using("owner")
        .filter(practice=world.practice)
    ):
        field.required = False
        field.save(using="owner")
    locked = caused(sign)
    assert list_names(locked) == ["CLINICAL_NOTE_LOCK"]
    assert str(show_delivery(locked[0])["id"]) == str(note)
    assert list_names(caused(reopen)) == ["CLINICAL_NOTE_UNLOCK"]


def test_note_without_visit_causes_no_event(world: World, caused: Caused) -> None:
    """DrChrono's API does not show such notes."""
    program = make_api_user(world.clinic.practice).client()
    body = {"pt_id": world.row("patients"), "title": "Call"}

    def write() -> None:
        note = program.post("/api/v1/encounters", json=body).json()["id"]
        with tenancy.within(world.practice):
            lock(world.practice, note, world.clinic.user.pk)
            unlock(world.practice, note)

    assert list_names(caused(write)) == []


def test_patient_flag_events(world: World, caused: Caused) -> None:
    patient, kind = world.new("patients"), world.new("patient_flag_types")
    flag = {"flag_type": kind, "flag_text": "Careful"}
    attached = caused(
        lambda: check_ok(
            world.client.patch(f"/api/patients/{patient}", json={"patient_flags_attached": [flag]})
        )
    )
    assert "PATIENT_FLAG_CREATE" in list_names(attached)
    assert {d.row_id for d in attached} == {patient}
    flag["flag_text"] = "More careful"
    changed = caused(
        lambda: check_ok(
            world.client.patch(f"/api/patients/{patient}", json={"patient_flags_attached": [flag]})
        )
    )
    assert {"PATIENT_FLAG_MODIFY", "PATIENT_MODIFY"} & set(list_names(changed))


def test_task_note_causes_task_modify(world: World, caused: Caused) -> None:
    task = world.new("tasks")
    found = caused(
        lambda: check_ok(world.client.post("/api/task_notes", json={"task": task, "text": "Called twice"}))
    )
    assert [(d.event, d.row_id) for d in found] == [("TASK_MODIFY", task)]


def test_a_transaction_is_told_by_what_it_leaves(world: World, caused: Caused) -> None:
    patient = world.new("patients")

    def change(*steps: dict[str, Any], row: int = patient) -> Callable[[], None]:
        def run() -> None:
            with tenancy.within(world.practice), transaction.atomic():
                for step in steps:
                    Patient.objects.filter(pk=row).update(**step)

        return run

    def make(*steps: dict[str, Any]) -> Callable[[], None]:
        def run() -> None:
            with tenancy.within(world.practice), transaction.atomic():
                made = Patient.objects.create(
                    practice_id=world.practice, doctor=world.clinic.doctor, first_name="Ada", gender="Female"
                )
                change(*steps, row=made.pk)()

        return run

    away, back, named = {"archived": True}, {"archived": False}, {"nick_name": "A"}
    assert list_names(caused(make(named))) == ["PATIENT_CREATE"]
    assert list_names(caused(make(away))) == []
    assert list_names(caused(make(away, back))) == ["PATIENT_CREATE"]
    assert list_names(caused(change(named, {"nick_name": "B"}))) == ["PATIENT_MODIFY"]
    assert list_names(caused(change(away, back))) == ["PATIENT_MODIFY"]
    assert list_names(caused(change({"nick_name": "C"}, away))) == ["PATIENT_DELETE"]
    assert list_names(caused(change(back, away))) == []
    assert list_names(caused(change(back, {"nick_name": "D"}))) == ["PATIENT_MODIFY"]

    def book_and_delete() -> None:
        with transaction.atomic():
            visit = world.new("appointments")
            check_ok(world.client.delete(f"/api/appointments/{visit}"))

    assert list_names(caused(book_and_delete)) == []  # though a deleted visit is still shown


def test_a_part_deleted_with_its_owner_does_not_modify_it(world: World, caused: Caused) -> None:
    """A task about a deleted patient alone is deleted, with its notes and items."""
    patient = world.new("patients")
    task = world.new("tasks", associated_items=[{"type": "Patient", "value": patient}])
    with tenancy.within(world.practice):
        AttachedFlag.objects.create(
            practice_id=world.practice, patient_id=patient, flag_type_id=world.row("patient_flag_types")
        )
    found = caused(lambda: check_ok(world.client.delete(f"/api/patients/{patient}")))
    assert sorted((d.event, d.row_id) for d in found) == [("PATIENT_DELETE", patient), ("TASK_DELETE", task)]
