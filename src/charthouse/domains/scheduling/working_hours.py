"""SQL of the times at which doctor and office are both open: by their work schedules; without one, a doctor at any time
and an office by its hours. docs/decisions/0123-availability.md"""

# The hours of a day of the schedule in the column {days}, as moments. An hour that the clocks skip is empty.
_HOURS = """(
    select range_agg(tstzrange(least(h.start, h.until), h.until))
    from jsonb_array_elements({days}) as days (work),
        jsonb_array_elements(work -> 'work_hours') as parts (part),
        lateral (
            select (d.day + (part ->> 'start_time')::time) at time zone {zone} as start,
                (d.day + (part ->> 'end_time')::time) at time zone {zone} as until
        ) as h
    where (work ->> 'iso_weekday')::int = extract(isodow from d.day)
        and coalesce((work ->> 'enabled')::boolean, true) and coalesce((part ->> 'enabled')::boolean, true)
)"""

_SCHEDULE = """
    left join lateral (
        select s.work_days from {table} s
        where s.practice_id = %s::bigint and s.{whose}_id = {whose}.id and not s.archived order by s.id limit 1
    ) as {name} on true
"""

# Joins for a statement over ``doctor``, ``office`` and ``z``, the doctor whose zone the office has: a row for each
# ``span`` of time on the days from %s to %s, after two %s of the practice.
AT_WORK = f"""
    {_SCHEDULE.format(table="practice_doctorworkschedule", whose="doctor", name="works")}
    {_SCHEDULE.format(table="practice_officeworkschedule", whose="office", name="opens")}
    cross join lateral (
        select generate_series(%s::date, %s::date, interval '1 day')::date as day
    ) as d
    cross join lateral (
        select case
            when opens.work_days is not null then {_HOURS.format(days="opens.work_days", zone="z.timezone")}
            else tstzmultirange(tstzrange(
                (d.day + office.start_hour * interval '1 hour') at time zone z.timezone,
                (d.day + office.end_hour * interval '1 hour') at time zone z.timezone
            ))
        end * case
            when works.work_days is not null then {_HOURS.format(days="works.work_days", zone="doctor.timezone")}
            else tstzmultirange(tstzrange(null, null))
        end as spans
    ) as hours
    cross join lateral unnest(hours.spans) as span
"""
