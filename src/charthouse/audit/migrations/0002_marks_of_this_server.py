from django.db import migrations

# A mark with a greater transaction id than this server has given is another server's, whose transactions have ended.
FORGET = """
update audit_mark set xact = 0
 where xact > identity_transaction_number(pg_snapshot_xmax(pg_current_snapshot()))::text::bigint
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial"), ("changes", "0004_transaction_numbers")]

    operations = [migrations.RunSQL(FORGET, migrations.RunSQL.noop)]
