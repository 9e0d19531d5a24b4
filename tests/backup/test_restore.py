"""Backups are restored: rows, files, keys and seals are those that were backed up, at the time that was asked for."""

import gzip
import json
import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from charthouse.backup import manifests, row_counts, wal
from charthouse.backup.manifests import FULL, INCREMENTAL
from tests.backup.installations import (
    Installation,
    list_losses,
    list_notes,
    make_folder,
    run_installation,
    run_restored,
)

Captured = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def installation(database: None) -> Iterator[Installation]:
    with run_installation() as made:
        yield made


@pytest.fixture
def folder() -> Path:
    return make_folder()


def test_a_full_and_an_incremental_backup_are_restored(
    installation: Installation, folder: Path, capsys: Captured
) -> None:
    full = installation.back_up("--full")
    installation.write_note("after the full one")
    incremental = installation.back_up()
    assert (full.kind, incremental.kind, incremental.parent) == (FULL, INCREMENTAL, full.id)
    capsys.readouterr()
    installation.run("backup", "list", "--json")
    listed = json.loads(capsys.readouterr().out)
    assert [(backup["id"], backup["kind"], backup["parent"]) for backup in listed][-2:] == [
        (full.id, FULL, ""),
        (incremental.id, INCREMENTAL, full.id),
    ]
    with installation.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        before = row_counts.count_tables(connection)
    data = folder / "restored"
    installation.run("restore", "--into", data)
    assert f"Backup {incremental.id} is restored to {data}, with 2 files." in capsys.readouterr().out
    for name in ("secret_key", "file_keys"):
        assert (data / name).read_text().strip() == (installation.data / name).read_text().strip()
        assert stat.S_IMODE((data / name).stat().st_mode) == 0o600
    stored = {
        path.name: path.read_bytes() for path in (installation.data / "files").rglob("*") if path.is_file()
    }
    assert {path.name: path.read_bytes() for path in (data / "files").rglob("*") if path.is_file()} == stored
    with run_restored(data) as connection:
        found = row_counts.count_tables(connection)
        assert list_notes(connection) == ["after the full one"]
    assert list_losses(before, found) == []
    # It is marked as a copy, which sends nothing until charthouse resume.
    assert "table identity_incarnation has other rows" in row_counts.compare(before, found)
    assert sum(count.rows for count in found.values()) > 100


def test_a_time_is_restored(installation: Installation, folder: Path, capsys: Captured) -> None:
    """What was committed before the time is there, what was committed after it is not."""
    installation.back_up("--full")
    first = installation.back_up()
    times = []
    for text in ("one", "two", "three"):
        installation.write_note(text)
        with installation.connect() as connection:
            times.append(connection.execute("select clock_timestamp()").fetchone())
    installation.back_up()
    at = times[1][0]
    installation.run("restore", "--into", folder / "two", "--to", at.isoformat())
    assert f"Backup {first.id} is restored" in capsys.readouterr().out
    with run_restored(folder / "two") as connection:
        assert {"one", "two", "three"} & set(list_notes(connection)) == {"one", "two"}


def test_a_time_after_the_last_write_is_the_last_state(installation: Installation, folder: Path) -> None:
    installation.write_note("last")
    installation.back_up("--full")
    installation.run("restore", "--into", folder / "now", "--to", datetime.now(UTC).isoformat())
    with run_restored(folder / "now") as connection:
        assert "last" in list_notes(connection)


def test_a_time_before_the_first_backup_is_refused(
    installation: Installation, folder: Path, capsys: Captured
) -> None:
    installation.require_backup()
    installation.run("restore", "--into", folder / "r", "--to", "2001-01-01T00:00:00Z", ok=False)
    assert "no backup is old enough; the first ended at 20" in capsys.readouterr().err
    assert not (folder / "r").exists()


def test_a_directory_that_is_not_empty_is_refused(
    installation: Installation, folder: Path, capsys: Captured
) -> None:
    installation.require_backup()
    (folder / "diary").touch()
    for place in (folder, installation.data):
        before = sorted(os.listdir(place))
        installation.run("restore", "--into", place, ok=False)
        assert "is not empty" in capsys.readouterr().err
        assert sorted(os.listdir(place)) == before


def test_a_wrong_passphrase_opens_nothing(installation: Installation, folder: Path, capsys: Captured) -> None:
    installation.require_backup()
    wrong = folder / "wrong"
    wrong.write_text("incorrect horse battery staple\n")
    installation.run("restore", "--into", folder / "r", "--passphrase-file", wrong, ok=False)
    assert capsys.readouterr().err == "charthouse restore: The passphrase is wrong.\n"


def test_nothing_of_the_record_is_readable_in_a_backup(installation: Installation) -> None:
    """Neither text of rows nor keys can be found in any object, also not in a decompressed one."""
    installation.write_note("Zanzibar canary")
    installation.back_up("--full")
    key = (installation.data / "secret_key").read_bytes().strip()
    for path in Path(installation.place).rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            plain = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
            assert b"Zanzibar" not in plain
            assert b"Drill Practice" not in plain
            assert key not in plain
            assert stat.S_IMODE(path.stat().st_mode) == 0o600


TAMPERINGS = ("base", "keys", "files", "manifest", "wal", "stored file")


@pytest.mark.parametrize("what", TAMPERINGS)
def test_tampering_is_found(installation: Installation, folder: Path, what: str, capsys: Captured) -> None:
    manifest = installation.back_up("--full") if what == TAMPERINGS[0] else installation.require_backup()
    if what == "wal":
        segment = wal.name_segment(
            manifest.timeline, manifests.parse_lsn(manifest.start_lsn), manifest.segment_size
        )
        path = next((Path(installation.place) / "lines" / manifest.line / "wal").glob(f"{segment}*"))
    elif what == "stored file":
        path = next(each for each in (Path(installation.place) / "files").rglob("*") if each.is_file())
    else:
        path = installation.object_path(manifest, what)
    content = path.read_bytes()
    if what == "manifest":
        changed = content.replace(b'"files": ', b'"files": 1')
    else:
        middle = len(content) // 2
        changed = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
    assert changed != content
    path.write_bytes(changed)
    try:
        installation.run("restore", "--into", folder / "r", ok=False)
        error = capsys.readouterr().err
        assert error.startswith("charthouse restore: ")
        assert not (folder / "r" / "CHARTHOUSE").exists()
    finally:
        path.write_bytes(content)
