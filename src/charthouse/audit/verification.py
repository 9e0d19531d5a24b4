"""Verification of the seals, as the owner of the tables: what was changed, added or taken away since a row was sealed.

Chains are those of the practices that exist, have rows or seals, or are named by a recorded head. Each covers all ids
of its tables, from the lowest to the highest: below the first id, within the sealed ranges, and above them, where rows
may wait for their seal for MAX_WAIT. What this proves, and what not: docs/audit.md.
"""

import hmac
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connections

from charthouse import clock
from charthouse.audit import record_check
from charthouse.audit.models import Mark, Seal
from charthouse.audit.seals import (
    ALL,
    DATABASE,
    EMPTY_DIGEST,
    FORM,
    FORMS,
    NOBODY,
    Head,
    SealPart,
    compute_digests,
    compute_key_id,
    compute_link,
    derive_keys,
    get_retention,
    parse_parts,
    read_last_id,
)
from charthouse.identity import rowsecurity
from charthouse.identity.models import Practice

MAX_WAIT = timedelta(hours=1)  # for which a row may be without a seal


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that does not hold. ``practice`` is its chain, None for the whole database; ``number`` is that of the
    seal, 0 if it is about none."""

    practice: int | None
    number: int
    reason: str

    def __str__(self) -> str:
        return (
            f"{describe_chain(self.practice)}{f', seal {self.number}' if self.number else ''}: {self.reason}"
        )


def describe_chain(practice: int | None) -> str:
    names = {None: "the database", NOBODY: "calls and events of no practice", ALL: "all seals"}
    return names.get(practice) or f"practice {practice}"


def verify(practice: int | None = None, heads: Collection[Head] = ()) -> Iterator[Finding]:
    """Yield the first fault of every chain, or of one practice's, and of the database; nothing if all is well.

    ``heads`` were the last seals of their chains when they were recorded; they must still exist.
    """
    ranges = _read_ranges()
    chains = _list_chains(heads, ranges) if practice is None else [practice]
    for number in chains:
        found = (
            _check_chain(number, ranges)
            or _check_heads(number, [head for head in heads if head.practice == number])
            or (None if number == ALL else _check_listed(number))
        )
        if found:
            yield found
    if practice is None:
        yield from _check_database(ranges)
    for change in record_check.find_unfollowed_changes(practice):
        yield Finding(change.practice, 0, str(change))


@dataclass(frozen=True, slots=True)
class _Range:
    """Ids of a table. ``sealed``: the highest in any seal; ``last``: the highest that its sequence has given to a row;
    ``swept``: up to which rows past the retention were deleted."""

    sealed: int
    last: int
    swept: int


def _read_ranges() -> dict[str, _Range]:
    marks = {mark.table: mark for mark in Mark.objects.using(DATABASE).all()}
    found = {}
    with connections[DATABASE].cursor() as cursor:
        # The marks are not sealed themselves, the seals are.
        cursor.execute(
            'select part."table", max(part.upto) from audit_seal, '
            'jsonb_to_recordset(parts) as part("table" text, upto bigint) where practice_id >= 0 group by 1'
        )
        sealed = dict(cursor.fetchall())
        for table in FORMS[FORM]:
            mark = marks.get(table) or Mark(table=table)
            found[table] = _Range(
                max(sealed.get(table, 0), mark.sealed), read_last_id(cursor, table), mark.swept
            )
    return found


def _list_chains(heads: Collection[Head], ranges: Mapping[str, _Range]) -> list[int]:
    """List the chains that exist or should."""
    found = set(Seal.objects.using(DATABASE).values_list("practice_id", flat=True).distinct())
    found |= set(Practice.objects.using(DATABASE).values_list("pk", flat=True))
    found |= {head.practice for head in heads}
    with connections[DATABASE].cursor() as cursor:
        for table in ranges:
            cursor.execute(f'select distinct coalesce(practice_id, 0) from "{table}"')  # noqa: S608
            found |= {practice for (practice,) in cursor.fetchall()}
    return sorted(found)


def _check_chain(practice: int, ranges: Mapping[str, _Range]) -> Finding | None:
    """Find the first broken seal of a chain, or rows that are in none."""
    keys = {compute_key_id(key): key for key in derive_keys()}
    positions: dict[str, int] = {}
    number, link = 0, ""
    for sealed in Seal.objects.using(DATABASE).filter(practice_id=practice).order_by("number").iterator(500):
        number += 1
        reason = _check_link(sealed, number, link, keys)
        if reason is None and practice != ALL:
            reason = _check_parts(sealed, positions, ranges)
            positions = {part.table: part.upto for part in parse_parts(sealed)}
        if reason:
            return Finding(practice, number, reason)
        link = sealed.link
    return None if practice == ALL else _find_unsealed_rows(practice, number, positions, ranges)


def _check_link(sealed: Seal, number: int, previous: str, keys: Mapping[str, bytes]) -> str | None:
    """Return what is wrong with number, previous link or HMAC of a seal, or None."""
    if sealed.number != number:
        return f"it is missing; the next that is there is {sealed.number}"
    if sealed.previous != previous:
        return "it doesn't follow from the one before"
    if sealed.key_id not in keys:
        return f"it was made with another secret key ({sealed.key_id}); name it in CHARTHOUSE_FORMER_KEYS"
    if not hmac.compare_digest(compute_link(sealed, keys[sealed.key_id]), sealed.link):
        return "it has been changed"
    return None


def _check_parts(sealed: Seal, positions: Mapping[str, int], ranges: Mapping[str, _Range]) -> str | None:
    """Return what is wrong with the rows that a seal covers, or None."""
    is_old = sealed.at < clock.now() - get_retention()
    for part in parse_parts(sealed):
        if part.after != positions.get(part.table, 0):
            return f"it leaves out rows of {part.table} before id {part.after}"
        with connections[DATABASE].cursor() as cursor:
            found = compute_digests(
                cursor, sealed.form, part.table, part.after, part.upto, practice=sealed.practice_id
            )
            _, rows, digest = found[0] if found else (0, 0, EMPTY_DIGEST)
            swept = ranges[part.table].swept if is_old else 0
            if swept > part.after:
                reason = _check_swept(cursor, sealed, part, swept, rows)
            elif rows != part.rows:
                reason = f"{part.rows} rows were sealed and {rows} are there"
            else:
                reason = "rows differ" if digest != part.digest else None
        if reason:
            sealed_at = f"{sealed.at:%Y-%m-%d %H:%M} UTC"
            return f"{part.table}, ids {part.after + 1} to {part.upto}, sealed {sealed_at}: {reason}"
    return None


def _check_swept(cursor: Any, sealed: Seal, part: SealPart, swept: int, rows: int) -> str | None:
    """Return what is wrong with rows past the retention, which were deleted up to an id."""
    upto = min(swept, part.upto)
    left = compute_digests(cursor, sealed.form, part.table, part.after, upto, practice=sealed.practice_id)
    if left:
        return f"{left[0][1]} rows are there that were deleted at the end of the retention time"
    return f"{part.rows} rows were sealed and {rows} are there" if rows > part.rows else None


def _find_unsealed_rows(
    practice: int, number: int, positions: Mapping[str, int], ranges: Mapping[str, _Range]
) -> Finding | None:
    """Find rows that are in no seal: below the first id, up to the last sealed one, or above for too long."""
    whose = "practice_id = %s" if practice else "(practice_id is null or practice_id = %s)"
    # The clock of a sandbox may have been moved since the rows were written.
    since = clock.now() - clock.get_offset() - MAX_WAIT
    for table, ids in ranges.items():
        with connections[DATABASE].cursor() as cursor:
            cursor.execute(
                f"select count(*) filter (where id < 1), count(*) filter (where id >= 1 and id <= %s), "  # noqa: S608
                f"count(*) filter (where id > %s and at < %s), min(at) filter (where id > %s and at < %s) "
                f'from "{table}" where {whose} and (id < 1 or id > %s)',
                [ids.sealed, ids.sealed, since, ids.sealed, since, practice, positions.get(table, 0)],
            )
            below, within, waiting, first = cursor.fetchone()
        if below:
            return Finding(practice, 0, f"{below} rows of {table} have ids below 1, which are never given")
        if within:
            return Finding(practice, number + 1, f"it is missing: {within} rows of {table} are in no seal")
        if waiting:
            return Finding(
                practice,
                0,
                f"{waiting} rows of {table} have waited for a seal since {first:%Y-%m-%d %H:%M} UTC: they were "
                "inserted with a time that is past, or the worker doesn't run",
            )
    return None


def _check_heads(practice: int, heads: Collection[Head]) -> Finding | None:
    """Find that a recorded head no longer exists in the chain."""
    links = {head.link: head for head in heads}
    seals = Seal.objects.using(DATABASE).filter(practice_id=practice)
    missing = links.keys() - set(seals.filter(link__in=list(links)).values_list("link", flat=True))
    if not missing:
        return None
    first = min((links[link] for link in missing), key=lambda head: head.number)
    number = first.number or seals.count() + 1
    return Finding(practice, number, "it is missing: it was recorded as the last one of this chain")


def _check_listed(practice: int) -> Finding | None:
    """Find a seal that a round lists and that is not there, or one that no round lists."""
    listed = (
        "select listed.* from audit_seal round, jsonb_to_recordset(round.parts) "
        "as listed(practice bigint, number bigint, link text) where round.practice_id = %s and practice = %s"
    )
    with connections[DATABASE].cursor() as cursor:
        cursor.execute(
            f"with listed as ({listed}), own as (select * from audit_seal where practice_id = %s and form >= 2) "  # noqa: S608
            "select coalesce(l.number, s.number), l.number is null from listed l "
            "full join own s on s.number = l.number and s.link = l.link "
            "where l.number is null or s.number is null order by 1 limit 1",
            [ALL, practice, practice],
        )
        found = cursor.fetchone()
    if found is None:
        return None
    number, is_unlisted = found
    reason = "no round lists it: rounds are missing" if is_unlisted else "it is missing: a round lists it"
    return Finding(practice, number, reason)


def _check_database(ranges: Mapping[str, _Range]) -> Iterator[Finding]:
    """Yield faults that are not those of one chain: ids, triggers, privileges."""
    with connections[DATABASE].cursor() as cursor:
        for table in ranges:
            cursor.execute(f'select coalesce(max(id), 0) from "{table}"')  # noqa: S608
            (highest,) = cursor.fetchone()
            last = read_last_id(cursor, table)
            if highest > last:
                yield Finding(
                    None, 0, f"{table} has rows above id {last}, the last that was given: up to {highest}"
                )
        cursor.execute(
            "select relname, 'trigger ' || tgname from pg_trigger join pg_class c on c.oid = tgrelid "
            "where not tgisinternal and tgname <> 'record_change' and relnamespace = current_schema()::regnamespace "
            "and (relname = any(%s) or relname ~ '^(audit_seal|audit_mark|changes_change_)') union all "
            "select tablename, 'rule ' || rulename from pg_rules where schemaname = current_schema()",
            [list(ranges)],
        )
        for table, name in cursor.fetchall():
            yield Finding(None, 0, f"{table} has a {name}, which may keep rows out")
    for missing in rowsecurity.list_missing_protections(DATABASE):
        yield Finding(None, 0, f"a protection is missing: {missing}")
