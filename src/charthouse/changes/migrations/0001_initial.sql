-- The change feed: append-only, partitioned by month. changes/partitions.py makes the partitions of months.
create table changes_change (
    id bigint generated always as identity,
    practice_id bigint not null,
    at timestamptz not null,
    txid xid8 not null,
    table_name text not null,
    row_id bigint not null,
    operation text not null,
    before jsonb,
    after jsonb,
    user_id bigint,
    app_id bigint,
    api_user_id bigint,
    request uuid
) partition by range (at);
create index changes_in_order on changes_change (txid, id);
create index changes_of_practice on changes_change (practice_id, txid, id);
create index changes_of_row on changes_change (practice_id, table_name, row_id, id);
create table changes_change_rest partition of changes_change default;
create index changes_by_time on changes_change (practice_id, at, id);
create index changes_by_id on changes_change (id);

-- Write a change for every insert, update and delete of a row. identity/rowsecurity.py puts this trigger on
-- the tables of the record; its arguments are columns that are left out. Runs as the owner of the tables:
-- the web role may insert through it and in no other way. The setting charthouse.caller is "user,app,API
-- user,request,seconds that the caller's clock is ahead" (identity/database); without it, the database's
-- own offset applies. Users have no column "archived": a user who is made inactive counts as deleted.
create function {schema}.changes_record() returns trigger
language plpgsql security definer set search_path = {schema}, pg_temp as $$
declare
    caller text[] := string_to_array(nullif(current_setting('charthouse.caller', true), ''), ',');
    was jsonb;
    becomes jsonb;
    what text := lower(TG_OP);
    left_out text[] := coalesce(TG_ARGV, '{}');
begin
    if coalesce(new.practice_id, old.practice_id) is null then
        return null;  -- an operator
    end if;
    if TG_OP = 'UPDATE' then
        was := to_jsonb(old);
        becomes := to_jsonb(new);
        select jsonb_object_agg(key, was -> key), jsonb_object_agg(key, becomes -> key)
          into was, becomes
          from jsonb_object_keys(was) key
         where was -> key is distinct from becomes -> key and key <> all (left_out);
        if was is null then
            return null;
        end if;
        if becomes ? 'archived' then
            what := case when becomes -> 'archived' = 'true' then 'delete' else 'restore' end;
        elsif TG_TABLE_NAME = 'identity_user' and becomes ? 'is_active' then
            what := case when becomes -> 'is_active' = 'true' then 'restore' else 'delete' end;
        end if;
    elsif TG_OP = 'INSERT' then
        becomes := to_jsonb(new) - left_out;
    else
        was := to_jsonb(old) - left_out;
    end if;
    insert into changes_change (practice_id, at, txid, table_name, row_id, operation, before, after,
                                user_id, app_id, api_user_id, request)
    values (
        coalesce(new.practice_id, old.practice_id),
        clock_timestamp() + coalesce(
            make_interval(secs => caller[5]::double precision), (select ahead from changes_clockoffset), interval '0'
        ),
        pg_current_xact_id(), TG_TABLE_NAME, coalesce(new.id, old.id), what, was, becomes,
        nullif(caller[1], '')::bigint, nullif(caller[2], '')::bigint, nullif(caller[3], '')::bigint,
        nullif(caller[4], '')::uuid
    );
    if exists (select from changes_webhook where active and verified_at is not null) then
        perform pg_notify('charthouse_change', '');
    end if;
    return null;
end
$$;
revoke all on function {schema}.changes_record() from public;
