"""Pairs of patients of a practice who look like the same person. docs/decisions/0399-duplicate-pairs.md"""

from dataclasses import dataclass

from django.db import connection, transaction

from charthouse.domains.patients.likeness import BEGINNING, Likeness
from charthouse.engine.sql import statements
from charthouse.engine.sql.expressions import Parameter

CHUNK = 10_000  # patients that one call compares with the others

_ALIKE = f"""
    (a.first_name_folded = b.first_name_folded and a.last_name_folded = b.last_name_folded) as same_name,
    a.date_of_birth is not distinct from b.date_of_birth and a.date_of_birth is not null as same_birthday,
    length(right(regexp_replace(a.cell_phone, '\\D', '', 'g'), 10)) >= 7
        and right(regexp_replace(a.cell_phone, '\\D', '', 'g'), 10)
            = right(regexp_replace(b.cell_phone, '\\D', '', 'g'), 10) as same_phone,
    a.email_folded <> '' and a.email_folded = b.email_folded as same_email,
    a.first_name_folded = b.first_name_folded or a.last_name_folded = b.last_name_folded
        and left(a.first_name_folded, {BEGINNING}) = left(b.first_name_folded, {BEGINNING}) as similar_name
"""
_FLOOR = statements.make_statement(
    "select id from patients_patient where practice_id = %s::bigint and not archived and id <= %s::bigint "
    "order by id desc offset %s::bigint limit 1",
    (Parameter("practice"), Parameter("last"), Parameter("chunk")),
)
# From the latest patient back: each is compared with those before it who have the birthday, through its index; one
# without a birthday with all of the name. Without sorting, the order can only be that of the index: where PostgreSQL
# knows nothing of the table yet, all indexes cost the same, and by another one all patients are read for each (0399).
_ONLY_BY_INDEX = "set local enable_sort = off"
_PAIRS = statements.make_statement(
    f"""
    select a.id, pair.id, pair.same_name, pair.same_birthday, pair.same_phone, pair.same_email, pair.similar_name
    from patients_patient a cross join lateral (
        select * from (
            (
                select b.id, b.last_name_folded, b.first_name_folded, b.gender, {_ALIKE}
                from patients_patient b
                where b.practice_id = %s::bigint and b.date_of_birth between a.date_of_birth and a.date_of_birth
                    and b.id < a.id and not b.archived
                    and (b.last_name_folded = a.last_name_folded or b.first_name_folded = a.first_name_folded) is true
                order by b.date_of_birth offset 0
            ) union all (
                select b.id, b.last_name_folded, b.first_name_folded, b.gender, {_ALIKE}
                from patients_patient b
                where a.date_of_birth is null and a.last_name_folded <> '' and b.practice_id = %s::bigint
                    and b.last_name_folded between a.last_name_folded and a.last_name_folded
                    and b.first_name_folded = a.first_name_folded
                    and not b.archived and (b.id < a.id or b.date_of_birth is not null) and b.id <> a.id
                order by b.last_name_folded offset 0
            )
        ) as found
        where (
            found.same_name
            or found.first_name_folded = a.first_name_folded and (found.same_phone or found.same_email)
            or found.last_name_folded = a.last_name_folded and (
                found.similar_name
                or found.gender = a.gender and (found.same_phone or found.same_email)
            )
        ) and (a.id < %s::bigint or found.id < %s::bigint)
        and not exists (
            select from patients_distinctpatients d
            where d.practice_id = %s::bigint and d.first_id = least(a.id, found.id)
                and d.second_id = greatest(a.id, found.id) and not d.archived
        )
    ) pair
    where a.practice_id = %s::bigint and not a.archived and a.id <= %s::bigint and a.id > %s::bigint
    order by a.id desc, pair.id desc limit %s::bigint
    """,  # noqa: S608 - text of this module
    tuple(
        map(
            Parameter,
            (
                *("practice", "practice", "last", "below", "practice"),
                *("practice", "last", "floor", "most"),
            ),
        )
    ),
    custom_plan=True,
)


Position = tuple[int, int]  # a pair's ids: what follows it is below
BEGIN = 2**62  # an id that is above all
START: Position = (BEGIN, BEGIN)


@dataclass(frozen=True)
class Pair:
    """Two patients, by id, and what they have in common."""

    one: int
    other: int
    likeness: Likeness


def find_pairs(practice: int, start: Position, most: int) -> tuple[list[Pair], Position | None]:
    """Find at most ``most`` pairs from a position on, the latest patients first; and the position to go on from, None
    at the end. Two statements, which compare ``CHUNK`` patients with the others at most.

    Patients who are deleted or merged are left out, as are pairs whom somebody has found not to be the same.
    """
    last, below = start
    values = {"practice": practice, "last": last, "below": below, "chunk": CHUNK}
    with transaction.atomic():
        floors = statements.run(_FLOOR, values)
        floor = floors[0][0] if floors else 0
        with connection.cursor() as cursor:
            cursor.execute(_ONLY_BY_INDEX)
        rows = statements.run(_PAIRS, values | {"floor": floor, "most": most + 1})
    pairs = [Pair(one, other, Likeness(*same)) for one, other, *same in rows[:most]]
    if len(rows) > most:
        return pairs, (pairs[-1].one, pairs[-1].other)
    return pairs, (floor, BEGIN) if floor else None
