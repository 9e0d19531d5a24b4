from django.db import migrations, models

from charthouse.identity.migration_operations import BuildIndex


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("patients", "0011_portal_request_proxy"),
    ]

    operations = [
        BuildIndex(
            "patient",
            models.Index(
                fields=["practice", "-updated_at"],
                condition=models.Q(("archived", True)),
                name="patient_deleted",
            ),
        ),
    ]
