from django.db import migrations

from charthouse.identity.migration_operations import RunSQLFile


class Migration(migrations.Migration):

    dependencies = [
        ('clinical', '0001_initial'),
        ('identity', '0005_importing'),
    ]

    operations = [RunSQLFile(__file__)]
