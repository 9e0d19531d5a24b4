"""Doctors whose users are all switched off are suspended, as ``user_accounts.set_active`` has it from now on."""

from django.db import migrations

SUSPEND = """
update practice_doctor d set is_account_suspended = true
 where not d.is_account_suspended
   and exists (select from identity_user u where u.practice_id = d.practice_id and u.doctor_id = d.id
                  and u.role = 'doctor' and not u.is_active)
   and not exists (select from identity_user u where u.practice_id = d.practice_id and u.doctor_id = d.id
                  and u.role = 'doctor' and u.is_active)
"""


class Migration(migrations.Migration):

    dependencies = [
        ('identity', '0002_archived_parts'),
        ('practice', '0002_default_reminder_profile'),
    ]

    operations = [migrations.RunSQL(SUSPEND, migrations.RunSQL.noop)]
