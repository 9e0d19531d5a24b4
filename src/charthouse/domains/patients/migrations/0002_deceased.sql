-- A date of death without the status that says so: the date was written for somebody who has died.
update patients_patient
   set status_before_death = case when is_prospective then 'P' else patient_status end,
       patient_status = 'D', is_prospective = false, inactive_date = coalesce(inactive_date, date_of_death)
 where date_of_death is not null and patient_status <> 'D';

-- Whoever writes a date of death says that the patient has died, and whoever gives a dead patient another
-- status says that this was wrong. What holds before is kept while the patient is deceased.
create function patients_settle_death() returns trigger language plpgsql as $$
declare
    was text := case when TG_OP = 'UPDATE' then old.patient_status else '' end;
begin
    if new.date_of_death is not null and (TG_OP = 'INSERT' or old.patient_status <> 'D') then
        new.patient_status := 'D';
    end if;
    if new.patient_status = 'D' and was <> 'D' then
        new.status_before_death := case when TG_OP = 'INSERT' then 'A'
                                        when old.is_prospective then 'P' else was end;
        new.is_prospective := false;
        new.inactive_date := coalesce(new.inactive_date, new.date_of_death,
                                      (new.updated_at at time zone 'UTC')::date);
    elsif new.patient_status <> 'D' then
        new.date_of_death := null;
        new.status_before_death := '';
    end if;
    return new;
end $$;
create trigger patients_settle_death before insert or update of patient_status, date_of_death
    on patients_patient for each row execute function patients_settle_death();
