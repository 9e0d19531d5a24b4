-- A merge of patients moves the note of a visit itself, also one that is signed, and also when it is undone.
create or replace function clinical_note_follows() returns trigger language plpgsql as $$
begin
    if coalesce(current_setting('charthouse.merging', true), '') = 'on' then
        return null;
    end if;
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
