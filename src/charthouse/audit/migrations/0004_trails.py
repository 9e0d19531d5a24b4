"""Two ways into the request log that row security has no index for, or doesn't show: of an app, whoever's data it was
asked for; about a patient. Both as the owner of the table, and each with its own condition."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

FUNCTIONS = """
create or replace function {schema}.audit_calls_of_app(
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
create or replace function {schema}.audit_calls_about(patient bigint)
returns setof audit_apicall language sql stable security definer set search_path = {schema}, pg_temp as $$
    select * from audit_apicall
     where patients @> array[patient]
       and practice_id = nullif(current_setting('charthouse.practice', true), '')::bigint
$$;
revoke all on function {schema}.audit_calls_of_app(
    bigint, timestamptz, timestamptz, timestamptz, bigint, text, text, text, integer, integer, integer) from public;
revoke all on function {schema}.audit_calls_about(bigint) from public;
"""


def create(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("select quote_ident(current_schema())")
        (schema,) = cursor.fetchone()
    schema_editor.execute(FUNCTIONS.replace("{schema}", schema))


class Migration(migrations.Migration):
    dependencies = [("audit", "0003_seals"), ("identity", "0001_initial")]

    operations = [
        migrations.RemoveIndex(model_name="apicall", name="calls_of_app"),
        migrations.AddIndex(
            model_name="apicall",
            index=models.Index(fields=["app_id", "at", "id"], name="calls_of_app"),
        ),
        migrations.CreateModel(
            name="Capture",
            fields=[
                (
                    "app",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to=settings.OAUTH2_PROVIDER_APPLICATION_MODEL,
                    ),
                ),
                ("until", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Bodies",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("practice_id", models.BigIntegerField()),
                ("app_id", models.BigIntegerField()),
                ("request", models.UUIDField()),
                ("at", models.DateTimeField()),
                ("asked", models.TextField()),
                ("answered", models.TextField()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["practice_id", "request"], name="bodies_of_call"),
                    models.Index(fields=["at"], name="bodies_by_time"),
                ],
            },
        ),
        migrations.RunPython(create, migrations.RunPython.noop),
    ]
