from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("patients", "0001_initial")]

    operations = [
        migrations.AddIndex(
            "patient",
            models.Index(
                fields=["practice", "id"],
                condition=models.Q(archived=False, patient_status="A"),
                name="patient_listed",
            ),
        ),
    ]
