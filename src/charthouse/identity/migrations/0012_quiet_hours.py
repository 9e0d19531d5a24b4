from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('identity', '0011_portal_proxies'),
    ]

    operations = [
        migrations.AddField(
            model_name='practice',
            name='quiet_from',
            field=models.PositiveSmallIntegerField(db_default=21, default=21),
        ),
        migrations.AddField(
            model_name='practice',
            name='quiet_until',
            field=models.PositiveSmallIntegerField(db_default=8, default=8),
        ),
    ]
