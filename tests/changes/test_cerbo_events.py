"""Every event of Cerbo's webhooks, caused by a real write through each possible path: the two APIs and the console.
Where no path exists yet, the row itself is changed, as a job or an operator would."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings

from charthouse import clock
from charthouse.changes import actions
from charthouse.changes.event_catalog import load_catalog
from charthouse.identity import tenancy
from tests.changes import console_write_paths  # noqa: F401 - more doors
from tests.changes.cerbo_write_paths import DECLARED, WRITE_PATHS, PracticeClients, WritePath
from tests.contract.cerbo_world import make_cerbo
from tests.identity.oauth_flow import open_signed_in_browser
from tests.support import PASSWORD

# reference cerbo/webhooks.yaml
OBSERVED = {"schedule.created", "schedule.modified"}
GROUPS = ["patient", "encounter", "document", "rx", "supplement", "order", "task", "tag", "user", "charge"]
INFERRED = {
    "schedule.deleted",
    "patient_tag.created",
    "patient_tag.deleted",
    "questionnaire.created",
    *(f"{group}.{verb}" for group in GROUPS for verb in ("created", "modified", "deleted")),
}


@pytest.fixture(scope="module")
def clinic(database: None) -> Iterator[PracticeClients]:
    before, settings.SANDBOX = settings.SANDBOX, True
    world = make_cerbo("Events")
    clinic = world.other.clinic
    clinic.user.set_password(PASSWORD)
    clinic.user.save()
    tenancy.clear_tenant()
    with tenancy.within(clinic.id):
        webhook = actions.create_practice_webhook(
            clinic.practice, "https://hooks.example.com/cerbo", {}, load_catalog().events["practice"]
        )
    yield PracticeClients(world, open_signed_in_browser(clinic.user.username), webhook)
    settings.SANDBOX = before


# -- direct writes ----------------------------------------------------------------------------------------------


def _write_row_directly(name: str) -> WritePath:
    resource, event = DECLARED[name]
    columns = {"archived": True} if event.on == "delete" else {"updated_at": clock.now()}

    def write(clinic: PracticeClients) -> Callable[[], int]:
        if event.on == "insert":
            return lambda: clinic.world.new(resource.path)
        row = clinic.world.new(resource.path)

        def go() -> int:
            with tenancy.within(clinic.world.practice):
                resource.model._default_manager.filter(pk=row).update(**columns)
            return row

        return go

    return write


for _name in ("rx.deleted", "task.deleted"):
    WRITE_PATHS[_name, "the row itself"] = _write_row_directly(_name)


# -- deliveries -------------------------------------------------------------------------------------------------


def test_all_36_event_names_are_declared_and_unconfirmed_ones_marked() -> None:
    assert len(OBSERVED | INFERRED) == 36
    events = load_catalog().events["practice"]
    assert {name for name, ours in events.items() if not ours} == OBSERVED
    assert set(events) == OBSERVED | INFERRED
    assert {event for event, _ in WRITE_PATHS} == set(DECLARED) == set(events)


@pytest.mark.parametrize(("event", "through"), sorted(WRITE_PATHS))
def test_write_is_delivered(clinic: PracticeClients, event: str, through: str) -> None:
    write = WRITE_PATHS[event, through](clinic)
    rows: list[Any] = []
    found = [d for d in clinic.collect_deliveries(lambda: rows.append(write())) if d.event == event]
    if isinstance(rows[0], int):
        found = [d for d in found if d.row_id == rows[0]]
    (delivery,) = found
    envelope = json.loads(bytes(delivery.body))
    assert list(envelope) == ["practice_id", "event_type", "event_id", "event_datetime", "data"]
    assert envelope["practice_id"] == str(clinic.world.practice)
    assert envelope["event_type"] == event
    assert envelope["data"]["id"] == str(delivery.row_id)
    assert delivery.user_id is None
    _check_conventions(envelope["data"])


def _check_conventions(value: Any, name: str = "") -> None:
    """Check that ids are text and patients have first and last name."""
    if isinstance(value, dict):
        for key, inner in value.items():
            _check_conventions(inner, key)
        if value.get("object") == "patient":
            assert {"first", "last"} <= set(value)
            assert not {"first_name", "last_name"} & set(value)
    elif isinstance(value, list):
        for inner in value:
            _check_conventions(inner, name)
    elif name == "id" or name.endswith("_id"):
        assert value is None or isinstance(value, str), name
