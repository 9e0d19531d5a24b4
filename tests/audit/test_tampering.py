"""What an owner of the tables can do to the audit, without the secret key: each way is found.

The attacker may run any SQL and knows the code. Anchors are out of reach. ``make test-deep`` prints how many
ways were found.
"""

# ruff: noqa: S608, E501 - table names are constants; a way is one line

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from django.db import connections, transaction

from charthouse import clock
from charthouse.audit import anchors, request_log, seals, verification
from charthouse.audit.models import Mark, Seal
from charthouse.audit.seals import Head
from charthouse.audit.verification import Finding
from charthouse.domains.practice.models import Office
from charthouse.identity import tenancy
from charthouse.identity.audit_events import emit_audit_event
from tests import figures, support
from tests.audit.sealing import seal_all_rows
from tests.sandbox.databases import use_new_database

TABLES = ("audit_apicall", "audit_event", "changes_change")
ROUNDS = 3


@dataclass(frozen=True)
class Site:
    """A practice with three seals, another with two, and the anchor that was recorded after the last of them."""

    clinic: support.Clinic
    other: support.Clinic
    heads: Sequence[Head]
    before: frozenset[Finding]  # what other tests have broken

    def execute(self, statement: str) -> None:
        """Run a statement as the owner; {practice}, {other} are replaced. It must change something."""
        text = statement.replace("{practice}", str(self.clinic.id)).replace("{other}", str(self.other.id))
        with connections["owner"].cursor() as cursor:
            cursor.execute(text)
            assert cursor.rowcount, "nothing was tampered with"

    def find(self) -> Finding | None:
        """The first fault: of these practices if there is one there, which is quick, else of the whole database."""
        chains = (self.clinic.id, self.other.id, None)
        found = (each for chain in chains for each in verification.verify(chain, self.heads))
        return next((each for each in found if each not in self.before), None)


@pytest.fixture(scope="module")
def site(database: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    data = tmp_path_factory.mktemp("tampering")
    with use_new_database("tampering", data), pytest.MonkeyPatch.context() as patch:
        patch.setattr(seals, "MAX_ROWS", 2**40)
        clinic, other = support.make_practice(), support.make_practice()
        for number in range(ROUNDS):
            add_rows(clinic)
            if number:
                add_rows(other)
            seal_all_rows()
        text = anchors.render_anchor(seals.list_heads(), clock.now())
        heads = anchors.parse_anchors(text)
        yield Site(clinic, other, heads, frozenset(verification.verify(heads=heads)))


def add_rows(clinic: support.Clinic) -> None:
    """Add rows to each sealed table."""
    tenancy.clear_tenant()
    for n in range(3):
        path = f"/api/patients/{n}"
        request_log.add(
            request_log.LogEntry(clock.now(), f"{n:032x}", "drchrono", "GET", path, "", practice_id=clinic.id)
        )
    request_log.flush()
    for _ in range(3):
        emit_audit_event("exported", practice_id=clinic.id, user_id=clinic.user.pk)
    with tenancy.within(clinic.id):
        for n in range(3):
            Office.objects.create(practice=clinic.practice, doctor=clinic.doctor, name=f"Office {n}")
        for name in ("Harbor", "Harbor West"):
            Office.objects.filter(name="Office 0").update(address=name)


@contextmanager
def roll_back() -> Iterator[None]:
    """Roll back what the owner does in the block, so that other tests find the chains valid."""
    with transaction.atomic(using="owner"):
        yield
        transaction.set_rollback(True, using="owner")


FIRST = "(select min(id) from {table} where practice_id = {practice})"
LAST = "(select max(id) from {table} where practice_id = {practice})"
# Ways that exist for each sealed table.
EACH_TABLE: dict[str, str] = {
    "the time of a row edited": f"update {{table}} set at = at - interval '1 s' where id = {LAST}",
    "the first row deleted": f"delete from {{table}} where id = {FIRST}",
    "a row in the middle deleted": "delete from {table} where id = (select id from {table} where practice_id = {practice} order by id offset 2 limit 1)",
    "the last row deleted": f"delete from {{table}} where id = {LAST}",
    "all rows of a practice deleted": "delete from {table} where practice_id = {practice}",
    "all rows deleted": "delete from {table}",
    "the times of two rows exchanged": "with own as (select min(at) as first, max(at) as last from {table} where practice_id = {practice}) "
    "update {table} set at = case at when first then last else first end from own where practice_id = {practice} and at in (first, last)",
    "a row moved to another practice": f"update {{table}} set practice_id = {{other}} where id = {LAST}",
    "a row of another practice taken over": "update {table} set practice_id = {practice} where id = (select max(id) from {table} where practice_id = {other})",
    "a row given to a practice that does not exist": f"update {{table}} set practice_id = 2^40 where id = {LAST}",
}
# Only where an id can be updated, and the practice may be missing: not in the feed.
LOGS = {
    "two rows exchanged": "update {table} t set id = -t.id where id in (select min(id) from {table} where "
    "practice_id = {practice} union select max(id) from {table} where practice_id = {practice}); "
    "update {table} t set id = (select -sum(id) from {table} where id < 0) + t.id where id < 0",
    "a row given to no practice": "update {table} set practice_id = null where practice_id = {practice}",
    "a row given to practice 0": "update {table} set practice_id = 0 where practice_id = {practice}",
}
FORGED_IDS = {
    "0": "0",
    "-1": "-1",
    "the lowest there is": "-9223372036854775808",
    "the highest there is": "9223372036854775807",
    "above the last": "(select last_value + 1000 from {sequence})",
}


def list_columns(table: str) -> list[str]:
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0 and not attisdropped",
            [table],
        )
        return [name for (name,) in cursor.fetchall()]


