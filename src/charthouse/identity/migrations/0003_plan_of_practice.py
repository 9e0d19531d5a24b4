"""``identity_bearer`` says the practice's plan as well."""

from importlib import import_module

from django.db import migrations

_before = import_module("charthouse.identity.migrations.0002_bearer").FUNCTION
_PLAN = (
    (
        "    out hourly_limit integer,",
        "    out plan text,          -- the practice's account plan\n    out hourly_limit integer,",
    ),
    ("p.sharing as shared", "p.sharing as shared, p.plan_type"),
    ("            sharing :=", "            plan := token.plan_type;\n            sharing :="),
)


def create(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("select quote_ident(current_schema())")
        (schema,) = cursor.fetchone()
    function = _before
    for old, new in _PLAN:
        function = function.replace(old, new)
    schema_editor.execute(f"drop function {schema}.identity_bearer(text, timestamptz)")
    schema_editor.execute(function.replace("{schema}", schema))


class Migration(migrations.Migration):
    dependencies = [("identity", "0002_bearer")]

    operations = [migrations.RunPython(create, migrations.RunPython.noop)]
