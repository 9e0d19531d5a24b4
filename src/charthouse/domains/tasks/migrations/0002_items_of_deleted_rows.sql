-- What a task is about leaves the task when it is deleted, and comes back with it; the argument is its type in
-- the API's word. A task about a deleted patient, and about no other, is archived with the patient. Rows that
-- are archived here are noted as those of identity/parts.py.
create function {schema}.tasks_drop_items() returns trigger
language plpgsql security definer set search_path = {schema}, pg_temp as $$
begin
    if new.archived then
        if TG_ARGV[0] = 'Patient' then
            with archived as (
                update tasks_task t set archived = true, updated_at = new.updated_at
                 where t.practice_id = new.practice_id and not t.archived
                   and t.id in (select task_id from tasks_associateditem i
                                 where i.practice_id = new.practice_id and i.type = 'Patient'
                                   and i.value_id = new.id and not i.archived)
                   and not exists (
                       select from tasks_associateditem i
                         join patients_patient p on p.practice_id = i.practice_id and p.id = i.value_id
                        where i.practice_id = t.practice_id and i.task_id = t.id and i.type = 'Patient'
                          and not i.archived and not p.archived)
                returning id)
            insert into identity_archivedpart (practice_id, table_name, row_id)
            select new.practice_id, 'tasks_task', id from archived;
        end if;
        with archived as (
            update tasks_associateditem set archived = true, updated_at = new.updated_at
             where practice_id = new.practice_id and type = TG_ARGV[0] and value_id = new.id and not archived
            returning id)
        insert into identity_archivedpart (practice_id, table_name, row_id)
        select new.practice_id, 'tasks_associateditem', id from archived;
    else
        if TG_ARGV[0] = 'Patient' then
            with restored as (
                delete from identity_archivedpart n using tasks_associateditem i
                 where n.practice_id = new.practice_id and n.table_name = 'tasks_task' and i.task_id = n.row_id
                   and i.practice_id = n.practice_id and i.type = 'Patient' and i.value_id = new.id
                returning n.row_id)
            update tasks_task set archived = false, updated_at = new.updated_at
             where practice_id = new.practice_id and id in (select row_id from restored);
        end if;
        with restored as (
            delete from identity_archivedpart n using tasks_associateditem i, tasks_task t
             where n.practice_id = new.practice_id and n.table_name = 'tasks_associateditem' and i.id = n.row_id
               and i.practice_id = n.practice_id and i.type = TG_ARGV[0] and i.value_id = new.id
               and t.practice_id = i.practice_id and t.id = i.task_id
               and not exists (select from identity_archivedpart o
                                where o.practice_id = t.practice_id and o.table_name = 'tasks_task'
                                  and o.row_id = t.id)
            returning n.row_id)
        update tasks_associateditem set archived = false, updated_at = new.updated_at
         where practice_id = new.practice_id and id in (select row_id from restored);
    end if;
    return null;
end
$$;
revoke all on function {schema}.tasks_drop_items() from public;

create trigger tasks_drop_items after update of archived on patients_patient for each row
    when (old.archived is distinct from new.archived) execute function {schema}.tasks_drop_items('Patient');
create trigger tasks_drop_items after update of archived on scheduling_appointment for each row
    when (old.archived is distinct from new.archived) execute function {schema}.tasks_drop_items('Appointment');
create trigger tasks_drop_items after update of archived on documents_document for each row
    when (old.archived is distinct from new.archived) execute function {schema}.tasks_drop_items('Document');
create trigger tasks_drop_items after update of archived on messaging_commlog for each row
    when (old.archived is distinct from new.archived) execute function {schema}.tasks_drop_items('Communication');
create trigger tasks_drop_items after update of archived on labs_laborder for each row
    when (old.archived is distinct from new.archived) execute function {schema}.tasks_drop_items('Lab order');
create trigger tasks_drop_items after update of archived on labs_labresult for each row
    when (old.archived is distinct from new.archived) execute function {schema}.tasks_drop_items('Lab result');
create trigger tasks_drop_items after update of archived on labs_labdocument for each row
    when (old.archived is distinct from new.archived) execute function {schema}.tasks_drop_items('Lab document');
create trigger tasks_drop_items after update of archived on clinical_clinicalnote for each row
    when (old.archived is distinct from new.archived) execute function {schema}.tasks_drop_items('Encounter');

-- What is deleted already. A task about deleted patients alone is archived with its items and notes by the
-- triggers of its own table, which are put on it after the migrations.
with archived as (
    update tasks_task t set archived = true
      from tasks_associateditem i
      join patients_patient p on p.practice_id = i.practice_id and p.id = i.value_id
     where i.practice_id = t.practice_id and i.task_id = t.id and i.type = 'Patient' and not i.archived
       and p.archived and not t.archived
       and not exists (
           select from tasks_associateditem j
             join patients_patient q on q.practice_id = j.practice_id and q.id = j.value_id
            where j.practice_id = t.practice_id and j.task_id = t.id and j.type = 'Patient'
              and not j.archived and not q.archived)
    returning t.practice_id, t.id)
insert into identity_archivedpart (practice_id, table_name, row_id)
select practice_id, 'tasks_task', id from archived;
