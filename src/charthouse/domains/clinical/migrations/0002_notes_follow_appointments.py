from django.db import migrations


class Migration(migrations.Migration):
    """An appointment with a patient has a note, whichever door it came through; the note's patient and soft delete
    follow it. A signed note keeps its patient. In bulk it costs one statement more for each COPY."""

    dependencies = [("clinical", "0001_initial"), ("scheduling", "0001_initial")]

    operations = [
        migrations.RunSQL(
            """
            create function clinical_make_notes() returns trigger language plpgsql as $$
            begin
                insert into clinical_clinicalnote
                    (id, practice_id, appointment_id, patient_id, archived, created_at, updated_at)
                select id, practice_id, id, patient_id, archived, created_at, updated_at
                  from made where patient_id is not null order by id;
                return null;
            end $$;

            create function clinical_note_follows() returns trigger language plpgsql as $$
            begin
                if new.patient_id is distinct from old.patient_id and exists (
                    select from clinical_clinicalnote
                     where practice_id = new.practice_id and appointment_id = new.id and locked_at is not null
                ) then
                    raise check_violation using message = 'the note of this appointment is locked',
                        constraint = 'locked_note_keeps_its_patient';
                end if;
                insert into clinical_clinicalnote
                    (id, practice_id, appointment_id, patient_id, archived, created_at, updated_at)
                values (new.id, new.practice_id, new.id, coalesce(new.patient_id, old.patient_id),
                        new.archived or new.patient_id is null, new.updated_at, new.updated_at)
                on conflict (practice_id, appointment_id) do update
                    set patient_id = excluded.patient_id, archived = excluded.archived,
                        updated_at = excluded.updated_at;
                return null;
            end $$;

            create trigger clinical_make_notes after insert on scheduling_appointment
                referencing new table as made for each statement execute function clinical_make_notes();
            create trigger clinical_note_follows after update of patient_id, archived on scheduling_appointment
                for each row
                when ((old.patient_id, old.archived) is distinct from (new.patient_id, new.archived)
                      and (old.patient_id is not null or new.patient_id is not null))
                execute function clinical_note_follows();

            insert into clinical_clinicalnote
                (id, practice_id, appointment_id, patient_id, archived, created_at, updated_at)
            select id, practice_id, id, patient_id, archived, created_at, updated_at
              from scheduling_appointment where patient_id is not null order by id;
            """,
            """
            drop trigger clinical_note_follows on scheduling_appointment;
            drop trigger clinical_make_notes on scheduling_appointment;
            drop function clinical_note_follows();
            drop function clinical_make_notes();
            """,
        )
    ]
