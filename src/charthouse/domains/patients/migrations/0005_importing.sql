-- Imported patients have the status that was settled when they were written.
drop trigger patients_settle_death on patients_patient;
create trigger patients_settle_death before insert or update of patient_status, date_of_death
    on patients_patient for each row when (not identity_is_importing()) execute function patients_settle_death();
