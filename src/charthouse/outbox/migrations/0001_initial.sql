-- Ids of the messages that are due, of all practices: a worker, which sees one practice at a time, looks
-- there.
create function {schema}.post_due(at timestamptz) returns table (practice bigint, message bigint)
language sql stable security definer set search_path = {schema}, pg_temp as $$
    select practice_id, id from post_outgoing
    where sent_at is null and failed_at is null and not archived and next_try <= at order by next_try limit 1000
$$;
