"""Conversion between the wall clock of a zone and moments. PostgreSQL converts, so that writes and reads agree.

A time that happens twice means the first of the two. One that a change of the clocks skips is read with the offset
before the change (as RFC 5545 does), so that it comes out later, which a comparison shows.
docs/decisions/0031-changing-clocks.md
"""

from datetime import datetime

from django.db.models.expressions import Combinable

from charthouse.engine.sql import expressions as sql
from charthouse.engine.sql import statements
from charthouse.engine.sql.expressions import Parameter


def add_minutes(timestamp: Combinable, minutes: Combinable) -> Combinable:
    """Add minutes to a timestamp."""
    return sql.template("(%s + %s * interval '1 minute')", timestamp, minutes, output_field=sql.TIMESTAMP)


# The moments of an array of wall clocks %s, and what a clock shows at them, in order; {zone} is a column.
# Of two moments PostgreSQL takes the second; the other candidate has the offset of three hours earlier.
MOMENTS = """(
    select coalesce(array_agg(m.moment order by w.n), '{{}}') as moments,
        coalesce(array_agg(m.moment at time zone {zone} order by w.n), '{{}}') as shown
    from unnest(%s::timestamp[]) with ordinality as w (wall, n)
    cross join lateral (select w.wall at time zone {zone} as moment) second
    cross join lateral (select second.moment - interval '3 hours' as moment) earlier
    cross join lateral (
        select (w.wall - (earlier.moment at time zone {zone} - earlier.moment at time zone 'UTC'))
            at time zone 'UTC' as moment
    ) first
    cross join lateral (
        select case when first.moment at time zone {zone} = w.wall then first.moment else second.moment end as moment
    ) m
)"""

_OF_OFFICE = statements.make_statement(
    "select %s::timestamptz at time zone z.timezone from practice_office o "
    "join practice_doctor z on z.practice_id = o.practice_id and z.id = o.doctor_id "
    "where o.practice_id = %s::bigint and o.id = %s::bigint",
    (Parameter("moment"), Parameter("practice"), Parameter("office")),
)


def get_office_time(moment: datetime, practice: int, office: int) -> datetime:
    """Return what the clock of an office shows at a moment, naive."""
    ((wall,),) = statements.run(_OF_OFFICE, {"moment": moment, "practice": practice, "office": office})
    return wall  # type: ignore[no-any-return]
