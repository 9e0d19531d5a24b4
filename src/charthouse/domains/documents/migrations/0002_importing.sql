-- Imported appointments bring their forms along.
drop trigger documents_assign_forms on scheduling_appointment;
create trigger documents_assign_forms after insert on scheduling_appointment
    referencing new table as made for each statement
    when (not identity_is_importing()) execute function documents_assign_forms();
