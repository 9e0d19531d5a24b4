-- The index of what patients are searched by: patients_searchterm and patients_namepart, written by the trigger below
-- alone.

-- The text of engine/sql/folding.py; a test compares both.
create function patients_fold(said text) returns text language plpgsql immutable parallel safe as $$
begin
    return btrim(regexp_replace(replace(replace(replace(translate(
        regexp_replace(lower(normalize(translate(said, U&'\00b4\1fbd\1fbf\1ffd', ''''''''''), NFKD)),
            U&'[\0300-\036f\00ad\200b-\200d\2060\feff]', '', 'g'),
        U&'\00f8\0142\0111\0127\0167\0131\03c2\02b9\02bb\02bc\2018\2019\201b\2032`\2010\2011\2012\2013\2014\2015\2212',
        U&'oldhti\03c3''''''''''''''''-------'),
        U&'\00df', 'ss'), U&'\00e6', 'ae'), U&'\0153', 'oe'), '\s+', ' ', 'g'));
end $$;

-- The words of a folded text: of O'Brien-Smith obrien, brien, o and smith. Several also as one: obriensmith.
create function patients_split_words(folded text) returns text[] language plpgsql immutable parallel safe as $$
declare
    blanks constant text := U&'-.,/()"&+:;_#*\30fb\00b7';
    words text[] := array_remove(
        string_to_array(translate(replace(folded, '''', ''), blanks, repeat(' ', length(blanks))), ' '), '');
begin
    if cardinality(words) > 1 then
        words := words || array_to_string(words, '');
    end if;
    if strpos(folded, '''') > 0 then
        words := words || string_to_array(translate(folded, '''' || blanks, repeat(' ', length(blanks) + 1)), ' ');
    end if;
    return words;
end $$;

-- The texts that a patient is found by, each by its beginning. Names that are not written in ASCII also by a part: some
-- scripts have no blanks. Phones also by the last seven and the last four digits.
create function patients_list_terms(patient patients_patient) returns text[] language plpgsql immutable parallel safe as $$
declare
    chart_id text := patients_fold(patient.chart_id);
    names text[] := array[patient.first_name_folded, patient.last_name_folded]
        || patients_split_words(patient.first_name_folded) || patients_split_words(patient.last_name_folded);
    terms text[] := array[patient.email_folded, patient.email2_folded, chart_id]
        || patients_split_words(chart_id) || to_char(patient.date_of_birth, 'YYYY-MM-DD');
    said text;
begin
    foreach said in array array[patient.middle_name, patient.nick_name] loop
        if said <> '' then
            names := names || patients_split_words(patients_fold(said));
        end if;
    end loop;
    foreach said in array names loop
        if octet_length(said) > length(said) then
            terms := terms || array(select substr(said, i) from generate_series(2, length(said)) i);
        end if;
    end loop;
    foreach said in array array[patient.cell_phone, patient.home_phone, patient.office_phone, patient.phone_other] loop
        if said <> '' then
            said := regexp_replace(regexp_replace(said, '\D', '', 'g'), '^1(\d{10})$', '\1');
            terms := terms || said || right(said, 7) || right(said, 4);
        end if;
    end loop;
    return array(select distinct term from unnest(terms || names) term where term <> '');
end $$;

-- The parts of names, for searches of a part: each name of the practice once, from every letter of it.
create function patients_note_names(practice bigint, names text[]) returns void language sql as $$
    insert into patients_namepart (practice_id, part, name)
        select practice, substr(noted, i), noted
          from unnest(names) noted, generate_series(1, greatest(1, length(noted))) i
         where not exists (
             select from patients_namepart n where n.practice_id = practice and n.part = noted and n.name = noted)
        on conflict do nothing
$$;

create function patients_index_terms() returns trigger language plpgsql security definer
set search_path = {schema}, pg_temp as $$
declare
    former text[] := '{}';
    terms text[] := '{}';
begin
    if tg_op <> 'INSERT' then
        former := patients_list_terms(old);
    end if;
    if tg_op <> 'DELETE' then
        terms := patients_list_terms(new);
        insert into patients_searchterm (practice_id, term, patient_id)
            select new.practice_id, term, new.id from unnest(terms) term where term <> all(former)
            on conflict do nothing;
        perform patients_note_names(new.practice_id, array[new.first_name_folded, new.last_name_folded]);
    end if;
    if tg_op <> 'INSERT' then
        delete from patients_searchterm
         where practice_id = old.practice_id and patient_id = old.id and term = any(former) and term <> all(terms);
    end if;
    return null;
end $$;

create trigger patients_index_terms after insert or delete on patients_patient
    for each row execute function patients_index_terms();
create trigger patients_index_changed_terms after update on patients_patient for each row
    when ((new.first_name, new.last_name, new.middle_name, new.nick_name, new.chart_id, new.email, new.email2,
           new.cell_phone, new.home_phone, new.office_phone, new.phone_other, new.date_of_birth)
          is distinct from
          (old.first_name, old.last_name, old.middle_name, old.nick_name, old.chart_id, old.email, old.email2,
           old.cell_phone, old.home_phone, old.office_phone, old.phone_other, old.date_of_birth))
    execute function patients_index_terms();

-- The rows of patients who are there already: an index is built faster than it grows.
alter table patients_searchterm drop constraint patients_searchterm_pkey;
insert into patients_searchterm (practice_id, term, patient_id)
    select practice_id, term, id from patients_patient patient, unnest(patients_list_terms(patient)) term;
alter table patients_searchterm add primary key (practice_id, term, patient_id);
alter table patients_namepart drop constraint patients_namepart_pkey;
insert into patients_namepart (practice_id, part, name)
    select practice_id, substr(noted, i), noted
      from (select practice_id, first_name_folded as noted from patients_patient
            union select practice_id, last_name_folded from patients_patient) names,
           generate_series(1, greatest(1, length(noted))) i;
alter table patients_namepart add primary key (practice_id, part, name);
