"""``post_due``: which messages wait, over all practices. It tells ids alone, so that the worker, who sees one practice
at a time, knows where to look."""

from django.db import migrations

FUNCTION = """
create function {schema}.post_due(at timestamptz) returns table (practice bigint, message bigint)
language sql stable security definer set search_path = {schema}, pg_temp as $$
    select practice_id, id from post_outgoing
    where sent_at is null and failed_at is null and not archived and next_try <= at order by next_try limit 1000
$$
"""


def create(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("select quote_ident(current_schema())")
        (schema,) = cursor.fetchone()
    schema_editor.execute(FUNCTION.replace("{schema}", schema))


class Migration(migrations.Migration):
    dependencies = [("post", "0001_initial")]

    operations = [migrations.RunPython(create, migrations.RunPython.noop)]
