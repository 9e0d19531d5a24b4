"""Seals: tamper evidence for the audit log. Each seal covers the rows added for a practice since the previous one.

Seals form a chain: each contains the link of the previous one, so that changing, removing or inserting a row or a seal
breaks the chain. The seals of one round are listed in a seal of the chain ``ALL``, so that a chain cannot lose its end
alone. A link is an HMAC under a key derived from the server's secret key, so that access to the database does not
suffice to forge one. ``verification`` checks the chains, ``anchors`` records their heads elsewhere. What this proves,
and what not: docs/audit.md.

Sealing runs in the background as the owner of the tables. It covers rows that are final: with ids up to one seen before
every running transaction began. It blocks no writer.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec
from django.conf import settings
from django.db import connections, transaction

from charthouse import clock
from charthouse.audit.models import Mark, Seal
from charthouse.identity import secret_keys

DATABASE = "owner"
ADVISORY_LOCK = 0x6368_0180  # advisory lock of sealing
MAX_ROWS = 10_000  # of a table that a round of seals covers
NOBODY, ALL = 0, -1  # chains: of rows without a practice, of the rounds

# Sealed columns by version. A later column needs a new version; existing seals remain verifiable.
_CALL = (
    "id, at, request, practice_id, app_id, api_user_id, user_id, ip, dialect, method, path, resource, row_id, "
    "patients, status, gate, microseconds, times"
)
_EVENT = "id, at, practice_id, user_id, app_id, api_user_id, patient_id, ip, what, details"
_CHANGE = (
    "id, at, practice_id, table_name, row_id, operation, before, after, user_id, app_id, api_user_id, request"
)
FORMS: Mapping[int, Mapping[str, str]] = {
    1: {"audit_apicall": _CALL, "audit_event": _EVENT, "changes_change": _CHANGE},
    2: {"audit_apicall": _CALL, "audit_event": _EVENT, "changes_change": f"{_CHANGE}, txid::text"},
    3: {
        "audit_apicall": f"{_CALL}, query",
        "audit_event": _EVENT,
        "changes_change": f"{_CHANGE}, txid::text",
    },
}
FORM = 3  # from 2 on, every seal is listed in the chain ALL
SWEPT_TABLES = ("audit_apicall", "audit_event")  # changes are retained as long as the records


class SealPart(msgspec.Struct, frozen=True):
    """What a seal covers of one table: rows with ``after`` < id <= ``upto``, their number and digest."""

    table: str
    after: int
    upto: int
    rows: int
    digest: str


class ListedSeal(msgspec.Struct, frozen=True):
    """A seal of a round, as the round's seal in the chain ALL lists it."""

    practice: int
    number: int
    link: str


class Head(NamedTuple):
    """The last seal of a chain, now or when it was recorded; ``number`` is 0 where only the link was recorded."""

    practice: int
    number: int
    link: str


def seal() -> int:
    """Seal all final rows. Return the number of seals created; 0 if another process is sealing."""
    created = 0
    while True:
        with transaction.atomic(using=DATABASE), connections[DATABASE].cursor() as cursor:
            cursor.execute("select pg_try_advisory_xact_lock(%s)", [ADVISORY_LOCK])
            if not cursor.fetchone()[0]:
                return created
            ranges = {table: _get_sealable_range(cursor, table) for table in FORMS[FORM]}
            if all(after == upto for after, upto in ranges.values()):
                return created
            created += _create_seals(cursor, ranges)
            for table, (_, upto) in ranges.items():
                Mark.objects.using(DATABASE).filter(table=table).update(sealed=upto)


def _get_sealable_range(cursor: Any, table: str) -> tuple[int, int]:
    """Return the range of ids (exclusive, inclusive) to which no transaction can add rows anymore, of at most MAX_ROWS
    rows."""
    mark, _ = Mark.objects.using(DATABASE).get_or_create(table=table)
    mark.settled = max(mark.settled, mark.sealed)
    if mark.settled == mark.sealed:
        if mark.seen <= mark.sealed:
            mark.seen = read_last_id(cursor, table)
            mark.xact = _read_number(cursor, "select pg_snapshot_xmax(pg_current_snapshot())")
        if _read_number(cursor, "select pg_snapshot_xmin(pg_current_snapshot())") >= mark.xact:
            mark.settled = max(mark.seen, mark.sealed)
        mark.save(using=DATABASE)
    cursor.execute(
        f'select id from "{table}" where id > %s and id <= %s order by id offset %s limit 1',  # noqa: S608
        [mark.sealed, mark.settled, MAX_ROWS - 1],
    )
    found = cursor.fetchone()
    return mark.sealed, found[0] if found else mark.settled


def read_last_id(cursor: Any, table: str) -> int:
    """Return the highest id of a table's rows that its sequence has given; a forged one may be higher."""
    cursor.execute(
        f'select coalesce(max(id), 0) from "{table}" '  # noqa: S608
        f"where id <= coalesce(pg_sequence_last_value(pg_get_serial_sequence(%s, 'id')::regclass), 0)",
        [table],
    )
    return int(cursor.fetchone()[0])


def _read_number(cursor: Any, query: str) -> int:
    """Return the transaction number of the transaction id that a query returns."""
    cursor.execute(f"select identity_transaction_number(({query}))::text::bigint")
    return int(cursor.fetchone()[0])


