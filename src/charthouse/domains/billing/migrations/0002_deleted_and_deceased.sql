-- A line item that is archived says when, also where its visit or patient was deleted.
create function billing_stamp_deletion() returns trigger language plpgsql as $$
begin
    new.deleted_at := case when new.archived then coalesce(new.deleted_at, new.updated_at) end;
    return new;
end $$;
create trigger billing_stamp_deletion before update of archived on billing_lineitem for each row
    when (old.archived is distinct from new.archived) execute function billing_stamp_deletion();

-- Ids of the subscriptions that are to be charged, of all practices. Today is the day of the patient's
-- doctor. Nobody is charged for time after their death.
create or replace function {schema}.billing_subscriptions_due(at timestamptz)
returns table (practice bigint, subscription bigint)
language sql stable security definer set search_path = {schema}, pg_temp as $$
    select s.practice_id, s.id from billing_subscription s
    join patients_patient p on p.practice_id = s.practice_id and p.id = s.patient_id
    join practice_doctor d on d.practice_id = p.practice_id and d.id = p.doctor_id
    where not s.archived and not p.archived and p.patient_status <> 'D'
        and billing_turn(s.start_date, s.schedule_frequency, s.billed) <=
            least((at at time zone d.timezone)::date, s.end_date)
    order by s.practice_id, s.id limit 1000
$$;
