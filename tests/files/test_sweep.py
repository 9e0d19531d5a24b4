"""The sweep deletes unreferenced files and keeps referenced ones, under concurrent writes too."""

import os
import random
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import connection, transaction

from charthouse import clock
from charthouse.domains.documents.models import Document
from charthouse.domains.patients.models import Patient
from charthouse.engine.errors import Unavailable
from charthouse.files import tasks
from charthouse.files.models import StoredFile
from charthouse.files.storage import DirectoryStorage, content_path, get_storage, open_file, store_file
from charthouse.identity import rowsecurity, tenancy
from tests.domains.caller import Caller, at_once
from tests.files.test_files import make_picture
from tests.waiting import PATIENCE, until

AT_ONCE = timedelta(0)
PHOTO = make_picture(size=(9, 9))


class House(Caller):
    """A practice with a patient, whose documents refer to files."""

    def __init__(self) -> None:
        super().__init__()
        self.patient_id = self.new()["id"]

    def keep(self, content: bytes) -> StoredFile:
        """Store a file that no row refers to."""
        with tenancy.within(self.clinic.id), transaction.atomic():
            return store_file(ContentFile(content, "a.pdf"), "application/pdf", self.clinic.id)

    def point(self, file: StoredFile) -> None:
        with tenancy.within(self.clinic.id):
            Patient.objects.filter(pk=self.patient_id).update(patient_photo=file)

    def sweep(self, grace: timedelta = AT_ONCE) -> tasks.SweepResult:
        return tasks.sweep(grace, [self.clinic.id])

    def is_stored(self, file: StoredFile) -> bool:
        return get_storage().exists(content_path(self.clinic.id, file.address))

    def read(self, file: StoredFile) -> bytes:
        with open_file(file) as content:
            return content.read()

    def row(self, file: StoredFile) -> StoredFile:
        with tenancy.within(self.clinic.id):
            return StoredFile.objects.get(pk=file.pk)


@pytest.fixture
def house() -> House:
    return House()


def age(house: House, by: timedelta) -> None:
    """Set the contents of a practice back in time."""
    for content in Path(get_storage().path(str(house.clinic.id))).glob("*/*"):  # type: ignore[attr-defined]
        old = time.time() - by.total_seconds()
        os.utime(content, (old, old))


def test_unreferenced_file_is_deleted_after_a_day(house: House) -> None:
    file = house.keep(b"%PDF-1.7 once")
    house.point(file)
    assert house.sweep(tasks.GRACE_PERIOD) == tasks.SweepResult()
    assert house.row(file).unused_since is None
    age(house, timedelta(days=3))

    house.patch(house.patient_id, patient_photo=None)
    assert house.sweep(tasks.GRACE_PERIOD) == tasks.SweepResult()  # marked
    with clock.shift(timedelta(hours=23)):
        assert house.sweep(tasks.GRACE_PERIOD) == tasks.SweepResult()
    assert house.is_stored(file)
    with clock.shift(timedelta(hours=25)):
        assert house.sweep(tasks.GRACE_PERIOD) == tasks.SweepResult(rows=1, contents=1)
    assert house.row(file).archived
    assert not house.is_stored(file)


def test_file_referenced_again_is_kept(house: House) -> None:
    file = house.keep(b"%PDF-1.7 again")
    house.sweep(tasks.GRACE_PERIOD)
    assert house.row(file).unused_since is not None
    house.point(file)
    with clock.shift(timedelta(days=2)):
        assert house.sweep(tasks.GRACE_PERIOD) == tasks.SweepResult()
    assert house.row(file).unused_since is None
    assert house.is_stored(file)


def test_archived_row_keeps_its_file(house: House) -> None:
    file = house.keep(b"%PDF-1.7 archived")
    with tenancy.within(house.clinic.id):
        Document.objects.create(
            practice_id=house.clinic.id,
            doctor=house.doctor,
            patient_id=house.patient_id,
            document=file,
            date="2026-03-02",
            description="x",
            archived=True,
        )
    assert house.sweep() == tasks.SweepResult()
    assert house.is_stored(file)


def test_shared_content_stays_until_both_rows_are_archived(house: House) -> None:
    first, second = house.keep(b"%PDF-1.7 twice"), house.keep(b"%PDF-1.7 twice")
    house.point(first)
    assert house.sweep() == tasks.SweepResult(rows=1)
    assert house.row(second).archived
    assert house.read(first) == b"%PDF-1.7 twice"


def test_content_of_a_rolled_back_write_is_deleted(house: House) -> None:
    body = {"doctor": house.doctor.pk, "gender": "Nonsense", "first_name": "Ada"}
    assert house.http.post("/api/patients", data=body, files={"patient_photo": PHOTO}).status_code == 400
    with tenancy.within(house.clinic.id), transaction.atomic():
        store_file(ContentFile(b"%PDF-1.7 rolled back", "a.pdf"), "application/pdf", house.clinic.id)
        transaction.set_rollback(True)
    assert house.sweep(tasks.GRACE_PERIOD) == tasks.SweepResult()  # it may be a write that hasn't ended yet
    age(house, timedelta(days=2))
    assert house.sweep(tasks.GRACE_PERIOD) == tasks.SweepResult(contents=1)
    assert not any(Path(get_storage().path(str(house.clinic.id))).glob("*/*"))  # type: ignore[attr-defined]


