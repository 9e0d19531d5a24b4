"""Seals: tampering is detected, no row is missed, and no writer is blocked."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.test import override_settings

from charthouse import clock
from charthouse.audit import request_log, seals, tasks, verification
from charthouse.audit.models import ApiCall, Seal
from charthouse.domains.practice.models import Office
from charthouse.identity import tenancy
from charthouse.identity.audit_events import emit_audit_event
from tests import support
from tests.audit.sealing import seal_all_rows
from tests.sandbox.databases import use_new_database
from tests.waiting import PATIENCE, until


@pytest.fixture(scope="module")
def own_database(database: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Of which all rows are sealed at once: those of the tests before would take seconds."""
    with use_new_database("seals", tmp_path_factory.mktemp("seals")):
        yield


@pytest.fixture
def clinic(own_database: None, monkeypatch: pytest.MonkeyPatch) -> support.Clinic:
    """Make a practice whose rows are sealed in one round."""
    monkeypatch.setattr(seals, "MAX_ROWS", 2**40)
    return support.make_practice()


def add_sealed_rows(clinic: support.Clinic, times: int = 3) -> None:
    """Add some calls and an event for a practice, and seal them."""
    for n in range(times):
        entry = request_log.LogEntry(
            clock.now(), f"{n:032x}", "drchrono", "GET", f"/api/patients/{n}", "", practice_id=clinic.id
        )
        request_log.add(entry)
    request_log.flush()
    emit_audit_event("exported", practice_id=clinic.id, user_id=clinic.user.pk)
    seal_all_rows()


def find_broken_seals(clinic: support.Clinic, heads: Any = ()) -> str:
    return "; ".join(str(each) for each in verification.verify(clinic.id, heads))


def execute_as_owner(statement: str, *values: Any) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute(statement, values)
        assert cursor.rowcount > 0, "nothing was tampered with"


def test_an_untouched_chain_is_valid(clinic: support.Clinic) -> None:
    for _ in range(3):
        add_sealed_rows(clinic)
    assert find_broken_seals(clinic) == ""
    made = Seal.objects.using("owner").filter(practice_id=clinic.id).order_by("number")
    assert [each.number for each in made] == [1, 2, 3]
    parts = [{part.table: part.rows for part in seals.parse_parts(each)} for each in made]
    assert [each["audit_apicall"] for each in parts] == [3] * 3
    assert [each["audit_event"] for each in parts] == [1] * 3
    assert parts[0]["changes_change"] > 0
    assert parts[1]["changes_change"] == 0


def test_no_seal_is_created_without_new_rows(clinic: support.Clinic) -> None:
    add_sealed_rows(clinic)
    before = Seal.objects.using("owner").filter(practice_id=clinic.id).count()
    seal_all_rows()
    assert Seal.objects.using("owner").filter(practice_id=clinic.id).count() == before


def test_another_secret_key(clinic: support.Clinic) -> None:
    add_sealed_rows(clinic)
    with override_settings(SECRET_KEY="another"):
        assert "made with another secret key" in find_broken_seals(clinic)
    with override_settings(SECRET_KEY="another", SECRET_KEY_FALLBACKS=["only for tests"]):
        assert find_broken_seals(clinic) == ""
        add_sealed_rows(clinic)
        assert find_broken_seals(clinic) == ""
    with override_settings(SECRET_KEY_FALLBACKS=["another"]):
        assert find_broken_seals(clinic) == ""


def test_a_row_that_is_committed_late_is_sealed(clinic: support.Clinic) -> None:
    """The id of a row is lower than ids already visible; none of them may be sealed before it is committed."""
    entered, leave = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            emit_audit_event("exported", practice_id=clinic.id, details={"slow": True})
            entered.set()
            assert leave.wait(PATIENCE)
        connection.close()

    writer = threading.Thread(target=slow)
    writer.start()
    assert entered.wait(PATIENCE)
    emit_audit_event("exported", practice_id=clinic.id, details={"slow": False})
    seals.seal()
    assert not Seal.objects.using("owner").filter(practice_id=clinic.id).exists()
    leave.set()
    writer.join()
    seal_all_rows()
    assert find_broken_seals(clinic) == ""
    (made,) = Seal.objects.using("owner").filter(practice_id=clinic.id)
    assert {part.table: part.rows for part in seals.parse_parts(made)}["audit_event"] == 2


HELD_BACK = {
    "audit_apicall": "new.practice_id = {practice} and new.ip = '198.51.100.7'",
    "audit_event": "new.practice_id = {practice} and new.ip = '198.51.100.7'",
    "changes_change": "new.practice_id = {practice} and new.after ->> 'name' = 'held back'",
}


def add_row(clinic: support.Clinic, table: str, *, held_back: bool) -> None:
    ip = "198.51.100.7" if held_back else "198.51.100.8"
    if table == "audit_apicall":
        entry = request_log.LogEntry(
            clock.now(), "a" * 32, "drchrono", "GET", "/api/x", ip, practice_id=clinic.id
        )
        request_log._write_batch([entry])
    elif table == "audit_event":
        emit_audit_event("exported", practice_id=clinic.id, ip=ip)
    else:
        with tenancy.within(clinic.id):
            name = "held back" if held_back else "not held back"
            Office.objects.create(practice=clinic.practice, doctor=clinic.doctor, name=name)


@contextmanager
def hold_back(table: str, clinic: support.Clinic) -> Iterator[None]:
    """Let inserts that meet HELD_BACK wait, once they have their id and before they are written, for the end of the
    block."""
    when = HELD_BACK[table].replace("{practice}", str(clinic.id))
    lock = 0x6368_9999
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "create or replace function hold_back() returns trigger language plpgsql as "
            f"$$ begin perform pg_advisory_xact_lock({lock}); return new; end $$"
        )
        cursor.execute("grant execute on function hold_back() to public")
        cursor.execute(
            f"create trigger held_back before insert on {table} for each row when ({when}) "
            "execute function hold_back()"
        )
        cursor.execute("select pg_advisory_lock(%s)", [lock])
        try:
            yield
        finally:
            cursor.execute("select pg_advisory_unlock(%s)", [lock])


