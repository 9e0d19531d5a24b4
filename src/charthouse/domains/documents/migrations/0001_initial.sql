-- An appointment with a patient has its doctor's consent forms that are assigned by default; a form that
-- was removed from it stays removed. A COPY of appointments costs one statement more.
create function documents_assign_forms() returns trigger language plpgsql as $$
begin
    insert into documents_appliedconsentform
        (practice_id, consent_form_id, appointment_id, archived, created_at, updated_at)
    select made.practice_id, form.id, made.id, false, made.updated_at, made.updated_at
      from made join documents_consentform form
        on form.practice_id = made.practice_id and form.doctor_id = made.doctor_id
     where form.assign_by_default and not form.archived
       and made.patient_id is not null and not made.is_virtual_base
     order by made.id, form.id
    on conflict do nothing;
    return null;
end $$;

create function documents_assign_forms_anew() returns trigger language plpgsql as $$
begin
    insert into documents_appliedconsentform
        (practice_id, consent_form_id, appointment_id, archived, created_at, updated_at)
    select form.practice_id, form.id, new.id, false, new.updated_at, new.updated_at
      from documents_consentform form
     where form.practice_id = new.practice_id and form.doctor_id = new.doctor_id
       and form.assign_by_default and not form.archived
     order by form.id
    on conflict do nothing;
    return null;
end $$;

create trigger documents_assign_forms after insert on scheduling_appointment
    referencing new table as made for each statement execute function documents_assign_forms();
create trigger documents_assign_forms_anew after update of patient_id, doctor_id on scheduling_appointment
    for each row
    when ((old.patient_id, old.doctor_id) is distinct from (new.patient_id, new.doctor_id)
          and new.patient_id is not null and not new.is_virtual_base)
    execute function documents_assign_forms_anew();
