"""Apps can be switched off."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("identity", "0008_portal")]

    operations = [
        migrations.AddField(
            model_name="application",
            name="disabled",
            field=models.DateTimeField(editable=False, null=True),
        ),
    ]
