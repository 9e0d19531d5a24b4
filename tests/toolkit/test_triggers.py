"""Events that are triggered: each of both catalogs is delivered, and what is refused leaves nothing."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from charthouse import cli
from charthouse.changes.event_catalog import load_catalog
from charthouse.gateway.docs.event_bodies import make_example
from charthouse.toolkit.client import SandboxError
from charthouse.toolkit.receiver import Receiver
from tests.toolkit.sandboxes import RunningSandbox
from tests.waiting import PATIENCE


@pytest.fixture(scope="module")
def practice(sandbox: RunningSandbox) -> Any:
    return sandbox.practices.create(patients=1)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


Subscribe = Callable[[str], int]


@pytest.fixture
def subscribe(sandbox: RunningSandbox, practice: Any, receiver: Receiver) -> Iterator[Subscribe]:
    """A function that registers a webhook for an event, until the test ends, and returns its id."""
    made = []

    def register(event: str) -> int:
        of = {"client_id": practice.app.client_id} if event.isupper() else {"practice": practice.id}
        made.append(sandbox.webhooks.create(url=receiver.url, events=[event], **of).id)
        return int(made[-1])

    yield register
    for webhook in made:
        sandbox.webhooks.delete(id=webhook)


def read_row(event: str, body: Any) -> int:
    """The id of the row that a webhook is about."""
    return int(body["object" if event.isupper() else "data"]["id"])


def list_rows(sandbox: RunningSandbox, event: str, webhook: int) -> list[int]:
    found = sandbox.deliveries.list(webhook=webhook, limit=500).deliveries
    assert {each.event for each in found} <= {event}
    return [read_row(event, each.body) for each in found]


def list_keys(body: Any) -> tuple[set[str], set[str]]:
    """The keys of a body, and of the object in it."""
    return set(body), set(body.get("object") or body.get("data"))


def test_every_event_of_both_catalogs_is_delivered(
    sandbox: RunningSandbox, practice: Any, subscribe: Subscribe
) -> None:
    events = sandbox.events.list().events
    kinds = [(event.kind, event.own) for event in events]
    assert (kinds.count(("app", False)), len([kind for kind, _ in kinds if kind == "practice"])) == (27, 36)
    webhooks = {event.name: subscribe(event.name) for event in events}
    printed = {
        binding.event.name: list_keys(make_example(binding))
        for bindings in load_catalog().bindings.values()
        for binding in bindings
    }
    answers = {name: sandbox.events.trigger(event=name, practice=practice.id, wait=0.0) for name in webhooks}
    last = sandbox.events.trigger(event="tag.modified", practice=practice.id, wait=25.0)
    assert last.settled
    assert [each.state for each in last.deliveries] == ["delivered"]
    made = {row.id for answer in answers.values() for row in answer.made} | {last.row}
    for name, answer in answers.items():
        delivered = list_rows(sandbox, name, webhooks[name])
        assert delivered.count(answer.row) == 1, (name, answer, delivered)
        assert set(delivered) <= made, (name, delivered)  # of other triggers, which made rows for themselves
        body = sandbox.deliveries.list(webhook=webhooks[name], limit=1).deliveries[0].body
        assert list_keys(body) == printed[name], f"docs/guides/events.md shows other keys of {name}"


def test_command_triggers_with_fields(
    sandbox: RunningSandbox,
    practice: Any,
    receiver: Receiver,
    subscribe: Subscribe,
    capsys: pytest.CaptureFixture[str],
) -> None:
    webhook = subscribe("APPOINTMENT_CREATE")
    patient = sandbox.events.trigger(event="PATIENT_CREATE", practice=practice.id, wait=0.0).row
    fields = ["--override", f"patient={patient}", "--override", "reason=Cough"]
    where = ["--practice", str(practice.id), "--data", str(sandbox.data)]
    assert cli.main(["trigger", "APPOINTMENT_CREATE", *fields, *where]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["made"] == [{"resource": "appointments", "id": answer["row"]}]
    (delivery,) = (each for each in answer["deliveries"] if each["webhook"] == webhook)
    assert delivery["state"] == "delivered"
    sent = receiver.wait_for("APPOINTMENT_CREATE", PATIENCE).data["object"]
    assert (int(sent["id"]), sent["patient"], sent["reason"]) == (answer["row"], patient, "Cough")
    token = {"Authorization": f"Bearer {practice.token.access_token}"}
    shown = httpx.get(f"{sandbox.base_url}/api/appointments/{answer['row']}", headers=token).json()
    assert (shown["patient"], shown["reason"]) == (patient, "Cough")


def test_a_row_that_exists_is_changed_and_deleted(
    sandbox: RunningSandbox, practice: Any, receiver: Receiver, subscribe: Subscribe
) -> None:
    events = ("PATIENT_MEDICATION_MODIFY", "rx.deleted", "PATIENT_MEDICATION_DELETE")
    row = sandbox.events.trigger(event="rx.created", practice=practice.id, wait=0.0).row
    webhooks = {event: subscribe(event) for event in events}
    changed = sandbox.events.trigger(
        event=events[0], practice=practice.id, row=row, override={"notes": "At night"}, wait=0.0
    )
    assert (changed.row, changed.made) == (row, [])
    deleted = sandbox.events.trigger(event="rx.deleted", practice=practice.id, row=row, wait=25.0)
    assert (deleted.row, deleted.made) == (row, [])
    for event, webhook in webhooks.items():
        assert list_rows(sandbox, event, webhook) == [row], event
    note = receiver.wait_for("PATIENT_MEDICATION_MODIFY", PATIENCE).data["object"]["notes"]
    assert note == "At night"
    with pytest.raises(SandboxError, match="row: "):
        sandbox.events.trigger(event="rx.deleted", practice=practice.id, row=2**62)


def count_patients(sandbox: RunningSandbox, practice: Any) -> int:
    auth = (practice.api_user.username, practice.api_user.secret)
    answer = httpx.get(f"{sandbox.base_url}/api/v1/patients", auth=auth).json()
    return int(answer["total_count"])


@pytest.mark.parametrize(
    ("event", "given", "fields"),
    [
        ("PATIENT_SNEEZE", {}, {"event"}),
        (
            "APPOINTMENT_CREATE",
            {"override": {"patient": "x", "duration": "long", "shoe": 1}},
            {"override.shoe"},
        ),
        (
            "APPOINTMENT_CREATE",
            {"override": {"patient": "x", "duration": "long"}},
            {"override.patient", "override.duration"},
        ),
        ("patient.modified", {"override": {"dob": "tomorrow", "sex": []}}, {"override.dob", "override.sex"}),
        ("PATIENT_DELETE", {"override": {"gender": 5}}, {"override.gender"}),
        ("PATIENT_FLAG_CREATE", {"override": {"flag_type": 0}}, {"override.flag_type"}),
        (
            "user.modified",
            {"override": {"email": "nobody", "last_name": []}},
            {"override.email", "override.last_name"},
        ),
        ("questionnaire.created", {"override": {"patient": 2**70}}, {"override.patient"}),
        ("questionnaire.created", {"override": {"raw_data": "x"}}, {"override.raw_data"}),
        ("PATIENT_CREATE", {"row": 1}, {"row"}),
        ("PATIENT_DELETE", {"row": 1, "override": {"gender": "Male"}}, {"override"}),
        ("CLINICAL_NOTE_LOCK", {"row": 2**62}, {"row"}),
        (
            "PATIENT_CREATE",
            {"override": {"doctor": 2**70, "first_name": "\0"}},
            {"override.doctor", "override.first_name"},
        ),
        ("user.created", {"override": {"first_name": "\0"}}, {"override.first_name"}),
        ("user.created", {"override": {"email": "x" * 300 + "@example.com"}}, {"override.email"}),
        ("user.deleted", {"row": 2**62}, {"row"}),
        ("PATIENT_MODIFY", {"practice": 2**40}, {"practice"}),
    ],
)
def test_what_is_refused_names_each_field_and_leaves_no_row(
    sandbox: RunningSandbox, practice: Any, event: str, given: dict[str, Any], fields: set[str]
) -> None:
    before = count_patients(sandbox, practice)
    with pytest.raises(SandboxError) as refused:
        sandbox.events.trigger(event=event, **{"practice": practice.id, **given})
    assert refused.value.status == 400
    assert set(refused.value.fields) == fields
    assert count_patients(sandbox, practice) == before


def test_rows_of_another_practice_are_refused(sandbox: RunningSandbox, practice: Any) -> None:
    other = sandbox.practices.create(patients=1)
    foreign = other.patients[0].id
    for event, given, field in (
        ("APPOINTMENT_CREATE", {"override": {"patient": foreign}}, "override.patient"),
        ("schedule.created", {"override": {"pt_id": foreign}}, "override.pt_id"),
        ("questionnaire.created", {"override": {"patient": foreign}}, "override.patient"),
        ("PATIENT_MODIFY", {"row": foreign}, "row"),
        ("patient.deleted", {"row": foreign}, "row"),
        ("PATIENT_FLAG_CREATE", {"row": foreign}, "row"),
    ):
        with pytest.raises(SandboxError) as refused:
            sandbox.events.trigger(event=event, practice=practice.id, **given)
        assert set(refused.value.fields) == {field}, event
    assert count_patients(sandbox, other) == 1


def test_a_change_to_the_same_values_is_refused(sandbox: RunningSandbox, practice: Any) -> None:
    row = sandbox.events.trigger(
        event="TASK_CREATE", practice=practice.id, override={"title": "Once"}, wait=0.0
    ).row
    sandbox.clock.freeze()
    with pytest.raises(SandboxError, match="Nothing would change") as refused:
        sandbox.events.trigger(event="TASK_MODIFY", practice=practice.id, row=row, override={"title": "Once"})
    assert refused.value.status == 409
    given = {"title": "Twice"}
    assert (
        sandbox.events.trigger(event="TASK_MODIFY", practice=practice.id, row=row, override=given).row == row
    )


def test_what_is_so_already_is_refused(sandbox: RunningSandbox, practice: Any) -> None:
    """There would be no event."""
    for event in ("PATIENT_ALLERGY_DELETE", "user.deleted", "CASH_PAYMENT_DELETE", "CLINICAL_NOTE_LOCK"):
        row = sandbox.events.trigger(event=event, practice=practice.id, wait=0.0).row
        with pytest.raises(SandboxError) as refused:
            sandbox.events.trigger(event=event, practice=practice.id, row=row)
        assert refused.value.status in (400, 409), event  # some deleted rows are not found


def test_a_row_that_the_event_is_not_about_is_refused(sandbox: RunningSandbox, practice: Any) -> None:
    """DrChrono's API shows no note without a visit."""
    note = sandbox.events.trigger(event="encounter.created", practice=practice.id, wait=0.0).row
    with pytest.raises(SandboxError, match="no such row"):
        sandbox.events.trigger(event="CLINICAL_NOTE_LOCK", practice=practice.id, row=note)


def test_events_follow_in_a_practice_that_shares_nothing_and_has_no_patient(sandbox: RunningSandbox) -> None:
    bare = sandbox.practices.create(patients=0, sharing=[])
    for event in ("PATIENT_PROBLEM_MODIFY", "schedule.deleted", "questionnaire.created", "LINE_ITEM_CREATE"):
        answer = sandbox.events.trigger(event=event, practice=bare.id, wait=0.0)
        assert answer.row in {row.id for row in answer.made}, event
