"""The index of what patients are searched by. Folded texts are made anew: they know more apostrophes and hyphens."""

import django.db.models.deletion
from django.db import migrations, models

import charthouse.engine.sql.folding
from charthouse.identity.migration_operations import RunSQLFile

FOLDED = ('first_name', 'last_name', 'email', 'email2')


class Migration(migrations.Migration):

    dependencies = [
        ('identity', '0007_token_callers'),
        ('patients', '0006_counted_patients'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='patient',
            name='patient_email',
        ),
        *(migrations.RemoveField(model_name='patient', name=f'{name}_folded') for name in FOLDED),
        *(
            migrations.AddField(
                model_name='patient',
                name=f'{name}_folded',
                field=models.GeneratedField(db_persist=True, expression=charthouse.engine.sql.folding.Folded(models.F(name)), output_field=models.TextField()),
            )
            for name in FOLDED
        ),
        migrations.AddIndex(
            model_name='patient',
            index=models.Index(fields=['practice', 'email_folded'], name='patient_email'),
        ),
        migrations.AddIndex(
            model_name='patient',
            index=models.Index(fields=['practice', 'last_name_folded', 'id'], name='patient_last_name'),
        ),
        migrations.AddIndex(
            model_name='patient',
            index=models.Index(fields=['practice', 'first_name_folded', 'id'], name='patient_first_name'),
        ),
        migrations.CreateModel(
            name='SearchTerm',
            fields=[
                ('pk', models.CompositePrimaryKey('practice', 'term', 'patient', blank=True, editable=False, primary_key=True, serialize=False)),
                ('term', models.TextField(db_collation='C')),
                ('patient', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='patients.patient')),
                ('practice', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='identity.practice')),
            ],
        ),
        migrations.CreateModel(
            name='NamePart',
            fields=[
                ('pk', models.CompositePrimaryKey('practice', 'part', 'name', blank=True, editable=False, primary_key=True, serialize=False)),
                ('part', models.TextField(db_collation='C')),
                ('name', models.TextField()),
                ('practice', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='identity.practice')),
            ],
        ),
        RunSQLFile(__file__),
        migrations.AddIndex(
            model_name='searchterm',
            index=models.Index(fields=['practice', 'patient', 'term'], name='patient_terms'),
        ),
        migrations.AddIndex(
            model_name='namepart',
            index=models.Index(fields=['practice', 'name', 'part'], name='name_parts'),
        ),
    ]
