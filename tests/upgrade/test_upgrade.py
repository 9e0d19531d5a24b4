"""Every release's database is upgraded with nothing lost, and what worked before works afterwards."""

import difflib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from django.conf import settings
from django.db import connections
from django.test import override_settings

from charthouse.audit import request_log, seals, verification
from charthouse.changes.models import Webhook
from charthouse.files import encryption_keys
from charthouse.identity import catalog, rowsecurity, schema_setup, second_factor, tenancy
from charthouse.identity.models import User
from tests.audit.sealing import seal_all_rows
from tests.conftest import PGDATA, WORKER, _execute
from tests.identity import oauth_flow
from tests.portal import portal_patients
from tests.sandbox.databases import use_database
from tests.schema_dumps import dump_schema
from tests.support import client
from tests.upgrade import releases, table_locks
from tests.upgrade.releases import Manifest, TableContent
from tests.upgrade.table_locks import TableLock

OWNER = "charthouse_upgrade"  # owns the restored tables; no superuser
ALIAS = "upgraded"  # of the connection as that role


# What an upgrade from a release locks for long all the same, so that CHANGELOG.md says that it needs a stop.
NEEDS_A_STOP: dict[str, set[tuple[str, str]]] = {
    "0.1.0": {
        ("changes_delivery", "gets the index delivery_order"),
        ("changes_delivery", "is checked for told_once"),
        ("patients_patient", "gets the index patient_counted"),
        ("patients_patient", "gets the index patient_email"),
        ("patients_patient", "gets the index patient_first_name"),
        ("patients_patient", "gets the index patient_last_name"),
        ("patients_patient", "is checked for patient_deceased_if_dated"),
        ("patients_patient", "is rewritten"),
        ("patients_portalrequest", "is checked for portal_request_deleted"),
        ("scheduling_vitals", "is rewritten"),
        ("tasks_associateditem", "gets the index item_by_value"),
    }
}
# Tables into which the program of a release can't insert any more, so that the upgrade needs a stop as well.
NOT_WRITTEN_BY: dict[str, set[str]] = {"0.1.0": {"patients_patient", "scheduling_statustransition"}}


@dataclass(frozen=True)
class Upgraded:
    """A restored and upgraded database. ``restored``: its tables before the upgrade; ``losses``: what that lost;
    ``locks``: what it locked for long."""

    manifest: Manifest
    database: str
    restored: dict[str, TableContent]
    losses: dict[str, str]
    locks: list[TableLock]

    @property
    def callers(self) -> dict[str, dict[str, Any]]:
        return self.manifest.callers

    def obtain_token(self) -> str:
        """Mint an access token with the secret and the refresh token that the app had before the upgrade."""
        with client() as browser:
            answer = browser.post("/o/token/", data={"grant_type": "refresh_token"} | self.callers["app"])
        assert answer.status_code == 200, answer.text
        self.callers["app"]["refresh_token"] = answer.json()["refresh_token"]
        return str(answer.json()["access_token"])


@pytest.fixture(scope="module", params=releases.list_releases())
def upgraded(
    request: pytest.FixtureRequest, database: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Upgraded]:
    """Restore a release into an empty database, upgrade it, and use it with its data directory and keys."""
    folder, data = releases.ROOT / request.param, tmp_path_factory.mktemp("data")
    name = f"charthouse_{WORKER}_{request.param}"
    releases.unpack_data(folder, data)
    _execute(
        f"do $$ begin create role {OWNER} createrole; exception when duplicate_object then end $$; "
        f"grant {settings.WEB_ROLE} to {OWNER}"
    )
    _execute(f'create database "{name}" owner {OWNER}')
    restored = restore(folder, name)
    owner = connections["owner"].settings_dict
    options = owner["OPTIONS"] | {"session": owner["OPTIONS"]["session"] | {"role": OWNER}}
    connections.settings[ALIAS] = {**owner, "NAME": name, "OPTIONS": options}
    url = f"postgresql://postgres:@/{name}?host={PGDATA}"
    with psycopg.connect(url) as superuser:
        table_locks.watch(superuser)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(catalog, "LARGE", 0)  # pages: as if all tables were
        schema_setup.migrate(ALIAS)
    with psycopg.connect(url) as superuser:
        locks = table_locks.stop(superuser)
    with connections[ALIAS].cursor() as cursor:
        losses = releases.find_losses(cursor)
    with use_database(name, data), use_keys(data):
        yield Upgraded(Manifest.read(folder), name, restored, losses, locks)
        connections[ALIAS].close()
        request_log.flush()
    del connections[ALIAS], connections.settings[ALIAS]
    _execute(f'drop database "{name}"')


