from django.db import migrations

from charthouse.identity.migration_operations import UpdateInBatches

FILL = """
update patients_patient set next_release = 'filled'
 where (practice_id, id) in (select practice_id, id from patients_patient where next_release = '' limit {limit})
"""


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("next_release", "0003_index")]

    operations = [UpdateInBatches(FILL)]
