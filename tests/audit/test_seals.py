"""Seals: tampering is detected, no row is missed, and no writer is blocked."""

# ruff: noqa: S608 - table names are constants

import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.test import override_settings

from charthouse import clock, commands
from charthouse.audit import request_log, seals, tasks
from charthouse.audit.models import ApiCall, Mark, Seal
from charthouse.datadir import CommandError
from charthouse.identity import tenancy
from charthouse.identity.audit_events import emit_audit_event
from charthouse.identity.models import Practice
from tests import support


@pytest.fixture
def clinic(monkeypatch: pytest.MonkeyPatch) -> support.Clinic:
    """Make a practice whose rows are sealed in one round, whatever ids the tests before have used up."""
    monkeypatch.setattr(seals, "MAX_IDS", 2**40)
    return support.make_practice()


TIMEOUT = 240  # seconds


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


def seal_all_rows() -> None:
    """Seal all rows in one seal per practice.

    Long transactions in other databases of the server can delay single tables, so wait until all tables can be sealed.
    """
    upto = {table: get_last_id(table) for table in seals.FORMS[seals.FORM]}
    until = time.monotonic() + TIMEOUT
    while any(row > mark for row, mark in zip(upto.values(), get_sealable_ids(upto), strict=True)):
        assert time.monotonic() < until, "a transaction does not end"
        time.sleep(0.05)
    seals.seal()


def get_sealable_ids(tables: Iterable[str]) -> list[int]:
    """Return the highest id of each table that can be sealed now."""
    marks = []
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        for table in tables:
            seals._get_sealable_range(cursor, table)
            mark = Mark.objects.using("owner").get(table=table)
            if (
                mark.sealed < mark.settled < get_last_id(table)
            ):  # left by a seal that was not created: determine again
                Mark.objects.using("owner").filter(table=table).update(settled=mark.sealed, seen=mark.sealed)
            marks.append(mark.settled)
    return marks


def get_last_id(table: str) -> int:
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"select coalesce(max(id), 0) from {table}")
        return int(cursor.fetchone()[0])


def find_broken_seals(clinic: support.Clinic, heads: Any = None) -> str:
    return "; ".join(str(each) for each in seals.verify(clinic.id, heads))


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


CALL = "(select {} from audit_apicall where practice_id = %s)"
TAMPERING: dict[str, tuple[str, str]] = {
    "a row changed": (
        f"update audit_apicall set status = 404 where id = {CALL.format('min(id)')}",
        "rows differ",
    ),
    "a name in an event changed": (
        "update audit_event set user_id = 1 where practice_id = %s",
        "rows differ",
    ),
    "a row removed": (
        f"delete from audit_apicall where id = {CALL.format('max(id)')}",
        "3 rows were sealed and 2 are there",
    ),
    "a row slipped in": (
        "update audit_apicall set practice_id = %s where id = (select min(id) from audit_apicall)",
        "were sealed and",
    ),
    "the history of a row changed": (
        "update changes_change set after = '{}' where practice_id = %s",
        "changes_change",
    ),
    "a row moved to nobody": (
        f"update audit_apicall set practice_id = null where id = {CALL.format('min(id)')}",
        "3 rows were sealed and 2 are there",
    ),
    "a seal changed": (
        "update audit_seal set at = at - interval '1 day' where number = 2 and practice_id = %s",
        "it has been changed",
    ),
    "a seal removed": (
        "delete from audit_seal where number = 2 and practice_id = %s",
        "it is missing; the next that is there is 3",
    ),
    "the last seal removed": (
        "delete from audit_seal s where practice_id = %s and not exists "
        "(select from audit_seal o where o.practice_id = s.practice_id and o.number > s.number)",
        "in no seal",
    ),
    "all seals removed": (
        "delete from audit_seal where practice_id = %s",
        "in no seal",
    ),
}


@contextmanager
def rolled_back() -> Iterator[None]:
    """Roll back what the owner does in the block, so that other chains remain valid."""
    with transaction.atomic(using="owner"):
        yield
        transaction.set_rollback(True, using="owner")


@pytest.mark.parametrize("how", TAMPERING)
def test_tampering_is_detected(clinic: support.Clinic, how: str) -> None:
    for _ in range(3):
        add_sealed_rows(clinic)
    assert find_broken_seals(clinic) == ""
    statement, why = TAMPERING[how]
    with rolled_back():
        execute_as_owner(statement, clinic.id)
        assert why in find_broken_seals(clinic)
        assert f"practice {clinic.id}, seal" in find_broken_seals(clinic)
    assert find_broken_seals(clinic) == ""


def test_a_seal_cannot_be_forged_without_the_key(clinic: support.Clinic) -> None:
    """An attacker has the database and this code, but not the secret key."""
    add_sealed_rows(clinic)
    with rolled_back():
        execute_as_owner("update audit_apicall set status = 404 where practice_id = %s", clinic.id)
        forged = Seal.objects.using("owner").get(practice_id=clinic.id)
        part = forged.parts[0]
        with connections["owner"].cursor() as cursor:
            ((_, rows, digest),) = seals._compute_digests(
                cursor, 1, part["table"], part["after"], part["upto"], clinic.id
            )
        part |= {"rows": rows, "digest": digest}
        forged.link = seals._compute_link(forged, b"not the key")
        forged.save(using="owner")
        assert "it has been changed" in find_broken_seals(clinic)


