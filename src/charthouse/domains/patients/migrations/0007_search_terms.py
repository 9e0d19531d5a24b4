"""The index of what patients are searched by. Folded texts are computed again: they know more apostrophes and hyphens."""

import django.db.models.deletion
from django.db import migrations, models

from charthouse.engine.sql.folding import Folded
from charthouse.identity.migration_operations import RunSQLFile

COLUMNS = ', '.join(
    f'drop column {name}_folded, add column {name}_folded text generated always as '
    f'({Folded.template % {"expressions": name}}) stored'
    for name in ('first_name', 'last_name', 'email', 'email2')
)
# A database that was made with this version has them already.
FOLD_ANEW = f"""
do $fold$ begin
    if not exists (select from pg_attrdef where adrelid = 'patients_patient'::regclass
                   and pg_get_expr(adbin, adrelid) like '%\u1ffd%') then
        alter table patients_patient {COLUMNS};
        create index patient_email on patients_patient (practice_id, email_folded);
    end if;
end $fold$;
create index patient_last_name on patients_patient (practice_id, last_name_folded, id);
create index patient_first_name on patients_patient (practice_id, first_name_folded, id);
"""


def make_key(target):
    return models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=target)


class Migration(migrations.Migration):

    dependencies = [
        ('identity', '0001_initial'),
        ('patients', '0006_counted_patients'),
    ]

    operations = [
        migrations.RunSQL(
            FOLD_ANEW,
            state_operations=[
                migrations.AddIndex(
                    model_name='patient',
                    index=models.Index(fields=['practice', 'last_name_folded', 'id'], name='patient_last_name'),
                ),
                migrations.AddIndex(
                    model_name='patient',
                    index=models.Index(fields=['practice', 'first_name_folded', 'id'], name='patient_first_name'),
                ),
            ],
        ),
        migrations.CreateModel(
            name='SearchTerm',
            fields=[
                ('pk', models.CompositePrimaryKey('practice', 'term', 'patient', blank=True, editable=False, primary_key=True, serialize=False)),
                ('term', models.TextField(db_collation='C')),
                ('patient', make_key('patients.patient')),
                ('practice', make_key('identity.practice')),
            ],
            options={'indexes': [models.Index(fields=['practice', 'patient', 'term'], name='patient_terms')]},
        ),
        migrations.CreateModel(
            name='NamePart',
            fields=[
                ('pk', models.CompositePrimaryKey('practice', 'part', 'name', blank=True, editable=False, primary_key=True, serialize=False)),
                ('part', models.TextField(db_collation='C')),
                ('name', models.TextField()),
                ('practice', make_key('identity.practice')),
            ],
            options={'indexes': [models.Index(fields=['practice', 'name', 'part'], name='name_parts')]},
        ),
        RunSQLFile(__file__),
    ]
