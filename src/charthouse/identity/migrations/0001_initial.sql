-- Counters: quick to write, and nothing is lost when a crash empties them.
alter table identity_calls set unlogged;
alter table identity_calls set (fillfactor = 30);
alter table identity_apicalls set unlogged;
alter table identity_apicalls set (fillfactor = 30);
alter table identity_tokencalls set unlogged;
alter table identity_apispacing set unlogged;

-- The caller of a DrChrono API request: whose access token this is, what they may do, and whether a call is
-- left of the app's limits an hour and a second; counts the call. A burst begins with a call and lasts a
-- second; a refused call does not count. In every case it sets the tenant of the connection, to the
-- caller's practice or to none. Runs as the owner of the tables, since no practice is set before it has
-- answered.
create function {schema}.identity_bearer(
    checksum text,
    at timestamptz,
    out practice bigint,
    out refusal text,       -- null, missing, revoked, expired, inactive, throttled or hurried
    out application bigint,
    out caller bigint,
    out doctor bigint,
    out role text,
    out permissions text,   -- this and the next: names joined by commas
    out sharing text,
    out granted text,       -- scopes of the token, joined by spaces
    out allowed text,       -- base scopes the app may have, joined by spaces
    out plan text,          -- the practice's account plan
    out hourly_limit integer,
    out calls integer       -- made this hour, with this one; null where there is no limit
) language plpgsql volatile security definer set search_path = {schema}, pg_temp as $$
declare
    token record;
begin
    select t.application_id, t.user_id, t.expires, t.revoked, t.scope, a.scopes,
           a.hourly_limit as upto, a.second_limit as upto_a_second,
           u.is_active, u.practice_id, u.doctor_id, u.role as part, u.permissions as may,
           p.sharing as shared, p.plan_type
      into token
      from identity_accesstoken t
      join identity_application a on a.id = t.application_id
      join identity_user u on u.id = t.user_id
      left join identity_practice p on p.id = u.practice_id
     where t.token_checksum = checksum;

    application := token.application_id;
    if not found then
        refusal := 'missing';
    elsif token.revoked is not null then
        refusal := 'revoked';
    elsif token.expires <= at then
        refusal := 'expired';
    elsif not token.is_active or token.practice_id is null then
        refusal := 'inactive';
    else
        hourly_limit := token.upto;
        if token.upto is not null or token.upto_a_second is not null then
            insert into identity_calls as c (application_id, hour, calls, burst_from, burst)
            select token.application_id, date_trunc('hour', at, 'UTC'), 1, at, 1
             where coalesce(token.upto, 1) > 0 and coalesce(token.upto_a_second, 1) > 0
                on conflict (application_id, hour) do update
               set calls = c.calls + 1,
                   burst_from = case when excluded.burst_from between c.burst_from - interval '1 second'
                                                                  and c.burst_from + interval '1 second'
                                     then c.burst_from else excluded.burst_from end,
                   burst = case when excluded.burst_from between c.burst_from - interval '1 second'
                                                             and c.burst_from + interval '1 second'
                                then c.burst + 1 else 1 end
             where (token.upto is null or c.calls < token.upto)
               and (token.upto_a_second is null
                    or not (excluded.burst_from between c.burst_from - interval '1 second'
                                                    and c.burst_from + interval '1 second')
                    or c.burst < token.upto_a_second)
            returning c.calls into identity_bearer.calls;
        end if;
        if calls is null and (token.upto is not null or token.upto_a_second is not null) then
            select 'hurried' into refusal from identity_calls c
             where c.application_id = token.application_id and c.hour = date_trunc('hour', at, 'UTC')
               and (token.upto is null or c.calls < token.upto);
            refusal := coalesce(refusal, 'throttled');
        else
            practice := token.practice_id;
            caller := token.user_id;
            doctor := token.doctor_id;
            role := token.part;
            permissions := array_to_string(token.may, ',');
            plan := token.plan_type;
            sharing := array_to_string(token.shared, ',');
            granted := token.scope;
            allowed := array_to_string(token.scopes, ' ');
        end if;
    end if;
    perform set_config('charthouse.practice', coalesce(practice::text, ''), false);
end
$$;
revoke all on function {schema}.identity_bearer(text, timestamptz) from public;

-- The caller of a Cerbo API request. Checks in this order: address, credentials, enabled, endpoint, method,
-- rate; counts the call. Sets the tenant and runs as the owner of the tables, as identity_bearer does.
create function {schema}.identity_api_user(
    name text,
    digests text,           -- of the secret, by every key; joined by commas
    address text,           -- of the caller, or empty
    at timestamptz,
    endpoint text,          -- the group that is asked for, or empty
    writing boolean,
    class text,             -- what the call counts against
    most integer,           -- calls a minute of that class
    lock_seconds float8,
    out practice bigint,
    out refusal text,       -- null, address, missing, disabled, endpoint, read_only or throttled
    out caller bigint,
    out anonymous boolean,
    out read_only boolean,
    out endpoints text,     -- joined by commas; empty: all
    out wait integer        -- whole seconds until the lock ends, where throttled
) language plpgsql volatile security definer set search_path = {schema}, pg_temp as $$
declare
    known record;
    tally record;
    this_minute timestamptz := date_trunc('minute', at);
begin
    select u.* into known from identity_apiuser u where u.username = name;

    if found and cardinality(known.ips) > 0 and (address = '' or not exists (
        select from unnest(known.ips) allowed where address::inet <<= allowed::inet
    )) then
        refusal := 'address';
    elsif known.id is null or known.secret_digest <> all (string_to_array(digests, ',')) then
        refusal := 'missing';
    elsif not known.enabled then
        refusal := 'disabled';
    elsif cardinality(known.endpoints) > 0 and endpoint <> '' and endpoint <> all (known.endpoints) then
        refusal := 'endpoint';
    elsif known.read_only and writing then
        refusal := 'read_only';
    else
        insert into identity_apicalls as c (api_user_id, counted, minute, calls)
        values (known.id, class, this_minute, 1)
            on conflict (api_user_id, counted) do update set
               calls = case when c.minute = this_minute and c.locked_until is null then c.calls + 1 else 1 end,
               minute = this_minute,
               locked_until = case when c.minute = this_minute and c.locked_until is null and c.calls >= most
                                   then at + make_interval(secs => lock_seconds) end
             where c.locked_until is null or c.locked_until <= at
        returning c.locked_until into tally;
        if not found then
            select c.locked_until into tally from identity_apicalls c
             where c.api_user_id = known.id and c.counted = class;
        end if;
        if tally.locked_until > at then
            refusal := 'throttled';
            wait := ceil(extract(epoch from tally.locked_until - at));
        else
            practice := known.practice_id;
            caller := known.id;
            anonymous := known.anonymize;
            read_only := known.read_only;
            endpoints := array_to_string(known.endpoints, ',');
        end if;
    end if;
    perform set_config('charthouse.practice', coalesce(practice::text, ''), false);
end
$$;
revoke all on function
    {schema}.identity_api_user(text, text, text, timestamptz, text, boolean, text, integer, float8) from public;
