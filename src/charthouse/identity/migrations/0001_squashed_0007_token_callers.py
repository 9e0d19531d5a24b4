import charthouse.clock
import charthouse.identity.tenancy
import django.contrib.postgres.fields
import django.db.models.deletion
import oauth2_provider.generators
import oauth2_provider.models
import uuid
from django.conf import settings
from django.db import migrations, models

from charthouse.identity.migration_operations import InitialMigration, RunSQLFile


class Migration(InitialMigration):

    replaces = [('identity', '0001_initial'), ('identity', '0002_archived_parts'), ('identity', '0003_keys_and_generations'), ('identity', '0004_known_callers'), ('identity', '0005_importing'), ('identity', '0006_incarnation'), ('identity', '0007_token_callers')]

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
    ]

    operations = [
        migrations.CreateModel(
            name='ApiSpacing',
            fields=[
                ('pk', models.CompositePrimaryKey('counted', 'about', blank=True, editable=False, primary_key=True, serialize=False)),
                ('counted', models.CharField(max_length=30)),
                ('about', models.BigIntegerField()),
                ('at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='ApiUser',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('nickname', models.CharField(max_length=100)),
                ('username', models.CharField(max_length=64, unique=True)),
                ('secret_digest', models.CharField(max_length=64)),
                ('contact', models.EmailField(max_length=254)),
                ('description', models.TextField(blank=True, default='')),
                ('read_only', models.BooleanField(default=False)),
                ('anonymize', models.BooleanField(default=False)),
                ('endpoints', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=60), blank=True, default=list, size=None)),
                ('ips', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=50), blank=True, default=list, size=None)),
                ('enabled', models.BooleanField(default=True)),
                ('created_at', models.DateTimeField(default=charthouse.clock.now)),
            ],
        ),
        migrations.CreateModel(
            name='Practice',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=200)),
                ('sharing', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), default=list, size=None)),
                ('plan_type', models.CharField(default='Provider', max_length=40)),
                ('refuse_duplicate_patients', models.BooleanField(default=False)),
                ('require_second_factor', models.BooleanField(default=False)),
                ('idle_minutes', models.PositiveSmallIntegerField(default=30)),
                ('created_at', models.DateTimeField(default=charthouse.clock.now)),
            ],
        ),
        migrations.CreateModel(
            name='TokenCalls',
            fields=[
                ('key', models.CharField(max_length=64)),
                ('minute', models.DateTimeField(help_text='Its beginning, UTC.')),
                ('calls', models.IntegerField()),
                ('pk', models.CompositePrimaryKey('key', 'minute', blank=True, editable=False, primary_key=True, serialize=False)),
            ],
        ),
        migrations.CreateModel(
            name='User',
            fields=[
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('username', models.CharField(max_length=150, unique=True)),
                ('email', models.EmailField(blank=True, max_length=254)),
                ('first_name', models.CharField(blank=True, max_length=100)),
                ('last_name', models.CharField(blank=True, max_length=100)),
                ('role', models.CharField(choices=[('doctor', 'Doctor'), ('staff', 'Staff')], default='staff', max_length=10)),
                ('is_primary', models.BooleanField(default=False)),
                ('permissions', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=60), default=list, size=None)),
                ('doctor_id', models.BigIntegerField(blank=True, null=True)),
                ('is_active', models.BooleanField(default=True)),
                ('is_staff', models.BooleanField(default=False, help_text="May open the operators' admin.")),
                ('link_sent_at', models.DateTimeField(blank=True, help_text='A link to set the password.', null=True)),
                ('created_at', models.DateTimeField(default=charthouse.clock.now)),
                ('sign_in_generation', models.IntegerField(db_default=0, default=0, editable=False, help_text='Sessions and links of an earlier one have ended.')),
                ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
                ('practice', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='users', to='identity.practice')),
            ],
        ),
        migrations.CreateModel(
            name='ApiCalls',
            fields=[
                ('pk', models.CompositePrimaryKey('api_user_id', 'counted', blank=True, editable=False, primary_key=True, serialize=False)),
                ('counted', models.CharField(max_length=30)),
                ('minute', models.DateTimeField()),
                ('calls', models.IntegerField()),
                ('locked_until', models.DateTimeField(null=True)),
                ('api_user', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='identity.apiuser')),
            ],
        ),
        migrations.CreateModel(
            name='Application',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('client_id', models.CharField(db_index=True, default=oauth2_provider.generators.generate_client_id, max_length=255, unique=True, verbose_name='client ID')),
                ('redirect_uris', models.TextField(blank=True, help_text='Allowed URIs list, space separated', verbose_name='redirect URIs')),
                ('post_logout_redirect_uris', models.TextField(blank=True, default='', help_text='Allowed Post Logout URIs list, space separated', verbose_name='post logout redirect URIs')),
                ('client_type', models.CharField(choices=[('confidential', 'Confidential'), ('public', 'Public')], max_length=32, verbose_name='client type')),
                ('authorization_grant_type', models.CharField(choices=[('authorization-code', 'Authorization code'), ('urn:ietf:params:oauth:grant-type:device_code', 'Device Code'), ('implicit', 'Implicit'), ('password', 'Resource owner password-based'), ('client-credentials', 'Client credentials'), ('openid-hybrid', 'OpenID connect hybrid')], max_length=44, verbose_name='authorization grant type')),
                ('client_secret', oauth2_provider.models.ClientSecretField(blank=True, db_index=True, default=oauth2_provider.generators.generate_client_secret, help_text='Client secret for authentication', max_length=255, verbose_name='client secret')),
                ('hash_client_secret', models.BooleanField(default=True, verbose_name='hash client secret')),
                ('name', models.CharField(blank=True, max_length=255, verbose_name='name')),
                ('skip_authorization', models.BooleanField(default=False, verbose_name='skip authorization')),
                ('algorithm', models.CharField(blank=True, choices=[('', 'No OIDC support'), ('RS256', 'RSA with SHA-2 256'), ('HS256', 'HMAC with SHA-2 256')], default='', max_length=5, verbose_name='algorithm')),
                ('allowed_origins', models.TextField(blank=True, default='', help_text='Allowed origins list to enable CORS, space separated', verbose_name='allowed origins')),
                ('registration_source', models.CharField(choices=[('manual', 'Manual'), ('dcr', 'Dynamic Client Registration'), ('cimd', 'Client ID Metadata Document')], default='manual', help_text='How this application was registered (manual, DCR per RFC 7591, or CIMD)', max_length=32, verbose_name='registration source')),
                ('cimd_expires_at', models.DateTimeField(blank=True, default=None, help_text='When the cached Client ID Metadata Document should be re-fetched', null=True, verbose_name='CIMD expires at')),
                ('scopes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), default=list, size=None)),
                ('hourly_limit', models.PositiveIntegerField(blank=True, default=500, null=True)),
                ('second_limit', models.PositiveIntegerField(blank=True, default=9, null=True)),
                ('sealed_secret', models.TextField(blank=True, default='', editable=False)),
                ('patient_iframe_url', models.URLField(blank=True, default='', max_length=500)),
                ('patient_iframe_height', models.PositiveSmallIntegerField(default=600)),
                ('note_iframe_url', models.URLField(blank=True, default='', max_length=500)),
                ('note_iframe_height', models.PositiveSmallIntegerField(default=600)),
                ('disabled', models.DateTimeField(editable=False, null=True)),
                ('created', models.DateTimeField(default=charthouse.clock.now, editable=False)),
                ('updated', charthouse.identity.tenancy.UpdatedAt(editable=False)),
                ('user', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='%(app_label)s_%(class)s', to=settings.AUTH_USER_MODEL, verbose_name='user')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='AccessToken',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('token', models.TextField(verbose_name='token')),
                ('token_checksum', oauth2_provider.models.TokenChecksumField(db_index=True, max_length=64, unique=True, verbose_name='token checksum')),
                ('expires', models.DateTimeField(verbose_name='expires')),
                ('scope', models.TextField(blank=True, verbose_name='scope')),
                ('resource', oauth2_provider.models.ResourceJSONField(blank=True, default=list, verbose_name='resource')),
                ('token_family', models.UUIDField(default=uuid.uuid4, editable=False)),
                ('revoked', models.DateTimeField(editable=False, null=True)),
                ('created', models.DateTimeField(default=charthouse.clock.now, editable=False)),
                ('updated', charthouse.identity.tenancy.UpdatedAt(editable=False)),
                ('user', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='%(app_label)s_%(class)s', to=settings.AUTH_USER_MODEL, verbose_name='user')),
                ('application', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, to=settings.OAUTH2_PROVIDER_APPLICATION_MODEL, verbose_name='application')),
            ],
        ),
        migrations.CreateModel(
            name='Calls',
            fields=[
                ('hour', models.DateTimeField(help_text='Its beginning, UTC.')),
                ('calls', models.IntegerField()),
                ('burst_from', models.DateTimeField(help_text='When the latest calls within one second began.', null=True)),
                ('burst', models.IntegerField(default=0, help_text='How many they are.')),
                ('pk', models.CompositePrimaryKey('application_id', 'hour', blank=True, editable=False, primary_key=True, serialize=False)),
                ('application', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.OAUTH2_PROVIDER_APPLICATION_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='Incarnation',
            fields=[
                ('id', models.SmallIntegerField(default=1, primary_key=True, serialize=False)),
                ('number', models.IntegerField()),
                ('server', models.CharField(max_length=40)),
                ('relation', models.BigIntegerField()),
                ('timeline', models.IntegerField()),
                ('transaction_offset', models.BigIntegerField()),
                ('began_at', models.DateTimeField()),
                ('cause', models.CharField(choices=[('new', 'New'), ('copy', 'Restored from a dump, upgraded, or copied'), ('recovery', 'Recovered from a backup'), ('failover', 'A standby was promoted'), ('marked', 'Marked as a copy')], max_length=10)),
                ('paused_since', models.DateTimeField(null=True)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('id', 1)), name='one_incarnation')],
            },
        ),
        migrations.AddField(
            model_name='apiuser',
            name='practice',
            field=models.ForeignKey(on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='identity.practice'),
        ),
        migrations.CreateModel(
            name='RefreshToken',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('token', models.TextField(verbose_name='token')),
                ('token_family', models.UUIDField(blank=True, editable=False, null=True, verbose_name='token family')),
                ('resource', oauth2_provider.models.ResourceJSONField(blank=True, default=list, verbose_name='resource')),
                ('revoked', models.DateTimeField(null=True, verbose_name='revoked')),
                ('token_checksum', oauth2_provider.models.TokenChecksumField(max_length=64, unique=True)),
                ('scope', models.TextField(blank=True, help_text='What a refresh may ask for, joined by spaces.')),
                ('created', models.DateTimeField(default=charthouse.clock.now, editable=False)),
                ('updated', charthouse.identity.tenancy.UpdatedAt(editable=False)),
                ('access_token', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='refresh_token', to=settings.OAUTH2_PROVIDER_ACCESS_TOKEN_MODEL, verbose_name='access token')),
                ('application', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to=settings.OAUTH2_PROVIDER_APPLICATION_MODEL, verbose_name='application')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='%(app_label)s_%(class)s', to=settings.AUTH_USER_MODEL, verbose_name='user')),
            ],
        ),
        migrations.AddField(
            model_name='accesstoken',
            name='source_refresh_token',
            field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='refreshed_access_token', to=settings.OAUTH2_PROVIDER_REFRESH_TOKEN_MODEL, verbose_name='source refresh token'),
        ),
        migrations.CreateModel(
            name='SecretKey',
            fields=[
                ('fingerprint', models.CharField(max_length=16, primary_key=True, serialize=False)),
                ('is_current', models.BooleanField(default=False)),
                ('sealed_key', models.TextField(blank=True, default='')),
                ('since', models.DateTimeField()),
                ('retired_at', models.DateTimeField(null=True)),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('is_current', True)), fields=('is_current',), name='one_current_secret_key')],
            },
        ),
        migrations.CreateModel(
            name='Grant',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('code', models.CharField(max_length=255, unique=True, verbose_name='code')),
                ('expires', models.DateTimeField(verbose_name='expires')),
                ('redirect_uri', models.TextField(verbose_name='redirect URI')),
                ('scope', models.TextField(blank=True, verbose_name='scope')),
                ('code_challenge', models.CharField(blank=True, default='', max_length=128, verbose_name='code challenge')),
                ('code_challenge_method', models.CharField(blank=True, choices=[('plain', 'plain'), ('S256', 'S256')], default='', max_length=10, verbose_name='code challenge method')),
                ('nonce', models.CharField(blank=True, default='', max_length=255, verbose_name='nonce')),
                ('claims', models.TextField(blank=True, verbose_name='claims')),
                ('resource', oauth2_provider.models.ResourceJSONField(blank=True, default=list, verbose_name='resource')),
                ('token_family', models.UUIDField(default=uuid.uuid4, editable=False)),
                ('used', models.DateTimeField(editable=False, null=True)),
                ('created', models.DateTimeField(default=charthouse.clock.now, editable=False)),
                ('updated', charthouse.identity.tenancy.UpdatedAt(editable=False)),
                ('redirect_uri_given', models.BooleanField(db_default=True, default=True, editable=False, help_text='The authorization request named it.')),
                ('application', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to=settings.OAUTH2_PROVIDER_APPLICATION_MODEL, verbose_name='application')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='%(app_label)s_%(class)s', to=settings.AUTH_USER_MODEL, verbose_name='user')),
            ],
            options={
                'indexes': [models.Index(fields=['expires'], name='identity_gr_expires_3d5513_idx')],
            },
        ),
        migrations.CreateModel(
            name='ArchivedPart',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('table_name', models.CharField(max_length=63)),
                ('row_id', models.BigIntegerField()),
                ('practice', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='identity.practice')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('practice', 'table_name', 'row_id'), name='archived_part_once')],
            },
        ),
        migrations.AddConstraint(
            model_name='apiuser',
            constraint=models.UniqueConstraint(fields=('practice', 'id'), name='api_user_within_practice'),
        ),
        migrations.AddConstraint(
            model_name='apiuser',
            constraint=models.CheckConstraint(condition=models.Q(('username__regex', '^pk_[A-Za-z0-9_-]{1,60}$')), name='api_user_name'),
        ),
        migrations.AddConstraint(
            model_name='user',
            constraint=models.UniqueConstraint(condition=models.Q(('is_primary', True)), fields=('practice',), name='one_primary_user_a_practice'),
        ),
        migrations.AddConstraint(
            model_name='user',
            constraint=models.UniqueConstraint(fields=('practice', 'id'), name='user_within_practice'),
        ),
        migrations.AddIndex(
            model_name='refreshtoken',
            index=models.Index(fields=['token_family'], name='identity_re_token_f_bde708_idx'),
        ),
        migrations.AddIndex(
            model_name='refreshtoken',
            index=models.Index(condition=models.Q(('revoked', None), _negated=True), fields=['revoked'], name='revoked_refresh_tokens'),
        ),
        migrations.AddConstraint(
            model_name='refreshtoken',
            constraint=models.UniqueConstraint(condition=models.Q(('revoked', None)), fields=('application', 'user'), name='one_live_refresh_token'),
        ),
        migrations.AddIndex(
            model_name='accesstoken',
            index=models.Index(fields=['token_family'], name='identity_ac_token_f_63aced_idx'),
        ),
        migrations.AddIndex(
            model_name='accesstoken',
            index=models.Index(fields=['expires'], name='identity_ac_expires_c1cb29_idx'),
        ),
        migrations.AddConstraint(
            model_name='accesstoken',
            constraint=models.UniqueConstraint(condition=models.Q(('revoked', None)), fields=('application', 'user'), name='one_live_access_token'),
        ),
        RunSQLFile(__file__, "0001_initial"),
        RunSQLFile(__file__, "0004_known_callers"),
        RunSQLFile(__file__, "0005_importing"),
        RunSQLFile(__file__, "0006_incarnation"),
        RunSQLFile(__file__, "0007_token_callers"),
    ]
