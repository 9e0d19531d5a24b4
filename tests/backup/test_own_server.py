"""A PostgreSQL of one's own, on which the owner of the tables may not replicate: backups are logical, and say so."""

from collections.abc import Iterator
from urllib.parse import quote

import psycopg
import pytest

from charthouse.backup import row_counts
from charthouse.backup.manifests import LOGICAL
from tests.backup.installations import (
    PASSPHRASE,
    OwnServer,
    list_losses,
    make_folder,
    run_restored,
)
from tests.conftest import PGDATA, TEMPLATE, WORKER, _execute

OWNER, DATABASE = f"backup_owner_{WORKER}", f"backup_own_{WORKER}"
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


@pytest.fixture(scope="module")
def own(database: None) -> Iterator[OwnServer]:
    """A database whose owner is no superuser and has no right to replicate."""
    _execute(f"create role {OWNER} login createrole createdb")
    _execute(f"create database {DATABASE} owner {OWNER} template {TEMPLATE}")
    with psycopg.connect(f"postgresql://postgres:@/{DATABASE}?host={PGDATA}", autocommit=True) as connection:
        connection.execute(_OWN.format(owner=OWNER))
    folder = make_folder()
    (folder / "passphrase").write_text(f"{PASSPHRASE}\n")
    (folder / "data").mkdir()
    (folder / "data" / "secret_key").write_text("a secret key of this test alone\n")
    yield OwnServer(folder, build_url(DATABASE))
    for name in (DATABASE, f"{DATABASE}_copy"):
        _execute(f"drop database if exists {name} with (force)")
    _execute(f"drop owned by {OWNER}; drop role {OWNER}")


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