def change_columns() -> Iterator[tuple[str, str]]:
    """Yield a statement for each column of each table that changes its value in one row."""
    values = {
        "int8": "coalesce({c}, 0) + 1", "int4": "{c} + 1", "int2": "{c} + 1", "text": "coalesce({c}, '') || 'x'",
        "varchar": "left({c}, 3) || 'x'", "timestamptz": "{c} + interval '1 s'", "uuid": "gen_random_uuid()",
        "jsonb": "'{\"a\": 1}'", "_int8": "array[7]::bigint[]", "xid8": "'7'::xid8",
    }  # fmt: skip
    with connections["owner"].cursor() as cursor:
        for table in TABLES:
            cursor.execute(
                "select attname, typname from pg_attribute a join pg_type t on t.oid = atttypid "
                "where attrelid = %s::regclass and attnum > 0 and not attisdropped",
                [table],
            )
            for name, kind in cursor.fetchall():
                if (table, name) == ("changes_change", "id"):
                    continue  # PostgreSQL refuses it; rows with other ids are inserted below
                value = "-id" if name == "id" else values[kind].replace("{c}", f'"{name}"')
                yield (
                    f"{table}.{name}",
                    f'update {table} set "{name}" = {value} where id = '
                    f"(select max(id) from {table} where practice_id = {{practice}})",
                )


def insert_with_id(table: str, row_id: str) -> str:
    """SQL that inserts a copy of a practice's row with an id."""
    columns = list_columns(table)
    sequence = f"pg_get_serial_sequence('{table}', 'id')"
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"select {sequence}")
        row_id = row_id.replace("{sequence}", cursor.fetchone()[0])
    selected = ", ".join(row_id if name == "id" else f'"{name}"' for name in columns)
    names = ", ".join(f'"{name}"' for name in columns)
    return (
        f"insert into {table} ({names}) overriding system value select {selected} from {table} "
        "where practice_id = {practice} order by id limit 1"
    )


def cut(site: Site, practices: Sequence[int]) -> None:
    """Delete the last seal of practices with its rows, and the rounds that list it."""
    for practice in practices:
        last = Seal.objects.using("owner").filter(practice_id=practice).order_by("-number")[0]
        for part in seals.parse_parts(last):
            site.execute(
                f"with gone as (delete from {part.table} where practice_id = {practice} and id > {part.after} "
                "returning 1) select 1"
            )
        last.delete()


def delete_practice(site: Site) -> None:
    """Delete all of a practice's audit: rows and seals."""
    for table in TABLES:
        site.execute(f"delete from {table} where practice_id = {{practice}}")
    site.execute("delete from audit_seal where practice_id = {practice}")


def delete_everything(site: Site) -> None:
    for table in (*TABLES, "audit_seal", "audit_mark"):
        site.execute(f"delete from {table}")


def cut_all(site: Site) -> None:
    """Bring rows and seals of all practices back to what they were before the last round."""
    ends = seals.parse_parts(Seal.objects.using("owner").get(practice_id=site.clinic.id, number=ROUNDS))
    for part in ends:
        site.execute(f"delete from {part.table} where id > {part.after}")
    round_ = Seal.objects.using("owner").filter(practice_id=seals.ALL).order_by("-number")[0]
    for listed in round_.parts:
        Seal.objects.using("owner").filter(practice_id=listed["practice"], number=listed["number"]).delete()
    round_.delete()
    for part in ends:
        Mark.objects.using("owner").filter(table=part.table).update(
            sealed=part.after, seen=part.after, settled=part.after
        )


