import charthouse.clock
import charthouse.identity.tenancy
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from charthouse.identity.migration_operations import InitialMigration, RunSQLFile


class Migration(InitialMigration):

    replaces = [('tasks', '0001_initial'), ('tasks', '0002_items_of_deleted_rows')]

    dependencies = [
        ('documents', '0001_initial'),
        ('identity', '0002_archived_parts'),
        ('labs', '0001_initial'),
        ('messaging', '0001_initial'),
        ('practice', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='TaskCategory',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('archived', models.BooleanField(default=False)),
                ('created_at', models.DateTimeField(default=charthouse.clock.now)),
                ('updated_at', charthouse.identity.tenancy.UpdatedAt()),
                ('name', models.CharField(max_length=200)),
                ('is_global', models.BooleanField(default=False)),
                ('practice', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='identity.practice')),
            ],
            options={
                'verbose_name_plural': 'task categories',
            },
        ),
        migrations.CreateModel(
            name='Task',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('archived', models.BooleanField(default=False)),
                ('created_at', models.DateTimeField(default=charthouse.clock.now)),
                ('updated_at', charthouse.identity.tenancy.UpdatedAt()),
                ('title', models.CharField(max_length=500)),
                ('priority', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('due_at', models.DateTimeField(blank=True, null=True)),
                ('remind_minutes_before', models.PositiveIntegerField(blank=True, null=True)),
                ('completed_at', models.DateTimeField(blank=True, null=True)),
                ('assigned_by', charthouse.identity.tenancy.RecordKey(blank=True, indexed=False, null=True, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('assignee_group', charthouse.identity.tenancy.RecordKey(blank=True, null=True, related_name='+', to='practice.usergroup')),
                ('assignee_user', charthouse.identity.tenancy.RecordKey(blank=True, null=True, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('created_by', charthouse.identity.tenancy.RecordKey(blank=True, indexed=False, null=True, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('practice', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='identity.practice')),
                ('category', charthouse.identity.tenancy.RecordKey(blank=True, null=True, related_name='+', to='tasks.taskcategory')),
            ],
        ),
        migrations.CreateModel(
            name='TaskNote',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('archived', models.BooleanField(default=False)),
                ('created_at', models.DateTimeField(default=charthouse.clock.now)),
                ('updated_at', charthouse.identity.tenancy.UpdatedAt()),
                ('text', models.TextField()),
                ('created_by', charthouse.identity.tenancy.RecordKey(blank=True, indexed=False, null=True, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('practice', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='identity.practice')),
                ('task', charthouse.identity.tenancy.RecordKey(related_name='+', to='tasks.task')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='TaskStatus',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('archived', models.BooleanField(default=False)),
                ('created_at', models.DateTimeField(default=charthouse.clock.now)),
                ('updated_at', charthouse.identity.tenancy.UpdatedAt()),
                ('name', models.CharField(max_length=200)),
                ('status_category', models.CharField(default='O', max_length=1)),
                ('practice', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='identity.practice')),
                ('task_category', charthouse.identity.tenancy.RecordKey(blank=True, indexed=False, null=True, related_name='+', to='tasks.taskcategory')),
            ],
            options={
                'verbose_name_plural': 'task statuses',
            },
        ),
        migrations.AddField(
            model_name='task',
            name='status',
            field=charthouse.identity.tenancy.RecordKey(related_name='+', to='tasks.taskstatus'),
        ),
        migrations.CreateModel(
            name='TaskTemplate',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('archived', models.BooleanField(default=False)),
                ('created_at', models.DateTimeField(default=charthouse.clock.now)),
                ('updated_at', charthouse.identity.tenancy.UpdatedAt()),
                ('name', models.CharField(max_length=200)),
                ('default_title', models.CharField(blank=True, default='', max_length=500)),
                ('default_note', models.TextField(blank=True, default='')),
                ('default_priority', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('default_due_date_offset', models.CharField(blank=True, default='', max_length=40)),
                ('default_assignee_group', charthouse.identity.tenancy.RecordKey(blank=True, null=True, related_name='+', to='practice.usergroup')),
                ('default_assignee_user', charthouse.identity.tenancy.RecordKey(blank=True, null=True, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('default_category', charthouse.identity.tenancy.RecordKey(blank=True, null=True, related_name='+', to='tasks.taskcategory')),
                ('default_status', charthouse.identity.tenancy.RecordKey(blank=True, null=True, related_name='+', to='tasks.taskstatus')),
                ('practice', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='identity.practice')),
            ],
        ),
        migrations.CreateModel(
            name='AssociatedItem',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('archived', models.BooleanField(default=False)),
                ('created_at', models.DateTimeField(default=charthouse.clock.now)),
                ('updated_at', charthouse.identity.tenancy.UpdatedAt()),
                ('type', models.CharField(max_length=20)),
                ('value_id', models.BigIntegerField()),
                ('practice', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='identity.practice')),
                ('task', charthouse.identity.tenancy.RecordKey(related_name='+', to='tasks.task')),
            ],
            options={
                'abstract': False,
                'indexes': [models.Index(fields=['practice', 'type', 'value_id'], name='item_by_value')],
            },
        ),
        migrations.AddConstraint(
            model_name='taskstatus',
            constraint=models.CheckConstraint(condition=models.Q(('status_category__in', ('O', 'P', 'H', 'C'))), name='task_status_category'),
        ),
        migrations.AddIndex(
            model_name='task',
            index=models.Index(fields=['practice', 'due_at'], name='task_due'),
        ),
        migrations.AddIndex(
            model_name='task',
            index=models.Index(fields=['practice', 'updated_at'], name='task_updated'),
        ),
        migrations.AddConstraint(
            model_name='task',
            constraint=models.CheckConstraint(condition=models.Q(('assignee_user__isnull', False), ('assignee_group__isnull', False), _connector='OR'), name='task_has_assignee'),
        ),
        migrations.AddConstraint(
            model_name='task',
            constraint=models.CheckConstraint(condition=models.Q(('priority__isnull', True), ('priority__in', (10, 20, 30, 40)), _connector='OR'), name='task_priority'),
        ),
        migrations.AddConstraint(
            model_name='tasktemplate',
            constraint=models.CheckConstraint(condition=models.Q(('default_priority__isnull', True), ('default_priority__in', (10, 20, 30, 40)), _connector='OR'), name='task_template_priority'),
        ),
        RunSQLFile(__file__, "0002_items_of_deleted_rows"),
    ]
