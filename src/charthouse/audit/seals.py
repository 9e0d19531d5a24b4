"""Seals: what makes tampering with the audit show. Each covers what was added to a practice's trail since the one
before, and carries on from that one's link: a row or a seal that is changed, removed or slipped in later breaks it.

A link is an HMAC under a key made of the server's secret key, so who has the database alone can't forge one. What has
been cut off at the end shows against a link noted elsewhere (``verify(heads)``). Choices: docs/decisions/0181.

Sealing runs in the background, as the owner of the tables, over rows that are there for good: those with an id up to
one that was seen before every transaction now running began. Nobody waits for it.
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

USING = "owner"
LOCK = 0x6368_0180  # advisory lock of whoever seals
STEP = 10_000  # ids that a round of seals covers at most
NOBODY = 0  # the chain of rows without a practice

# What of a row is sealed. A column that comes later is added under a new form; what was sealed stays readable.
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
SWEPT = ("audit_apicall", "audit_event")  # the history of the record is kept as long as the record


class Part(msgspec.Struct, frozen=True):
    """What a seal says of one table: its rows with ``after`` < id <= ``upto``, by number and digest."""

    table: str
    after: int
    upto: int
    rows: int
    digest: str


@dataclass(frozen=True, slots=True)
class Broken:
    """The first link of a practice's chain that doesn't hold. ``number`` is 0 where there is no seal at all."""

    practice: int
    number: int
    why: str

    def __str__(self) -> str:
        whose = f"practice {self.practice}" if self.practice else "calls and events of no practice"
        return f"{whose}, seal {self.number}: {self.why}"


def seal() -> int:
    """Seal what can be sealed; how many seals were made. Does nothing while another does it."""
    made = 0
    while True:
        with transaction.atomic(using=USING), connections[USING].cursor() as cursor:
            cursor.execute("select pg_try_advisory_xact_lock(%s)", [LOCK])
            if not cursor.fetchone()[0]:
                return made
            ranges = {table: _settled(cursor, table) for table in FORMS[FORM]}
            if all(after == upto for after, upto in ranges.values()):
                return made
            made += _seal(cursor, ranges)
            for table, (_, upto) in ranges.items():
                Mark.objects.using(USING).filter(table=table).update(sealed=upto)


def _settled(cursor: Any, table: str) -> tuple[int, int]:
    """From which id to which a table's rows can be sealed now: no transaction can still add one of these."""
    mark, _ = Mark.objects.using(USING).get_or_create(table=table)
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
        mark.save(using=USING)
    return mark.sealed, min(mark.settled, mark.sealed + STEP)


def _is_of_another_server(cursor: Any, xact: int) -> bool:
    """A database that was dumped and restored counts its transactions anew."""
    cursor.execute("select pg_snapshot_xmax(pg_current_snapshot())::text::bigint < %s", [xact])
    return bool(cursor.fetchone()[0])


def _seal(cursor: Any, ranges: Mapping[str, tuple[int, int]]) -> int:
    found: dict[int, dict[str, tuple[int, str]]] = {}
    for table, (after, upto) in ranges.items():
        for practice, rows, digest in _digests(cursor, FORM, table, after, upto):
            found.setdefault(practice, {})[table] = (rows, digest)
    for practice, sealed in found.items():
        last = Seal.objects.using(USING).filter(practice_id=practice).order_by("-number").first()
        before = {part.table: part.upto for part in parts_of(last)} if last else {}
        parts = [
            Part(table, before.get(table, 0), upto, *sealed.get(table, (0, EMPTY)))
            for table, (_, upto) in ranges.items()
        ]
        made = Seal(
            practice_id=practice,
            number=last.number + 1 if last else 1,
            at=clock.now(),
            form=FORM,
            parts=msgspec.to_builtins(parts),
            previous=last.link if last else "",
            key_id=_key_id(_keys()[0]),
        )
        made.link = _link(made, _keys()[0])
        made.save(using=USING, force_insert=True)
    return len(found)


EMPTY = hashlib.sha256(b"").hexdigest()


def _digests(
    cursor: Any, form: int, table: str, after: int, upto: int, practice: int | None = None
) -> list[tuple[int, int, str]]:
    """Practice, number of rows, digest of them, for each practice with rows in the range, or for one."""
    only = "" if practice is None else "and practice_id is not distinct from nullif(%s::bigint, 0)"
    cursor.execute(
        f"select coalesce(practice_id, 0), count(*), encode(sha256(convert_to(string_agg("  # noqa: S608
        f"jsonb_build_array({FORMS[form][table]})::text, E'\\n' order by id), 'UTF8')), 'hex') "
        f'from "{table}" where id > %s and id <= %s {only} group by 1',
        [after, upto, *([] if practice is None else [practice])],
    )
    return list(cursor.fetchall())


# -- links --------------------------------------------------------------------------------------------------------


def parts_of(sealed: Seal) -> list[Part]:
    return msgspec.convert(sealed.parts, list[Part])


def _link(sealed: Seal, key: bytes) -> str:
    said = [
        sealed.practice_id, sealed.number, sealed.at.isoformat(), sealed.form, sealed.parts, sealed.previous
    ]  # fmt: skip
    return hmac.new(key, msgspec.json.encode(said, order="sorted"), hashlib.sha256).hexdigest()


def _keys() -> list[bytes]:
    """The key that is sealed with, then those of former secret keys."""
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return [hmac.new(key.encode(), b"charthouse.audit.seals", hashlib.sha256).digest() for key in secrets]


