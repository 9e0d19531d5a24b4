"""Seals: tamper evidence for the audit log. Each seal covers the rows added for a practice since the previous one.

Seals form a chain: each contains the link of the previous one, so that changing, removing or inserting a row or a seal
breaks the chain. A link is an HMAC under a key derived from the server's secret key, so that access to the database
does not suffice to forge one. Truncation is detected against a link that was recorded elsewhere (``verify(heads)``).
Reasons: docs/decisions/0181.

Sealing runs in the background as the owner of the tables. It covers rows that are final: with ids up to one seen before
every running transaction began. It blocks no writer.
"""

import hashlib
import hmac
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from django.conf import settings
from django.db import connections, transaction

from charthouse import clock
from charthouse.audit.models import Mark, Seal

DATABASE = "owner"
ADVISORY_LOCK = 0x6368_0180  # advisory lock of sealing
MAX_IDS = 10_000  # range of ids that a round of seals covers

# Sealed columns by version. A later column needs a new version; existing seals remain verifiable.
FORMS: Mapping[int, Mapping[str, str]] = {
    1: {
        "audit_apicall": "id, at, request, practice_id, app_id, api_user_id, user_id, ip, dialect, method, path, "
        "resource, row_id, patients, status, gate, microseconds, times",
        "audit_event": "id, at, practice_id, user_id, app_id, api_user_id, patient_id, ip, what, details",
        "changes_change": "id, at, practice_id, table_name, row_id, operation, before, after, user_id, app_id, "
        "api_user_id, request",
    }
}
FORM = 1
SWEPT_TABLES = ("audit_apicall", "audit_event")  # changes are retained as long as the records


class SealPart(msgspec.Struct, frozen=True):
    """What a seal covers of one table: rows with ``after`` < id <= ``upto``, their number and digest."""

    table: str
    after: int
    upto: int
    rows: int
    digest: str


