from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("next_release", "0001_expand")]

    operations = [migrations.RunSQL("alter table patients_patient validate constraint next_release_short")]
