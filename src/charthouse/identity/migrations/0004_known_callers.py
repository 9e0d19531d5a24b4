from django.db import migrations

from charthouse.identity.migration_operations import RunSQLFile


class Migration(migrations.Migration):
    dependencies = [("identity", "0003_keys_and_generations")]

    operations = [RunSQLFile(__file__)]