@pytest.mark.parametrize("table", HELD_BACK)
def test_rows_of_an_open_insert_are_sealed(clinic: support.Clinic, table: str) -> None:
    """A row that has its id already, of a transaction that has written nothing yet, lies below rows that are final."""
    seal_all_rows()

    def write() -> None:
        add_row(clinic, table, held_back=True)
        connections.close_all()

    before = Seal.objects.using("owner").filter(practice_id=clinic.id).count()
    writer = threading.Thread(target=write)
    try:
        with hold_back(table, clinic):
            writer.start()
            until(lambda: count_waiting_locks() == 1)
            add_row(clinic, table, held_back=False)
            for _ in range(3):
                seals.seal()
            made = Seal.objects.using("owner").filter(practice_id=clinic.id, number__gt=before)
            assert not any(
                part.rows for each in made for part in seals.parse_parts(each) if part.table == table
            )
        writer.join()
        seal_all_rows()
        assert find_broken_seals(clinic) == ""
        rows = [part.rows for each in made.all() for part in seals.parse_parts(each) if part.table == table]
        assert sum(rows) == 2
    finally:
        writer.join()
        with connections["owner"].cursor() as cursor:
            cursor.execute(f"drop trigger held_back on {table}")
            cursor.execute("drop function hold_back()")


def count_waiting_locks() -> int:
    with connections["owner"].cursor() as cursor:
        cursor.execute("select count(*) from pg_locks where locktype = 'advisory' and not granted")
        return int(cursor.fetchone()[0])


def test_sealing_blocks_no_writer(clinic: support.Clinic) -> None:
    """While one process seals, events are written, and a second process that would seal returns."""
    answers: list[Any] = []

    def run_in_thread(work: Callable[[], Any]) -> None:
        def run() -> None:
            answers.append(work())
            connections.close_all()

        thread = threading.Thread(target=run)
        thread.start()
        thread.join(PATIENCE)
        assert not thread.is_alive(), "it was blocked"

    with transaction.atomic(using="owner"):
        with connections["owner"].cursor() as cursor:
            cursor.execute("select pg_advisory_xact_lock(%s)", [seals.ADVISORY_LOCK])
        run_in_thread(seals.seal)
        run_in_thread(lambda: emit_audit_event("exported", practice_id=clinic.id))
    assert answers == [0, None]
    seal_all_rows()
    assert find_broken_seals(clinic) == ""


def test_many_rows_take_several_rounds(clinic: support.Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    seal_all_rows()
    monkeypatch.setattr(seals, "MAX_ROWS", 10)
    add_sealed_rows(clinic, times=35)
    assert find_broken_seals(clinic) == ""
    made = Seal.objects.using("owner").filter(practice_id=clinic.id)
    assert len(made) >= 4
    rows = [part for each in made for part in seals.parse_parts(each) if part.table != "changes_change"]
    assert sum(part.rows for part in rows) == 36


def test_sweeping_leaves_a_valid_chain(clinic: support.Clinic) -> None:
    seal_all_rows()
    with clock.shift(-timedelta(days=3000)):
        add_sealed_rows(clinic)
    add_sealed_rows(clinic)
    rows = ApiCall.objects.using("owner").filter(practice_id=clinic.id)
    assert rows.count() == 6
    # Calls of other tests are swept as well.
    assert seals.sweep(batch_size=max(2, ApiCall.objects.using("owner").count() // 3)) >= 4
    assert rows.count() == 3
    assert find_broken_seals(clinic) == ""
    with override_settings(AUDIT_DAYS=10_000):
        assert "3 rows were sealed and 0 are there" in find_broken_seals(clinic), "it is not that old"


def test_the_web_role_can_only_read_seals(clinic: support.Clinic) -> None:
    add_sealed_rows(clinic)
    with tenancy.within(clinic.id), connection.cursor() as cursor:
        cursor.execute("select count(*) from audit_seal")
        assert cursor.fetchone() == (1,)
        for privilege in ("INSERT", "UPDATE", "DELETE"):
            cursor.execute("select has_table_privilege(current_user, 'audit_seal', %s)", [privilege])
            assert cursor.fetchone() == (False,)


def test_the_worker_seals(clinic: support.Clinic) -> None:
    emit_audit_event("exported", practice_id=clinic.id)
    made = Seal.objects.using("owner").filter(practice_id=clinic.id)

    def is_sealed() -> bool:
        tasks.seal_periodically(timestamp=0)
        return made.exists()

    until(is_sealed)
    tasks.sweep_periodically(timestamp=0)
    assert find_broken_seals(clinic) == ""


def test_what_seals_are_stored_with_keeps_its_form() -> None:
    """A seal of another release names its key so; another form would be another key."""
    assert seals.compute_key_id(b"key") == "2c70e12b7a0646f9"


def test_rows_may_wait_for_a_seal_and_not_for_long(clinic: support.Clinic) -> None:
    add_sealed_rows(clinic)
    emit_audit_event("exported", practice_id=clinic.id, user_id=clinic.user.pk)
    assert find_broken_seals(clinic) == ""
    with clock.shift(-verification.MAX_WAIT - timedelta(minutes=1)):
        emit_audit_event("exported", practice_id=clinic.id, user_id=clinic.user.pk)
    # What is in the database is as old as it says; a sandbox's moved clock is not counted.
    assert "1 rows of audit_event have waited for a seal" in find_broken_seals(clinic)
