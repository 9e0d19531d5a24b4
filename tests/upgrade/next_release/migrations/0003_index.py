from django.db import migrations, models

from charthouse.identity.migration_operations import BuildIndex


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("next_release", "0002_validate")]

    operations = [BuildIndex("reading", models.Index(fields=["taken_at"], name="reading_taken"))]
