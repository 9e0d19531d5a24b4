"""API users, and the function that says who calls with an API user's name and secret, may they, and how often.

It runs as the owner of the tables: nobody's practice is established before it has answered. Its checks go in the order
of reference cerbo/behaviour.md: address, credentials, enabled, endpoint, method, rate.
"""

import charthouse.clock
import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models


FUNCTION = """
create or replace function {schema}.identity_api_user(
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
"""


def create(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("select quote_ident(current_schema())")
        (schema,) = cursor.fetchone()
    schema_editor.execute(FUNCTION.replace("{schema}", schema))


class Migration(migrations.Migration):

    dependencies = [
        ('identity', '0005_apps_iframes'),
    ]

    operations = [
        migrations.CreateModel(
            name='ApiUser',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('nickname', models.CharField(max_length=100)),
                ('username', models.CharField(max_length=64, unique=True)),
                ('secret_digest', models.CharField(max_length=64)),
                ('contact', models.EmailField(max_length=254)),
                ('description', models.TextField(blank=True, default='')),
                ('read_only', models.BooleanField(default=False)),
                ('anonymize', models.BooleanField(default=False)),
                ('endpoints', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=60), blank=True, default=list, size=None)),
                ('ips', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=50), blank=True, default=list, size=None)),
                ('enabled', models.BooleanField(default=True)),
                ('created_at', models.DateTimeField(default=charthouse.clock.now)),
                ('practice', models.ForeignKey(on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='identity.practice')),
            ],
        ),
        migrations.CreateModel(
            name='ApiCalls',
            fields=[
                ('pk', models.CompositePrimaryKey('api_user_id', 'counted', blank=True, editable=False, primary_key=True, serialize=False)),
                ('counted', models.CharField(max_length=30)),
                ('minute', models.DateTimeField()),
                ('calls', models.IntegerField()),
                ('locked_until', models.DateTimeField(null=True)),
                ('api_user', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='identity.apiuser')),
            ],
        ),
        migrations.AddConstraint(
            model_name='apiuser',
            constraint=models.UniqueConstraint(fields=('practice', 'id'), name='api_user_within_practice'),
        ),
        migrations.AddConstraint(
            model_name='apiuser',
            constraint=models.CheckConstraint(condition=models.Q(('username__regex', '^pk_[A-Za-z0-9_-]{1,60}$')), name='api_user_name'),
        ),
        migrations.RunSQL(
            "alter table identity_apicalls set unlogged; alter table identity_apicalls set (fillfactor = 30)",
            "alter table identity_apicalls set logged",
        ),
        migrations.RunPython(create, migrations.RunPython.noop),
    ]
