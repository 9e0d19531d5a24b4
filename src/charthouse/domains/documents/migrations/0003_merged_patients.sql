-- A visit whose patient is merged with another asks for no further consent forms.
create or replace function documents_assign_forms_anew() returns trigger language plpgsql as $$
begin
    if coalesce(current_setting('charthouse.merging', true), '') = 'on' then
        return null;
    end if;
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
