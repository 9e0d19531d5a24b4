from django.db import migrations


class Migration(migrations.Migration):
    """What Django can't say: a user's doctor is of the user's practice, a doctor's time zone is a known one."""

    dependencies = [("practice", "0001_initial")]

    operations = [
        migrations.RunSQL(
            """
            alter table identity_user add constraint user_doctor_of_same_practice
                foreign key (practice_id, doctor_id) references practice_doctor (practice_id, id);
            alter table identity_user add constraint user_doctor_needs_practice
                check (doctor_id is null or practice_id is not null);
            -- raises "time zone not recognized" for an unknown name
            alter table practice_doctor add constraint doctor_time_zone
                check (timezone(timezone, timestamptz '2000-01-01 00:00:00+00') is not null);
            """,
            """
            alter table practice_doctor drop constraint doctor_time_zone;
            alter table identity_user drop constraint user_doctor_needs_practice;
            alter table identity_user drop constraint user_doctor_of_same_practice;
            """,
        )
    ]
