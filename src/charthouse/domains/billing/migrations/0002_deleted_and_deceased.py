"""Line items that are deleted with their visit say when; the dead are charged no subscriptions."""

from django.db import migrations

from charthouse.identity.migration_operations import RunSQLFile


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0001_initial'),
        ('patients', '0002_deceased'),
    ]

    operations = [RunSQLFile(__file__)]
