"""A whole practice of the sandbox goes to another installation: row by row, file by file, with its history."""

import hashlib
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from charthouse import clock
from charthouse.audit import request_log, verification
from charthouse.domains.billing.models import FeeSchedule
from charthouse.domains.clinical.models import ClinicalNote, NoteText
from charthouse.domains.patients import merges
from charthouse.domains.patients.models import DistinctPatients, Patient, PortalProxy, PortalRequest
from charthouse.domains.practice.models import Doctor, DoctorOptions, IframeApp
from charthouse.domains.scheduling.models import (
    Appointment,
    AppointmentProfile,
    CustomVital,
    FreedSlot,
    VitalsTagGroup,
)
from charthouse.domains.tasks.models import AssociatedItem
from charthouse.identity import tenancy
from charthouse.identity.models import Application, User
from charthouse.operation.transfer.exporting import export_practice
from charthouse.operation.transfer.importing import Import, import_practice
from charthouse.outbox.models import Outgoing
from tests.conftest import WORKER, create_database
from tests.operation.exports import Canonical
from tests.sandbox.databases import SandboxDatabase, query, use_database
from tests.support import client

PRACTICE = 2
SOURCE = f"charthouse_{WORKER}_exports"


@contextmanager
def open_source(sandbox: SandboxDatabase) -> Iterator[None]:
    with use_database(SOURCE, sandbox.data):
        yield


@pytest.fixture(scope="module")
def source(sandbox: SandboxDatabase) -> int:
    """A practice of a copy of the sandbox, with what seeds don't make: references that are no foreign keys, deleted
    rows, calls, messages that wait."""
    create_database(SOURCE, sandbox.database)
    practice = sandbox.description["practices"][PRACTICE - 1]
    with open_source(sandbox):
        with tenancy.within(PRACTICE):
            add_references()
            Patient.objects.filter(pk=Patient.objects.order_by("-pk")[0].pk).update(archived=True)
        with client(practice["oauth_apps"][-1]["access_token"]) as caller:
            patients = caller.get("/api/patients", params={"page_size": 3}).json()["results"]
            caller.get(f"/api/patients/{patients[0]['id']}")
            caller.get("/api/patients/1")  # of another practice
        request_log.flush()
    return PRACTICE


def add_references() -> None:
    """Add rows with ids in arrays and JSON, and rows that stay: a message that waits, another practice's app."""
    doctors = list(Doctor.objects.values_list("pk", flat=True))
    users = list(User.objects.values_list("pk", flat=True))
    AppointmentProfile.objects.filter(pk=AppointmentProfile.objects.order_by("pk")[0].pk).update(
        provider_ids=[0, *users]
    )
    FeeSchedule.objects.update(assignees=doctors)
    DoctorOptions.objects.update(erx_supervising_providers=doctors)
    group = VitalsTagGroup.objects.order_by("pk")[0]
    group.included_fields = ["bp", str(CustomVital.objects.order_by("pk")[0].pk)]
    group.save()
    request = PortalRequest.objects.order_by("pk")[0]
    PortalRequest.objects.create(
        practice_id=PRACTICE,
        patient_id=request.patient_id,
        request_type="document",
        payload={"requires_review": -1, "dr_reviewer": users[0], "size": 5, "price": 1.50},
    )
    NoteText.objects.create(practice_id=PRACTICE, name="Normal exam", text="Within normal limits.")
    for app in Application.objects.order_by("pk"):
        IframeApp.objects.create(practice_id=PRACTICE, doctor_id=doctors[0], app=app.pk)
    message = {"practice_id": PRACTICE, "kind": "email", "recipient": "a@example.com", "purpose": "test"}
    Outgoing.objects.create(text="It waits", **message)
    Outgoing.objects.create(text="", sent_at=clock.now(), **message)
    User.objects.filter(pk=users[0]).update(is_staff=True)
    kept, merged, proxy = Patient.objects.order_by("pk").values_list("pk", flat=True)[:3]
    PortalProxy.objects.create(practice_id=PRACTICE, patient_id=kept, proxy_id=proxy, relationship="guardian")
    DistinctPatients.objects.create(practice_id=PRACTICE, first_id=kept, second_id=proxy)
    columns = ("doctor_id", "office_id", "exam_room", "scheduled_time", "duration")
    freed = Appointment.objects.filter(practice=PRACTICE).order_by("pk").values(*columns)[0]
    FreedSlot.objects.create(practice_id=PRACTICE, **freed)
    with transaction.atomic():
        merges.merge(PRACTICE, kept, merged, users[0], reason="Registered twice")


