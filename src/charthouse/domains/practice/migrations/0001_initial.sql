-- A user's doctor is of the user's practice.
alter table identity_user add constraint user_doctor_of_same_practice
    foreign key (practice_id, doctor_id) references practice_doctor (practice_id, id);
alter table identity_user add constraint user_doctor_needs_practice
    check (doctor_id is null or practice_id is not null);

-- Raises "time zone not recognized" for a name that PostgreSQL does not know.
alter table practice_doctor add constraint doctor_time_zone
    check (timezone(timezone, timestamptz '2000-01-01 00:00:00+00') is not null);
