"""The trigger follows people, who have no ``archived``: switched off, they are deleted. Times are those of the writes, so
that the changes of a row are in order of time. Edges of periods take the place of horizons."""

from importlib import import_module

from django.db import migrations, models

_BEFORE = import_module("charthouse.changes.migrations.0001_change_feed").FUNCTION
_EXCHANGED = (
    (
        "begin\n    if TG_OP = 'UPDATE' then",
        "begin\n    if coalesce(new.practice_id, old.practice_id) is null then\n"
        "        return null;  -- an operator\n    end if;\n    if TG_OP = 'UPDATE' then",
    ),
    (
        """        if new.archived <> old.archived then
            what := case when new.archived then 'delete' else 'restore' end;
        end if;
""",
        """        if becomes ? 'archived' then
            what := case when becomes -> 'archived' = 'true' then 'delete' else 'restore' end;
        elsif TG_TABLE_NAME = 'identity_user' and becomes ? 'is_active' then
            what := case when becomes -> 'is_active' = 'true' then 'restore' else 'delete' end;
        end if;
""",
    ),
    ("        now() + coalesce(", "        clock_timestamp() + coalesce("),
    (
        "\n    return null;\nend\n$$;",
        import_module("charthouse.changes.migrations.0002_webhooks")._NOTIFY,
    ),
)


def follow(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("select quote_ident(current_schema())")
        (schema,) = cursor.fetchone()
    function = _BEFORE
    for before, after in _EXCHANGED:
        assert function.count(before) == 1, before
        function = function.replace(before, after)
    schema_editor.execute(function.replace("{schema}", schema))


class Migration(migrations.Migration):
    dependencies = [("changes", "0004_webhooks_of_practices")]

    operations = [
        migrations.DeleteModel(name="Horizon"),
        migrations.CreateModel(
            name="Edge",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("practice_id", models.BigIntegerField()),
                ("at", models.DateTimeField()),
                ("snapshot", models.TextField()),
                ("early", models.BooleanField(default=False)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("practice_id", "at"), name="one_edge_a_moment")
                ]
            },
        ),
        migrations.RunPython(follow, migrations.RunPython.noop),
    ]
