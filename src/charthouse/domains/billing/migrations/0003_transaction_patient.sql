-- Of rows that are there, no change is announced: what they say is the same.
alter table billing_transaction add column patient_id bigint;
alter table billing_transaction disable trigger user;
update billing_transaction t set patient_id = l.patient_id
  from billing_lineitem l where l.practice_id = t.practice_id and l.id = t.line_item_id;
alter table billing_transaction enable trigger user;

-- Also for a program of the version before, which serves until it is replaced.
create function billing_set_transaction_patient() returns trigger language plpgsql as $$
begin
    select patient_id into new.patient_id from billing_lineitem
     where practice_id = new.practice_id and id = new.line_item_id;
    return new;
end $$;
create trigger billing_set_transaction_patient before insert on billing_transaction for each row
    when (new.patient_id is null) execute function billing_set_transaction_patient();
