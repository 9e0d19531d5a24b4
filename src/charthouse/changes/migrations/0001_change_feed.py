"""The change table, partitioned by month, and the trigger function that writes it.

The function runs as the owner of the tables: the web role may insert through it and in no other way.
"""

from django.db import migrations, models

TABLE = """
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
"""

# The caller is "user,app,api user,request,seconds that the caller's clock is ahead" (identity.database); whoever has
# not said who they are goes by the database's own offset. Arguments: columns that are left out.
FUNCTION = """
create or replace function {schema}.changes_record() returns trigger
language plpgsql security definer set search_path = {schema}, pg_temp as $$
declare
    caller text[] := string_to_array(nullif(current_setting('charthouse.caller', true), ''), ',');
    was jsonb;
    becomes jsonb;
    what text := lower(TG_OP);
    left_out text[] := coalesce(TG_ARGV, '{}');
begin
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
        if new.archived <> old.archived then
            what := case when new.archived then 'delete' else 'restore' end;
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
        now() + coalesce(
            make_interval(secs => caller[5]::double precision), (select ahead from changes_clockoffset), interval '0'
        ),
        pg_current_xact_id(), TG_TABLE_NAME, coalesce(new.id, old.id), what, was, becomes,
        nullif(caller[1], '')::bigint, nullif(caller[2], '')::bigint, nullif(caller[3], '')::bigint,
        nullif(caller[4], '')::uuid
    );
    return null;
end
$$;
revoke all on function {schema}.changes_record() from public;
"""


def create(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("select quote_ident(current_schema())")
        (schema,) = cursor.fetchone()
    schema_editor.execute(FUNCTION.replace("{schema}", schema))


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Change",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("practice_id", models.BigIntegerField()),
                ("at", models.DateTimeField()),
                ("table_name", models.CharField(max_length=63)),
                ("row_id", models.BigIntegerField()),
                ("operation", models.CharField(max_length=10)),
                ("before", models.JSONField(null=True)),
                ("after", models.JSONField(null=True)),
                ("user_id", models.BigIntegerField(null=True)),
                ("app_id", models.BigIntegerField(null=True)),
                ("api_user_id", models.BigIntegerField(null=True)),
                ("request", models.UUIDField(null=True)),
            ],
            options={"managed": False, "db_table": "changes_change"},
        ),
        migrations.CreateModel(
            name="Horizon",
            fields=[
                ("at", models.DateTimeField(primary_key=True, serialize=False)),
                ("txid", models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="ClockOffset",
            fields=[
                ("id", models.SmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("ahead", models.DurationField()),
            ],
            options={
                "constraints": [models.CheckConstraint(condition=models.Q(("id", 1)), name="one_clock")],
            },
        ),
        migrations.RunSQL(TABLE, "drop table changes_change"),
        migrations.RunPython(create, migrations.RunPython.noop),
    ]
