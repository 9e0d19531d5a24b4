"""What is told of a deletion, a restoration and a merge, beside the lists: Cerbo's delta, webhooks, pages of the
portal."""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from difflib import unified_diff
from typing import Any

import httpx
import pytest
from django.conf import settings

from charthouse import clock
from charthouse.changes import actions, fanout
from charthouse.changes.event_catalog import load_catalog
from charthouse.changes.models import Delivery, Webhook
from charthouse.domains.patients import deletion, merges
from charthouse.domains.patients.models import Patient, PatientMerge, PortalAccess
from charthouse.domains.scheduling.models import Appointment
from charthouse.engine.declaration.resources import Resource
from charthouse.gateway.cerbo.delta import TYPES
from charthouse.gateway.cerbo.registry import get_registry as get_cerbo_registry
from charthouse.gateway.drchrono.registry import get_registry
from charthouse.identity import tenancy
from tests.portal.portal_patients import give_access, sign_in
from tests.support import client
from tests.waiting import until

from .cerbo_world import BASE, CerboWorld
from .test_deleted import PATIENT_KEYS, list_named, list_parts, make_whole, set_archived
from .test_merged import merge, undo

OWNERS = [(Patient, "patients"), (Appointment, "appointments")]
CSRF = re.compile(
    r'name="csrfmiddlewaretoken" value="\w+"|&quot;X-CSRFToken&quot;: &quot;\w+&quot;|nonce="[^"]+"'
)


@pytest.fixture(scope="module")
def whole(database: None) -> Iterator[CerboWorld]:
    """A practice with one patient, to whom every row belongs that can, and webhooks of all events."""
    before, settings.SANDBOX = settings.SANDBOX, True
    world = make_whole()
    tenancy.clear_tenant()
    fanout.start_reading()
    with tenancy.within(world.practice):
        actions.create_practice_webhook(
            world.other.clinic.practice, "https://example.com/cerbo", {}, load_catalog().events["practice"]
        )
    tenancy.clear_tenant()
    Webhook.objects.create(
        application=world.other.app.row,
        callback_url="https://example.com/drchrono",
        events=list(load_catalog().events["app"]),
        verified_at=clock.now(),
    )
    yield world
    settings.SANDBOX = before


def delete(world: CerboWorld, path: str, row: int) -> None:
    assert world.other.client.delete(f"/api/{path}/{row}").status_code == 204


def restore(world: CerboWorld, owner: Any, row: int) -> None:
    if owner is Appointment:
        set_archived(world, owner, row, False)
        return
    with tenancy.within(world.practice):
        deletion.restore(world.practice, row)


# -- Cerbo's delta ----------------------------------------------------------------------------------------------


def read_deltas(world: CerboWorld, start: datetime, end: datetime) -> dict[str, dict[str, list[int]]]:
    """What each type of delta tells of a period."""
    asked = {
        name: f"{value:%Y-%m-%d %H:%M:%S.%f}" for name, value in (("start_date", start), ("end_date", end))
    }
    return {
        kind: world.client.get(f"{BASE}delta/{kind}", params=asked).json()["delta_data"] for kind in TYPES
    }


@pytest.mark.parametrize(("owner", "path"), OWNERS)
def test_deltas_remove_what_belonged_to_a_deleted_row_and_tell_it_again(
    whole: CerboWorld, owner: Any, path: str
) -> None:
    owner_id = whole.other.row(path)
    parts = {
        re.sub(r"/?{\w+}", "", part): row
        for (api, part), row in list_parts(whole, owner, owner_id).items()
        if api == "C"
    }
    rows = {kind: parts[part] for kind, part in TYPES.items() if part in parts} | {path: owner_id}
    assert len(rows) >= (9 if owner is Patient else 1)
    start = clock.now()
    delete(whole, path, owner_id)
    middle = clock.now()
    restore(whole, owner, owner_id)
    removed, back = (
        read_deltas(whole, start, middle),
        read_deltas(whole, middle, clock.now() + timedelta(seconds=1)),
    )
    for kind, row in rows.items():
        assert row in removed[kind]["removed"], f"{kind}: the deletion of {row}"
        assert row not in removed[kind]["added"] + removed[kind]["modified"], kind
        assert row in back[kind]["modified"], f"{kind}: the restoration of {row}"
        assert row not in back[kind]["removed"], kind


