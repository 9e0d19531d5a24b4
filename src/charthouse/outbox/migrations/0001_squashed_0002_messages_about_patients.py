import charthouse.clock
import charthouse.identity.tenancy
import django.db.models.deletion
from django.db import migrations, models

from charthouse.identity.migration_operations import InitialMigration, RunSQLFile


class Migration(InitialMigration):

    replaces = [('post', '0001_initial'), ('post', '0002_messages_about_patients')]

    dependencies = [
        ('identity', '0001_initial'),
        ('patients', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Outgoing',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('archived', models.BooleanField(default=False)),
                ('created_at', models.DateTimeField(default=charthouse.clock.now)),
                ('updated_at', charthouse.identity.tenancy.UpdatedAt()),
                ('kind', models.CharField(choices=[('email', 'Email'), ('sms', 'Sms')], max_length=5)),
                ('recipient', models.CharField(max_length=254)),
                ('subject', models.CharField(blank=True, default='', max_length=500)),
                ('text', models.TextField()),
                ('reply_to', models.CharField(blank=True, default='', max_length=254)),
                ('purpose', models.CharField(max_length=40)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('next_try', models.DateTimeField(default=charthouse.clock.now)),
                ('sent_at', models.DateTimeField(blank=True, null=True)),
                ('failed_at', models.DateTimeField(blank=True, null=True)),
                ('error', models.CharField(blank=True, default='', max_length=100)),
                ('patient', charthouse.identity.tenancy.RecordKey(blank=True, indexed=False, null=True, related_name='+', to='patients.patient')),
                ('practice', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='identity.practice')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('failed_at', None), ('sent_at', None)), fields=['next_try'], name='outgoing_waiting'), models.Index(fields=['practice', '-id'], name='outgoing_latest')],
            },
        ),
        RunSQLFile(__file__, "0001_initial"),
    ]
