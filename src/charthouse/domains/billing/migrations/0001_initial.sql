-- The day of a subscription's charge number "turn"; each is counted from the first day, so that a month's
-- end stays one.
create function {schema}.billing_turn(start_date date, frequency text, turn int) returns date
language sql immutable parallel safe as $$
    select (start_date + case frequency
        when 'weekly' then turn * interval '7 days'
        when 'monthly' then turn * interval '1 month'
        when 'annually' then turn * interval '1 year'
    end)::date
$$;

-- Ids of the subscriptions that are to be charged, of all practices. Today is the day of the patient's
-- doctor.
create function {schema}.billing_subscriptions_due(at timestamptz)
returns table (practice bigint, subscription bigint)
language sql stable security definer set search_path = {schema}, pg_temp as $$
    select s.practice_id, s.id from billing_subscription s
    join patients_patient p on p.practice_id = s.practice_id and p.id = s.patient_id
    join practice_doctor d on d.practice_id = p.practice_id and d.id = p.doctor_id
    where not s.archived and not p.archived
        and billing_turn(s.start_date, s.schedule_frequency, s.billed) <=
            least((at at time zone d.timezone)::date, s.end_date)
    order by s.practice_id, s.id limit 1000
$$;