@dataclass(frozen=True, slots=True)
class BrokenSeal:
    """The first invalid link of a chain. ``number`` is that of the seal, 0 if there is none."""

    practice: int
    number: int
    reason: str

    def __str__(self) -> str:
        whose = f"practice {self.practice}" if self.practice else "calls and events of no practice"
        return f"{whose}, seal {self.number}: {self.reason}"


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
    """Return the range of ids (exclusive, inclusive) to which no transaction can add rows anymore."""
    mark, _ = Mark.objects.using(DATABASE).get_or_create(table=table)
    mark.settled = max(mark.settled, mark.sealed)
    if mark.settled == mark.sealed:
        if mark.seen <= mark.sealed or _is_of_another_server(cursor, mark.xact):
            cursor.execute(f'select coalesce(max(id), 0) from "{table}"')  # noqa: S608
            mark.seen = cursor.fetchone()[0]
            cursor.execute("select pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
            mark.xact = cursor.fetchone()[0]
        cursor.execute("select pg_snapshot_xmin(pg_current_snapshot())::text::bigint >= %s", [mark.xact])
        if cursor.fetchone()[0]:
            mark.settled = max(mark.seen, mark.sealed)
        mark.save(using=DATABASE)
    return mark.sealed, min(mark.settled, mark.sealed + MAX_IDS)


def _is_of_another_server(cursor: Any, xact: int) -> bool:
    """Return whether a transaction id is from another server: a restored database counts its transactions again."""
    cursor.execute("select pg_snapshot_xmax(pg_current_snapshot())::text::bigint < %s", [xact])
    return bool(cursor.fetchone()[0])


def _create_seals(cursor: Any, ranges: Mapping[str, tuple[int, int]]) -> int:
    """Create a seal for every practice with rows in the ranges. Return how many."""
    found: dict[int, dict[str, tuple[int, str]]] = {}
    for table, (after, upto) in ranges.items():
        for practice, rows, digest in _compute_digests(cursor, FORM, table, after, upto):
            found.setdefault(practice, {})[table] = (rows, digest)
    for practice, sealed in found.items():
        last = Seal.objects.using(DATABASE).filter(practice_id=practice).order_by("-number").first()
        before = {part.table: part.upto for part in parse_parts(last)} if last else {}
        parts = [
            SealPart(table, before.get(table, 0), upto, *sealed.get(table, (0, EMPTY_DIGEST)))
            for table, (_, upto) in ranges.items()
        ]
        new_seal = Seal(
            practice_id=practice,
            number=last.number + 1 if last else 1,
            at=clock.now(),
            form=FORM,
            parts=msgspec.to_builtins(parts),
            previous=last.link if last else "",
            key_id=_compute_key_id(_derive_keys()[0]),
        )
        new_seal.link = _compute_link(new_seal, _derive_keys()[0])
        new_seal.save(using=DATABASE, force_insert=True)
    return len(found)


EMPTY_DIGEST = hashlib.sha256(b"").hexdigest()


def _compute_digests(
    cursor: Any, form: int, table: str, after: int, upto: int, practice: int | None = None
) -> list[tuple[int, int, str]]:
    """Return practice, number of rows and digest for each practice with rows in the range, or for one."""
    only = "" if practice is None else "and practice_id is not distinct from nullif(%s::bigint, 0)"
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


def _compute_link(sealed: Seal, key: bytes) -> str:
    """Compute the link of a seal: HMAC-SHA-256 in hex of its contents, which include the previous link."""
    content = [
        sealed.practice_id, sealed.number, sealed.at.isoformat(), sealed.form, sealed.parts, sealed.previous
    ]  # fmt: skip
    return hmac.new(key, msgspec.json.encode(content, order="sorted"), hashlib.sha256).hexdigest()


def _derive_keys() -> list[bytes]:
    """Return the current key, followed by those of former secret keys."""
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return [hmac.new(key.encode(), b"charthouse.audit.seals", hashlib.sha256).digest() for key in secrets]


def _compute_key_id(key: bytes) -> str:
    return hashlib.sha256(key).hexdigest()[:16]


# -- verifying ------------------------------------------------------------------------------------------------------


def verify(practice: int | None = None, heads: Mapping[int, str] | None = None) -> Iterator[BrokenSeal]:
    """Yield the first broken seal of every chain, or of one practice; nothing if all are valid.

    ``heads`` maps practices to links that were the last ones when they were recorded; they must still exist.
    """
    for number in _list_practices() if practice is None else [practice]:
        broken = _find_broken_seal(number) or _check_head(number, (heads or {}).get(number))
        if broken:
            yield broken


def list_heads() -> dict[int, str]:
    """Map practices to the last link of their chain, to be stored where the database owner cannot write."""
    newest = Seal.objects.using(DATABASE).order_by("practice_id", "-number").distinct("practice_id")
    return {sealed.practice_id: sealed.link for sealed in newest}


def _list_practices() -> list[int]:
    """List practices with a chain, or with rows that should be in one."""
    found = set(Seal.objects.using(DATABASE).values_list("practice_id", flat=True).distinct())
    with connections[DATABASE].cursor() as cursor:
        for table in FORMS[FORM]:
            cursor.execute(f'select distinct coalesce(practice_id, 0) from "{table}"')  # noqa: S608
            found |= {practice for (practice,) in cursor.fetchall()}
    return sorted(found)


def _find_broken_seal(practice: int) -> BrokenSeal | None:
    """Find the first broken seal of a practice's chain."""
    marks = {mark.table: mark for mark in Mark.objects.using(DATABASE).all()}
    keys = {_compute_key_id(key): key for key in _derive_keys()}
    positions: dict[str, int] = {}
    number, link = 0, ""
    for sealed in Seal.objects.using(DATABASE).filter(practice_id=practice).order_by("number").iterator(500):
        number += 1
        reason = _check_link(sealed, number, link, keys) or _check_parts(sealed, positions, marks)
        if reason:
            return BrokenSeal(practice, number, reason)
        positions = {part.table: part.upto for part in parse_parts(sealed)}
        link = sealed.link
    return _find_unsealed_rows(practice, number, positions, marks)


def _check_link(sealed: Seal, number: int, previous: str, keys: Mapping[str, bytes]) -> str | None:
    """Return what is wrong with number, previous link or HMAC of a seal, or None."""
    if sealed.number != number:
        return f"it is missing; the next that is there is {sealed.number}"
    if sealed.previous != previous:
        return "it doesn't follow from the one before"
    if sealed.key_id not in keys:
        return f"it was made with another secret key ({sealed.key_id}); name it in CHARTHOUSE_FORMER_KEYS"
    if not hmac.compare_digest(_compute_link(sealed, keys[sealed.key_id]), sealed.link):
        return "it has been changed"
    return None


def _check_parts(sealed: Seal, positions: Mapping[str, int], marks: Mapping[str, Mark]) -> str | None:
    """Return what is wrong with the rows that a seal covers, or None. Rows past the retention may be missing."""
    for part in parse_parts(sealed):
        if part.after != positions.get(part.table, 0):
            return f"it leaves out rows of {part.table} before id {part.after}"
        swept = part.table in marks and part.upto <= marks[part.table].swept
        if swept and sealed.at < clock.now() - get_retention():
            continue
        with connections[DATABASE].cursor() as cursor:
            found = _compute_digests(
                cursor, sealed.form, part.table, part.after, part.upto, practice=sealed.practice_id
            )
        _, rows, digest = found[0] if found else (0, 0, EMPTY_DIGEST)
        if (rows, digest) != (part.rows, part.digest):
            many = (
                f"{part.rows} rows were sealed and {rows} are there" if rows != part.rows else "rows differ"
            )
            return f"{part.table}, ids {part.after + 1} to {part.upto}, sealed {sealed.at:%Y-%m-%d %H:%M} UTC: {many}"
    return None


def _find_unsealed_rows(
    practice: int, number: int, positions: Mapping[str, int], marks: Mapping[str, Mark]
) -> BrokenSeal | None:
    """Find rows that lie within the sealed range and are in no seal."""
    for table in FORMS[FORM]:
        upto = marks[table].sealed if table in marks else 0
        with connections[DATABASE].cursor() as cursor:
            found = _compute_digests(cursor, FORM, table, positions.get(table, 0), upto, practice=practice)
        if found:
            return BrokenSeal(
                practice, number + 1, f"it is missing: {found[0][1]} rows of {table} are in no seal"
            )
    return None


def _check_head(practice: int, head: str | None) -> BrokenSeal | None:
    """Find that a recorded head no longer exists in the chain."""
    if head is None or Seal.objects.using(DATABASE).filter(practice_id=practice, link=head).exists():
        return None
    last = Seal.objects.using(DATABASE).filter(practice_id=practice).order_by("-number").first()
    return BrokenSeal(practice, last.number + 1 if last else 1, "it is missing: it was noted as the last one")


# -- sweeping -------------------------------------------------------------------------------------------------------


def get_retention() -> timedelta:
    """Return how long rows are retained."""
    return timedelta(days=settings.AUDIT_DAYS)


def sweep(batch_size: int = 1000) -> int:
    """Delete rows whose seals are older than the retention. Return how many. ``batch_size``: rows per transaction.

    The seals, which are small, are retained, and the chain continues from them.
    """
    return sum(_sweep_table(table, clock.now() - get_retention(), batch_size) for table in SWEPT_TABLES)


def _sweep_table(table: str, before: datetime, step: int) -> int:
    newest = Seal.objects.using(DATABASE).filter(at__lt=before).order_by("-at", "-id").first()
    uptos: Sequence[int] = (
        [part.upto for part in parse_parts(newest) if part.table == table] if newest else []
    )
    if not uptos:
        return 0
    mark = Mark.objects.using(DATABASE).get(table=table)
    mark.swept = max(mark.swept, *uptos)
    mark.save(using=DATABASE, update_fields=["swept"])
    deleted = 0
    with connections[DATABASE].cursor() as cursor:
        while True:
            cursor.execute(
                f'delete from "{table}" where id in '  # noqa: S608
                f'(select id from "{table}" where id <= %s order by id limit %s)',
                [mark.swept, step],
            )
            count = int(cursor.rowcount)
            deleted += count
            if count < step:
                return deleted