def test_truncation_is_detected_against_a_recorded_head(clinic: support.Clinic) -> None:
    add_sealed_rows(clinic)
    add_sealed_rows(clinic)
    heads = seals.list_heads()
    assert find_broken_seals(clinic, heads) == ""
    with rolled_back():
        get_last_id = Seal.objects.using("owner").get(practice_id=clinic.id, number=2)
        for part in seals.parse_parts(get_last_id):
            if part.rows:
                execute_as_owner(
                    f"delete from {part.table} where practice_id = %s and id > %s", clinic.id, part.after
                )
        get_last_id.delete()
        assert find_broken_seals(clinic) == ""
        assert "it was noted as the last one" in find_broken_seals(clinic, heads)


def test_a_row_moved_to_a_practice_without_seals_is_detected(clinic: support.Clinic) -> None:
    add_sealed_rows(clinic)
    other = Practice.objects.create(name="Nothing happens here", sharing=[])
    with rolled_back():
        execute_as_owner(
            f"update audit_apicall set practice_id = {other.pk} where practice_id = %s", clinic.id
        )
        assert "3 rows of audit_apicall are in no seal" in "; ".join(
            str(each) for each in seals.verify(other.pk)
        )


def test_unauthenticated_calls_have_a_chain_of_their_own() -> None:
    with support.client("nonsense") as client:
        number = client.get("/api/patients").headers["X-Request-Id"]
    request_log.flush()
    seal_all_rows()
    assert list(seals.verify(0)) == []
    with rolled_back():
        execute_as_owner("update audit_apicall set gate = '' where request = %s", number)
        (found,) = seals.verify(0)
        assert str(found).startswith("calls and events of no practice, seal")


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
            assert leave.wait(30)
        connection.close()

    writer = threading.Thread(target=slow)
    writer.start()
    assert entered.wait(30)
    emit_audit_event("exported", practice_id=clinic.id, details={"slow": False})
    seals.seal()
    assert not Seal.objects.using("owner").filter(practice_id=clinic.id).exists()
    leave.set()
    writer.join()
    seal_all_rows()
    assert find_broken_seals(clinic) == ""
    (made,) = Seal.objects.using("owner").filter(practice_id=clinic.id)
    assert {part.table: part.rows for part in seals.parse_parts(made)}["audit_event"] == 2


def test_sealing_blocks_no_writer(clinic: support.Clinic) -> None:
    """While one process seals, events are written, and a second process that would seal returns."""
    answers: list[Any] = []

    def run_in_thread(work: Callable[[], Any]) -> None:
        def run() -> None:
            answers.append(work())
            connections.close_all()

        thread = threading.Thread(target=run)
        thread.start()
        thread.join(20)
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
    monkeypatch.setattr(seals, "MAX_IDS", 10)
    add_sealed_rows(clinic, times=35)
    assert find_broken_seals(clinic) == ""
    made = Seal.objects.using("owner").filter(practice_id=clinic.id)
    assert len(made) >= 4
    rows = [part for each in made for part in seals.parse_parts(each) if part.table != "changes_change"]
    assert sum(part.rows for part in rows) == 36


def test_sealing_continues_in_a_restored_database(clinic: support.Clinic) -> None:
    """Its transaction ids restart below those of the marks."""
    add_sealed_rows(clinic)
    Mark.objects.using("owner").update(xact=2**60, seen=2**60)
    add_sealed_rows(clinic)
    assert Seal.objects.using("owner").filter(practice_id=clinic.id).count() == 2
    assert find_broken_seals(clinic) == ""


def test_sweeping_leaves_a_valid_chain(clinic: support.Clinic) -> None:
    seal_all_rows()
    with clock.shift(-timedelta(days=3000)):
        add_sealed_rows(clinic)
    add_sealed_rows(clinic)
    rows = ApiCall.objects.using("owner").filter(practice_id=clinic.id)
    assert rows.count() == 6
    assert seals.sweep(batch_size=2) >= 4
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


def test_the_command(clinic: support.Clinic, tmp_path: Path) -> None:
    add_sealed_rows(clinic)
    noted = tmp_path / "heads.json"
    assert commands.verify_audit(clinic.id, noted) == "1 chains hold."
    assert json.loads(noted.read_text()) == {str(clinic.id): seals.list_heads()[clinic.id]}
    assert commands.seal_audit().endswith("seals.")
    execute_as_owner("update audit_event set what = 'signed in' where practice_id = %s", clinic.id)
    with pytest.raises(
        CommandError, match=rf"tampered with.\npractice {clinic.id}, seal 1: audit_event, ids"
    ):
        commands.verify_audit(clinic.id, noted)
    noted.write_text("nonsense")
    with pytest.raises(CommandError, match="can't be read"):
        commands.verify_audit(clinic.id, noted)


def test_the_worker_seals(clinic: support.Clinic) -> None:
    emit_audit_event("exported", practice_id=clinic.id)
    made = Seal.objects.using("owner").filter(practice_id=clinic.id)
    until = time.monotonic() + TIMEOUT
    while not made.exists() and time.monotonic() < until:
        tasks.seal_periodically(timestamp=0)
    assert made.exists()
    tasks.sweep_periodically(timestamp=0)
    assert find_broken_seals(clinic) == ""
