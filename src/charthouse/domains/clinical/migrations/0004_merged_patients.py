from django.db import migrations

from charthouse.identity.migration_operations import RunSQLFile


class Migration(migrations.Migration):

    dependencies = [
        ('clinical', '0003_note_texts'),
    ]

    operations = [RunSQLFile(__file__)]
