-- Up to 2 KB of small numbers: compressing them would take longer than everything else about a row.
alter table audit_apicall alter patients set storage external;

-- Calls of the request log that row security has no index for, or does not show. Both functions run as the
-- owner of the table, and each has its own condition: the calls of an app, whichever practice they were
-- for; those about a patient.
create function {schema}.audit_calls_of_app(
    application bigint, since timestamptz, until timestamptz, below_at timestamptz, below_id bigint,
    of_method text, of_gate text, of_resource text, from_status integer, to_status integer, most integer
) returns setof audit_apicall language sql stable security definer set search_path = {schema}, pg_temp as $$
    select * from audit_apicall
     where app_id = application and at >= since and at < until
       and (below_at is null or (at, id) < (below_at, below_id))
       and (of_method is null or method = of_method) and (of_gate is null or gate = of_gate)
       and (of_resource is null or resource = of_resource) and status between from_status and to_status
     order by at desc, id desc limit least(most, 1000)
$$;
create function {schema}.audit_calls_about(patient bigint)
returns setof audit_apicall language sql stable security definer set search_path = {schema}, pg_temp as $$
    select * from audit_apicall
     where patients @> array[patient]
       and practice_id = nullif(current_setting('charthouse.practice', true), '')::bigint
$$;
revoke all on function {schema}.audit_calls_of_app(
    bigint, timestamptz, timestamptz, timestamptz, bigint, text, text, text, integer, integer, integer) from public;
revoke all on function {schema}.audit_calls_about(bigint) from public;
