from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("files", "0001_initial")]

    operations = [
        migrations.RemoveIndex("storedfile", "file_by_content"),
        migrations.RenameField("storedfile", "sha256", "address"),
        migrations.AddField("storedfile", "unused_since", models.DateTimeField(blank=True, null=True)),
        migrations.AddIndex(
            "storedfile", models.Index(fields=["practice", "address"], name="file_by_content")
        ),
    ]
