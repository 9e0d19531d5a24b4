import charthouse.clock
import charthouse.identity.tenancy
import django.contrib.postgres.fields
import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models

from charthouse.identity.migration_operations import InitialMigration


class Migration(InitialMigration):

    replaces = [('jobs', '0001_initial'), ('jobs', '0002_submissions')]

    dependencies = [
        ('files', '0001_initial'),
        ('identity', '0004_known_callers'),
    ]

    operations = [
        migrations.CreateModel(
            name='Job',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('archived', models.BooleanField(default=False)),
                ('created_at', models.DateTimeField(default=charthouse.clock.now)),
                ('updated_at', charthouse.identity.tenancy.UpdatedAt()),
                ('uuid', models.UUIDField(default=uuid.uuid4)),
                ('kind', models.CharField(max_length=100)),
                ('app', models.BigIntegerField(null=True)),
                ('doctor_id', models.BigIntegerField(null=True)),
                ('request', models.JSONField(default=dict)),
                ('options', models.JSONField(default=dict)),
                ('status', models.CharField(choices=[('In progress', 'In Progress'), ('Complete', 'Complete'), ('Failed', 'Failed')], default='In progress', max_length=20)),
                ('count', models.PositiveBigIntegerField(null=True)),
                ('file', charthouse.identity.tenancy.RecordKey(null=True, related_name='+', to='files.storedfile')),
                ('practice', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='identity.practice')),
                ('source', charthouse.identity.tenancy.RecordKey(indexed=False, null=True, related_name='+', to='jobs.job')),
                ('user', charthouse.identity.tenancy.RecordKey(indexed=False, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='JobRows',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('archived', models.BooleanField(default=False)),
                ('created_at', models.DateTimeField(default=charthouse.clock.now)),
                ('updated_at', charthouse.identity.tenancy.UpdatedAt()),
                ('position', models.PositiveIntegerField()),
                ('ids', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None)),
                ('job', charthouse.identity.tenancy.RecordKey(indexed=False, related_name='+', to='jobs.job')),
                ('practice', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='identity.practice')),
            ],
        ),
        migrations.CreateModel(
            name='Submission',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('archived', models.BooleanField(default=False)),
                ('created_at', models.DateTimeField(default=charthouse.clock.now)),
                ('updated_at', charthouse.identity.tenancy.UpdatedAt()),
                ('uuid', models.UUIDField()),
                ('leads_to', models.CharField(default='', max_length=500)),
                ('practice', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='identity.practice')),
                ('user', charthouse.identity.tenancy.RecordKey(indexed=False, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.AddIndex(
            model_name='job',
            index=models.Index(fields=['practice', 'created_at'], name='job_begun'),
        ),
        migrations.AddConstraint(
            model_name='job',
            constraint=models.UniqueConstraint(fields=('practice', 'uuid'), name='job_uuid'),
        ),
        migrations.AddConstraint(
            model_name='jobrows',
            constraint=models.UniqueConstraint(fields=('practice', 'job', 'position'), name='job_rows_once'),
        ),
        migrations.AddIndex(
            model_name='submission',
            index=models.Index(fields=['practice', 'created_at'], name='form_sent'),
        ),
        migrations.AddConstraint(
            model_name='submission',
            constraint=models.UniqueConstraint(fields=('practice', 'user', 'uuid'), name='form_sent_once'),
        ),
    ]
