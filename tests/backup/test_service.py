"""The process beside the worker: what is written while it runs is in the backup within seconds, and all of it after a
clean stop; it makes the backups that are due."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from charthouse.backup import service as services
from charthouse.backup import wal, writers
from charthouse.backup.manifests import FULL, parse_lsn
from tests.backup.installations import (
    Installation,
    list_notes,
    make_folder,
    run_installation,
    run_restored,
    run_service,
)
from tests.waiting import until


@pytest.fixture(scope="module")
def installation(database: None) -> Iterator[Installation]:
    with run_installation() as made:
        yield made


def read_stored_until(installation: Installation) -> datetime | None:
    with installation.connect() as connection:
        row = connection.execute("select stored_until from backup_stream where error = ''").fetchone()
    return row[0] if row else None


def list_manifests(installation: Installation) -> list[Any]:
    return (
        installation.repository.list_backups() if (installation.backups / "repository.json").exists() else []
    )


@pytest.fixture
def backed_up(installation: Installation) -> Installation:
    """The installation, once the service has made a backup of it."""
    if not list_manifests(installation):
        with run_service(installation.environment):
            until(lambda: list_manifests(installation))
    return installation


def test_writes_are_in_the_backup_within_seconds_and_all_after_a_clean_stop(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "NOTE_INTERVAL", timedelta(0))
    with run_service(installation.environment):
        (manifest,) = until(lambda: list_manifests(installation))
        assert manifest.kind == FULL
        file = installation.store(b"taken after the backup" * 1000)
        installation.write_note("while it runs")
        with installation.connect() as connection:
            (position, now) = connection.execute(
                "select pg_current_wal_flush_lsn()::text, clock_timestamp()"
            ).fetchone() or ("", None)
        began = time.monotonic()
        until(lambda: (stored := read_stored_until(installation)) is not None and stored > now)
        assert time.monotonic() - began < 60  # the bar; some seconds where the machine does nothing else
        store = wal.WalStore(installation.repository, manifest.line, manifest.segment_size)
        assert store.end > parse_lsn(position) - 64  # trailing zeros of a record are not stored
        installation.write_note("just before the stop")
    data = make_folder() / "restored"
    installation.run("restore", "--into", data)
    with run_restored(data) as connection:
        assert list_notes(connection) == ["just before the stop", "while it runs"]
        row = connection.execute(
            "select practice_id, address from files_storedfile where id = %s", [file]
        ).fetchone()
    assert row is not None
    assert (data / "files" / str(row[0]) / row[1][:2] / row[1]).is_file()


def test_a_server_on_a_copy_does_not_store_into_the_same_line(
    backed_up: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other server is its note in the repository. This one stops when it appears, does not begin while it is
    there, and goes on when it is not heard of any more."""
    monkeypatch.setattr(writers, "BEAT", timedelta(0))
    monkeypatch.setattr(services, "NOTE_INTERVAL", timedelta(0))
    (line,) = {manifest.line for manifest in backed_up.repository.list_backups()}
    note = backed_up.backups / "writers" / line

    def read_errors() -> list[str]:
        with backed_up.connect() as connection:
            return [
                error for (error,) in connection.execute("select error from backup_stream where error <> ''")
            ]

    def pretend_another(age: timedelta) -> None:
        at = datetime.now(UTC) - age
        note.parent.mkdir(exist_ok=True)
        note.write_text(json.dumps({"writer": "other", "server": "another start", "at": at.isoformat()}))

    with run_service(backed_up.environment):
        until(lambda: note.exists() and read_stored_until(backed_up))
        pretend_another(timedelta(0))
        until(lambda: any("run charthouse pause" in error for error in read_errors()))
        stored = set(backed_up.repository.list_wal(line))
        backed_up.write_note("while another server writes")
        pretend_another(timedelta(0))
        time.sleep(1)  # ten cycles, if it went on
        assert set(backed_up.repository.list_wal(line)) == stored
        assert json.loads(note.read_text())["writer"] == "other"
        pretend_another(writers.SILENCE)
        until(lambda: not read_errors())
    assert not note.exists()  # at a clean end


def test_a_full_spool_and_a_lost_slot_begin_a_new_line(backed_up: Installation) -> None:
    """When the server has removed WAL that was not received, the next line begins, with a full backup."""
    before = backed_up.repository.list_backups()
    with backed_up.connect() as connection:
        connection.execute("select pg_drop_replication_slot(slot_name) from pg_replication_slots")
    with run_service(backed_up.environment):
        after = until(lambda: len(found := list_manifests(backed_up)) > len(before) and found)
    assert after[-1].kind == FULL
    assert after[-1].line != before[-1].line


def test_a_destination_that_is_sealed_to_somebody_else_is_refused(
    backed_up: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever can write to the destination must not have the next backups sealed to themselves."""
    description = backed_up.backups / "repository.json"
    content = description.read_bytes()
    backed_up.run("backup", "keygen", make_folder() / "identity")
    stranger = capsys.readouterr().out.strip()
    description.write_bytes(content.replace(str(backed_up.repository.recipient).encode(), stranger.encode()))
    try:
        backed_up.run("backup", ok=False)
        assert "names another recipient than before" in capsys.readouterr().err
    finally:
        description.write_bytes(content)
