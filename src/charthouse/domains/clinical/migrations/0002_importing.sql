-- Imported appointments bring their notes along, and imported practices their types of encounters.
drop trigger clinical_make_notes on scheduling_appointment;
create trigger clinical_make_notes after insert on scheduling_appointment
    referencing new table as made for each statement
    when (not identity_is_importing()) execute function clinical_make_notes();
drop trigger clinical_make_encounter_types on {schema}.identity_practice;
create trigger clinical_make_encounter_types after insert on {schema}.identity_practice
    referencing new table as made for each statement
    when (not identity_is_importing()) execute function {schema}.clinical_make_encounter_types();