def _key_id(key: bytes) -> str:
    return hashlib.sha256(key).hexdigest()[:16]


# -- verifying ------------------------------------------------------------------------------------------------------


def verify(practice: int | None = None, heads: Mapping[int, str] | None = None) -> Iterator[Broken]:
    """The first broken link of every chain, or of one practice's; nothing where all hold.

    ``heads``: links that were the last ones of their chains when somebody noted them; they must still be there.
    """
    for number in _practices() if practice is None else [practice]:
        broken = _broken(number) or _gone(number, (heads or {}).get(number))
        if broken:
            yield broken


def heads() -> dict[int, str]:
    """The last link of every chain by practice, to be kept where who has the database can't write."""
    newest = Seal.objects.using(USING).order_by("practice_id", "-number").distinct("practice_id")
    return {sealed.practice_id: sealed.link for sealed in newest}


def _practices() -> list[int]:
    """Every practice with a chain, or with rows that should be in one."""
    found = set(Seal.objects.using(USING).values_list("practice_id", flat=True).distinct())
    with connections[USING].cursor() as cursor:
        for table in FORMS[FORM]:
            cursor.execute(f'select distinct coalesce(practice_id, 0) from "{table}"')  # noqa: S608
            found |= {practice for (practice,) in cursor.fetchall()}
    return sorted(found)


def _broken(practice: int) -> Broken | None:
    marks = {mark.table: mark for mark in Mark.objects.using(USING).all()}
    keys = {_key_id(key): key for key in _keys()}
    positions: dict[str, int] = {}
    number, link = 0, ""
    for sealed in Seal.objects.using(USING).filter(practice_id=practice).order_by("number").iterator(500):
        number += 1
        why = _wrong_link(sealed, number, link, keys) or _wrong_parts(sealed, positions, marks)
        if why:
            return Broken(practice, number, why)
        positions = {part.table: part.upto for part in parts_of(sealed)}
        link = sealed.link
    return _not_sealed(practice, number, positions, marks)


def _wrong_link(sealed: Seal, number: int, previous: str, keys: Mapping[str, bytes]) -> str | None:
    if sealed.number != number:
        return f"it is missing; the next that is there is {sealed.number}"
    if sealed.previous != previous:
        return "it doesn't follow from the one before"
    if sealed.key_id not in keys:
        return f"it was made with another secret key ({sealed.key_id}); name it in CHARTHOUSE_FORMER_KEYS"
    if not hmac.compare_digest(_link(sealed, keys[sealed.key_id]), sealed.link):
        return "it has been changed"
    return None


def _wrong_parts(sealed: Seal, positions: Mapping[str, int], marks: Mapping[str, Mark]) -> str | None:
    for part in parts_of(sealed):
        if part.after != positions.get(part.table, 0):
            return f"it leaves out rows of {part.table} before id {part.after}"
        swept = part.table in marks and part.upto <= marks[part.table].swept
        if swept and sealed.at < clock.now() - kept():
            continue
        with connections[USING].cursor() as cursor:
            found = _digests(
                cursor, sealed.form, part.table, part.after, part.upto, practice=sealed.practice_id
            )
        _, rows, digest = found[0] if found else (0, 0, EMPTY)
        if (rows, digest) != (part.rows, part.digest):
            many = (
                f"{part.rows} rows were sealed and {rows} are there" if rows != part.rows else "rows differ"
            )
            return f"{part.table}, ids {part.after + 1} to {part.upto}, sealed {sealed.at:%Y-%m-%d %H:%M} UTC: {many}"
    return None


def _not_sealed(
    practice: int, number: int, positions: Mapping[str, int], marks: Mapping[str, Mark]
) -> Broken | None:
    """Rows that lie behind what has been sealed, and in no seal."""
    for table in FORMS[FORM]:
        upto = marks[table].sealed if table in marks else 0
        with connections[USING].cursor() as cursor:
            found = _digests(cursor, FORM, table, positions.get(table, 0), upto, practice=practice)
        if found:
            return Broken(
                practice, number + 1, f"it is missing: {found[0][1]} rows of {table} are in no seal"
            )
    return None


def _gone(practice: int, head: str | None) -> Broken | None:
    if head is None or Seal.objects.using(USING).filter(practice_id=practice, link=head).exists():
        return None
    last = Seal.objects.using(USING).filter(practice_id=practice).order_by("-number").first()
    return Broken(practice, last.number + 1 if last else 1, "it is missing: it was noted as the last one")


# -- sweeping -------------------------------------------------------------------------------------------------------


def kept() -> timedelta:
    """How long rows are kept."""
    return timedelta(days=settings.AUDIT_DAYS)


def sweep(step: int = 1000) -> int:
    """Delete rows whose seals are older than what is kept, in transactions of at most ``step`` rows; how many.

    The seals stay: they are small, and the chain goes on from them.
    """
    return sum(_sweep(table, clock.now() - kept(), step) for table in SWEPT)


def _sweep(table: str, before: datetime, step: int) -> int:
    newest = Seal.objects.using(USING).filter(at__lt=before).order_by("-at", "-id").first()
    uptos: Sequence[int] = [part.upto for part in parts_of(newest) if part.table == table] if newest else []
    if not uptos:
        return 0
    mark = Mark.objects.using(USING).get(table=table)
    mark.swept = max(mark.swept, *uptos)
    mark.save(using=USING, update_fields=["swept"])
    deleted = 0
    with connections[USING].cursor() as cursor:
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
