from django.db import migrations

from charthouse.identity.migration_operations import RunSQLFile


class Migration(migrations.Migration):

    dependencies = [
        ('patients', '0004_folded_text'),
        ('identity', '0005_importing'),
    ]

    operations = [RunSQLFile(__file__)]
