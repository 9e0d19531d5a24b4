from django.db import migrations

from charthouse.identity.migration_operations import RunSQLFile


class Migration(migrations.Migration):
    dependencies = [("identity", "0007_token_callers")]

    operations = [RunSQLFile(__file__)]
