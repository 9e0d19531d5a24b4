import charthouse.clock
import charthouse.identity.tenancy
import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from charthouse.identity.migration_operations import InitialMigration, RunSQLFile


class Migration(InitialMigration):

    replaces = [('changes', '0001_initial'), ('changes', '0002_verification'), ('changes', '0003_subscriptions'), ('changes', '0004_transaction_numbers')]

    dependencies = [
        ('identity', '0006_incarnation'),
    ]

    operations = [
        migrations.CreateModel(
            name='Change',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('practice_id', models.BigIntegerField()),
                ('at', models.DateTimeField()),
                ('table_name', models.CharField(max_length=63)),
                ('row_id', models.BigIntegerField()),
                ('operation', models.CharField(choices=[('insert', 'Insert'), ('update', 'Update'), ('delete', 'Archived, or gone'), ('restore', 'Archived no longer')], max_length=10)),
                ('before', models.JSONField(null=True)),
                ('after', models.JSONField(null=True)),
                ('user_id', models.BigIntegerField(null=True)),
                ('app_id', models.BigIntegerField(null=True)),
                ('api_user_id', models.BigIntegerField(null=True)),
                ('request', models.UUIDField(null=True)),
            ],
            options={
                'db_table': 'changes_change',
                'managed': False,
            },
        ),
        migrations.CreateModel(
            name='Reader',
            fields=[
                ('name', models.CharField(max_length=40, primary_key=True, serialize=False)),
                ('txid', models.BigIntegerField()),
                ('change_id', models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name='ClockOffset',
            fields=[
                ('id', models.SmallIntegerField(default=1, primary_key=True, serialize=False)),
                ('ahead', models.DurationField()),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('id', 1)), name='one_clock')],
            },
        ),
        migrations.CreateModel(
            name='Edge',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('practice_id', models.BigIntegerField()),
                ('at', models.DateTimeField()),
                ('snapshot', models.TextField()),
                ('early', models.BooleanField(default=False)),
                ('former', models.TextField(null=True)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('practice_id', 'at'), name='one_edge_a_moment')],
            },
        ),
        migrations.CreateModel(
            name='Webhook',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('callback_url', models.CharField(max_length=2000)),
                ('sealed_secret', models.TextField()),
                ('events', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), default=list, size=None)),
                ('active', models.BooleanField(default=True)),
                ('verified_at', models.DateTimeField(blank=True, null=True)),
                ('deleted_at', models.DateTimeField(blank=True, null=True)),
                ('created_at', models.DateTimeField(default=charthouse.clock.now)),
                ('updated_at', charthouse.identity.tenancy.UpdatedAt()),
                ('verification_error', models.CharField(blank=True, db_default='', default='', max_length=200)),
                ('verification_requested_at', models.DateTimeField(blank=True, null=True)),
                ('application', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.OAUTH2_PROVIDER_APPLICATION_MODEL)),
                ('practice', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='identity.practice')),
            ],
        ),
        migrations.CreateModel(
            name='Subscription',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('events', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), size=None)),
                ('first_change', models.BigIntegerField()),
                ('last_change', models.BigIntegerField(null=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('webhook', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='subscriptions', to='changes.webhook')),
            ],
        ),
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('practice_id', models.BigIntegerField()),
                ('event', models.CharField(max_length=40)),
                ('row_id', models.BigIntegerField(null=True)),
                ('txid', models.BigIntegerField(null=True)),
                ('user_id', models.BigIntegerField(null=True)),
                ('body', models.BinaryField()),
                ('at', models.DateTimeField()),
                ('next_try', models.DateTimeField(null=True)),
                ('leased_until', models.DateTimeField(null=True)),
                ('by_hand', models.BooleanField(default=False)),
                ('delivered_at', models.DateTimeField(null=True)),
                ('attempts', models.JSONField(default=list)),
                ('table_name', models.CharField(max_length=63, null=True)),
                ('webhook', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='changes.webhook')),
            ],
        ),
        migrations.AddConstraint(
            model_name='webhook',
            constraint=models.CheckConstraint(condition=models.Q(('application', None), ('practice', None), _connector='XOR'), name='webhook_of_one'),
        ),
        migrations.AddConstraint(
            model_name='subscription',
            constraint=models.UniqueConstraint(condition=models.Q(('last_change', None)), fields=('webhook',), name='one_open_subscription'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('next_try', None), _negated=True), fields=['webhook', 'next_try'], name='delivery_waiting'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(fields=['webhook', '-id'], name='delivery_latest'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(fields=['at'], name='delivery_at'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('next_try', None), _negated=True), fields=['webhook', 'table_name', 'row_id', 'id'], name='delivery_order'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.UniqueConstraint(fields=('webhook', 'event', 'row_id', 'txid'), name='told_once'),
        ),
        RunSQLFile(__file__, "0001_initial"),
        RunSQLFile(__file__, "0003_subscriptions"),
        RunSQLFile(__file__, "0004_transaction_numbers"),
    ]
