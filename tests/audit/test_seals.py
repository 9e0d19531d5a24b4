"""Tampering shows, whoever does it, and sealing misses no row and holds nobody up."""

# ruff: noqa: S608 - tables of ours, named here

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
def clinic() -> support.Clinic:
    return support.make_practice()


PATIENCE = 240  # seconds


def act(clinic: support.Clinic, times: int = 3) -> None:
    """Some entries and an event, sealed."""
    for n in range(times):
        entry = request_log.Entry(
            clock.now(), f"{n:032x}", "drchrono", "GET", f"/api/patients/{n}", "", practice_id=clinic.id
        )
        request_log.add(entry)
    request_log.flush()
    emit_audit_event("exported", practice_id=clinic.id, user_id=clinic.user.pk)
    seal()


def seal() -> None:
    """All that is there, in one seal a practice. Long transactions may be running on the server, in the databases of
    other workers too: what they hold back of one table is waited for before anything of the others is sealed."""
    upto = {table: last(table) for table in seals.FORMS[seals.FORM]}
    until = time.monotonic() + PATIENCE
    while any(row > mark for row, mark in zip(upto.values(), settled(upto), strict=True)):
        assert time.monotonic() < until, "a transaction is running for ever"
        time.sleep(0.05)
    seals.seal()


def settled(tables: Iterable[str]) -> list[int]:
    """Up to which id the rows of each table can be sealed now."""
    marks = []
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        for table in tables:
            seals._settled(cursor, table)
            mark = Mark.objects.using("owner").get(table=table)
            if mark.sealed < mark.settled < last(table):  # settled for a seal that was never made: look again
                Mark.objects.using("owner").filter(table=table).update(settled=mark.sealed, seen=mark.sealed)
            marks.append(mark.settled)
    return marks


def last(table: str) -> int:
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"select coalesce(max(id), 0) from {table}")
        return int(cursor.fetchone()[0])


def broken(clinic: support.Clinic, heads: Any = None) -> str:
    return "; ".join(str(each) for each in seals.verify(clinic.id, heads))


def as_owner(statement: str, *values: Any) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute(statement, values)
        assert cursor.rowcount > 0, "nothing was tampered with"


def test_what_nobody_touched_holds(clinic: support.Clinic) -> None:
    for _ in range(3):
        act(clinic)
    assert broken(clinic) == ""
    made = Seal.objects.using("owner").filter(practice_id=clinic.id).order_by("number")
    assert [each.number for each in made] == [1, 2, 3]
    parts = [{part.table: part.rows for part in seals.parts_of(each)} for each in made]
    assert [each["audit_apicall"] for each in parts] == [3] * 3
    assert [each["audit_event"] for each in parts] == [1] * 3
    assert parts[0]["changes_change"] > 0
    assert parts[1]["changes_change"] == 0


def test_where_nothing_was_added_nothing_is_sealed(clinic: support.Clinic) -> None:
    act(clinic)
    before = Seal.objects.using("owner").filter(practice_id=clinic.id).count()
    seal()
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
def undone() -> Iterator[None]:
    """What the owner does in this block is taken back: other chains must not suffer for it."""
    with transaction.atomic(using="owner"):
        yield
        transaction.set_rollback(True, using="owner")


@pytest.mark.parametrize("how", TAMPERING)
def test_tampering_shows(clinic: support.Clinic, how: str) -> None:
    for _ in range(3):
        act(clinic)
    assert broken(clinic) == ""
    statement, why = TAMPERING[how]
    with undone():
        as_owner(statement, clinic.id)
        assert why in broken(clinic)
        assert f"practice {clinic.id}, seal" in broken(clinic)
    assert broken(clinic) == ""


def test_a_seal_can_not_be_made_again_without_the_key(clinic: support.Clinic) -> None:
    """Somebody who has the database and this very code, but not the secret key."""
    act(clinic)
    with undone():
        as_owner("update audit_apicall set status = 404 where practice_id = %s", clinic.id)
        forged = Seal.objects.using("owner").get(practice_id=clinic.id)
        part = forged.parts[0]
        with connections["owner"].cursor() as cursor:
            ((_, rows, digest),) = seals._digests(
                cursor, 1, part["table"], part["after"], part["upto"], clinic.id
            )
        part |= {"rows": rows, "digest": digest}
        forged.link = seals._link(forged, b"not the key")
        forged.save(using="owner")
        assert "it has been changed" in broken(clinic)


def test_the_end_cut_off_shows_against_a_noted_head(clinic: support.Clinic) -> None:
    act(clinic)
    act(clinic)
    heads = seals.heads()
    assert broken(clinic, heads) == ""
    with undone():
        last = Seal.objects.using("owner").get(practice_id=clinic.id, number=2)
        for part in seals.parts_of(last):
            if part.rows:
                as_owner(
                    f"delete from {part.table} where practice_id = %s and id > %s", clinic.id, part.after
                )
        last.delete()
        assert broken(clinic) == ""
        assert "it was noted as the last one" in broken(clinic, heads)