# -- webhooks ---------------------------------------------------------------------------------------------------


def deliver(world: CerboWorld, cause: Callable[[], object]) -> list[Delivery]:
    """The deliveries of what a function does, without anything being sent."""

    def settle() -> list[Delivery]:
        tenancy.clear_tenant()
        until(lambda: not fanout.is_behind())
        while fanout.create_deliveries():
            pass
        return list(Delivery.objects.using("owner").filter(practice_id=world.practice).order_by("pk"))

    before = len(settle())
    cause()
    return settle()[before:]


def read_object(delivery: Delivery) -> dict[str, Any]:
    body = json.loads(bytes(delivery.body))
    found: dict[str, Any] = body["object" if "object" in body else "data"]
    return found


def list_event_names(resource: Resource, *on: str) -> set[str]:
    return {
        event.name for event in resource.events if event.of is None and not event.column and event.on in on
    }


@pytest.mark.parametrize(("owner", "path"), OWNERS)
def test_webhooks_tell_the_deletion_of_all_that_belonged_to_a_row_and_that_it_is_back(
    whole: CerboWorld, owner: Any, path: str
) -> None:
    owner_id = whole.other.row(path)
    parts = list_parts(whole, owner, owner_id)
    deleted, restored = (
        deliver(whole, cause)
        for cause in (lambda: delete(whole, path, owner_id), lambda: restore(whole, owner, owner_id))
    )
    told: dict[bool, defaultdict[tuple[str, int | None], list[Delivery]]] = {}
    for is_back, deliveries in ((False, deleted), (True, restored)):
        told[is_back] = defaultdict(list)
        for delivery in deliveries:
            told[is_back][delivery.event, delivery.row_id].append(delivery)
    wrong, count = [], 0
    for (api, part), row in parts.items():
        resource = (get_registry() if api == "D" else get_cerbo_registry())[part]
        for name in list_event_names(resource, "delete"):
            count += 1
            if len(told[False][name, row]) != 1:
                wrong.append(f"{api} {part} {row}: {len(told[False][name, row])} of {name}")
        wrong += [
            f"{api} {part} {row}: {name} although it is deleted"
            for name in list_event_names(resource, "insert", "update")
            if told[False][name, row]
        ]
        for name in list_event_names(resource, "update"):
            count += 1
            if len(told[True][name, row]) != 1:
                wrong.append(f"{api} {part} {row}: back with {len(told[True][name, row])} of {name}")
        wrong += [
            f"{api} {part} {row}: {name} although it is back"
            for name in list_event_names(resource, "delete")
            if told[True][name, row]
        ]
    assert count > (20 if owner is Patient else 4)
    if owner is Patient:
        deletions = {
            name
            for resource in (*get_registry(), *get_cerbo_registry())
            for name in list_event_names(resource, "delete")
        }
        wrong += [
            f"{delivery.event} {delivery.row_id} names the patient in {name}"
            for delivery in deleted
            if delivery.event not in deletions
            for name, value in list_named(read_object(delivery))
            if name in PATIENT_KEYS and str(value) == str(owner_id)
        ]
    assert not wrong, "\n".join(wrong)


# -- merged patients --------------------------------------------------------------------------------------------


def find_wrong_tellings(
    resource: Resource, row: int, told: defaultdict[tuple[str, int | None], list[Delivery]], expected: str
) -> Iterator[str]:
    """Find what is wrong with the deliveries about a row: one of the event ``expected`` ("update", "delete"), where
    the resource has one, and none of the others."""
    for on in ("insert", "update", "delete"):
        for name in list_event_names(resource, on):
            if (found := len(told[name, row])) != (on == expected):
                yield f"{resource.path} {row}: {found} of {name}"


def find_delta_kinds(parts: dict[tuple[str, str], int]) -> dict[str, int]:
    """Map the kinds of deltas to the row that each has of these."""
    rows = {re.sub(r"/?{\w+}", "", path): row for (api, path), row in parts.items() if api == "C"}
    return {kind: rows[path] for kind, path in TYPES.items() if path in rows}


