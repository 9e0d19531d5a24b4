-- Which database this is. Facts of the server that can't change within a session are in the setting charthouse.server,
-- once they have been read: pg_control_system() reads a file. See identity/incarnations.py.
create function {schema}.identity_read_server() returns text
language sql volatile as $$
    select system_identifier || '/' || (select oid from pg_database where datname = current_database())
      from pg_control_system()
$$;

-- The timeline that is written to; pg_control lags behind a promotion. Fails on a standby. Inlined where it is called.
create function {schema}.identity_read_timeline() returns integer
language sql volatile as $$
    select ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::integer
$$;

-- Whether the database is still the one that its row describes.
create function {schema}.identity_is_same() returns boolean
language plpgsql stable set search_path = {schema}, pg_temp as $$
begin
    if current_setting('charthouse.server', true) is null or current_setting('charthouse.server', true) = '' then
        perform set_config('charthouse.server', identity_read_server(), false);
    end if;
    return coalesce((
        select relation = tableoid::bigint and timeline = identity_read_timeline()
               and server = current_setting('charthouse.server', true)
          from identity_incarnation
    ), false);
end
$$;

-- Raise CH001 unless the database is the one that its row describes.
create function {schema}.identity_require_same() returns void
language plpgsql stable set search_path = {schema}, pg_temp as $$
begin
    if not identity_is_same() then
        raise exception 'this database was restored, copied or promoted'
            using errcode = 'CH001', hint = 'Start Charthouse, or run charthouse migrate.';
    end if;
end
$$;

-- A transaction id of this server as the number that is stored: it grows over all incarnations of the record.
create function {schema}.identity_transaction_number(id xid8) returns xid8
language plpgsql stable set search_path = {schema}, pg_temp as $$
begin
    perform identity_require_same();
    return (id::text::bigint + (select transaction_offset from identity_incarnation))::text::xid8;
end
$$;

-- The snapshot of the calling statement in such numbers.
create function {schema}.identity_current_snapshot() returns pg_snapshot
language plpgsql stable set search_path = {schema}, pg_temp as $$
declare
    seen pg_snapshot := pg_current_snapshot();
    ahead bigint;
begin
    perform identity_require_same();
    select transaction_offset into ahead from identity_incarnation;
    return format('%s:%s:%s', pg_snapshot_xmin(seen)::text::bigint + ahead, pg_snapshot_xmax(seen)::text::bigint + ahead,
        (select string_agg((id::text::bigint + ahead)::text, ',' order by id) from pg_snapshot_xip(seen) id));
end
$$;

-- Whether webhooks and messages may be sent.
create function {schema}.identity_may_send() returns boolean
language plpgsql stable set search_path = {schema}, pg_temp as $$
begin
    return identity_is_same() and (select paused_since is null from identity_incarnation);
end
$$;

-- Mark a copy that nothing else shows to be one: its server is none. It is another incarnation when it is used next.
create function {schema}.identity_mark_as_copy() returns void
language sql volatile set search_path = {schema}, pg_temp as $$
    update identity_incarnation set server = '';
$$;

-- Let a copy within the same server (create database ... template) go on as the original does, ids and all: for sandboxes,
-- whose callers expect the state that they have reset to.
create function {schema}.identity_adopt() returns void
language sql volatile set search_path = {schema}, pg_temp as $$
    update identity_incarnation set server = identity_read_server();
$$;
