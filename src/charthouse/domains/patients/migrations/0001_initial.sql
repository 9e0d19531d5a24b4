-- Practices whose portal has a patient of this user name, asked for before a practice is set.
create function {schema}.portal_practices(name text, most integer) returns table (practice bigint)
language sql stable security definer set search_path = {schema}, pg_temp as $$
    select practice_id from patients_portalaccess
    where username = name and username <> '' and activated_on is not null and disabled_on is null and not archived
    order by practice_id limit most
$$;
