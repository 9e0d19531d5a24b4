"""Drills: a good backup passes, and whatever is wrong with a bad one is named."""

from collections.abc import Iterator
from dataclasses import replace

import msgspec
import psycopg
import pytest

from charthouse.backup import manifests, row_counts
from charthouse.backup.clusters import Cluster
from charthouse.backup.configuration import read_configuration
from charthouse.backup.manifests import Manifest
from charthouse.backup.opening import find_identity
from charthouse.database_server import embedded_postgres
from tests.backup.installations import Installation, run_installation

Captured = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def installation(database: None) -> Iterator[Installation]:
    with run_installation() as made:
        yield made


@pytest.fixture(scope="module")
def manifest(installation: Installation) -> Manifest:
    installation.write_note("before")
    manifest = installation.back_up()
    installation.write_note("after the rows were counted")
    return manifest


def read_runs(installation: Installation) -> list[tuple[str, str, bool, str]]:
    with installation.connect() as connection:
        return connection.execute("select kind, backup, ok, detail from backup_run order by id").fetchall()


def test_a_good_backup_passes(installation: Installation, manifest: Manifest, capsys: Captured) -> None:
    assert manifest.check_lsn
    installation.run("backup", "verify")
    out = capsys.readouterr().out
    assert f"{manifest.id}: 1" in out
    assert "rows compared, 2 stored files opened, " in out
    assert "chains of seals verified" in out
    assert read_runs(installation)[-1] == ("drill", manifest.id, True, "")
    assert list((installation.data / "drill").iterdir()) == []


def test_rows_files_and_seals_that_are_wrong_are_named(
    installation: Installation, manifest: Manifest, capsys: Captured
) -> None:
    """The counts say another row than there is; a file is gone; a row of the audit was changed before the backup."""
    with installation.connect() as connection, connection.transaction():
        connection.execute("set session_replication_role = replica")
        connection.execute(
            "update audit_event set what = 'tampered' where id = (select min(id) from audit_event)"
        )
    second = installation.back_up()
    repository = installation.repository
    name = second.name_object(manifests.CONTENTS)
    identity = find_identity(
        repository, replace(read_configuration({}), passphrase_file=str(installation.passphrase_file))
    )
    counts = row_counts.decode(b"".join(repository.read_sealed(name, identity)))
    counts |= {"drill_note": row_counts.TableCount(99, "1"), "gone": row_counts.TableCount(1, "1")}
    stored = repository.put_sealed(name, [row_counts.encode(counts)])
    key = (installation.data / "secret_key").read_text().strip()
    changed = manifests.sign(
        msgspec.structs.replace(second, objects={**second.objects, manifests.CONTENTS: stored}), key
    )
    repository.commit(changed)
    path = next(each for each in installation.backups.joinpath("files").rglob("*") if each.is_file())
    path.rename(path.with_suffix(".gone"))
    installation.run("backup", "verify", ok=False)
    printed = capsys.readouterr()
    for fault in (
        f"FAULT files/{path.relative_to(installation.backups / 'files')} is missing",
        "FAULT table drill_note has 2 rows, not 99",
        "FAULT table gone is missing",
        "FAULT stored file ",
        "can't be opened: FileNotFoundError",
        "FAULT practice ",
    ):
        assert fault in printed.out, printed.out
    assert "faults: this backup is not good." in printed.err
    assert read_runs(installation)[-1][2] is False
    path.with_suffix(".gone").rename(path)


def test_counts_are_of_an_exact_position(installation: Installation, manifest: Manifest) -> None:
    """While somebody writes, there is no position; the counts are left out and the backup says so."""
    cluster = Cluster(embedded_postgres.database_url(installation.data), installation.data)
    with installation.connect() as writer, writer.transaction():
        writer.execute("insert into drill_note values ('in progress')")
        with row_counts.find_quiet_moment(cluster, timeout=0.1) as (_, position):
            assert position == ""
    with row_counts.find_quiet_moment(cluster) as (connection, position):
        assert manifests.parse_lsn(position) > 0
        assert row_counts.count_tables(connection)["drill_note"].rows == 3
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            connection.execute("delete from drill_note")
