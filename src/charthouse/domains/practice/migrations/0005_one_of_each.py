from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [('practice', '0004_iframe_apps')]

    operations = [
        migrations.AddConstraint(
            model_name='doctoroptions',
            constraint=models.UniqueConstraint(condition=models.Q(('archived', False)), fields=('practice', 'doctor'), name='one_options_row_a_doctor'),
        ),
        migrations.AddConstraint(
            model_name='doctorworkschedule',
            constraint=models.UniqueConstraint(condition=models.Q(('archived', False)), fields=('practice', 'doctor'), name='one_schedule_a_doctor'),
        ),
        migrations.AddConstraint(
            model_name='officeworkschedule',
            constraint=models.UniqueConstraint(condition=models.Q(('archived', False)), fields=('practice', 'office'), name='one_schedule_an_office'),
        ),
        migrations.AddConstraint(
            model_name='staff',
            constraint=models.UniqueConstraint(condition=models.Q(('archived', False)), fields=('practice', 'user'), name='one_staff_row_a_user'),
        ),
    ]
