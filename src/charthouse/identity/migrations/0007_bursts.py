"""A second limit, of calls within one second; calls of the token endpoint are counted. ``identity_bearer`` names the
application of a call that it refuses, where the token tells."""

from importlib import import_module

from django.db import migrations, models

_before = import_module("charthouse.identity.migrations.0002_bearer").FUNCTION
_plan = import_module("charthouse.identity.migrations.0003_plan_of_practice")._PLAN
# A burst begins with a call and lasts a second. What is refused counts for nothing.
_WITHIN = "excluded.burst_from between c.burst_from - interval '1 second' and c.burst_from + interval '1 second'"
_COUNT = f"""        if token.upto is not null or token.upto_a_second is not null then
            insert into identity_calls as c (application_id, hour, calls, burst_from, burst)
            select token.application_id, date_trunc('hour', at, 'UTC'), 1, at, 1
             where coalesce(token.upto, 1) > 0 and coalesce(token.upto_a_second, 1) > 0
                on conflict (application_id, hour) do update
               set calls = c.calls + 1,
                   burst_from = case when {_WITHIN} then c.burst_from else excluded.burst_from end,
                   burst = case when {_WITHIN} then c.burst + 1 else 1 end
             where (token.upto is null or c.calls < token.upto)
               and (token.upto_a_second is null or not ({_WITHIN}) or c.burst < token.upto_a_second)
            returning c.calls into identity_bearer.calls;
        end if;
        if calls is null and (token.upto is not null or token.upto_a_second is not null) then
            select 'hurried' into refusal from identity_calls c
             where c.application_id = token.application_id and c.hour = date_trunc('hour', at, 'UTC')
               and (token.upto is null or c.calls < token.upto);
            refusal := coalesce(refusal, 'throttled');
        else
"""
_CHANGED = (
    ("a.hourly_limit as upto,", "a.hourly_limit as upto, a.second_limit as upto_a_second,"),
    ("-- null, missing, revoked, expired, inactive or throttled", "-- null, missing, revoked, expired, inactive, throttled or hurried"),
    ("        application := token.application_id;\n", ""),
    ("    if not found then\n", "    application := token.application_id;\n    if not found then\n"),
)


def create(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("select quote_ident(current_schema())")
        (schema,) = cursor.fetchone()
    function = _before
    for old, new in (*_plan, *_CHANGED):
        assert old in function, old
        function = function.replace(old, new)
    begin = function.index("        if hourly_limit is not null then\n")
    end = function.index("        else\n", begin) + len("        else\n")
    schema_editor.execute((function[:begin] + _COUNT + function[end:]).replace("{schema}", schema))


class Migration(migrations.Migration):
    dependencies = [("identity", "0006_api_users")]

    operations = [
        migrations.AddField(
            model_name="application",
            name="second_limit",
            field=models.PositiveIntegerField(blank=True, default=9, null=True),
        ),
        migrations.AddField(model_name="calls", name="burst_from", field=models.DateTimeField(help_text="When the latest calls within one second began.", null=True)),
        migrations.AddField(model_name="calls", name="burst", field=models.IntegerField(default=0, help_text="How many they are.")),
        migrations.CreateModel(
            name="TokenCalls",
            fields=[
                ("key", models.CharField(max_length=64)),
                ("minute", models.DateTimeField(help_text="Its beginning, UTC.")),
                ("calls", models.IntegerField()),
                ("pk", models.CompositePrimaryKey("key", "minute", blank=True, editable=False, primary_key=True, serialize=False)),
            ],
        ),
        migrations.RunSQL(
            "alter table identity_tokencalls set unlogged", "alter table identity_tokencalls set logged"
        ),
        migrations.RunPython(create, migrations.RunPython.noop),
    ]
