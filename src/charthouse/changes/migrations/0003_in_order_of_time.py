"""The audit reads a practice's changes by time, and seals those of a range of ids."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("changes", "0002_webhooks")]

    operations = [
        migrations.RunSQL(
            "create index changes_by_time on changes_change (practice_id, at, id); "
            "create index changes_by_id on changes_change (id)",
            "drop index changes_by_time; drop index changes_by_id",
        ),
    ]
