from django.db import migrations

from charthouse.identity.migration_operations import RunSQLFile


class Migration(migrations.Migration):

    dependencies = [
        ('documents', '0002_importing'),
    ]

    operations = [RunSQLFile(__file__)]