def restore(folder: Path, database: str) -> dict[str, TableContent]:
    """Restore a dump as the role that owns the database, and keep a copy of its tables; return their content."""
    url = f"postgresql://postgres:@/{database}?host={PGDATA}"
    with psycopg.connect(url, options=f"-c role={OWNER}") as connection:
        connection.execute(releases.read_dump(folder))
        pass_transaction_numbers(connection)
    with psycopg.connect(url, options=f"-c role={OWNER} -c timezone=UTC") as connection:
        releases.snapshot_tables(connection.cursor())
        return releases.digest_tables(connection.cursor())


def pass_transaction_numbers(connection: "psycopg.Connection[Any]") -> None:
    """Use up transaction numbers until this server has given all that the dump's marks of seals name. Otherwise they
    are another server's, which an upgrade forgets."""
    (last,) = connection.execute("select max(xact) from public.audit_mark").fetchone() or (0,)
    connection.commit()
    number = 0
    while number <= (last or 0):
        (number,) = connection.execute("select pg_current_xact_id()::text::bigint").fetchone() or (0,)
        connection.commit()


@contextmanager
def use_keys(data: Path) -> Iterator[None]:
    """Use the keys and files of a data directory in the block."""
    files = settings.STORAGES["files"] | {"OPTIONS": {"location": data / "files"}}
    key = (data / "secret_key").read_text()
    with override_settings(SECRET_KEY=key, STORAGES=settings.STORAGES | {"files": files}):
        encryption_keys.load_key_ring.cache_clear()
        yield
    encryption_keys.load_key_ring.cache_clear()


def test_the_dump_is_restored_completely(upgraded: Upgraded) -> None:
    assert upgraded.restored == upgraded.manifest.tables


def test_no_row_is_lost(upgraded: Upgraded) -> None:
    assert upgraded.losses == {}


def test_the_former_program_can_still_write(upgraded: Upgraded) -> None:
    """Rows as the release wrote them, in its columns alone, with the constraints and triggers of today."""
    url = f"postgresql://postgres:@/{upgraded.database}?host={PGDATA}"
    refused = {}
    with psycopg.connect(url) as connection:
        for table, columns in releases.list_tables(connection.cursor(), "released").items():
            try:
                with connection.transaction(force_rollback=True):
                    releases.write_again(connection, table, columns)
            except psycopg.Error as error:
                refused[table] = str(error).splitlines()[0]
        refused |= releases.find_columns_without_default(connection)
    expected = NOT_WRITTEN_BY[upgraded.manifest.version]
    assert {table: why for table, why in refused.items() if table not in expected} == {}


def test_no_large_table_is_locked_for_long(upgraded: Upgraded) -> None:
    found = {
        lock
        for lock in upgraded.locks
        if (lock.table, lock.what) not in NEEDS_A_STOP[upgraded.manifest.version]
    }
    assert sorted(map(str, found)) == []


@pytest.mark.parametrize(
    ("statement", "table", "loss"),
    [
        ("drop table tasks_tasknote cascade", "tasks_tasknote", "the table"),
        ("alter table patients_tag drop column name", "patients_tag", "columns name"),
        ("delete from labs_sublab where id = (select min(id) from labs_sublab)", "labs_sublab", "1 rows"),
        ("update practice_office set name = name || ' '", "practice_office", "3 rows"),
    ],
)
def test_a_loss_is_found(upgraded: Upgraded, statement: str, table: str, loss: str) -> None:
    assert find_losses_after(upgraded, statement)[table].startswith(loss)


@pytest.mark.parametrize(
    "statement",
    [
        "alter table practice_office add column floor text not null default ''",
        "alter table practice_office alter column name type text",
        "insert into labs_sublab select (jsonb_populate_record(lab, '{\"id\": 9999}')).* from labs_sublab lab limit 1",
    ],
)
def test_an_addition_is_no_loss(upgraded: Upgraded, statement: str) -> None:
    tables = ("practice_office", "labs_sublab")
    assert not find_losses_after(upgraded, statement).keys() & set(tables)


def find_losses_after(upgraded: Upgraded, statement: str) -> dict[str, str]:
    """Find what a statement loses, and roll it back."""
    with psycopg.connect(f"postgresql://postgres:@/{upgraded.database}?host={PGDATA}") as connection:
        connection.execute("set session_replication_role = replica; set timezone = 'UTC'")
        connection.execute(statement)
        losses = releases.find_losses(connection.cursor())
        connection.rollback()
    return losses


