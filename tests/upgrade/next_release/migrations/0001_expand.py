from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("patients", "0001_initial"), ("scheduling", "0001_initial")]

    operations = [
        migrations.CreateModel(
            "Reading",
            [("id", models.BigAutoField(primary_key=True)), ("value", models.IntegerField())],
        ),
        migrations.AddField("reading", "taken_at", models.DateTimeField(null=True)),
        migrations.RunSQL(
            "alter table patients_patient add column next_release text not null default '';"
            "alter table patients_patient add constraint next_release_short check (length(next_release) < 9) not valid;"
            "alter table scheduling_appointment add column next_release int"
        ),
    ]
