"""Messages that wait to be sent are stopped when their patient dies or is deleted."""

from django.db import migrations

from charthouse.identity.migration_operations import RunSQLFile


class Migration(migrations.Migration):

    dependencies = [
        ('patients', '0002_deceased'),
    ]

    operations = [RunSQLFile(__file__)]
