"""Insurers' decisions have the patient of their line item, so that those of one patient are found by an index."""

import charthouse.identity.tenancy
from django.db import migrations

from charthouse.identity.migration_operations import RunSQLFile


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0002_deleted_and_deceased'),
        ('patients', '0002_deceased'),
    ]

    operations = [
        RunSQLFile(
            __file__,
            state_operations=[
                migrations.AddField(
                    model_name='transaction',
                    name='patient',
                    field=charthouse.identity.tenancy.RecordKey(blank=True, null=True, related_name='+', to='patients.patient'),
                ),
            ],
        ),
    ]
