-- Who a refused caller is: the API users with these names, the tokens with these checksums, whatever their state.
-- Runs as the owner of the tables, for the writer of the request log: no practice is established for a refused call.
create function {schema}.identity_known_callers(names text[], checksums text[])
returns table (kind text, key text, practice bigint, app bigint, api_user bigint, person bigint)
language sql stable security definer set search_path = {schema}, pg_temp as $$
    select 'name', u.username, u.practice_id, null::bigint, u.id, null::bigint
      from identity_apiuser u where u.username = any (names)
    union all
    select 'token', t.token_checksum, u.practice_id, t.application_id, null, t.user_id
      from identity_accesstoken t join identity_user u on u.id = t.user_id where t.token_checksum = any (checksums)
$$;
revoke all on function {schema}.identity_known_callers(text[], text[]) from public;