def reseal(site: Site) -> None:
    """Change a row, delete all seals, and let the worker, which has the key, seal everything again."""
    site.execute("update audit_apicall set status = 404 where practice_id = {practice}")
    site.execute("delete from audit_seal")
    site.execute("delete from audit_mark")
    mark_everything_settled()
    seals.seal()


def reseal_one(site: Site) -> None:
    """The same with one practice's chain, by moving the marks back."""
    site.execute("update audit_event set user_id = 7 where practice_id = {practice}")
    site.execute("delete from audit_seal where practice_id = {practice}")
    site.execute("update audit_mark set sealed = 0, seen = 0, settled = 0")
    mark_everything_settled()
    seals.seal()


def mark_everything_settled() -> None:
    """What happens as soon as the transactions of this moment have ended."""
    for table in TABLES:
        mark, _ = Mark.objects.using("owner").get_or_create(table=table)
        with connections["owner"].cursor() as cursor:
            mark.seen = mark.settled = seals.read_last_id(cursor, table)
        mark.save(using="owner")


def forge_seal(site: Site) -> None:
    """Change a row and compute its seal again, with a key that is not the server's."""
    site.execute("update audit_apicall set status = 404 where practice_id = {practice}")
    forged = Seal.objects.using("owner").get(practice_id=site.clinic.id, number=1)
    part = forged.parts[0]
    with connections["owner"].cursor() as cursor:
        ((_, rows, digest),) = seals.compute_digests(
            cursor, seals.FORM, part["table"], part["after"], part["upto"], site.clinic.id
        )
    part |= {"rows": rows, "digest": digest}
    forged.link = seals.compute_link(forged, b"not the key")
    forged.save(using="owner")


def write_past_the_feed(statement: str) -> Callable[[Site], None]:
    def tamper(site: Site) -> None:
        site.execute("alter table practice_office disable trigger record_change")
        site.execute(statement)
        site.execute("alter table practice_office enable trigger record_change")

    return tamper


OFFICE = (
    "practice_id = {practice} and id = (select min(id) from practice_office where practice_id = {practice})"
)
SEALS: dict[str, str] = {
    "the time of a seal edited": "update audit_seal set at = at - interval '1 day' where number = 2 and practice_id = {practice}",
    "the parts of a seal edited": "update audit_seal set parts = jsonb_set(parts, '{0,rows}', '0') where number = 2 and practice_id = {practice}",
    "the form of a seal edited": "update audit_seal set form = 1 where number = 2 and practice_id = {practice}",
    "the first seal deleted": "delete from audit_seal where number = 1 and practice_id = {practice}",
    "a seal in the middle deleted": "delete from audit_seal where number = 2 and practice_id = {practice}",
    "the last seal deleted": f"delete from audit_seal where number = {ROUNDS} and practice_id = {{practice}}",
    "all seals of a practice deleted": "delete from audit_seal where practice_id = {practice}",
    "all seals deleted": "delete from audit_seal",
    "the rounds deleted": "delete from audit_seal where practice_id = -1",
    "the last round deleted": "delete from audit_seal where practice_id = -1 and number = (select max(number) from audit_seal where practice_id = -1)",
    "a seal moved to another practice": "update audit_seal set practice_id = {other}, number = 9 where practice_id = {practice} and number = 3",
    "a seal repeated": "insert into audit_seal (practice_id, number, at, form, parts, previous, link, key_id) select practice_id, 4, at, form, parts, link, link, key_id from audit_seal where practice_id = {practice} and number = 3",
}
ACTS: dict[str, Callable[[Site], None]] = {
    "a practice's audit deleted": delete_practice,
    "everything deleted": delete_everything,
    "the end of one chain cut off": lambda site: cut(site, [site.clinic.id]),
    "the end of the whole audit cut off": cut_all,
    "rewritten, and sealed again by the worker": reseal,
    "one chain rewritten, and sealed again by the worker": reseal_one,
    "a seal forged without the key": forge_seal,
    "a row changed while the trigger is off": write_past_the_feed(
        f"update practice_office set name = 'Elsewhere' where {OFFICE}"
    ),
    "a row deleted while the trigger is off": write_past_the_feed(f"delete from practice_office where {OFFICE}"),
    "a row inserted while the trigger is off": write_past_the_feed(
        "insert into practice_office select (jsonb_populate_record(o, '{\"id\": 999999999}')).* "
        f"from practice_office o where {OFFICE}"
    ),
    "a trigger left off": lambda site: site.execute("alter table practice_office disable trigger record_change"),
    "a trigger removed": lambda site: site.execute("drop trigger record_change on practice_office"),
    "a rule that drops entries": lambda site: site.execute(
        "create rule nothing as on insert to audit_event do instead nothing"
    ),
    "row security off": lambda site: site.execute("alter table audit_event disable row level security"),
    "the web role allowed to delete": lambda site: site.execute("grant delete on audit_event to charthouse_web"),
    "the marks moved back, and a row inserted below": lambda site: (
        site.execute("update audit_mark set sealed = 0, settled = 0, seen = 0"),
        site.execute(
            "insert into changes_change (id, practice_id, at, txid, table_name, row_id, operation) overriding system "
            "value select max(id), 2^40, now(), '7', 'practice_office', 1, 'update' from changes_change"
        ),
    )[0],
    "rows declared as past their retention": lambda site: (
        site.execute("update audit_mark set swept = 2^60"),
        site.execute("delete from audit_apicall where practice_id = {practice}"),
    )[0],
    "a past row inserted after the last seal": lambda site: site.execute(
        "insert into audit_event (at, practice_id, ip, what, details) "
        "values (now() - interval '1 day', {practice}, '', 'exported', '{}')"
    ),
}  # fmt: skip