def _create_seals(cursor: Any, ranges: Mapping[str, tuple[int, int]]) -> int:
    """Create a seal for every practice with rows in the ranges, and one of the round. Return how many of practices."""
    found: dict[int, dict[str, tuple[int, str]]] = {}
    for table, (after, upto) in ranges.items():
        for practice, rows, digest in compute_digests(cursor, FORM, table, after, upto):
            found.setdefault(practice, {})[table] = (rows, digest)
    new_seals = []
    for practice, sealed in found.items():
        last = _get_last_seal(practice)
        before = {part.table: part.upto for part in parse_parts(last)} if last else {}
        parts = [
            SealPart(table, before.get(table, 0), upto, *sealed.get(table, (0, EMPTY_DIGEST)))
            for table, (_, upto) in ranges.items()
        ]
        new_seals.append(_append_seal(practice, last, parts))
    if new_seals:
        listed = [ListedSeal(each.practice_id, each.number, each.link) for each in new_seals]
        _append_seal(ALL, _get_last_seal(ALL), listed)
    return len(new_seals)


def _get_last_seal(practice: int) -> Seal | None:
    return Seal.objects.using(DATABASE).filter(practice_id=practice).order_by("-number").first()


def _append_seal(practice: int, last: Seal | None, parts: Sequence[SealPart | ListedSeal]) -> Seal:
    """Append a seal to a chain, whose last one is given."""
    new_seal = Seal(
        practice_id=practice,
        number=last.number + 1 if last else 1,
        at=clock.now(),
        form=FORM,
        parts=msgspec.to_builtins(parts),
        previous=last.link if last else "",
        key_id=compute_key_id(derive_keys()[0]),
    )
    new_seal.link = compute_link(new_seal, derive_keys()[0])
    new_seal.save(using=DATABASE, force_insert=True)
    return new_seal


EMPTY_DIGEST = hashlib.sha256(b"").hexdigest()


def compute_digests(
    cursor: Any, form: int, table: str, after: int, upto: int, practice: int | None = None
) -> list[tuple[int, int, str]]:
    """Return practice, number of rows and digest for each practice with rows in the range, or for one."""
    only = ""
    if practice is not None:
        only = "and practice_id = %s" if practice else "and (practice_id is null or practice_id = %s)"
    cursor.execute(
        f"select coalesce(practice_id, 0), count(*), encode(sha256(convert_to(string_agg("  # noqa: S608
        f"jsonb_build_array({FORMS[form][table]})::text, E'\\n' order by id), 'UTF8')), 'hex') "
        f'from "{table}" where id > %s and id <= %s {only} group by 1',
        [after, upto, *([] if practice is None else [practice])],
    )
    return list(cursor.fetchall())


# -- links --------------------------------------------------------------------------------------------------------


def parse_parts(sealed: Seal) -> list[SealPart]:
    """Return the sealed ranges of a seal."""
    return msgspec.convert(sealed.parts, list[SealPart])


def list_heads() -> list[Head]:
    """List the last seal of each chain, to be recorded where the database owner cannot write."""
    newest = Seal.objects.using(DATABASE).order_by("practice_id", "-number").distinct("practice_id")
    return [Head(sealed.practice_id, sealed.number, sealed.link) for sealed in newest]


def compute_link(sealed: Seal, key: bytes) -> str:
    """Compute the link of a seal: HMAC-SHA-256 in hex of its contents, which include the previous link."""
    content = [
        sealed.practice_id, sealed.number, sealed.at.isoformat(), sealed.form, sealed.parts, sealed.previous
    ]  # fmt: skip
    return hmac.new(key, msgspec.json.encode(content, order="sorted"), hashlib.sha256).hexdigest()


def derive_keys() -> list[bytes]:
    """Return the current key, followed by those of former secret keys."""
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS, *secret_keys.list_retired_keys()]
    return [hmac.new(key.encode(), b"charthouse.audit.seals", hashlib.sha256).digest() for key in secrets]


def compute_key_id(key: bytes) -> str:
    return hashlib.sha256(key).hexdigest()[:16]


# -- sweeping -------------------------------------------------------------------------------------------------------


def get_retention() -> timedelta:
    """Return how long rows are retained."""
    return timedelta(days=settings.AUDIT_DAYS)


def sweep(batch_size: int = 1000) -> int:
    """Delete rows whose seals are older than the retention. Return how many. ``batch_size``: rows per transaction.

    The seals, which are small, are retained, and the chain continues from them.
    """
    return sum(_sweep_table(table, clock.now() - get_retention(), batch_size) for table in SWEPT_TABLES)


def _sweep_table(table: str, before: datetime, batch_size: int) -> int:
    newest = (
        Seal.objects.using(DATABASE)
        .filter(at__lt=before, practice_id__gte=NOBODY)
        .order_by("-at", "-id")
        .first()
    )
    uptos = [part.upto for part in parse_parts(newest) if part.table == table] if newest else []
    deleted = 0
    while uptos:
        with transaction.atomic(using=DATABASE), connections[DATABASE].cursor() as cursor:
            cursor.execute(
                f'with old as (delete from "{table}" where id in (select id from "{table}" '  # noqa: S608
                "where id > 0 and id <= %s order by id limit %s) returning id) select count(*), max(id) from old",
                [uptos[0], batch_size],
            )
            count, last = cursor.fetchone()
            done = last if count == batch_size else uptos[0]
            Mark.objects.using(DATABASE).filter(table=table, swept__lt=done).update(swept=done)
        deleted += count
        if count < batch_size:
            break
    return deleted
