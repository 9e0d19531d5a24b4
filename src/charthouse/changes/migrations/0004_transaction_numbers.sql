-- What is stored as txid is a transaction number: the transaction id of this server plus the offset of this incarnation
-- (identity/incarnations.py). Nobody may be writing with the former trigger while the offset is chosen. A database that
-- stores greater ids than its server has given comes from another server.
lock table changes_change in share row exclusive mode;
insert into identity_incarnation (id, number, server, relation, timeline, transaction_offset, began_at, cause)
select 1, 1, identity_read_server(), 'identity_incarnation'::regclass::oid::bigint, identity_read_timeline(),
       case when greatest(
           (select max(txid) from changes_change),
           (select max(txid)::text::xid8 from changes_reader),
           (select max(txid)::text::xid8 from changes_delivery),
           (select max(pg_snapshot_xmax(snapshot::pg_snapshot)) from changes_edge where snapshot <> ''),
           (select max(pg_snapshot_xmax(former::pg_snapshot)) from changes_edge where former <> '')
       ) > pg_snapshot_xmax(pg_current_snapshot()) then 1099511627776 else 0 end,
       clock_timestamp(), 'new';

-- As before, but for the number, and one query tells the offset and whether anybody subscribes. It fails with CH001
-- where the database is another one than its row says: on a server to which it was restored, or once a standby has
-- been promoted, until the next incarnation has begun.
create or replace function {schema}.changes_record() returns trigger
language plpgsql security definer set search_path = {schema}, pg_temp as $$
declare
    caller text[] := string_to_array(nullif(current_setting('charthouse.caller', true), ''), ',');
    was jsonb;
    becomes jsonb;
    what text := lower(TG_OP);
    left_out text[] := coalesce(TG_ARGV, '{}');
    numbers_ahead bigint;
    is_same boolean;
    is_heard boolean;
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
    select transaction_offset,
           relation = tableoid::bigint and timeline = identity_read_timeline()
               and server = current_setting('charthouse.server', true),
           exists (select from changes_webhook where active and verified_at is not null)
      into numbers_ahead, is_same, is_heard
      from identity_incarnation;
    if is_same is not true then  -- also in the first write of a session
        perform identity_require_same();
    end if;
    insert into changes_change (practice_id, at, txid, table_name, row_id, operation, before, after,
                                user_id, app_id, api_user_id, request)
    values (
        coalesce(new.practice_id, old.practice_id),
        clock_timestamp() + coalesce(
            make_interval(secs => caller[5]::double precision), (select ahead from changes_clockoffset), interval '0'
        ),
        (pg_current_xact_id()::text::bigint + numbers_ahead)::text::xid8,
        TG_TABLE_NAME, coalesce(new.id, old.id), what, was, becomes,
        nullif(caller[1], '')::bigint, nullif(caller[2], '')::bigint, nullif(caller[3], '')::bigint,
        nullif(caller[4], '')::uuid
    );
    if is_heard then
        perform pg_notify('charthouse_change', '');
    end if;
    return null;
end
$$;