@pytest.fixture(scope="module")
def exported(sandbox: SandboxDatabase, source: int, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("exports") / "practice"
    with open_source(sandbox):
        export_practice(source, target)
    return target


class Installation:
    """Another installation, into which the practice is imported twice; and what it exports of each."""

    def __init__(self, exported: Path, folder: Path) -> None:
        self.database, self.data = f"charthouse_{WORKER}_imports", folder / "data"
        self.data.mkdir()
        self.imports: list[Import] = []
        self.exports: list[Path] = []
        create_database(self.database)
        with use_database(self.database, self.data):
            for number in (1, 2):
                done = import_practice(exported)
                self.imports.append(done)
                self.exports.append(folder / str(number))
                export_practice(done.practice, self.exports[-1])


@pytest.fixture(scope="module")
def other(exported: Path, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    return Installation(exported, tmp_path_factory.mktemp("other"))


def test_the_checksums_are_those_that_sha256sum_checks(exported: Path) -> None:
    command = ["sha256sum", "--check", "--quiet", "--strict", "SHA256SUMS"]
    subprocess.run(command, cwd=exported, check=True)


def test_the_same_export_is_the_same_bytes(sandbox: SandboxDatabase, exported: Path, tmp_path: Path) -> None:
    with open_source(sandbox):
        export_practice(PRACTICE, tmp_path / "again")
    assert digest(tmp_path / "again") == digest(exported)


def digest(root: Path) -> dict[str, str]:
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in root.rglob("*")
        if path.is_file()
    }


def test_export_and_import_are_equal_row_by_row_and_file_by_file(exported: Path, other: Installation) -> None:
    before, after = Canonical(exported), Canonical(other.exports[0])
    rows, imported = before.read(), after.read()
    (added,) = [row for row in imported["audit_event"] if row["what"] == "imported"]
    imported["audit_event"].remove(added)
    assert [len(each) for each in rows.values()] == [len(each) for each in imported.values()]
    differences = [
        (name, {key: (one[key], other.get(key)) for key in one if one[key] != other.get(key)})
        for name in rows
        for one, other in zip(rows[name], imported[name], strict=True)
        if one != other
    ]
    assert differences[:1] == []
    assert before.read_files() == after.read_files()
    empty = {name for name, each in rows.items() if not each}
    assert empty <= {
        "patients_portalwording", "patients_workerscompinsurance", "patients_autoaccidentinsurance"
    }, "fill these here, or nothing shows that they arrive"  # fmt: skip


def test_nothing_was_dropped_but_what_was_named(exported: Path, other: Installation) -> None:
    assert [done.unresolved for done in other.imports] == [{}, {}]
    assert other.imports[0].renamed == []
    assert {each.column for each in other.imports[1].renamed} == {"username", "client_id"}


def test_ids_that_no_foreign_key_declares_are_new_ones(exported: Path, other: Installation) -> None:
    """The ranks of ``Canonical`` would show it too; this holds without it."""
    practice = other.imports[1].practice
    with use_database(other.database, other.data), tenancy.within(practice):
        users = set(User.objects.values_list("pk", flat=True))
        doctors = set(Doctor.objects.values_list("pk", flat=True))
        profile = AppointmentProfile.objects.get(provider_ids__contains=[0])
        assert set(profile.provider_ids or []) == {0, *users}
        assert set(FeeSchedule.objects.order_by("pk")[0].assignees) == doctors
        included = VitalsTagGroup.objects.exclude(included_fields=[]).order_by("pk")[0].included_fields
        assert included[0] == "bp"
        assert CustomVital.objects.filter(pk=int(included[1])).exists()
        payload = PortalRequest.objects.get(payload__has_key="dr_reviewer").payload
        assert payload["dr_reviewer"] in users
        assert payload["requires_review"] == -1
        item = AssociatedItem.objects.filter(type="Patient").order_by("pk")[0]
        assert Patient.objects.filter(pk=item.value_id).exists()
        apps = Application.objects.filter(user__practice=practice).values_list("pk", flat=True)
        assert set(IframeApp.objects.values_list("app", flat=True)) == set(apps)


def test_the_audit_holds_and_the_history_says_what_the_rows_are(other: Installation) -> None:
    """Also that no row was written past the change feed: of each, the last state in the history is the row."""
    with use_database(other.database, other.data):
        assert [str(each) for each in verification.verify()] == []


def test_triggers_made_nothing_of_what_was_imported(exported: Path, other: Installation) -> None:
    notes = Canonical(exported).tables["clinical_clinicalnote"]
    with use_database(other.database, other.data), tenancy.within(other.imports[0].practice):
        assert ClinicalNote.objects.count() == len(notes)


def test_an_export_opens_no_account(sandbox: SandboxDatabase, other: Installation) -> None:
    with open_source(sandbox):
        secrets = query(
            "select password from identity_user where practice_id = 2 union all select client_secret from "
            "identity_application union all select sealed_secret from identity_application union all "
            "select secret_digest from identity_apiuser union all select password from patients_portalaccess"
        )
    contents = b"".join(path.read_bytes() for path in other.exports[0].glob("tables/*.ndjson"))
    assert not [secret for (secret,) in secrets if secret and secret.encode() in contents]
    with use_database(other.database, other.data):
        rights: list[Any] = query("select is_staff or is_superuser, password from identity_user")
    assert rights
    assert not any(right or not password.startswith("!") for right, password in rights)


def test_what_waits_to_be_sent_stays(other: Installation) -> None:
    with use_database(other.database, other.data):
        assert query("select count(*) from post_outgoing where sent_at is null and failed_at is null") == [
            (0,)
        ]
        assert query("select count(*) from changes_change where txid <> '0'") == [(0,)]