def test_a_merge_and_its_undoing_are_told_of_both_patients_and_of_each_row_that_moves(
    whole: CerboWorld,
) -> None:
    merged, kept = whole.other.row("patients"), whole.other.new("patients")
    naming = {one.model for one in merges.list_references()}
    registries = {"D": get_registry(), "C": get_cerbo_registry()}
    parts = {
        (api, path): row
        for (api, path), row in list_parts(whole, Patient, merged).items()
        if registries[api][path].model in naming
    }
    assert len(parts) > 50
    start = clock.now()
    joined = deliver(whole, lambda: merge(whole.practice, kept, merged))
    middle = clock.now()
    with tenancy.within(whole.practice):
        done = PatientMerge.objects.get(merged=merged, undone_at=None)
    separated = deliver(whole, lambda: undo(whole.practice, done))
    wrong: list[str] = []
    for deliveries, patient, expected in ((joined, kept, "delete"), (separated, merged, "update")):
        told: defaultdict[tuple[str, int | None], list[Delivery]] = defaultdict(list)
        for delivery in deliveries:
            told[delivery.event, delivery.row_id].append(delivery)
        for (api, path), row in parts.items():
            wrong += find_wrong_tellings(registries[api][path], row, told, "update")
        for registry in registries.values():
            wrong += find_wrong_tellings(registry["patients"], merged, told, expected)
            wrong += find_wrong_tellings(registry["patients"], kept, told, "update")
        moved = {row for row in parts.values()}
        wrong += [
            f"{delivery.event} {delivery.row_id} names {value} in {name}"
            for delivery in deliveries
            if delivery.row_id in moved
            for name, value in list_named(read_object(delivery))
            if name in PATIENT_KEYS and str(value) in {str(kept), str(merged)} - {str(patient)}
        ]
    periods = (
        (read_deltas(whole, start, middle), {"removed": merged, "modified": kept}),
        (read_deltas(whole, middle, clock.now() + timedelta(seconds=1)), {"modified": merged}),
    )
    for deltas, patients in periods:
        for kind, row in find_delta_kinds(parts).items():
            lists = [name for name, ids in deltas[kind].items() if row in ids]
            if lists != ["modified"]:
                wrong.append(f"delta of {kind}: {row} is in {lists}")
        wrong += [
            f"delta of patients: {row} isn't in {name}"
            for name, row in patients.items()
            if row not in deltas["patients"][name]
        ]
    assert not wrong, "\n".join(wrong)


# -- the portal -------------------------------------------------------------------------------------------------


def walk(browser: httpx.Client) -> dict[str, str]:
    """Every page and file of the portal that a link leads to: address → its text, or its size where it is a file.

    The images of this world have no content.
    """
    found: dict[str, str] = {}
    waiting = ["/portal"]
    while waiting:
        address = waiting.pop()
        if address in found or "sign-out" in address:
            continue
        answer = browser.get(address)
        assert answer.status_code == 200 or "/images/" in address, f"{address}: {answer.status_code}"
        is_page = answer.headers["Content-Type"].startswith("text/html")
        found[address] = CSRF.sub("", answer.text) if is_page else str(len(answer.content))
        if is_page:
            waiting += re.findall(r'(?:href|src)="(/portal[^"#]*)"', answer.text)
    return found


@pytest.mark.parametrize(("owner", "path"), OWNERS)
def test_the_portal_shows_nothing_of_a_deleted_row_and_all_of_it_when_it_is_back(
    whole: CerboWorld, owner: Any, path: str
) -> None:
    owner_id = whole.other.row(path)
    with tenancy.within(whole.practice):
        patient = Patient.objects.get(pk=whole.other.row("patients"))
        PortalAccess.objects.filter(patient=patient, disabled_on=None).update(disabled_on=clock.now())
    guest = give_access(whole.other.clinic, patient)
    browser = guest.browser()
    walk(browser)  # messages are new until they are read
    before = walk(browser)
    assert len(before) > 8, sorted(before)
    delete(whole, path, owner_id)
    if owner is Patient:
        for address in before:
            answer = browser.get(address)
            assert (answer.status_code, answer.headers["Location"].partition("?")[0]) == (
                302,
                "/portal/sign-in",
            ), address
        assert sign_in(client(), guest.username).status_code != 302
    else:
        assert walk(browser)["/portal/appointments"] != before["/portal/appointments"]
    restore(whole, owner, owner_id)
    again = walk(guest.browser())
    assert set(again) == set(before)
    changed = [
        line
        for address, old in before.items()
        for line in unified_diff(old.splitlines(), again[address].splitlines(), address, n=0)
    ]
    assert not changed, "\n".join(changed)
