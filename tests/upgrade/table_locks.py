"""What an upgrade does to tables that were there before and may be large, noted by PostgreSQL itself while it does it:
by triggers on its commands. Only what locks a table for as long as it takes to read or write all of it is noted,
and statements that change all of its rows."""

from typing import Any, NamedTuple

# Tables that grow with neither patients nor calls: locking them takes a moment.
SMALL = (
    r"^(practice_|identity_(practice|user|application|apiuser|incarnation|secretkey)$|changes_(webhook|subscription|edge)|"
    r"audit_mark|backup_|clock_|django_|auth_|otp_|oauth2_provider_application|.*(template|profile|label|tag|category|setting|options?)s?$)"
)

WATCH = """
create schema watching;
create table watching.lock (migration text, on_table text, what text);
create table watching.known as select oid as relation, relname::text as name from pg_class
 where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and relname !~ '{small}';
create table watching.known_constraint as select oid from pg_constraint;
create table watching.known_index as select indexrelid from pg_index;
create table watching.nullable as select attrelid, attnum from pg_attribute
 where attrelid in (select relation from watching.known) and attnum > 0 and not attnotnull;

create function watching.note(relation oid, what text) returns void language sql as $$
    insert into watching.lock select current_setting('application_name'), name, what
      from watching.known k where k.relation = note.relation
$$;

create function watching.note_rewrite() returns event_trigger language plpgsql security definer as $$
begin
    perform watching.note(pg_event_trigger_table_rewrite_oid(), 'is rewritten');
end $$;

create function watching.note_command() returns event_trigger language plpgsql security definer as $$
declare
    command record;
begin
    for command in select * from pg_event_trigger_ddl_commands() loop
        if command.command_tag = 'CREATE INDEX' then
            perform watching.note(indrelid, 'gets the index ' || command.objid::regclass) from pg_index
             where indexrelid = command.objid and current_query() !~* 'concurrently';
            insert into watching.known_index select command.objid;
        elsif command.command_tag = 'ALTER TABLE' then
            perform watching.note(conrelid, 'is checked for ' || conname) from pg_constraint
             where conrelid = command.objid and convalidated and contype <> 'n'
               and oid not in (select oid from watching.known_constraint)
               and conindid not in (select indexrelid from watching.known_index where contype in ('p', 'u'));
            insert into watching.known_constraint select oid from pg_constraint where conrelid = command.objid;
            perform watching.note(attrelid, 'is checked for null in ' || attname) from pg_attribute a
             where attrelid = command.objid and attnotnull and (attrelid, attnum) in (table watching.nullable)
               and not exists (select from pg_constraint where conrelid = attrelid and contype = 'c' and convalidated
                                  and conkey = array[a.attnum]);
            delete from watching.nullable n using pg_attribute a
             where n.attrelid = a.attrelid and n.attnum = a.attnum and attnotnull;
        end if;
    end loop;
end $$;

create function watching.note_change() returns trigger language plpgsql security definer as $$
declare
    before bigint;
begin
    execute format('select count(*) from %I', tg_table_name) into before;
    if (select count(*) from changed) >= greatest(before, 2) and current_query() !~* '\\mlimit\\M' then
        perform watching.note(tg_relid, 'has all rows changed in one statement');
    end if;
    return null;
end $$;

do $$
declare
    found text;
    event text;
begin
    for found, event in select name, unnest(array['update', 'delete']) from watching.known loop
        execute format('create trigger watch_%s after %s on %I referencing old table as changed for each statement '
                       'execute function watching.note_change()', event, event, found);
    end loop;
end $$;

create event trigger watch_rewrite on table_rewrite execute function watching.note_rewrite();
create event trigger watch_command on ddl_command_end execute function watching.note_command();
"""


class TableLock(NamedTuple):
    """``migration``: which, or the step. ``what``: why the table is locked for long."""

    migration: str
    table: str
    what: str

    def __str__(self) -> str:
        return f"{self.table} {self.what} ({self.migration})"


def watch(connection: Any) -> None:
    """Begin to note. ``connection``: as a superuser, to the database that will be upgraded."""
    connection.execute(WATCH.replace("{small}", SMALL))


def stop(connection: Any) -> list[TableLock]:
    """End noting, and list what was noted, in order."""
    found = [TableLock(*row) for row in connection.execute("select * from watching.lock").fetchall()]
    connection.execute("drop event trigger watch_rewrite; drop event trigger watch_command")
    connection.execute("set client_min_messages = warning; drop schema watching cascade")
    return found
