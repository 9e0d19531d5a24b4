-- Notes with and without an appointment share one sequence of ids: a note of an appointment has the
-- appointment's id.
alter table clinical_clinicalnote alter column id drop identity;
alter table clinical_clinicalnote alter column id set default nextval('scheduling_appointment_id_seq');

-- An appointment with a patient has a note; the note's patient and its deletion follow the appointment. A
-- signed note keeps its patient. A COPY of appointments costs one statement more.
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

-- Every practice has types of encounters. The trigger writes them as the owner of the tables, since no
-- practice is set while one is made.
create function {schema}.clinical_make_encounter_types() returns trigger
language plpgsql security definer set search_path = {schema}, pg_temp as $$
begin
    insert into {schema}.clinical_encountertype
        (practice_id, archived, created_at, updated_at, code, name, description, is_face_to_face,
         place_of_service_code, provider_taxonomy, sort_priority)
    select made.id, false, made.created_at, made.created_at, kind.code, kind.name, '', kind.is_face_to_face,
           kind.place_of_service_code, '', kind.sort_priority
      from made cross join
           (values ('ov', 'Office visit', true, '11', 10), ('tv', 'Telehealth visit', false, '10', 20),
                   ('ph', 'Phone call', false, '', 30), ('cn', 'Chart note', false, '', 40))
           kind (code, name, is_face_to_face, place_of_service_code, sort_priority)
     order by made.id, kind.sort_priority;
    return null;
end $$;
revoke all on function {schema}.clinical_make_encounter_types() from public;
create trigger clinical_make_encounter_types after insert on {schema}.identity_practice
    referencing new table as made for each statement
    execute function {schema}.clinical_make_encounter_types();