def test_foreign_files_are_left_alone(house: House) -> None:
    file = house.keep(b"%PDF-1.7 mine")
    house.point(file)
    folder = Path(get_storage().path(content_path(house.clinic.id, file.address))).parent  # type: ignore[attr-defined]
    (folder / "README").write_text("somebody's")
    (folder / ("0" * 63)).write_text("too short a name")
    (folder / ".new-abc").write_text("a write that was cut off")
    age(house, timedelta(days=2))
    house.sweep(tasks.GRACE_PERIOD)
    assert sorted(entry.name for entry in folder.iterdir()) == sorted(["README", "0" * 63, file.address])


def test_uncommitted_upload_keeps_the_content(house: House) -> None:
    """The content exists already, without a row: the upload reuses it, so the sweep must not delete it."""
    orphan = house.keep(b"%PDF-1.7 raced")
    house.sweep()  # puts the row away and deletes the bytes
    assert not house.is_stored(orphan)
    with tenancy.within(house.clinic.id), transaction.atomic():
        file = store_file(ContentFile(b"%PDF-1.7 raced", "a.pdf"), "application/pdf", house.clinic.id)
        assert in_a_thread(house.sweep) == tasks.SweepResult()
        Patient.objects.filter(pk=house.patient_id).update(patient_photo=file)
        assert in_a_thread(house.sweep) == tasks.SweepResult()
    assert house.sweep() == tasks.SweepResult()
    assert house.read(file) == b"%PDF-1.7 raced"


def test_upload_waits_for_the_sweep_and_writes_the_content_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tenancy.within(house.clinic.id), transaction.atomic():
        store_file(ContentFile(b"%PDF-1.7 swept", "a.pdf"), "application/pdf", house.clinic.id)
        transaction.set_rollback(True)
    deleting, made = Event(), []
    delete = DirectoryStorage.delete
    waiting = "select count(*) from pg_locks where locktype = 'advisory' and not granted"

    def upload() -> None:
        deleting.wait(PATIENCE)
        made.append(house.keep(b"%PDF-1.7 swept"))
        house.point(made[0])
        connection.close()

    def slowly(self: DirectoryStorage, name: str) -> None:
        deleting.set()
        until(lambda: asked(waiting) > 0)  # the upload is there, and waits
        delete(self, name)

    monkeypatch.setattr(DirectoryStorage, "delete", slowly)
    thread = Thread(target=upload)
    thread.start()
    assert house.sweep() == tasks.SweepResult(contents=1)
    thread.join()
    assert house.read(made[0]) == b"%PDF-1.7 swept"


def test_concurrent_uploads_and_sweeps_lose_nothing(house: House) -> None:
    contents = [b"%PDF-1.7 " + bytes([letter]) for letter in b"abc"]
    patients = [house.new()["id"] for _ in range(4)]
    chance = [random.Random(seed) for seed in range(6)]  # noqa: S311

    def work(index: int) -> None:
        for _ in range(15):
            if index >= 4:
                house.sweep()
                continue
            with tenancy.within(house.clinic.id):
                with transaction.atomic():
                    content = chance[index].choice([*contents, None])
                    file = content and store_file(
                        ContentFile(content, "a.pdf"), "application/pdf", house.clinic.id
                    )
                    Patient.objects.filter(pk=patients[index]).update(patient_photo=file)
                if file:
                    assert house.read(file) == content

    at_once(6, work)
    with tenancy.within(house.clinic.id):
        used = list(Patient.objects.exclude(patient_photo=None).values_list("patient_photo", flat=True))
    house.sweep()
    for file in used:
        with tenancy.within(house.clinic.id):
            assert house.read(StoredFile.objects.get(pk=file, archived=False))
    names = {entry.name for entry in Path(get_storage().path(str(house.clinic.id))).glob("*/*")}  # type: ignore[attr-defined]
    with tenancy.within(house.clinic.id):
        assert names == set(StoredFile.objects.filter(pk__in=used).values_list("address", flat=True))


def test_all_foreign_keys_to_files_are_known() -> None:
    """Compared with the constraints of the database."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from pg_constraint where contype = 'f' and confrelid = 'files_storedfile'::regclass"
        )
        constraints = cursor.fetchone()[0]
    assert len(tasks.list_file_references()) == constraints > 8
    assert {key.model for key in tasks.list_file_references()} <= set(rowsecurity.list_record_models())


def test_storage_errors_are_unavailable(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    file = house.keep(b"%PDF-1.7 there")

    def full(*args: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(DirectoryStorage, "_save", full)
    monkeypatch.setattr(DirectoryStorage, "_open", full)
    with pytest.raises(Unavailable):
        house.keep(b"%PDF-1.7 not there")
    with pytest.raises(Unavailable):
        open_file(file)
    patient = {"doctor": house.doctor.pk, "gender": "Female", "first_name": "Ada"}
    answer = house.http.post("/api/patients", data=patient, files={"patient_photo": PHOTO})
    assert answer.status_code == 503


def asked(query: str) -> int:
    """Run a query on a connection of its own."""

    def ask(_: int) -> int:
        with connection.cursor() as cursor:
            cursor.execute(query)
            return int(cursor.fetchone()[0])

    return at_once(1, ask)[0]


def in_a_thread(call: Callable[[], Any]) -> Any:
    return at_once(1, lambda _: call())[0]