def list_ways() -> Iterator[tuple[str, Callable[[Site], None]]]:
    def run(statement: str) -> Callable[[Site], None]:
        return lambda site: site.execute(statement)

    for table in TABLES:
        ways = EACH_TABLE | (LOGS if table != "changes_change" else {})
        for name, statement in ways.items():
            yield f"{table}: {name}", run(statement.replace("{table}", table))
        for name, row_id in FORGED_IDS.items():
            yield f"{table}: a row inserted with id {name}", run(insert_with_id(table, row_id))
        for name, after in (("between others", "min(id)"), ("of the last one again", "max(id)")):
            if table == "changes_change":  # its ids are not unique in the database
                found = f"(select {after} from {table} where practice_id = {{practice}})"
                yield f"{table}: a row inserted with an id {name}", run(insert_with_id(table, found))
    for name, statement in change_columns():
        yield f"column {name} edited", run(statement)
    for name, statement in SEALS.items():
        yield name, run(statement)
    yield from ACTS.items()


def test_nothing_is_found_where_nobody_tampered(site: Site) -> None:
    """Among the rows are some that were changed more than once."""
    assert site.before == frozenset()


def test_every_tampering_is_found(site: Site) -> None:
    ways, missed = dict(list_ways()), []
    assert site.find() is None
    for name, tamper in ways.items():
        with roll_back():
            tamper(site)
            if site.find() is None:
                missed.append(name)
    figures.record(tampering=len(ways), tampering_found=len(ways) - len(missed))
    assert missed == []
    assert site.find() is None


def test_every_column_is_sealed() -> None:
    for table, sealed in seals.FORMS[seals.FORM].items():
        assert set(list_columns(table)) == {name.partition("::")[0] for name in sealed.split(", ")}


def test_what_is_found_is_named(site: Site) -> None:
    """Messages say which practice, which rows, and what was done to them."""
    named = {
        "a practice's audit deleted": f"practice {site.clinic.id}, seal 3: it is missing: it was recorded as the last",
        "everything deleted": "seal 3: it is missing: it was recorded as the last",
        "the last round deleted": f"practice {site.clinic.id}, seal 3: no round lists it",
        "the end of one chain cut off": f"practice {site.clinic.id}, seal 3: it is missing: it was recorded",
        "audit_apicall: a row inserted with id 0": "1 rows of audit_apicall have ids below 1",
        "audit_event: all rows deleted": f"practice {site.clinic.id}, seal 1: audit_event, ids 1 to",
        "a trigger left off": "the database: a protection is missing: practice_office: the change trigger",
        "a row changed while the trigger is off": "1 rows of practice_office were changed past the change feed",
        "a past row inserted after the last seal": "1 rows of audit_event have waited for a seal since",
    }
    ways = dict(list_ways())
    for name, text in named.items():
        with roll_back():
            ways[name](site)
            assert text in str(site.find())


def test_without_anchors_only_a_rewritten_whole_is_not_found(site: Site) -> None:
    """The limit of what the database says by itself."""
    bare, unfound = Site(site.clinic, site.other, (), site.before), []
    ways = (
        "a practice's audit deleted",
        "the end of one chain cut off",
        "one chain rewritten, and sealed again by the worker",
        "rewritten, and sealed again by the worker",
    )
    for name in ways:
        with roll_back():
            ACTS[name](site)
            if bare.find() is None:
                unfound.append(name)
    assert unfound == ["rewritten, and sealed again by the worker"]