def test_a_row_slipped_in_for_a_practice_without_seals(clinic: support.Clinic) -> None:
    act(clinic)
    other = Practice.objects.create(name="Nothing happens here", sharing=[])
    with undone():
        as_owner(f"update audit_apicall set practice_id = {other.pk} where practice_id = %s", clinic.id)
        assert "3 rows of audit_apicall are in no seal" in "; ".join(
            str(each) for each in seals.verify(other.pk)
        )


def test_calls_of_nobody_have_a_chain_of_their_own() -> None:
    with support.client("nonsense") as client:
        number = client.get("/api/patients").headers["X-Request-Id"]
    request_log.flush()
    seal()
    assert list(seals.verify(0)) == []
    with undone():
        as_owner("update audit_apicall set gate = '' where request = %s", number)
        (found,) = seals.verify(0)
        assert str(found).startswith("calls and events of no practice, seal")


def test_another_secret_key(clinic: support.Clinic) -> None:
    act(clinic)
    with override_settings(SECRET_KEY="another"):
        assert "made with another secret key" in broken(clinic)
    with override_settings(SECRET_KEY="another", SECRET_KEY_FALLBACKS=["only for tests"]):
        assert broken(clinic) == ""
        act(clinic)
        assert broken(clinic) == ""
    with override_settings(SECRET_KEY_FALLBACKS=["another"]):
        assert broken(clinic) == ""


def test_a_row_that_is_committed_late_is_sealed_all_the_same(clinic: support.Clinic) -> None:
    """Its id is lower than that of rows which are there already: nothing behind it may be sealed before it is."""
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
    seal()
    assert broken(clinic) == ""
    (made,) = Seal.objects.using("owner").filter(practice_id=clinic.id)
    assert {part.table: part.rows for part in seals.parts_of(made)}["audit_event"] == 2


def test_nobody_waits_for_sealing(clinic: support.Clinic) -> None:
    """While somebody seals, events are written, and a second one that wants to seal goes home."""
    answers: list[Any] = []

    def elsewhere(work: Callable[[], Any]) -> None:
        def run() -> None:
            answers.append(work())
            connections.close_all()

        thread = threading.Thread(target=run)
        thread.start()
        thread.join(20)
        assert not thread.is_alive(), "it waited"

    with transaction.atomic(using="owner"):
        with connections["owner"].cursor() as cursor:
            cursor.execute("select pg_advisory_xact_lock(%s)", [seals.LOCK])
        elsewhere(seals.seal)
        elsewhere(lambda: emit_audit_event("exported", practice_id=clinic.id))
    assert answers == [0, None]
    seal()
    assert broken(clinic) == ""


def test_many_rows_take_several_rounds(clinic: support.Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    seal()
    monkeypatch.setattr(seals, "STEP", 10)
    act(clinic, times=35)
    assert broken(clinic) == ""
    made = Seal.objects.using("owner").filter(practice_id=clinic.id)
    assert len(made) >= 4
    rows = [part for each in made for part in seals.parts_of(each) if part.table != "changes_change"]
    assert sum(part.rows for part in rows) == 36


def test_a_restored_database_goes_on(clinic: support.Clinic) -> None:
    """Its transactions are counted anew, and lie before what the marks say."""
    act(clinic)
    Mark.objects.using("owner").update(xact=2**60, seen=2**60)
    act(clinic)
    assert Seal.objects.using("owner").filter(practice_id=clinic.id).count() == 2
    assert broken(clinic) == ""


def test_sweeping_ends_with_a_seal_and_breaks_nothing(clinic: support.Clinic) -> None:
    seal()
    with clock.shift(-timedelta(days=3000)):
        act(clinic)
    act(clinic)
    rows = ApiCall.objects.using("owner").filter(practice_id=clinic.id)
    assert rows.count() == 6
    assert seals.sweep(step=2) >= 4
    assert rows.count() == 3
    assert broken(clinic) == ""
    with override_settings(AUDIT_DAYS=10_000):
        assert "3 rows were sealed and 0 are there" in broken(clinic), "it is not that old"


def test_the_web_role_can_not_touch_a_seal(clinic: support.Clinic) -> None:
    act(clinic)
    with tenancy.within(clinic.id), connection.cursor() as cursor:
        cursor.execute("select count(*) from audit_seal")
        assert cursor.fetchone() == (1,)
        for privilege in ("INSERT", "UPDATE", "DELETE"):
            cursor.execute("select has_table_privilege(current_user, 'audit_seal', %s)", [privilege])
            assert cursor.fetchone() == (False,)


def test_the_command(clinic: support.Clinic, tmp_path: Path) -> None:
    act(clinic)
    noted = tmp_path / "heads.json"
    assert commands.verify_audit(clinic.id, noted) == "1 chains hold."
    assert json.loads(noted.read_text()) == {str(clinic.id): seals.heads()[clinic.id]}
    assert commands.seal_audit().endswith("seals.")
    as_owner("update audit_event set what = 'signed in' where practice_id = %s", clinic.id)
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
    until = time.monotonic() + PATIENCE
    while not made.exists() and time.monotonic() < until:
        tasks.seal_periodically(timestamp=0)
    assert made.exists()
    tasks.sweep_periodically(timestamp=0)
    assert broken(clinic) == ""
