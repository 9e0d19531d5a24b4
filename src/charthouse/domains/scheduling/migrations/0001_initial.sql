-- Ids of the reminders that are due, of all practices.
create function {schema}.scheduling_reminders_due(at timestamptz)
returns table (practice bigint, reminder bigint)
language sql stable security definer set search_path = {schema}, pg_temp as $$
    select r.practice_id, r.id from scheduling_reminder r
    where r.sent_at is null and not r.archived and r.type in ('email', 'sms')
        and r.scheduled_time > at - interval '1 day' and r.scheduled_time <= at
        and exists (
            select from scheduling_appointment a
            where a.practice_id = r.practice_id and a.id = r.appointment_id and not a.archived
                and a.scheduled_time > at and a.status not in ('Cancelled', 'Rescheduled', 'No Show')
        )
    order by r.scheduled_time limit 1000
$$;