def test_the_schema_is_complete(upgraded: Upgraded) -> None:
    assert schema_setup.count_unapplied_migrations(ALIAS) == 0
    assert rowsecurity.list_missing_protections(using=ALIAS) == []


def test_the_schema_is_that_of_an_empty_database(upgraded: Upgraded) -> None:
    """Also: a migration that replaces others makes what they make one after the other."""
    options = (
        "--no-owner",
        "--schema=public",
        "--exclude-table=*_20??_??",
    )  # but for the partitions of months
    dumps = (dump_schema(alias, *options).splitlines() for alias in (ALIAS, "owner"))
    assert list(difflib.unified_diff(*dumps, "upgraded", "empty", lineterm="", n=5)) == []


def test_every_file_opens(upgraded: Upgraded) -> None:
    assert upgraded.manifest.files.items() <= dict(releases.digest_files()).items()


def test_the_seals_hold(upgraded: Upgraded) -> None:
    heads = seals.list_heads()
    assert len(heads) > 1
    found = [str(each) for each in verification.verify(heads=heads)]
    assert all("have waited for a seal since" in each for each in found)  # until this version's worker runs
    seal_all_rows()
    assert list(verification.verify(heads=heads)) == []


def test_secrets_are_unsealed(upgraded: Upgraded) -> None:
    found = {webhook.kind: webhook for webhook in Webhook.objects.using("owner").all()}
    assert found["app"].secret == upgraded.callers["webhooks"]["app"]
    for name, value in upgraded.callers["webhooks"]["practice"].items():
        assert name in found["practice"].secret
        assert value in found["practice"].secret


def test_an_app_reads_a_patient_with_photo_and_documents(upgraded: Upgraded) -> None:
    patient = upgraded.callers["patient"]["id"]
    with client(upgraded.obtain_token()) as caller:
        found = caller.get(f"/api/patients/{patient}", params={"verbose": "true"})
        assert found.status_code == 200, found.text
        assert_is_file(upgraded, caller, found.json()["patient_photo"])
        documents = caller.get("/api/documents", params={"patient": patient}).json()["results"]
        assert documents
        for document in documents:
            assert_is_file(upgraded, caller, document["document"])


def test_an_app_writes(upgraded: Upgraded) -> None:
    """Also: ids continue after those that were restored."""
    with client(upgraded.obtain_token()) as caller:
        doctor = caller.get("/api/doctors").json()["results"][0]["id"]
        body = {"doctor": doctor, "gender": "Female", "first_name": "Amara", "last_name": "Okafor"}
        made = caller.post("/api/patients", json=body)
        assert made.status_code == 201, made.text
        assert made.json()["id"] > upgraded.callers["patient"]["id"]


def test_an_api_user_reads(upgraded: Upgraded) -> None:
    credentials = upgraded.callers["api_user"]
    with client(auth=(credentials["username"], credentials["secret"])) as caller:
        found = caller.get(f"/api/v1/patients/{upgraded.callers['patient']['id']}")
        assert found.status_code == 200, found.text
        assert caller.get("/api/v1/patients").json()["data"]


def test_a_user_signs_in(upgraded: Upgraded) -> None:
    with client() as browser:
        answer = oauth_flow.sign_in(browser, **upgraded.callers["user"])
        assert answer.headers.get("Location") == "/"
        page = browser.get(f"/patients/{upgraded.callers['patient']['id']}")
        assert page.status_code == 200, page.text


def test_a_second_factor_is_still_required(upgraded: Upgraded) -> None:
    given = upgraded.callers["second_factor"]
    with tenancy.within(upgraded.callers["patient"]["practice"]):
        user = User.objects.get(pk=given["user"])
        assert second_factor.is_enabled(user)
        assert second_factor.verify_code(user, given["recovery_code"])


def test_a_patient_signs_in_to_the_portal(upgraded: Upgraded) -> None:
    known = upgraded.callers["portal_user"]
    with client() as browser:
        answer = portal_patients.sign_in(browser, known["username"], known["password"])
        assert answer.headers.get("Location") == "/portal", answer.text
        assert browser.get("/portal").status_code == 200


def assert_is_file(upgraded: Upgraded, caller: httpx.Client, link: str) -> None:
    """Check that a link opens a file that the release stored."""
    content = caller.get(link)
    assert content.status_code == 200, link
    assert sha256(content.content).hexdigest() in upgraded.manifest.files.values()
