-- What waits to be sent to a patient who dies or is deleted is not sent, also if that is taken back.
create function patients_stop_messages() returns trigger language plpgsql as $$
begin
    update post_outgoing
       set failed_at = new.updated_at, updated_at = new.updated_at,
           error = case when new.archived then 'The patient was deleted.' else 'The patient has died.' end
     where practice_id = new.practice_id and patient_id = new.id and sent_at is null and failed_at is null;
    return null;
end $$;
-- date_of_death: another trigger sets the status with it.
create trigger patients_stop_messages
    after update of archived, patient_status, date_of_death on patients_patient for each row
    when ((new.archived and not old.archived) or (new.patient_status = 'D' and old.patient_status <> 'D'))
    execute function patients_stop_messages();
