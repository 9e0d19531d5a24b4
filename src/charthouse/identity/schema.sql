-- migration contenttypes.0001_initial
-- migration contenttypes.0002_remove_content_type_name
-- migration auth.0001_initial
-- migration auth.0002_alter_permission_name_max_length
-- migration auth.0003_alter_user_email_max_length
-- migration auth.0004_alter_user_username_opts
-- migration auth.0005_alter_user_last_login_null
-- migration auth.0006_require_contenttypes_0002
-- migration auth.0007_alter_validators_add_error_messages
-- migration auth.0008_alter_user_username_max_length
-- migration auth.0009_alter_user_last_name_max_length
-- migration auth.0010_alter_group_name_max_length
-- migration auth.0011_update_proxy_permissions
-- migration auth.0012_alter_user_first_name_max_length
-- migration identity.0001_initial
-- migration identity.0002_archived_parts
-- migration identity.0003_keys_and_generations
-- migration identity.0004_known_callers
-- migration identity.0005_importing
-- migration identity.0006_incarnation
-- migration changes.0001_initial
-- migration changes.0002_verification
-- migration changes.0003_subscriptions
-- migration changes.0004_transaction_numbers
-- migration audit.0001_initial
-- migration audit.0002_marks_of_this_server
-- migration audit.0003_query
-- migration axes.0001_initial
-- migration axes.0002_auto_20151217_2044
-- migration axes.0003_auto_20160322_0929
-- migration axes.0004_auto_20181024_1538
-- migration axes.0005_remove_accessattempt_trusted
-- migration axes.0006_remove_accesslog_trusted
-- migration axes.0007_alter_accessattempt_unique_together
-- migration axes.0008_accessfailurelog
-- migration axes.0009_add_session_hash
-- migration axes.0010_accessattemptexpiration
-- migration backup.0001_initial
-- migration backup.0002_line
-- migration procrastinate.0001_initial
-- migration procrastinate.0002_drop_started_at_column
-- migration procrastinate.0003_drop_started_at_column
-- migration procrastinate.0004_drop_procrastinate_version_table
-- migration procrastinate.0005_fix_procrastinate_fetch_job
-- migration procrastinate.0006_fix_trigger_status_events_insert
-- migration procrastinate.0007_add_queueing_lock_column
-- migration procrastinate.0008_close_fetch_job_race_condition
-- migration procrastinate.0009_add_defer_job_function
-- migration procrastinate.0010_add_procrastinate_periodic_defers
-- migration procrastinate.0011_add_foreign_key_index
-- migration procrastinate.0012_add_locks_to_periodic_defer
-- migration procrastinate.0013_fix_procrastinate_defer_periodic_job
-- migration procrastinate.0014_add_finish_job_and_retry_job_functions
-- migration procrastinate.0015_add_trigger_on_job_deletion
-- migration procrastinate.0016_delete_finished_jobs
-- migration procrastinate.0017_add_checks_to_finish_job
-- migration procrastinate.0018_add_checks_to_retry_job
-- migration procrastinate.0019_fix_finish_job_compat_issue
-- migration procrastinate.0020_add_index_on_procrastinate_jobs
-- migration procrastinate.0021_add_kwargs_to_defer_periodic_job
-- migration procrastinate.0022_null_locks_excluded
-- migration procrastinate.0023_remove_old_finish_job_function
-- migration procrastinate.0024_job_id_bigint
-- migration procrastinate.0025_add_models
-- migration procrastinate.0026_add_job_priority
-- migration procrastinate.0027_add_periodic_job_priority
-- migration procrastinate.0028_add_cancel_states
-- migration procrastinate.0029_add_additional_params_to_retry_job
-- migration procrastinate.0030_alter_procrastinateevent_options
-- migration procrastinate.0031_add_indexes_for_fetch_job
-- migration procrastinate.0032_pre_cancel_notification
-- migration procrastinate.0033_post_cancel_notification
-- migration procrastinate.0034_pre_add_heartbeat
-- migration procrastinate.0035_post_add_heartbeat
-- migration procrastinate.0036_add_worker_model
-- migration procrastinate.0037_pre_batch_defer_jobs
-- migration procrastinate.0038_post_batch_defer_jobs
-- migration procrastinate.0039_pre_priority_lock_fetch_job
-- migration procrastinate.0040_pre_retry_failed_job
-- migration procrastinate.0041_post_retry_failed_job
-- migration otp_totp.0001_initial
-- migration otp_totp.0002_auto_20190420_0723
-- migration otp_totp.0003_add_timestamps
-- migration otp_static.0001_initial
-- migration otp_static.0002_throttling
-- migration otp_static.0003_add_timestamps
-- migration files.0001_initial
-- migration practice.0001_initial
-- migration patients.0001_initial
-- migration patients.0002_deceased
-- migration scheduling.0001_initial
-- migration practice.0002_default_reminder_profile
-- migration clinical.0001_initial
-- migration billing.0001_initial
-- migration billing.0002_deleted_and_deceased
-- migration billing.0003_transaction_patient
-- migration changes.0005_keys_with_practice
-- migration identity.0007_token_callers
-- migration identity.0008_api_user_callers
-- migration identity.0009_portal_notice_hours
-- migration identity.0010_held_reminders
-- migration identity.0011_proxies_and_quiet_hours
-- migration clinical.0002_importing
-- migration clinical.0003_note_texts
-- migration clinical.0004_merged_patients
-- migration clinical.0005_practice_lists
-- migration documents.0001_initial
-- migration documents.0002_importing
-- migration documents.0003_merged_patients
-- migration medications.0001_initial
-- migration inventory.0001_initial
-- migration jobs.0001_initial
-- migration jobs.0002_submissions
-- migration labs.0001_initial
-- migration labs.0002_reviewed_orders
-- migration labs.0003_practice_lists
-- migration messaging.0001_initial
-- migration oauth2_provider.0001_initial
-- migration patients.0003_waiting_messages
-- migration patients.0004_folded_text
-- migration patients.0005_importing
-- migration patients.0006_counted_patients
-- migration patients.0007_search_terms
-- migration patients.0008_merges
-- migration patients.0009_portal_proxies
-- migration patients.0010_distinct_patients
-- migration patients.0011_portal_request_proxy
-- migration patients.0012_deleted_patients
-- migration post.0001_initial
-- migration post.0002_messages_about_patients
-- migration practice.0003_suspended_doctors
-- migration questionnaires.0001_initial
-- migration scheduling.0002_transition_reason
-- migration scheduling.0003_measured_to_six_places
-- migration scheduling.0004_waiting_list
-- migration sessions.0001_initial
-- migration tasks.0001_initial
-- migration tasks.0002_items_of_deleted_rows
set local check_function_bodies = off;
CREATE TYPE {schema}.procrastinate_job_event_type AS ENUM (
    'deferred',
    'started',
    'deferred_for_retry',
    'failed',
    'succeeded',
    'cancelled',
    'abort_requested',
    'aborted',
    'scheduled',
    'retried'
);
CREATE TYPE {schema}.procrastinate_job_status AS ENUM (
    'todo',
    'doing',
    'succeeded',
    'failed',
    'cancelled',
    'aborting',
    'aborted'
);
CREATE TYPE {schema}.procrastinate_job_to_defer_v1 AS (
	queue_name character varying,
	task_name character varying,
	priority integer,
	lock text,
	queueing_lock text,
	args jsonb,
	scheduled_at timestamp with time zone
);
CREATE TABLE {schema}.audit_apicall (
    id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    request uuid NOT NULL,
    practice_id bigint,
    app_id bigint,
    api_user_id bigint,
    user_id bigint,
    ip character varying(45) NOT NULL,
    dialect character varying(20) NOT NULL,
    method character varying(10) NOT NULL,
    path character varying(200) NOT NULL,
    resource character varying(80) NOT NULL,
    row_id bigint,
    patients bigint[] NOT NULL,
    status smallint NOT NULL,
    gate character varying(20) NOT NULL,
    microseconds integer NOT NULL,
    times integer NOT NULL,
    query character varying(300) DEFAULT ''::character varying NOT NULL
);
ALTER TABLE ONLY {schema}.audit_apicall ALTER COLUMN patients SET STORAGE EXTERNAL;
CREATE FUNCTION {schema}.audit_calls_about(patient bigint) RETURNS SETOF {schema}.audit_apicall
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO {schema}, 'pg_temp'
    AS $$
    select * from audit_apicall
     where patients @> array[patient]
       and practice_id = nullif(current_setting('charthouse.practice', true), '')::bigint
$$;
CREATE FUNCTION {schema}.audit_calls_of_app(application bigint, since timestamp with time zone, until timestamp with time zone, below_at timestamp with time zone, below_id bigint, of_method text, of_gate text, of_resource text, from_status integer, to_status integer, most integer) RETURNS SETOF {schema}.audit_apicall
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO {schema}, 'pg_temp'
    AS $$
    select * from audit_apicall
     where app_id = application and at >= since and at < until
       and (below_at is null or (at, id) < (below_at, below_id))
       and (of_method is null or method = of_method) and (of_gate is null or gate = of_gate)
       and (of_resource is null or resource = of_resource) and status between from_status and to_status
     order by at desc, id desc limit least(most, 1000)
$$;
CREATE FUNCTION {schema}.billing_set_transaction_patient() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    select patient_id into new.patient_id from billing_lineitem
     where practice_id = new.practice_id and id = new.line_item_id;
    return new;
end $$;
CREATE FUNCTION {schema}.billing_stamp_deletion() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    new.deleted_at := case when new.archived then coalesce(new.deleted_at, new.updated_at) end;
    return new;
end $$;
CREATE FUNCTION {schema}.billing_subscriptions_due(at timestamp with time zone) RETURNS TABLE(practice bigint, subscription bigint)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO {schema}, 'pg_temp'
    AS $$
    select s.practice_id, s.id from billing_subscription s
    join patients_patient p on p.practice_id = s.practice_id and p.id = s.patient_id
    join practice_doctor d on d.practice_id = p.practice_id and d.id = p.doctor_id
    where not s.archived and not p.archived and p.patient_status <> 'D'
        and billing_turn(s.start_date, s.schedule_frequency, s.billed) <=
            least((at at time zone d.timezone)::date, s.end_date)
    order by s.practice_id, s.id limit 1000
$$;
CREATE FUNCTION {schema}.billing_turn(start_date date, frequency text, turn integer) RETURNS date
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    select (start_date + case frequency
        when 'weekly' then turn * interval '7 days'
        when 'monthly' then turn * interval '1 month'
        when 'annually' then turn * interval '1 year'
    end)::date
$$;
CREATE FUNCTION {schema}.changes_note_subscription() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO {schema}, 'pg_temp'
    AS $$
declare
    was text[];
    becomes text[];
    here bigint;
begin
    if TG_OP = 'UPDATE' and old.active and old.verified_at is not null and old.deleted_at is null then
        was := old.events;
    end if;
    if new.active and new.verified_at is not null and new.deleted_at is null then
        becomes := new.events;
    end if;
    if was is not distinct from becomes then
        return null;
    end if;
    here := nextval(pg_get_serial_sequence('changes_change', 'id'));
    if was is not null then
        update changes_subscription set last_change = here, ended_at = clock_timestamp()
         where webhook_id = new.id and last_change is null;
    end if;
    if becomes is not null then
        insert into changes_subscription (webhook_id, events, first_change) values (new.id, becomes, here);
    end if;
    return null;
end
$$;
CREATE FUNCTION {schema}.changes_record() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO {schema}, 'pg_temp'
    AS $$
declare
    caller text[] := string_to_array(nullif(current_setting('charthouse.caller', true), ''), ',');
    was jsonb;
    becomes jsonb;
    what text := lower(TG_OP);
    left_out text[] := coalesce(TG_ARGV, '{}');
    numbers_ahead bigint;
    is_same boolean;
    is_heard boolean;
begin
    if coalesce(new.practice_id, old.practice_id) is null then
        return null;  -- an operator
    end if;
    if TG_OP = 'UPDATE' then
        was := to_jsonb(old);
        becomes := to_jsonb(new);
        select jsonb_object_agg(key, was -> key), jsonb_object_agg(key, becomes -> key)
          into was, becomes
          from jsonb_object_keys(was) key
         where was -> key is distinct from becomes -> key and key <> all (left_out);
        if was is null then
            return null;
        end if;
        if becomes ? 'archived' then
            what := case when becomes -> 'archived' = 'true' then 'delete' else 'restore' end;
        elsif TG_TABLE_NAME = 'identity_user' and becomes ? 'is_active' then
            what := case when becomes -> 'is_active' = 'true' then 'restore' else 'delete' end;
        end if;
    elsif TG_OP = 'INSERT' then
        becomes := to_jsonb(new) - left_out;
    else
        was := to_jsonb(old) - left_out;
    end if;
    select transaction_offset,
           relation = tableoid::bigint and timeline = identity_read_timeline()
               and server = current_setting('charthouse.server', true),
           exists (select from changes_webhook where active and verified_at is not null)
      into numbers_ahead, is_same, is_heard
      from identity_incarnation;
    if is_same is not true then  -- also in the first write of a session
        perform identity_require_same();
    end if;
    insert into changes_change (practice_id, at, txid, table_name, row_id, operation, before, after,
                                user_id, app_id, api_user_id, request)
    values (
        coalesce(new.practice_id, old.practice_id),
        clock_timestamp() + coalesce(
            make_interval(secs => caller[5]::double precision), (select ahead from changes_clockoffset), interval '0'
        ),
        (pg_current_xact_id()::text::bigint + numbers_ahead)::text::xid8,
        TG_TABLE_NAME, coalesce(new.id, old.id), what, was, becomes,
        nullif(caller[1], '')::bigint, nullif(caller[2], '')::bigint, nullif(caller[3], '')::bigint,
        nullif(caller[4], '')::uuid
    );
    if is_heard then
        perform pg_notify('charthouse_change', '');
    end if;
    return null;
end
$$;
CREATE FUNCTION {schema}.clinical_make_encounter_types() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO {schema}, 'pg_temp'
    AS $$
begin
    insert into {schema}.clinical_encountertype
        (practice_id, archived, created_at, updated_at, code, name, description, is_face_to_face,
         place_of_service_code, provider_taxonomy, sort_priority)
    select made.id, false, made.created_at, made.created_at, kind.code, kind.name, '', kind.is_face_to_face,
           kind.place_of_service_code, '', kind.sort_priority
      from made cross join
           (values ('ov', 'Office visit', true, '11', 10), ('tv', 'Telehealth visit', false, '10', 20),
                   ('ph', 'Phone call', false, '', 30), ('cn', 'Chart note', false, '', 40))
           kind (code, name, is_face_to_face, place_of_service_code, sort_priority)
     order by made.id, kind.sort_priority;
    return null;
end $$;
CREATE FUNCTION {schema}.clinical_make_notes() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    insert into clinical_clinicalnote
        (id, practice_id, appointment_id, patient_id, archived, created_at, updated_at)
    select id, practice_id, id, patient_id, archived, created_at, updated_at
      from made where patient_id is not null order by id;
    return null;
end $$;
CREATE FUNCTION {schema}.clinical_note_follows() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    if coalesce(current_setting('charthouse.merging', true), '') = 'on' then
        return null;
    end if;
    if new.patient_id is distinct from old.patient_id and exists (
        select from clinical_clinicalnote
         where practice_id = new.practice_id and appointment_id = new.id and locked_at is not null
    ) then
        raise check_violation using message = 'the note of this appointment is locked',
            constraint = 'locked_note_keeps_its_patient';
    end if;
    insert into clinical_clinicalnote
        (id, practice_id, appointment_id, patient_id, archived, created_at, updated_at)
    values (new.id, new.practice_id, new.id, coalesce(new.patient_id, old.patient_id),
            new.archived or new.patient_id is null, new.updated_at, new.updated_at)
    on conflict (practice_id, appointment_id) do update
        set patient_id = excluded.patient_id, archived = excluded.archived,
            updated_at = excluded.updated_at;
    return null;
end $$;
CREATE FUNCTION {schema}.documents_assign_forms() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    insert into documents_appliedconsentform
        (practice_id, consent_form_id, appointment_id, archived, created_at, updated_at)
    select made.practice_id, form.id, made.id, false, made.updated_at, made.updated_at
      from made join documents_consentform form
        on form.practice_id = made.practice_id and form.doctor_id = made.doctor_id
     where form.assign_by_default and not form.archived
       and made.patient_id is not null and not made.is_virtual_base
     order by made.id, form.id
    on conflict do nothing;
    return null;
end $$;
CREATE FUNCTION {schema}.documents_assign_forms_anew() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
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
CREATE FUNCTION {schema}.identity_adopt() RETURNS void
    LANGUAGE sql
    SET search_path TO {schema}, 'pg_temp'
    AS $$
    update identity_incarnation set server = identity_read_server();
$$;
CREATE FUNCTION {schema}.identity_api_user(name text, digests text, address text, at timestamp with time zone, endpoint text, writing boolean, class text, most integer, lock_seconds double precision, OUT practice bigint, OUT refusal text, OUT caller bigint, OUT anonymous boolean, OUT read_only boolean, OUT endpoints text, OUT wait integer) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO {schema}, 'pg_temp'
    AS $$
declare
    known record;
    tally record;
    this_minute timestamptz := date_trunc('minute', at);
begin
    select u.* into known from identity_apiuser u where u.username = name;
    if found and cardinality(known.ips) > 0 and (address = '' or not exists (
        select from unnest(known.ips) allowed where address::inet <<= allowed::inet
    )) then
        refusal := 'address';
    elsif known.id is null or known.secret_digest <> all (string_to_array(digests, ',')) then
        refusal := 'missing';
    elsif not known.enabled then
        refusal := 'disabled';
    elsif cardinality(known.endpoints) > 0 and endpoint <> '' and endpoint <> all (known.endpoints) then
        refusal := 'endpoint';
    elsif known.read_only and writing then
        refusal := 'read_only';
    else
        insert into identity_apicalls as c (api_user_id, counted, minute, calls)
        values (known.id, class, this_minute, 1)
            on conflict (api_user_id, counted) do update set
               calls = case when c.minute = this_minute and c.locked_until is null then c.calls + 1 else 1 end,
               minute = this_minute,
               locked_until = case when c.minute = this_minute and c.locked_until is null and c.calls >= most
                                   then at + make_interval(secs => lock_seconds) end
             where c.locked_until is null or c.locked_until <= at
        returning c.locked_until into tally;
        if not found then
            select c.locked_until into tally from identity_apicalls c
             where c.api_user_id = known.id and c.counted = class;
        end if;
        if tally.locked_until > at then
            refusal := 'throttled';
            wait := ceil(extract(epoch from tally.locked_until - at));
        else
            practice := known.practice_id;
            caller := known.id;
            anonymous := known.anonymize;
            read_only := known.read_only;
            endpoints := array_to_string(known.endpoints, ',');
        end if;
    end if;
    perform set_config('charthouse.practice', coalesce(practice::text, ''), false);
end
$$;
CREATE FUNCTION {schema}.identity_bearer(checksum text, at timestamp with time zone, OUT practice bigint, OUT refusal text, OUT application bigint, OUT caller bigint, OUT doctor bigint, OUT role text, OUT permissions text, OUT sharing text, OUT granted text, OUT allowed text, OUT plan text, OUT hourly_limit integer, OUT calls integer) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO {schema}, 'pg_temp'
    AS $$
declare
    token record;
begin
    select t.application_id, t.user_id, t.expires, t.revoked, t.scope, a.scopes,
           a.hourly_limit as upto, a.second_limit as upto_a_second,
           u.is_active, u.practice_id, u.doctor_id, u.role as part, u.permissions as may,
           p.sharing as shared, p.plan_type
      into token
      from identity_accesstoken t
      join identity_application a on a.id = t.application_id
      join identity_user u on u.id = t.user_id
      left join identity_practice p on p.id = u.practice_id
     where t.token_checksum = checksum;
    application := token.application_id;
    if not found then
        refusal := 'missing';
    elsif token.revoked is not null then
        refusal := 'revoked';
    elsif token.expires <= at then
        refusal := 'expired';
    elsif not token.is_active or token.practice_id is null then
        refusal := 'inactive';
    else
        hourly_limit := token.upto;
        if token.upto is not null or token.upto_a_second is not null then
            insert into identity_calls as c (application_id, hour, calls, burst_from, burst)
            select token.application_id, date_trunc('hour', at, 'UTC'), 1, at, 1
             where coalesce(token.upto, 1) > 0 and coalesce(token.upto_a_second, 1) > 0
                on conflict (application_id, hour) do update
               set calls = c.calls + 1,
                   burst_from = case when excluded.burst_from between c.burst_from - interval '1 second'
                                                                  and c.burst_from + interval '1 second'
                                     then c.burst_from else excluded.burst_from end,
                   burst = case when excluded.burst_from between c.burst_from - interval '1 second'
                                                             and c.burst_from + interval '1 second'
                                then c.burst + 1 else 1 end
             where (token.upto is null or c.calls < token.upto)
               and (token.upto_a_second is null
                    or not (excluded.burst_from between c.burst_from - interval '1 second'
                                                    and c.burst_from + interval '1 second')
                    or c.burst < token.upto_a_second)
            returning c.calls into identity_bearer.calls;
        end if;
        if calls is null and (token.upto is not null or token.upto_a_second is not null) then
            select 'hurried' into refusal from identity_calls c
             where c.application_id = token.application_id and c.hour = date_trunc('hour', at, 'UTC')
               and (token.upto is null or c.calls < token.upto);
            refusal := coalesce(refusal, 'throttled');
        else
            practice := token.practice_id;
            caller := token.user_id;
            doctor := token.doctor_id;
            role := token.part;
            permissions := array_to_string(token.may, ',');
            plan := token.plan_type;
            sharing := array_to_string(token.shared, ',');
            granted := token.scope;
            allowed := array_to_string(token.scopes, ' ');
        end if;
    end if;
    perform set_config('charthouse.practice', coalesce(practice::text, ''), false);
end
$$;
CREATE FUNCTION {schema}.identity_current_snapshot() RETURNS pg_snapshot
    LANGUAGE plpgsql STABLE
    SET search_path TO {schema}, 'pg_temp'
    AS $$
declare
    seen pg_snapshot := pg_current_snapshot();
    ahead bigint;
begin
    perform identity_require_same();
    select transaction_offset into ahead from identity_incarnation;
    return format('%s:%s:%s', pg_snapshot_xmin(seen)::text::bigint + ahead, pg_snapshot_xmax(seen)::text::bigint + ahead,
        (select string_agg((id::text::bigint + ahead)::text, ',' order by id) from pg_snapshot_xip(seen) id));
end
$$;
CREATE FUNCTION {schema}.identity_is_importing() RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
    select coalesce(current_setting('charthouse.importing', true), '') = 'on' and current_setting('role') = 'none'
$$;
CREATE FUNCTION {schema}.identity_is_same() RETURNS boolean
    LANGUAGE plpgsql STABLE
    SET search_path TO {schema}, 'pg_temp'
    AS $$
begin
    if current_setting('charthouse.server', true) is null or current_setting('charthouse.server', true) = '' then
        perform set_config('charthouse.server', identity_read_server(), false);
    end if;
    return coalesce((
        select relation = tableoid::bigint and timeline = identity_read_timeline()
               and server = current_setting('charthouse.server', true)
          from identity_incarnation
    ), false);
end
$$;
CREATE FUNCTION {schema}.identity_known_callers(names text[], checksums text[]) RETURNS TABLE(kind text, key text, practice bigint, app bigint, api_user bigint, person bigint)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO {schema}, 'pg_temp'
    AS $$
    select 'name', u.username, u.practice_id, null::bigint, u.id, null::bigint
      from identity_apiuser u where u.username = any (names)
    union all
    select 'token', t.token_checksum, u.practice_id, t.application_id, null, t.user_id
      from identity_accesstoken t join identity_user u on u.id = t.user_id where t.token_checksum = any (checksums)
$$;
CREATE FUNCTION {schema}.identity_mark_as_copy() RETURNS void
    LANGUAGE sql
    SET search_path TO {schema}, 'pg_temp'
    AS $$
    update identity_incarnation set server = '';
$$;
CREATE FUNCTION {schema}.identity_may_send() RETURNS boolean
    LANGUAGE plpgsql STABLE
    SET search_path TO {schema}, 'pg_temp'
    AS $$
begin
    return identity_is_same() and (select paused_since is null from identity_incarnation);
end
$$;
CREATE FUNCTION {schema}.identity_read_server() RETURNS text
    LANGUAGE sql
    AS $$
    select system_identifier || '/' || (select oid from pg_database where datname = current_database())
      from pg_control_system()
$$;
CREATE FUNCTION {schema}.identity_read_timeline() RETURNS integer
    LANGUAGE sql
    AS $$
    select ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::integer
$$;
CREATE FUNCTION {schema}.identity_require_same() RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path TO {schema}, 'pg_temp'
    AS $$
begin
    if not identity_is_same() then
        raise exception 'this database was restored, copied or promoted'
            using errcode = 'CH001', hint = 'Start Charthouse, or run charthouse migrate.';
    end if;
end
$$;
CREATE FUNCTION {schema}.identity_transaction_number(id xid8) RETURNS xid8
    LANGUAGE plpgsql STABLE
    SET search_path TO {schema}, 'pg_temp'
    AS $$
begin
    perform identity_require_same();
    return (id::text::bigint + (select transaction_offset from identity_incarnation))::text::xid8;
end
$$;
CREATE FUNCTION {schema}.patients_fold(said text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    AS $$
begin
    return btrim(regexp_replace(replace(replace(replace(translate(
        regexp_replace(lower(normalize(translate(said, U&'\00b4\1fbd\1fbf\1ffd', ''''''''''), NFKD)),
            U&'[\0300-\036f\00ad\200b-\200d\2060\feff]', '', 'g'),
        U&'\00f8\0142\0111\0127\0167\0131\03c2\02b9\02bb\02bc\2018\2019\201b\2032`\2010\2011\2012\2013\2014\2015\2212',
        U&'oldhti\03c3''''''''''''''''-------'),
        U&'\00df', 'ss'), U&'\00e6', 'ae'), U&'\0153', 'oe'), '\s+', ' ', 'g'));
end $$;
CREATE FUNCTION {schema}.patients_index_terms() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO {schema}, 'pg_temp'
    AS $$
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
CREATE TABLE {schema}.patients_patient (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    chart_id character varying(50) NOT NULL COLLATE pg_catalog."C",
    first_name character varying(100) NOT NULL,
    middle_name character varying(100) NOT NULL,
    last_name character varying(100) NOT NULL,
    nick_name character varying(100) NOT NULL,
    date_of_birth date,
    date_of_death date,
    gender character varying(10) NOT NULL,
    pronouns character varying(10) NOT NULL,
    gender_identity character varying(20) NOT NULL,
    social_security_number character varying(20) NOT NULL,
    race character varying(20) NOT NULL,
    race_subcategories jsonb NOT NULL,
    ethnicity character varying(20) NOT NULL,
    preferred_language character varying(10) NOT NULL,
    patient_status character varying(1) NOT NULL,
    is_prospective boolean NOT NULL,
    inactive_date date,
    gender_said character varying(50) NOT NULL,
    timezone character varying(64) NOT NULL,
    patient_payment_profile character varying(30) NOT NULL,
    copay numeric(12,2),
    patient_photo_date date,
    address character varying(500) NOT NULL,
    address2 character varying(500) NOT NULL,
    city character varying(100) NOT NULL,
    state character varying(2) NOT NULL,
    zip_code character varying(20) NOT NULL,
    country character varying(100) NOT NULL,
    email character varying(254) NOT NULL,
    email2 character varying(254) NOT NULL,
    skype_name character varying(100) NOT NULL,
    home_phone character varying(50) NOT NULL,
    cell_phone character varying(50) NOT NULL,
    office_phone character varying(50) NOT NULL,
    phone_other character varying(50) NOT NULL,
    fax_home character varying(50) NOT NULL,
    fax_work character varying(50) NOT NULL,
    disable_sms_messages boolean NOT NULL,
    emergency_contact_name character varying(200) NOT NULL,
    emergency_contact_phone character varying(50) NOT NULL,
    emergency_contact_relation character varying(100) NOT NULL,
    employer character varying(200) NOT NULL,
    employer_address character varying(500) NOT NULL,
    employer_city character varying(100) NOT NULL,
    employer_state character varying(2) NOT NULL,
    employer_zip_code character varying(20) NOT NULL,
    responsible_party_name character varying(200) NOT NULL,
    responsible_party_relation character varying(100) NOT NULL,
    responsible_party_phone character varying(50) NOT NULL,
    responsible_party_email character varying(254) NOT NULL,
    default_pharmacy character varying(20) NOT NULL,
    preferred_pharmacies character varying(20)[] NOT NULL,
    primary_care_physician character varying(200) NOT NULL,
    referring_source character varying(200) NOT NULL,
    medication_history_consent character varying(50) NOT NULL,
    alt_id character varying(100) NOT NULL,
    hint_id character varying(100) NOT NULL,
    active_campaign_id character varying(100) NOT NULL,
    stripe_api_id character varying(100) NOT NULL,
    fullscript_id character varying(100) NOT NULL,
    drivers_license_number character varying(50) NOT NULL,
    drivers_license_state character varying(50) NOT NULL,
    billing_plan character varying(100) NOT NULL,
    billing_dependent character varying(100) NOT NULL,
    group_account character varying(100) NOT NULL,
    dependent_of character varying(100) NOT NULL,
    marketing_email character varying(20) NOT NULL,
    marketing_sms character varying(20) NOT NULL,
    added_by_id bigint,
    doctor_id bigint NOT NULL,
    patient_photo_id bigint,
    practice_id bigint NOT NULL,
    updated_by_id bigint,
    status_before_death character varying(1) NOT NULL,
    email2_folded text GENERATED ALWAYS AS (btrim(regexp_replace(replace(replace(replace(translate(regexp_replace(lower(NORMALIZE(translate((email2)::text, '´᾽᾿´'::text, ''''''''''::text), NFKD)), '[̀-ͯ­​-‍⁠﻿]'::text, ''::text, 'g'::text), 'øłđħŧıςʹʻʼ‘’‛′`‐‑‒–—―−'::text, 'oldhtiσ''''''''''''''''-------'::text), 'ß'::text, 'ss'::text), 'æ'::text, 'ae'::text), 'œ'::text, 'oe'::text), '\s+'::text, ' '::text, 'g'::text))) STORED,
    email_folded text GENERATED ALWAYS AS (btrim(regexp_replace(replace(replace(replace(translate(regexp_replace(lower(NORMALIZE(translate((email)::text, '´᾽᾿´'::text, ''''''''''::text), NFKD)), '[̀-ͯ­​-‍⁠﻿]'::text, ''::text, 'g'::text), 'øłđħŧıςʹʻʼ‘’‛′`‐‑‒–—―−'::text, 'oldhtiσ''''''''''''''''-------'::text), 'ß'::text, 'ss'::text), 'æ'::text, 'ae'::text), 'œ'::text, 'oe'::text), '\s+'::text, ' '::text, 'g'::text))) STORED,
    first_name_folded text GENERATED ALWAYS AS (btrim(regexp_replace(replace(replace(replace(translate(regexp_replace(lower(NORMALIZE(translate((first_name)::text, '´᾽᾿´'::text, ''''''''''::text), NFKD)), '[̀-ͯ­​-‍⁠﻿]'::text, ''::text, 'g'::text), 'øłđħŧıςʹʻʼ‘’‛′`‐‑‒–—―−'::text, 'oldhtiσ''''''''''''''''-------'::text), 'ß'::text, 'ss'::text), 'æ'::text, 'ae'::text), 'œ'::text, 'oe'::text), '\s+'::text, ' '::text, 'g'::text))) STORED,
    last_name_folded text GENERATED ALWAYS AS (btrim(regexp_replace(replace(replace(replace(translate(regexp_replace(lower(NORMALIZE(translate((last_name)::text, '´᾽᾿´'::text, ''''''''''::text), NFKD)), '[̀-ͯ­​-‍⁠﻿]'::text, ''::text, 'g'::text), 'øłđħŧıςʹʻʼ‘’‛′`‐‑‒–—―−'::text, 'oldhtiσ''''''''''''''''-------'::text), 'ß'::text, 'ss'::text), 'æ'::text, 'ae'::text), 'œ'::text, 'oe'::text), '\s+'::text, ' '::text, 'g'::text))) STORED,
    CONSTRAINT patient_deceased_if_dated CHECK (((date_of_death IS NULL) OR ((patient_status)::text = 'D'::text)))
);
CREATE FUNCTION {schema}.patients_list_terms(patient {schema}.patients_patient) RETURNS text[]
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    AS $_$
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
end $_$;
CREATE FUNCTION {schema}.patients_note_names(practice bigint, names text[]) RETURNS void
    LANGUAGE sql
    AS $$
    insert into patients_namepart (practice_id, part, name)
        select practice, substr(noted, i), noted
          from unnest(names) noted, generate_series(1, greatest(1, length(noted))) i
         where not exists (
             select from patients_namepart n where n.practice_id = practice and n.part = noted and n.name = noted)
        on conflict do nothing
$$;
CREATE FUNCTION {schema}.patients_settle_death() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
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
CREATE FUNCTION {schema}.patients_split_words(folded text) RETURNS text[]
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    AS $$
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
CREATE FUNCTION {schema}.patients_stop_messages() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    update post_outgoing
       set failed_at = new.updated_at, updated_at = new.updated_at,
           error = case when new.archived then 'The patient was deleted.' else 'The patient has died.' end
     where practice_id = new.practice_id and patient_id = new.id and sent_at is null and failed_at is null;
    return null;
end $$;
CREATE FUNCTION {schema}.portal_practices(name text, most integer) RETURNS TABLE(practice bigint)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO {schema}, 'pg_temp'
    AS $$
    select practice_id from patients_portalaccess
    where username = name and username <> '' and activated_on is not null and disabled_on is null and not archived
    order by practice_id limit most
$$;
CREATE FUNCTION {schema}.post_due(at timestamp with time zone) RETURNS TABLE(practice bigint, message bigint)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO {schema}, 'pg_temp'
    AS $$
    select practice_id, id from post_outgoing
    where sent_at is null and failed_at is null and not archived and next_try <= at order by next_try limit 1000
$$;
CREATE FUNCTION {schema}.procrastinate_cancel_job_v1(job_id bigint, abort boolean, delete_job boolean) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
DECLARE
    _job_id bigint;
BEGIN
    IF delete_job THEN
        DELETE FROM procrastinate_jobs
        WHERE id = job_id AND status = 'todo'
        RETURNING id INTO _job_id;
    END IF;
    IF _job_id IS NULL THEN
        IF abort THEN
            UPDATE procrastinate_jobs
            SET abort_requested = true,
                status = CASE status
                    WHEN 'todo' THEN 'cancelled'::procrastinate_job_status ELSE status
                END
            WHERE id = job_id AND status IN ('todo', 'doing')
            RETURNING id INTO _job_id;
        ELSE
            UPDATE procrastinate_jobs
            SET status = 'cancelled'::procrastinate_job_status
            WHERE id = job_id AND status = 'todo'
            RETURNING id INTO _job_id;
        END IF;
    END IF;
    RETURN _job_id;
END;
$$;
CREATE FUNCTION {schema}.procrastinate_defer_jobs_v1(jobs {schema}.procrastinate_job_to_defer_v1[]) RETURNS bigint[]
    LANGUAGE plpgsql
    AS $$
DECLARE
    job_ids bigint[];
BEGIN
    WITH inserted_jobs AS (
        INSERT INTO procrastinate_jobs (queue_name, task_name, priority, lock, queueing_lock, args, scheduled_at)
        SELECT (job).queue_name,
               (job).task_name,
               (job).priority,
               (job).lock,
               (job).queueing_lock,
               (job).args,
               (job).scheduled_at
        FROM unnest(jobs) AS job
        RETURNING id
    )
    SELECT array_agg(id) FROM inserted_jobs INTO job_ids;
    RETURN job_ids;
END;
$$;
CREATE FUNCTION {schema}.procrastinate_defer_periodic_job_v2(_queue_name character varying, _lock character varying, _queueing_lock character varying, _task_name character varying, _priority integer, _periodic_id character varying, _defer_timestamp bigint, _args jsonb) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
DECLARE
	_job_id bigint;
	_defer_id bigint;
BEGIN
    INSERT
        INTO procrastinate_periodic_defers (task_name, periodic_id, defer_timestamp)
        VALUES (_task_name, _periodic_id, _defer_timestamp)
        ON CONFLICT DO NOTHING
        RETURNING id into _defer_id;
    IF _defer_id IS NULL THEN
        RETURN NULL;
    END IF;
    UPDATE procrastinate_periodic_defers
        SET job_id = (
            SELECT COALESCE((
                SELECT unnest(procrastinate_defer_jobs_v1(
                    ARRAY[
                        ROW(
                            _queue_name,
                            _task_name,
                            _priority,
                            _lock,
                            _queueing_lock,
                            _args,
                            NULL::timestamptz
                        )
                    ]::procrastinate_job_to_defer_v1[]
                ))
            ), NULL)
        )
        WHERE id = _defer_id
        RETURNING job_id INTO _job_id;
    DELETE
        FROM procrastinate_periodic_defers
        USING (
            SELECT id
            FROM procrastinate_periodic_defers
            WHERE procrastinate_periodic_defers.task_name = _task_name
            AND procrastinate_periodic_defers.periodic_id = _periodic_id
            AND procrastinate_periodic_defers.defer_timestamp < _defer_timestamp
            ORDER BY id
            FOR UPDATE
        ) to_delete
        WHERE procrastinate_periodic_defers.id = to_delete.id;
    RETURN _job_id;
END;
$$;
CREATE TABLE {schema}.procrastinate_jobs (
    id bigint NOT NULL,
    queue_name character varying(128) NOT NULL,
    task_name character varying(128) NOT NULL,
    lock text,
    args jsonb DEFAULT '{}'::jsonb NOT NULL,
    status {schema}.procrastinate_job_status DEFAULT 'todo'::{schema}.procrastinate_job_status NOT NULL,
    scheduled_at timestamp with time zone,
    attempts integer DEFAULT 0 NOT NULL,
    queueing_lock text,
    priority integer DEFAULT 0 NOT NULL,
    abort_requested boolean DEFAULT false NOT NULL,
    worker_id bigint,
    CONSTRAINT check_not_todo_abort_requested CHECK ((NOT ((status = 'todo'::{schema}.procrastinate_job_status) AND (abort_requested = true))))
);
CREATE FUNCTION {schema}.procrastinate_fetch_job_v2(target_queue_names character varying[], p_worker_id bigint) RETURNS {schema}.procrastinate_jobs
    LANGUAGE plpgsql
    AS $$
DECLARE
	found_jobs procrastinate_jobs;
BEGIN
    WITH candidate AS (
        SELECT jobs.*
            FROM procrastinate_jobs AS jobs
            WHERE
                -- reject the job if its lock has earlier or higher priority jobs
                NOT EXISTS (
                    SELECT 1
                        FROM procrastinate_jobs AS other_jobs
                        WHERE
                            jobs.lock IS NOT NULL
                            AND other_jobs.lock = jobs.lock
                            AND (
                                -- job with same lock is already running
                                other_jobs.status = 'doing'
                                OR
                                -- job with same lock is waiting and has higher priority (or same priority but was queued first)
                                (
                                    other_jobs.status = 'todo'
                                    AND (
                                        other_jobs.priority > jobs.priority
                                        OR (
                                        other_jobs.priority = jobs.priority
                                        AND other_jobs.id < jobs.id
                                        )
                                    )
                                )
                            )
                )
                AND jobs.status = 'todo'
                AND (target_queue_names IS NULL OR jobs.queue_name = ANY( target_queue_names ))
                AND (jobs.scheduled_at IS NULL OR jobs.scheduled_at <= now())
            ORDER BY jobs.priority DESC, jobs.id ASC LIMIT 1
            FOR UPDATE OF jobs SKIP LOCKED
    )
    UPDATE procrastinate_jobs
        SET status = 'doing', worker_id = p_worker_id
        FROM candidate
        WHERE procrastinate_jobs.id = candidate.id
        RETURNING procrastinate_jobs.* INTO found_jobs;
 RETURN found_jobs;
END;
$$;
CREATE FUNCTION {schema}.procrastinate_finish_job_v1(job_id bigint, end_status {schema}.procrastinate_job_status, delete_job boolean) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    _job_id bigint;
BEGIN
    IF end_status NOT IN ('succeeded', 'failed', 'aborted') THEN
        RAISE 'End status should be either "succeeded", "failed" or "aborted" (job id: %)', job_id;
    END IF;
    IF delete_job THEN
        DELETE FROM procrastinate_jobs
        WHERE id = job_id AND status IN ('todo', 'doing')
        RETURNING id INTO _job_id;
    ELSE
        UPDATE procrastinate_jobs
        SET status = end_status,
            abort_requested = false,
            attempts = CASE status
                WHEN 'doing' THEN attempts + 1 ELSE attempts
            END
        WHERE id = job_id AND status IN ('todo', 'doing')
        RETURNING id INTO _job_id;
    END IF;
    IF _job_id IS NULL THEN
        RAISE 'Job was not found or not in "doing" or "todo" status (job id: %)', job_id;
    END IF;
END;
$$;
CREATE FUNCTION {schema}.procrastinate_notify_queue_abort_job_v1() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    payload TEXT;
BEGIN
    SELECT json_build_object('type', 'abort_job_requested', 'job_id', NEW.id)::text INTO payload;
	PERFORM pg_notify('procrastinate_queue_v1#' || NEW.queue_name, payload);
	PERFORM pg_notify('procrastinate_any_queue_v1', payload);
	RETURN NEW;
END;
$$;
CREATE FUNCTION {schema}.procrastinate_notify_queue_job_inserted_v1() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    payload TEXT;
BEGIN
    SELECT json_build_object('type', 'job_inserted', 'job_id', NEW.id)::text INTO payload;
	PERFORM pg_notify('procrastinate_queue_v1#' || NEW.queue_name, payload);
	PERFORM pg_notify('procrastinate_any_queue_v1', payload);
	RETURN NEW;
END;
$$;
CREATE FUNCTION {schema}.procrastinate_prune_stalled_workers_v1(seconds_since_heartbeat double precision) RETURNS TABLE(worker_id bigint)
    LANGUAGE plpgsql
    AS $$
BEGIN
    RETURN QUERY
    DELETE FROM procrastinate_workers
    WHERE last_heartbeat < NOW() - (seconds_since_heartbeat || 'SECOND')::INTERVAL
    RETURNING procrastinate_workers.id;
END;
$$;
CREATE FUNCTION {schema}.procrastinate_register_worker_v1() RETURNS TABLE(worker_id bigint)
    LANGUAGE plpgsql
    AS $$
BEGIN
    RETURN QUERY
    INSERT INTO procrastinate_workers DEFAULT VALUES
    RETURNING procrastinate_workers.id;
END;
$$;
CREATE FUNCTION {schema}.procrastinate_retry_job_v1(job_id bigint, retry_at timestamp with time zone, new_priority integer, new_queue_name character varying, new_lock character varying) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    _job_id bigint;
    _abort_requested boolean;
BEGIN
    SELECT abort_requested FROM procrastinate_jobs
    WHERE id = job_id AND status = 'doing'
    FOR UPDATE
    INTO _abort_requested;
    IF _abort_requested THEN
        UPDATE procrastinate_jobs
        SET status = 'failed'::procrastinate_job_status
        WHERE id = job_id AND status = 'doing'
        RETURNING id INTO _job_id;
    ELSE
        UPDATE procrastinate_jobs
        SET status = 'todo'::procrastinate_job_status,
            attempts = attempts + 1,
            scheduled_at = retry_at,
            priority = COALESCE(new_priority, priority),
            queue_name = COALESCE(new_queue_name, queue_name),
            lock = COALESCE(new_lock, lock)
        WHERE id = job_id AND status = 'doing'
        RETURNING id INTO _job_id;
    END IF;
    IF _job_id IS NULL THEN
        RAISE 'Job was not found or not in "doing" status (job id: %)', job_id;
    END IF;
END;
$$;
CREATE FUNCTION {schema}.procrastinate_retry_job_v2(job_id bigint, retry_at timestamp with time zone, new_priority integer, new_queue_name character varying, new_lock character varying) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    _job_id bigint;
    _abort_requested boolean;
    _current_status procrastinate_job_status;
BEGIN
    SELECT status, abort_requested FROM procrastinate_jobs
    WHERE id = job_id AND status IN ('doing', 'failed')
    FOR UPDATE
    INTO _current_status, _abort_requested;
    IF _current_status = 'doing' AND _abort_requested THEN
        UPDATE procrastinate_jobs
        SET status = 'failed'::procrastinate_job_status
        WHERE id = job_id AND status = 'doing'
        RETURNING id INTO _job_id;
    ELSE
        UPDATE procrastinate_jobs
        SET status = 'todo'::procrastinate_job_status,
            attempts = attempts + 1,
            scheduled_at = retry_at,
            priority = COALESCE(new_priority, priority),
            queue_name = COALESCE(new_queue_name, queue_name),
            lock = COALESCE(new_lock, lock)
        WHERE id = job_id AND status IN ('doing', 'failed')
        RETURNING id INTO _job_id;
    END IF;
    IF _job_id IS NULL THEN
        RAISE 'Job was not found or has an invalid status to retry (job id: %)', job_id;
    END IF;
END;
$$;
CREATE FUNCTION {schema}.procrastinate_trigger_abort_requested_events_procedure_v1() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO procrastinate_events(job_id, type)
        VALUES (NEW.id, 'abort_requested'::procrastinate_job_event_type);
    RETURN NEW;
END;
$$;
CREATE FUNCTION {schema}.procrastinate_trigger_function_scheduled_events_v1() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO procrastinate_events(job_id, type, at)
        VALUES (NEW.id, 'scheduled'::procrastinate_job_event_type, NEW.scheduled_at);
	RETURN NEW;
END;
$$;
CREATE FUNCTION {schema}.procrastinate_trigger_function_status_events_insert_v1() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO procrastinate_events(job_id, type)
        VALUES (NEW.id, 'deferred'::procrastinate_job_event_type);
	RETURN NEW;
END;
$$;
CREATE FUNCTION {schema}.procrastinate_trigger_function_status_events_update_v1() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    WITH t AS (
        SELECT CASE
            WHEN OLD.status = 'todo'::procrastinate_job_status
                AND NEW.status = 'doing'::procrastinate_job_status
                THEN 'started'::procrastinate_job_event_type
            WHEN OLD.status = 'doing'::procrastinate_job_status
                AND NEW.status = 'todo'::procrastinate_job_status
                THEN 'deferred_for_retry'::procrastinate_job_event_type
            WHEN OLD.status = 'doing'::procrastinate_job_status
                AND NEW.status = 'failed'::procrastinate_job_status
                THEN 'failed'::procrastinate_job_event_type
            WHEN OLD.status = 'doing'::procrastinate_job_status
                AND NEW.status = 'succeeded'::procrastinate_job_status
                THEN 'succeeded'::procrastinate_job_event_type
            WHEN OLD.status = 'todo'::procrastinate_job_status
                AND (
                    NEW.status = 'cancelled'::procrastinate_job_status
                    OR NEW.status = 'failed'::procrastinate_job_status
                    OR NEW.status = 'succeeded'::procrastinate_job_status
                )
                THEN 'cancelled'::procrastinate_job_event_type
            WHEN OLD.status = 'doing'::procrastinate_job_status
                AND NEW.status = 'aborted'::procrastinate_job_status
                THEN 'aborted'::procrastinate_job_event_type
            WHEN OLD.status = 'failed'::procrastinate_job_status
                AND NEW.status = 'todo'::procrastinate_job_status
                THEN 'retried'::procrastinate_job_event_type
            ELSE NULL
        END as event_type
    )
    INSERT INTO procrastinate_events(job_id, type)
        SELECT NEW.id, t.event_type
        FROM t
        WHERE t.event_type IS NOT NULL;
	RETURN NEW;
END;
$$;
CREATE FUNCTION {schema}.procrastinate_unlink_periodic_defers_v1() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    UPDATE procrastinate_periodic_defers
    SET job_id = NULL
    WHERE job_id = OLD.id;
    RETURN OLD;
END;
$$;
CREATE FUNCTION {schema}.procrastinate_unregister_worker_v1(worker_id bigint) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    DELETE FROM procrastinate_workers
    WHERE id = worker_id;
END;
$$;
CREATE FUNCTION {schema}.procrastinate_update_heartbeat_v1(worker_id bigint) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    UPDATE procrastinate_workers
    SET last_heartbeat = NOW()
    WHERE id = worker_id;
END;
$$;
CREATE FUNCTION {schema}.scheduling_reminders_due(at timestamp with time zone) RETURNS TABLE(practice bigint, reminder bigint)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO {schema}, 'pg_temp'
    AS $$
    select r.practice_id, r.id from scheduling_reminder r
    where r.sent_at is null and not r.archived and r.type in ('email', 'sms')
        and r.scheduled_time > at - interval '1 day' and r.scheduled_time <= at
        and exists (
            select from scheduling_appointment a
            where a.practice_id = r.practice_id and a.id = r.appointment_id and not a.archived
                and a.scheduled_time > at and a.status not in ('Cancelled', 'Rescheduled', 'No Show')
        )
    order by r.scheduled_time limit 1000
$$;
CREATE FUNCTION {schema}.tasks_drop_items() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO {schema}, 'pg_temp'
    AS $$
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
ALTER TABLE {schema}.audit_apicall ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.audit_apicall_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.audit_bodies (
    id bigint NOT NULL,
    practice_id bigint NOT NULL,
    app_id bigint NOT NULL,
    request uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    asked text NOT NULL,
    answered text NOT NULL
);
ALTER TABLE {schema}.audit_bodies ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.audit_bodies_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.audit_capture (
    app_id bigint NOT NULL,
    until timestamp with time zone NOT NULL
);
CREATE TABLE {schema}.audit_event (
    id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    practice_id bigint,
    user_id bigint,
    app_id bigint,
    api_user_id bigint,
    patient_id bigint,
    ip character varying(45) NOT NULL,
    what character varying(40) NOT NULL,
    details jsonb NOT NULL
);
ALTER TABLE {schema}.audit_event ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.audit_event_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.audit_mark (
    "table" character varying(60) NOT NULL,
    sealed bigint NOT NULL,
    settled bigint NOT NULL,
    seen bigint NOT NULL,
    xact bigint NOT NULL,
    swept bigint NOT NULL
);
CREATE TABLE {schema}.audit_seal (
    id bigint NOT NULL,
    practice_id bigint NOT NULL,
    number bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    form smallint NOT NULL,
    parts jsonb NOT NULL,
    previous character varying(64) NOT NULL,
    link character varying(64) NOT NULL,
    key_id character varying(16) NOT NULL
);
ALTER TABLE {schema}.audit_seal ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.audit_seal_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.auth_group (
    id integer NOT NULL,
    name character varying(150) NOT NULL
);
ALTER TABLE {schema}.auth_group ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.auth_group_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.auth_group_permissions (
    id bigint NOT NULL,
    group_id integer NOT NULL,
    permission_id integer NOT NULL
);
ALTER TABLE {schema}.auth_group_permissions ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.auth_group_permissions_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.auth_permission (
    id integer NOT NULL,
    name character varying(255) NOT NULL,
    content_type_id integer NOT NULL,
    codename character varying(100) NOT NULL
);
ALTER TABLE {schema}.auth_permission ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.auth_permission_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.axes_accessattempt (
    id integer NOT NULL,
    user_agent character varying(255) NOT NULL,
    ip_address inet,
    username character varying(255),
    http_accept character varying(1025) NOT NULL,
    path_info character varying(255) NOT NULL,
    attempt_time timestamp with time zone NOT NULL,
    get_data text NOT NULL,
    post_data text NOT NULL,
    failures_since_start integer NOT NULL,
    CONSTRAINT axes_accessattempt_failures_since_start_check CHECK ((failures_since_start >= 0))
);
ALTER TABLE {schema}.axes_accessattempt ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.axes_accessattempt_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.axes_accessattemptexpiration (
    access_attempt_id integer NOT NULL,
    expires_at timestamp with time zone NOT NULL
);
CREATE TABLE {schema}.axes_accessfailurelog (
    id integer NOT NULL,
    user_agent character varying(255) NOT NULL,
    ip_address inet,
    username character varying(255),
    http_accept character varying(1025) NOT NULL,
    path_info character varying(255) NOT NULL,
    attempt_time timestamp with time zone NOT NULL,
    locked_out boolean NOT NULL
);
ALTER TABLE {schema}.axes_accessfailurelog ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.axes_accessfailurelog_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.axes_accesslog (
    id integer NOT NULL,
    user_agent character varying(255) NOT NULL,
    ip_address inet,
    username character varying(255),
    http_accept character varying(1025) NOT NULL,
    path_info character varying(255) NOT NULL,
    attempt_time timestamp with time zone NOT NULL,
    logout_time timestamp with time zone,
    session_hash character varying(64) NOT NULL
);
ALTER TABLE {schema}.axes_accesslog ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.axes_accesslog_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.backup_run (
    id bigint NOT NULL,
    kind character varying(20) NOT NULL,
    backup character varying(100) NOT NULL,
    started_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone NOT NULL,
    ok boolean NOT NULL,
    detail text NOT NULL,
    bytes bigint NOT NULL,
    line character varying(100) NOT NULL
);
ALTER TABLE {schema}.backup_run ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.backup_run_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.backup_stream (
    id smallint NOT NULL,
    line character varying(100) NOT NULL,
    stored_until timestamp with time zone NOT NULL,
    "position" character varying(20) NOT NULL,
    error text NOT NULL
);
CREATE TABLE {schema}.billing_billingprofile (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    name character varying(200) NOT NULL,
    cpt_codes jsonb NOT NULL,
    hcpcs_codes jsonb NOT NULL,
    custom_procedure_codes jsonb NOT NULL,
    icd9_codes character varying(20)[] NOT NULL,
    icd10_codes character varying(20)[] NOT NULL,
    doctor_id bigint NOT NULL,
    practice_id bigint NOT NULL
);
ALTER TABLE {schema}.billing_billingprofile ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.billing_billingprofile_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.billing_charge (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    name character varying(200) NOT NULL,
    notes text NOT NULL,
    additional_details text NOT NULL,
    amount numeric(12,2) NOT NULL,
    quantity numeric(12,2) NOT NULL,
    discount_multiplier numeric(5,4) NOT NULL,
    transaction_date date NOT NULL,
    add_to_insurance_claim boolean NOT NULL,
    amt_billed_to_insurance numeric(12,2),
    amt_paid_by_insurance numeric(12,2),
    cpt_code character varying(20) NOT NULL,
    cpt_modifiers character varying(50) NOT NULL,
    amt_written_off numeric(12,2),
    voided_at timestamp with time zone,
    period integer,
    added_by_id bigint,
    encounter_id bigint,
    office_id bigint,
    owner_id bigint,
    patient_id bigint NOT NULL,
    practice_id bigint NOT NULL,
    updated_by_id bigint,
    definition_id bigint,
    subscription_id bigint,
    CONSTRAINT billing_charge_period_check CHECK ((period >= 0)),
    CONSTRAINT charge_amounts CHECK (((amount >= (0)::numeric) AND (discount_multiplier >= (0)::numeric) AND (discount_multiplier <= (1)::numeric) AND (quantity > (0)::numeric)))
);
ALTER TABLE {schema}.billing_charge ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.billing_charge_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.billing_chargedefinition (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    name character varying(200) NOT NULL,
    name_for_pt_portal character varying(200) NOT NULL,
    nicknames character varying(100)[] NOT NULL,
    description text NOT NULL,
    category character varying(100) NOT NULL,
    cpt_code character varying(20) NOT NULL,
    barcode_upc character varying(50) NOT NULL,
    retail numeric(12,2) NOT NULL,
    wholesale numeric(12,2) NOT NULL,
    tax_rate numeric(6,3),
    minutes integer,
    is_special boolean NOT NULL,
    is_supply boolean NOT NULL,
    is_taxable boolean NOT NULL,
    inactive boolean NOT NULL,
    add_to_insurance_claims boolean NOT NULL,
    added_by_id bigint,
    practice_id bigint NOT NULL,
    updated_by_id bigint,
    CONSTRAINT billing_chargedefinition_minutes_check CHECK ((minutes >= 0)),
    CONSTRAINT definition_prices CHECK (((retail >= (0)::numeric) AND (wholesale >= (0)::numeric)))
);
ALTER TABLE {schema}.billing_chargedefinition ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.billing_chargedefinition_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.billing_eligibilitycheck (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    cob_level character varying(20) NOT NULL,
    payer_name character varying(200) NOT NULL,
    eligibility character varying(2) NOT NULL,
    request_service_type character varying(3) NOT NULL,
    query_date timestamp with time zone,
    coverage_subscriber jsonb NOT NULL,
    coverage_details jsonb NOT NULL,
    appointment_id bigint,
    doctor_id bigint NOT NULL,
    patient_id bigint NOT NULL,
    practice_id bigint NOT NULL
);
ALTER TABLE {schema}.billing_eligibilitycheck ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.billing_eligibilitycheck_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.billing_estimate (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    name character varying(200) NOT NULL,
    notes text NOT NULL,
    additional_details text NOT NULL,
    amount numeric(12,2) NOT NULL,
    quantity numeric(12,2) NOT NULL,
    discount_multiplier numeric(5,4) NOT NULL,
    transaction_date date NOT NULL,
    add_to_insurance_claim boolean NOT NULL,
    amt_billed_to_insurance numeric(12,2),
    amt_paid_by_insurance numeric(12,2),
    cpt_code character varying(20) NOT NULL,
    cpt_modifiers character varying(50) NOT NULL,
    date_paid_by_insurance date,
    justifying_diagnoses character varying(20)[] NOT NULL,
    which_insurance_to_bill character varying(10) NOT NULL,
    expiration_date date,
    added_by_id bigint,
    converted_id bigint,
    definition_id bigint,
    encounter_id bigint,
    office_id bigint,
    owner_id bigint,
    patient_id bigint NOT NULL,
    practice_id bigint NOT NULL,
    updated_by_id bigint,
    CONSTRAINT estimate_amounts CHECK (((amount >= (0)::numeric) AND (discount_multiplier >= (0)::numeric) AND (discount_multiplier <= (1)::numeric) AND (quantity > (0)::numeric)))
);
ALTER TABLE {schema}.billing_estimate ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.billing_estimate_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.billing_feeschedule (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    payer_id character varying(50) NOT NULL,
    plan_name character varying(200) NOT NULL,
    assignee_type character varying(10) NOT NULL,
    assignees bigint[] NOT NULL,
    specialities character varying(100)[] NOT NULL,
    effective_date date,
    ineffective_date date,
    doctor_id bigint NOT NULL,
    practice_id bigint NOT NULL
);
ALTER TABLE {schema}.billing_feeschedule ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.billing_feeschedule_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.billing_feescheduleitem (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    code character varying(20) NOT NULL,
    code_type character varying(10) NOT NULL,
    cpt_hcpcs_modifier1 character varying(5) NOT NULL,
    cpt_hcpcs_modifier2 character varying(5) NOT NULL,
    cpt_hcpcs_modifier3 character varying(5) NOT NULL,
    cpt_hcpcs_modifier4 character varying(5) NOT NULL,
    ndc_code character varying(20) NOT NULL,
    ndc_quantity numeric(12,2),
    ndc_units character varying(2) NOT NULL,
    base_price numeric(12,2) NOT NULL,
    insured_price numeric(12,2) NOT NULL,
    cash_price numeric(12,2) NOT NULL,
    insured_out_of_network_price numeric(12,2),
    allowed_amount numeric(12,2) NOT NULL,
    billing_description character varying(500) NOT NULL,
    description character varying(500) NOT NULL,
    picklist_category character varying(100) NOT NULL,
    office_id bigint,
    practice_id bigint NOT NULL,
    schedule_id bigint NOT NULL
);
ALTER TABLE {schema}.billing_feescheduleitem ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.billing_feescheduleitem_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.billing_invoice (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    date date NOT NULL,
    due_date date,
    voided_at timestamp with time zone,
    added_by_id bigint,
    patient_id bigint NOT NULL,
    practice_id bigint NOT NULL,
    updated_by_id bigint
);
ALTER TABLE {schema}.billing_invoice ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.billing_invoice_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.billing_invoiceline (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    released boolean NOT NULL,
    charge_id bigint NOT NULL,
    invoice_id bigint NOT NULL,
    practice_id bigint NOT NULL
);
ALTER TABLE {schema}.billing_invoiceline ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.billing_invoiceline_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.billing_invoicepayment (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    amount numeric(12,2) NOT NULL,
    date date NOT NULL,
    method character varying(4) NOT NULL,
    reference character varying(100) NOT NULL,
    added_by_id bigint,
    invoice_id bigint NOT NULL,
    practice_id bigint NOT NULL,
    updated_by_id bigint,
    CONSTRAINT invoice_payment_amount CHECK ((amount > (0)::numeric))
);
ALTER TABLE {schema}.billing_invoicepayment ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.billing_invoicepayment_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.billing_lineitem (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    code character varying(20) NOT NULL,
    procedure_type character varying(1) NOT NULL,
    modifiers character varying(5)[] NOT NULL,
    diagnosis_pointers smallint[] NOT NULL,
    price numeric(12,2) NOT NULL,
    quantity numeric(12,2) NOT NULL,
    units character varying(2) NOT NULL,
    billed numeric(12,2),
    allowed numeric(12,2),
    expected_reimbursement numeric(12,2),
    self_pay boolean NOT NULL,
    service_date date,
    description character varying(500) NOT NULL,
    billing_status character varying(50) NOT NULL,
    insurance_status character varying(100) NOT NULL,
    deleted_at timestamp with time zone,
    appointment_id bigint NOT NULL,
    doctor_id bigint NOT NULL,
    patient_id bigint NOT NULL,
    practice_id bigint NOT NULL
);
ALTER TABLE {schema}.billing_lineitem ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.billing_lineitem_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.billing_patientauthorization (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    auth_number character varying(50) NOT NULL,
    status character varying(50) NOT NULL,
    specialty character varying(100) NOT NULL,
    start_date date,
    end_date date,
    number_of_visits integer,
    visits_used integer NOT NULL,
    procedure_codes jsonb NOT NULL,
    notes text NOT NULL,
    doctor_id bigint NOT NULL,
    patient_id bigint NOT NULL,
    practice_id bigint NOT NULL,
    CONSTRAINT billing_patientauthorization_number_of_visits_check CHECK ((number_of_visits >= 0)),
    CONSTRAINT billing_patientauthorization_visits_used_check CHECK ((visits_used >= 0))
);
ALTER TABLE {schema}.billing_patientauthorization ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.billing_patientauthorization_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.billing_patientpayment (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    amount numeric(12,2) NOT NULL,
    payment_method character varying(4) NOT NULL,
    payment_transaction_type character varying(6) NOT NULL,
    received_date date,
    posted_date date NOT NULL,
    trace_number character varying(100) NOT NULL,
    notes text NOT NULL,
    appointment_id bigint,
    created_by_id bigint,
    doctor_id bigint NOT NULL,
    line_item_id bigint,
    patient_id bigint NOT NULL,
    practice_id bigint NOT NULL,
    CONSTRAINT payment_not_zero CHECK ((NOT (amount = (0)::numeric))),
    CONSTRAINT refund_negative CHECK (((NOT ((payment_transaction_type)::text = 'REF'::text)) OR (amount < (0)::numeric)))
);
ALTER TABLE {schema}.billing_patientpayment ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.billing_patientpayment_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.billing_paymentlogentry (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    amount numeric(12,2) NOT NULL,
    payment_method character varying(4) NOT NULL,
    action character varying(1) NOT NULL,
    source character varying(50) NOT NULL,
    appointment_id bigint,
    created_by_id bigint,
    doctor_id bigint NOT NULL,
    patient_id bigint NOT NULL,
    payment_id bigint NOT NULL,
    practice_id bigint NOT NULL
);
ALTER TABLE {schema}.billing_paymentlogentry ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.billing_paymentlogentry_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.billing_remittance (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    insurance_payer_name character varying(200) NOT NULL,
    insurance_payer_id character varying(50) NOT NULL,
    insurance_payer_trace_number character varying(50) NOT NULL,
    payment_method character varying(6) NOT NULL,
    total_paid numeric(12,2),
    check_date date,
    deposit_date date,
    posted_date date,
    doctor_id bigint NOT NULL,
    practice_id bigint NOT NULL,
    scanned_eob_id bigint
);
ALTER TABLE {schema}.billing_remittance ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.billing_remittance_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.billing_subscription (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    schedule_frequency character varying(8) NOT NULL,
    amount numeric(12,2) NOT NULL,
    start_date date NOT NULL,
    end_date date,
    billed integer NOT NULL,
    added_by_id bigint,
    definition_id bigint NOT NULL,
    owner_id bigint,
    patient_id bigint NOT NULL,
    practice_id bigint NOT NULL,
    updated_by_id bigint,
    CONSTRAINT billing_subscription_billed_check CHECK ((billed >= 0)),
    CONSTRAINT subscription_amount CHECK ((amount >= (0)::numeric))
);
ALTER TABLE {schema}.billing_subscription ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.billing_subscription_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.billing_transaction (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    ins_name smallint NOT NULL,
    ins_paid numeric(12,2) NOT NULL,
    adjustment numeric(12,2) NOT NULL,
    adjustment_group_code character varying(2) NOT NULL,
    adjustment_reason character varying(5) NOT NULL,
    claim_status character varying(2) NOT NULL,
    check_date date,
    trace_number character varying(50) NOT NULL,
    line_item_id bigint NOT NULL,
    practice_id bigint NOT NULL,
    remittance_id bigint,
    patient_id bigint,
    CONSTRAINT billing_transaction_ins_name_check CHECK ((ins_name >= 0)),
    CONSTRAINT transaction_insurer CHECK ((ins_name = ANY (ARRAY[1, 2, 3])))
);
ALTER TABLE {schema}.billing_transaction ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.billing_transaction_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.changes_change (
    id bigint NOT NULL,
    practice_id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    txid xid8 NOT NULL,
    table_name text NOT NULL,
    row_id bigint NOT NULL,
    operation text NOT NULL,
    before jsonb,
    after jsonb,
    user_id bigint,
    app_id bigint,
    api_user_id bigint,
    request uuid
)
PARTITION BY RANGE (at);
ALTER TABLE {schema}.changes_change ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME {schema}.changes_change_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.changes_change_rest (
    id bigint CONSTRAINT changes_change_id_not_null NOT NULL,
    practice_id bigint CONSTRAINT changes_change_practice_id_not_null NOT NULL,
    at timestamp with time zone CONSTRAINT changes_change_at_not_null NOT NULL,
    txid xid8 CONSTRAINT changes_change_txid_not_null NOT NULL,
    table_name text CONSTRAINT changes_change_table_name_not_null NOT NULL,
    row_id bigint CONSTRAINT changes_change_row_id_not_null NOT NULL,
    operation text CONSTRAINT changes_change_operation_not_null NOT NULL,
    before jsonb,
    after jsonb,
    user_id bigint,
    app_id bigint,
    api_user_id bigint,
    request uuid
);
CREATE TABLE {schema}.changes_clockoffset (
    id smallint NOT NULL,
    ahead interval NOT NULL,
    CONSTRAINT one_clock CHECK ((id = 1))
);
CREATE TABLE {schema}.changes_delivery (
    id bigint NOT NULL,
    practice_id bigint NOT NULL,
    event character varying(40) NOT NULL,
    row_id bigint,
    txid bigint,
    user_id bigint,
    body bytea NOT NULL,
    at timestamp with time zone NOT NULL,
    next_try timestamp with time zone,
    leased_until timestamp with time zone,
    by_hand boolean NOT NULL,
    delivered_at timestamp with time zone,
    attempts jsonb NOT NULL,
    webhook_id bigint NOT NULL,
    table_name character varying(63)
);
ALTER TABLE {schema}.changes_delivery ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.changes_delivery_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.changes_edge (
    id bigint NOT NULL,
    practice_id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    snapshot text NOT NULL,
    early boolean NOT NULL,
    former text
);
ALTER TABLE {schema}.changes_edge ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.changes_edge_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.changes_reader (
    name character varying(40) NOT NULL,
    txid bigint NOT NULL,
    change_id bigint NOT NULL
);
CREATE TABLE {schema}.changes_subscription (
    id bigint NOT NULL,
    events character varying(40)[] NOT NULL,
    first_change bigint NOT NULL,
    last_change bigint,
    ended_at timestamp with time zone,
    webhook_id bigint NOT NULL
);
ALTER TABLE {schema}.changes_subscription ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.changes_subscription_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.changes_webhook (
    id bigint NOT NULL,
    callback_url character varying(2000) NOT NULL,
    sealed_secret text NOT NULL,
    events character varying(40)[] NOT NULL,
    active boolean NOT NULL,
    verified_at timestamp with time zone,
    deleted_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    application_id bigint,
    practice_id bigint,
    verification_error character varying(200) DEFAULT ''::character varying NOT NULL,
    verification_requested_at timestamp with time zone,
    CONSTRAINT webhook_of_one CHECK ((((application_id IS NULL) OR (practice_id IS NULL)) AND (1 = (
CASE
    WHEN (application_id IS NULL) THEN 1
    ELSE 0
END +
CASE
    WHEN (practice_id IS NULL) THEN 1
    ELSE 0
END))))
);
ALTER TABLE {schema}.changes_webhook ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.changes_webhook_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.clinical_allergen (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    name character varying(200) NOT NULL,
    rxnorm character varying(20) NOT NULL,
    snomed_code character varying(20) NOT NULL,
    practice_id bigint NOT NULL
);
ALTER TABLE {schema}.clinical_allergen ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.clinical_allergen_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.clinical_allergy (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    description text NOT NULL,
    notes text NOT NULL,
    reaction character varying(500) NOT NULL,
    rxnorm character varying(20) NOT NULL,
    snomed_code character varying(30) NOT NULL,
    snomed_reaction character varying(30) NOT NULL,
    status character varying(10) NOT NULL,
    verification_status character varying(30) NOT NULL,
    doctor_id bigint NOT NULL,
    patient_id bigint NOT NULL,
    practice_id bigint NOT NULL,
    severity character varying(10) DEFAULT ''::character varying NOT NULL
);
ALTER TABLE {schema}.clinical_allergy ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.clinical_allergy_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.clinical_amendment (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    amendment_name character varying(500) NOT NULL,
    comments text NOT NULL,
    amendment_file_id bigint NOT NULL,
    app_id bigint NOT NULL,
    appointment_id bigint,
    doctor_id bigint NOT NULL,
    patient_id bigint NOT NULL,
    practice_id bigint NOT NULL
);
ALTER TABLE {schema}.clinical_amendment ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.clinical_amendment_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.clinical_careplan (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    plan_type smallint NOT NULL,
    title character varying(500) NOT NULL,
    description text NOT NULL,
    instructions text NOT NULL,
    code character varying(30) NOT NULL,
    code_system character varying(30) NOT NULL,
    scheduled_date date,
    appointment_id bigint,
    doctor_id bigint NOT NULL,
    patient_id bigint NOT NULL,
    practice_id bigint NOT NULL,
    CONSTRAINT care_plan_type CHECK (((plan_type >= 1) AND (plan_type <= 6))),
    CONSTRAINT clinical_careplan_plan_type_check CHECK ((plan_type >= 0))
);
ALTER TABLE {schema}.clinical_careplan ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.clinical_careplan_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.clinical_careteammember (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    appointment_id bigint,
    patient_id bigint NOT NULL,
    practice_id bigint NOT NULL,
    user_id bigint NOT NULL
);
ALTER TABLE {schema}.clinical_careteammember ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.clinical_careteammember_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.scheduling_appointment (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    exam_room smallint NOT NULL,
    scheduled_time timestamp with time zone NOT NULL,
    duration smallint NOT NULL,
    status character varying(100) NOT NULL,
    color character varying(30) NOT NULL,
    reason text NOT NULL,
    notes text NOT NULL,
    allow_overlapping boolean NOT NULL,
    is_walk_in boolean NOT NULL,
    is_virtual_base boolean NOT NULL,
    recur_start_date date,
    recur_end_date date,
    recurs_every smallint,
    recurring_days smallint[] NOT NULL,
    billing_status character varying(100) NOT NULL,
    icd10_codes character varying(20)[] NOT NULL,
    icd9_codes character varying(20)[] NOT NULL,
    first_billed_date timestamp with time zone,
    last_billed_date timestamp with time zone,
    first_edi_date timestamp with time zone,
    last_edi_date timestamp with time zone,
    ins1_status character varying(50) NOT NULL,
    ins2_status character varying(50) NOT NULL,
    payment_profile character varying(30) NOT NULL,
    custom_status character varying(100) NOT NULL,
    resubmit_claim_original_id bigint,
    base_recurring_appointment_id bigint,
    billing_provider_id bigint,
    cloned_from_id bigint,
    created_by_id bigint,
    doctor_id bigint NOT NULL,
    office_id bigint NOT NULL,
    patient_id bigint,
    practice_id bigint NOT NULL,
    supervising_provider_id bigint,
    profile_id bigint,
    CONSTRAINT appointment_duration CHECK (((duration >= 1) AND (duration <= 1440))),
    CONSTRAINT scheduling_appointment_duration_check CHECK ((duration >= 0)),
    CONSTRAINT scheduling_appointment_exam_room_check CHECK ((exam_room >= 0)),
    CONSTRAINT scheduling_appointment_recurs_every_check CHECK ((recurs_every >= 0))
);
ALTER TABLE {schema}.scheduling_appointment ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.scheduling_appointment_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.clinical_clinicalnote (
    id bigint DEFAULT nextval('{schema}.scheduling_appointment_id_seq'::regclass) NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    title character varying(500) DEFAULT ''::character varying NOT NULL,
    content text DEFAULT ''::text NOT NULL,
    date_of_service date,
    locked_at timestamp with time zone,
    added_by_id bigint,
    appointment_id bigint,
    locked_by_id bigint,
    owner_id bigint,
    parent_id bigint,
    patient_id bigint NOT NULL,
    practice_id bigint NOT NULL,
    signed_pdf_id bigint,
    encounter_type_id bigint,
    attestation character varying(500) DEFAULT ''::character varying NOT NULL,
    CONSTRAINT note_has_id_of_appointment CHECK ((id = appointment_id)),
    CONSTRAINT note_locked_by_when_locked CHECK (((locked_at IS NOT NULL) OR (locked_by_id IS NULL))),
    CONSTRAINT note_of_visit_or_its_own CHECK (((appointment_id IS NOT NULL) OR ((date_of_service IS NOT NULL) AND (encounter_type_id IS NOT NULL))))
);
CREATE TABLE {schema}.clinical_clinicalnotefieldtype (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    name character varying(200) NOT NULL,
    data_type character varying(20) NOT NULL,
    allowed_values character varying(500)[] NOT NULL,
    required boolean NOT NULL,
    comment character varying(1000) NOT NULL,
    "position" integer NOT NULL,
    practice_id bigint NOT NULL,
    clinical_note_template_id bigint CONSTRAINT clinical_clinicalnotefieldty_clinical_note_template_id_not_null NOT NULL
);
ALTER TABLE {schema}.clinical_clinicalnotefieldtype ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.clinical_clinicalnotefieldtype_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.clinical_clinicalnotefieldvalue (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    value text NOT NULL,
    appointment_id bigint NOT NULL,
    clinical_note_field_id bigint NOT NULL,
    practice_id bigint NOT NULL
);
ALTER TABLE {schema}.clinical_clinicalnotefieldvalue ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.clinical_clinicalnotefieldvalue_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.clinical_clinicalnotetemplate (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    name character varying(200) NOT NULL,
    is_onpatient boolean NOT NULL,
    is_persistent boolean NOT NULL,
    workflow_key character varying(100) NOT NULL,
    order_on_complete_note integer NOT NULL,
    order_on_ipad integer NOT NULL,
    doctor_id bigint NOT NULL,
    practice_id bigint NOT NULL
);
ALTER TABLE {schema}.clinical_clinicalnotetemplate ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.clinical_clinicalnotetemplate_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.clinical_encountertype (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    code character varying(2) NOT NULL,
    name character varying(200) NOT NULL,
    description text NOT NULL,
    is_face_to_face boolean NOT NULL,
    place_of_service_code character varying(2) NOT NULL,
    provider_taxonomy character varying(10) NOT NULL,
    sort_priority integer NOT NULL,
    deleted_by_id bigint,
    practice_id bigint NOT NULL
);
ALTER TABLE {schema}.clinical_encountertype ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.clinical_encountertype_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.clinical_favoriteproblem (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    name character varying(200) NOT NULL,
    icd_code character varying(20) NOT NULL,
    practice_id bigint NOT NULL
);
ALTER TABLE {schema}.clinical_favoriteproblem ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.clinical_favoriteproblem_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.clinical_freetextnote (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    note text NOT NULL,
    added_by_id bigint,
    patient_id bigint NOT NULL,
    practice_id bigint NOT NULL,
    updated_by_id bigint,
    note_type_id bigint NOT NULL
);
ALTER TABLE {schema}.clinical_freetextnote ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.clinical_freetextnote_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.clinical_freetextnotetype (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    name character varying(200) NOT NULL,
    practice_id bigint NOT NULL
);
ALTER TABLE {schema}.clinical_freetextnotetype ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.clinical_freetextnotetype_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.clinical_healthreading (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    date date NOT NULL,
    notes text NOT NULL,
    added_by_id bigint,
    patient_id bigint NOT NULL,
    practice_id bigint NOT NULL,
    updated_by_id bigint,
    tracker_id bigint NOT NULL
);
ALTER TABLE {schema}.clinical_healthreading ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.clinical_healthreading_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.clinical_healthtracker (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    name character varying(200) NOT NULL,
    description text NOT NULL,
    applies_to character varying(20) NOT NULL,
    sex character varying(10) NOT NULL,
    start_age smallint,
    end_age smallint,
    frequency character varying(100) NOT NULL,
    icd_codes character varying(500) NOT NULL,
    overrides character varying(500) NOT NULL,
    added_by_id bigint,
    practice_id bigint NOT NULL,
    updated_by_id bigint,
    CONSTRAINT clinical_healthtracker_end_age_check CHECK ((end_age >= 0)),
    CONSTRAINT clinical_healthtracker_start_age_check CHECK ((start_age >= 0))
);
ALTER TABLE {schema}.clinical_healthtracker ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.clinical_healthtracker_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.clinical_implantabledevice (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    udi character varying(200) NOT NULL,
    brand_name character varying(200) NOT NULL,
    company_name character varying(200) NOT NULL,
    version_or_model character varying(200) NOT NULL,
    gmdn_pt_name character varying(500) NOT NULL,
    serial_number character varying(100) NOT NULL,
    lot_number character varying(100) NOT NULL,
    manufacturing_date date,
    expiration_date date,
    status character varying(10) NOT NULL,
    doctor_id bigint NOT NULL,
    patient_id bigint NOT NULL,
    practice_id bigint NOT NULL,
    procedure_id bigint
);
ALTER TABLE {schema}.clinical_implantabledevice ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.clinical_implantabledevice_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.clinical_notetext (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    name character varying(100) NOT NULL,
    field character varying(200) NOT NULL,
    text text NOT NULL,
    owner_id bigint,
    practice_id bigint NOT NULL
);
ALTER TABLE {schema}.clinical_notetext ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.clinical_notetext_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.clinical_patientcommunication (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    code character varying(30) NOT NULL,
    code_system character varying(10) NOT NULL,
    name character varying(500) NOT NULL,
    value_code character varying(30) NOT NULL,
    value_code_system character varying(10) NOT NULL,
    value_code_name character varying(500) NOT NULL,
    effective_time timestamp with time zone,
    appointment_id bigint,
    doctor_id bigint NOT NULL,
    patient_id bigint NOT NULL,
    practice_id bigint NOT NULL
);
ALTER TABLE {schema}.clinical_patientcommunication ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.clinical_patientcommunication_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.clinical_patientintervention (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    code character varying(30) NOT NULL,
    code_system character varying(10) NOT NULL,
    name character varying(500) NOT NULL,
    value_code character varying(30) NOT NULL,
    value_code_system character varying(10) NOT NULL,
    value_code_name character varying(500) NOT NULL,
    effective_time timestamp with time zone,
    appointment_id bigint,
    doctor_id bigint NOT NULL,
    patient_id bigint NOT NULL,
    practice_id bigint NOT NULL
);
ALTER TABLE {schema}.clinical_patientintervention ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.clinical_patientintervention_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.clinical_patientphysicalexam (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    code character varying(30) NOT NULL,
    code_system character varying(10) NOT NULL,
    name character varying(500) NOT NULL,
    value_code character varying(30) NOT NULL,
    value_code_system character varying(10) NOT NULL,
    value_code_name character varying(500) NOT NULL,
    effective_time timestamp with time zone,
    appointment_id bigint,
    doctor_id bigint NOT NULL,
    patient_id bigint NOT NULL,
    practice_id bigint NOT NULL
);
ALTER TABLE {schema}.clinical_patientphysicalexam ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.clinical_patientphysicalexam_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.clinical_patientriskassessment (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    code character varying(30) NOT NULL,
    code_system character varying(10) NOT NULL,
    name character varying(500) NOT NULL,
    value_code character varying(30) NOT NULL,
    value_code_system character varying(10) NOT NULL,
    value_code_name character varying(500) NOT NULL,
    effective_time timestamp with time zone,
    appointment_id bigint,
    doctor_id bigint NOT NULL,
    patient_id bigint NOT NULL,
    practice_id bigint NOT NULL
);
ALTER TABLE {schema}.clinical_patientriskassessment ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.clinical_patientriskassessment_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.clinical_problem (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    icd_version smallint NOT NULL,
    icd_code character varying(20) NOT NULL,
    snomed_ct_code character varying(30) NOT NULL,
    name character varying(500) NOT NULL,
    description text NOT NULL,
    notes text NOT NULL,
    status character varying(10) NOT NULL,
    verification_status character varying(30) NOT NULL,
    category character varying(100) NOT NULL,
    problem_type character varying(30) NOT NULL,
    date_onset date,
    date_diagnosis date,
    date_changed date,
    abatement_date date,
    added_by_id bigint,
    appointment_id bigint,
    doctor_id bigint NOT NULL,
    patient_id bigint NOT NULL,
    practice_id bigint NOT NULL,
    updated_by_id bigint,
    CONSTRAINT clinical_problem_icd_version_check CHECK ((icd_version >= 0))
);
ALTER TABLE {schema}.clinical_problem ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.clinical_problem_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.clinical_procedure (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    procedure_type character varying(1) NOT NULL,
    code character varying(30) NOT NULL,
    description text NOT NULL,
    date date NOT NULL,
    status character varying(30) NOT NULL,
    appointment_id bigint NOT NULL,
    doctor_id bigint NOT NULL,
    patient_id bigint NOT NULL,
    practice_id bigint NOT NULL
);
ALTER TABLE {schema}.clinical_procedure ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.clinical_procedure_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.clinical_yellownotepad (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    content text NOT NULL,
    appointment_id bigint NOT NULL,
    practice_id bigint NOT NULL,
    template_id bigint NOT NULL
);
ALTER TABLE {schema}.clinical_yellownotepad ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.clinical_yellownotepad_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.django_content_type (
    id integer NOT NULL,
    app_label character varying(100) NOT NULL,
    model character varying(100) NOT NULL
);
ALTER TABLE {schema}.django_content_type ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.django_content_type_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.django_migrations (
    id bigint NOT NULL,
    app character varying(255) NOT NULL,
    name character varying(255) NOT NULL,
    applied timestamp with time zone NOT NULL
);
ALTER TABLE {schema}.django_migrations ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.django_migrations_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.django_session (
    session_key character varying(40) NOT NULL,
    session_data text NOT NULL,
    expire_date timestamp with time zone NOT NULL
);
CREATE TABLE {schema}.documents_appliedconsentform (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    appointment_id bigint NOT NULL,
    practice_id bigint NOT NULL,
    consent_form_id bigint NOT NULL
);
ALTER TABLE {schema}.documents_appliedconsentform ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.documents_appliedconsentform_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.documents_consentform (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    title character varying(500) NOT NULL,
    assign_by_default boolean NOT NULL,
    is_mandatory boolean NOT NULL,
    "order" integer NOT NULL,
    doctor_id bigint NOT NULL,
    practice_id bigint NOT NULL,
    uri_id bigint NOT NULL
);
ALTER TABLE {schema}.documents_consentform ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.documents_consentform_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.documents_document (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    date date NOT NULL,
    description text NOT NULL,
    metatags character varying(200)[] NOT NULL,
    folder character varying(200) NOT NULL,
    subfolder character varying(200) NOT NULL,
    content text NOT NULL,
    flag boolean NOT NULL,
    review_by_everyone boolean NOT NULL,
    reviewed_at timestamp with time zone,
    review_status smallint,
    result_code smallint NOT NULL,
    follow_up_at timestamp with time zone,
    pt_notified smallint,
    pt_notified_method character varying(154) NOT NULL,
    added_by_id bigint,
    doctor_id bigint NOT NULL,
    document_id bigint NOT NULL,
    patient_id bigint NOT NULL,
    practice_id bigint NOT NULL,
    request_id bigint,
    review_by_id bigint,
    reviewer_id bigint,
    updated_by_id bigint,
    CONSTRAINT document_pt_notified CHECK (((pt_notified IS NULL) OR (pt_notified = ANY (ARRAY[1, 2])))),
    CONSTRAINT document_result_code CHECK ((result_code = ANY (ARRAY[0, 1, 2]))),
    CONSTRAINT documents_document_pt_notified_check CHECK ((pt_notified >= 0)),
    CONSTRAINT documents_document_result_code_check CHECK ((result_code >= 0)),
    CONSTRAINT documents_document_review_status_check CHECK ((review_status >= 0))
);
ALTER TABLE {schema}.documents_document ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.documents_document_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.documents_patientimage (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    photo_type character varying(10) NOT NULL,
    name character varying(200) NOT NULL,
    notes text NOT NULL,
    taken_at timestamp with time zone,
    added_by_id bigint,
    file_id bigint NOT NULL,
    patient_id bigint NOT NULL,
    practice_id bigint NOT NULL,
    request_id bigint,
    updated_by_id bigint,
    CONSTRAINT patient_image_type CHECK (((photo_type)::text = ANY ((ARRAY['personal'::character varying, 'medical'::character varying])::text[])))
);
ALTER TABLE {schema}.documents_patientimage ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.documents_patientimage_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.documents_shareddocument (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    document_id bigint NOT NULL,
    practice_id bigint NOT NULL,
    shared_by_id bigint
);
ALTER TABLE {schema}.documents_shareddocument ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.documents_shareddocument_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.documents_signedconsentform (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    date_signed timestamp with time zone NOT NULL,
    appointment_id bigint NOT NULL,
    consent_form_id bigint NOT NULL,
    patient_id bigint NOT NULL,
    practice_id bigint NOT NULL,
    signature_file_id bigint
);
ALTER TABLE {schema}.documents_signedconsentform ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.documents_signedconsentform_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.files_storedfile (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    address character varying(64) NOT NULL,
    size bigint NOT NULL,
    media_type character varying(100) NOT NULL,
    name character varying(200) NOT NULL,
    unused_since timestamp with time zone,
    practice_id bigint NOT NULL
);
ALTER TABLE {schema}.files_storedfile ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.files_storedfile_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.identity_accesstoken (
    id bigint NOT NULL,
    token text NOT NULL,
    token_checksum character varying(64) NOT NULL,
    expires timestamp with time zone NOT NULL,
    scope text NOT NULL,
    resource jsonb NOT NULL,
    token_family uuid NOT NULL,
    revoked timestamp with time zone,
    created timestamp with time zone NOT NULL,
    updated timestamp with time zone NOT NULL,
    user_id bigint,
    application_id bigint,
    source_refresh_token_id bigint
);
ALTER TABLE {schema}.identity_accesstoken ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.identity_accesstoken_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE UNLOGGED TABLE {schema}.identity_apicalls (
    counted character varying(30) NOT NULL,
    minute timestamp with time zone NOT NULL,
    calls integer NOT NULL,
    locked_until timestamp with time zone,
    api_user_id bigint NOT NULL
)
WITH (fillfactor='30');
CREATE UNLOGGED TABLE {schema}.identity_apispacing (
    counted character varying(30) NOT NULL,
    about bigint NOT NULL,
    at timestamp with time zone NOT NULL
);
CREATE TABLE {schema}.identity_apiuser (
    id bigint NOT NULL,
    nickname character varying(100) NOT NULL,
    username character varying(64) NOT NULL,
    secret_digest character varying(64) NOT NULL,
    contact character varying(254) NOT NULL,
    description text NOT NULL,
    read_only boolean NOT NULL,
    anonymize boolean NOT NULL,
    endpoints character varying(60)[] NOT NULL,
    ips character varying(50)[] NOT NULL,
    enabled boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    practice_id bigint NOT NULL,
    CONSTRAINT api_user_name CHECK (((username)::text ~ '^pk_[A-Za-z0-9_-]{1,60}$'::text))
);
ALTER TABLE {schema}.identity_apiuser ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.identity_apiuser_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE VIEW {schema}.identity_apiusercaller AS
 SELECT id,
    username,
    secret_digest,
    enabled,
    ips,
    endpoints,
    read_only,
    anonymize,
    practice_id
   FROM {schema}.identity_apiuser u;
CREATE TABLE {schema}.identity_application (
    id bigint NOT NULL,
    client_id character varying(255) NOT NULL,
    redirect_uris text NOT NULL,
    post_logout_redirect_uris text NOT NULL,
    client_type character varying(32) NOT NULL,
    authorization_grant_type character varying(44) NOT NULL,
    client_secret character varying(255) NOT NULL,
    hash_client_secret boolean NOT NULL,
    name character varying(255) NOT NULL,
    skip_authorization boolean NOT NULL,
    algorithm character varying(5) NOT NULL,
    allowed_origins text NOT NULL,
    registration_source character varying(32) NOT NULL,
    cimd_expires_at timestamp with time zone,
    scopes character varying(40)[] NOT NULL,
    hourly_limit integer,
    second_limit integer,
    sealed_secret text NOT NULL,
    patient_iframe_url character varying(500) NOT NULL,
    patient_iframe_height smallint NOT NULL,
    note_iframe_url character varying(500) NOT NULL,
    note_iframe_height smallint NOT NULL,
    disabled timestamp with time zone,
    created timestamp with time zone NOT NULL,
    updated timestamp with time zone NOT NULL,
    user_id bigint,
    CONSTRAINT identity_application_hourly_limit_check CHECK ((hourly_limit >= 0)),
    CONSTRAINT identity_application_note_iframe_height_check CHECK ((note_iframe_height >= 0)),
    CONSTRAINT identity_application_patient_iframe_height_check CHECK ((patient_iframe_height >= 0)),
    CONSTRAINT identity_application_second_limit_check CHECK ((second_limit >= 0))
);
ALTER TABLE {schema}.identity_application ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.identity_application_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.identity_archivedpart (
    id bigint NOT NULL,
    table_name character varying(63) NOT NULL,
    row_id bigint NOT NULL,
    practice_id bigint NOT NULL
);
ALTER TABLE {schema}.identity_archivedpart ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.identity_archivedpart_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE UNLOGGED TABLE {schema}.identity_calls (
    hour timestamp with time zone NOT NULL,
    calls integer NOT NULL,
    burst_from timestamp with time zone,
    burst integer NOT NULL,
    application_id bigint NOT NULL
)
WITH (fillfactor='30');
CREATE TABLE {schema}.identity_grant (
    id bigint NOT NULL,
    code character varying(255) NOT NULL,
    expires timestamp with time zone NOT NULL,
    redirect_uri text NOT NULL,
    scope text NOT NULL,
    code_challenge character varying(128) NOT NULL,
    code_challenge_method character varying(10) NOT NULL,
    nonce character varying(255) NOT NULL,
    claims text NOT NULL,
    resource jsonb NOT NULL,
    token_family uuid NOT NULL,
    used timestamp with time zone,
    created timestamp with time zone NOT NULL,
    updated timestamp with time zone NOT NULL,
    application_id bigint NOT NULL,
    user_id bigint NOT NULL,
    redirect_uri_given boolean DEFAULT true NOT NULL
);
ALTER TABLE {schema}.identity_grant ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.identity_grant_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.identity_incarnation (
    id smallint NOT NULL,
    number integer NOT NULL,
    server character varying(40) NOT NULL,
    relation bigint NOT NULL,
    timeline integer NOT NULL,
    transaction_offset bigint NOT NULL,
    began_at timestamp with time zone NOT NULL,
    cause character varying(10) NOT NULL,
    paused_since timestamp with time zone,
    CONSTRAINT one_incarnation CHECK ((id = 1))
);
CREATE TABLE {schema}.identity_practice (
    id bigint NOT NULL,
    name character varying(200) NOT NULL,
    sharing character varying(40)[] NOT NULL,
    plan_type character varying(40) NOT NULL,
    refuse_duplicate_patients boolean NOT NULL,
    require_second_factor boolean NOT NULL,
    idle_minutes smallint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    portal_notice_hours smallint DEFAULT 24 NOT NULL,
    reminders_held_since timestamp with time zone,
    proxy_end_age smallint DEFAULT 18 NOT NULL,
    quiet_from smallint DEFAULT 21 NOT NULL,
    quiet_until smallint DEFAULT 8 NOT NULL,
    CONSTRAINT identity_practice_idle_minutes_check CHECK ((idle_minutes >= 0)),
    CONSTRAINT identity_practice_portal_notice_hours_check CHECK ((portal_notice_hours >= 0)),
    CONSTRAINT identity_practice_proxy_end_age_check CHECK ((proxy_end_age >= 0)),
    CONSTRAINT identity_practice_quiet_from_check CHECK ((quiet_from >= 0)),
    CONSTRAINT identity_practice_quiet_until_check CHECK ((quiet_until >= 0))
);
ALTER TABLE {schema}.identity_practice ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.identity_practice_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.identity_refreshtoken (
    id bigint NOT NULL,
    token text NOT NULL,
    token_family uuid,
    resource jsonb NOT NULL,
    revoked timestamp with time zone,
    token_checksum character varying(64) NOT NULL,
    scope text NOT NULL,
    created timestamp with time zone NOT NULL,
    updated timestamp with time zone NOT NULL,
    access_token_id bigint,
    application_id bigint NOT NULL,
    user_id bigint NOT NULL
);
ALTER TABLE {schema}.identity_refreshtoken ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.identity_refreshtoken_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.identity_secretkey (
    fingerprint character varying(16) NOT NULL,
    is_current boolean NOT NULL,
    sealed_key text NOT NULL,
    since timestamp with time zone NOT NULL,
    retired_at timestamp with time zone
);
CREATE TABLE {schema}.identity_user (
    password character varying(128) NOT NULL,
    last_login timestamp with time zone,
    is_superuser boolean NOT NULL,
    id bigint NOT NULL,
    username character varying(150) NOT NULL,
    email character varying(254) NOT NULL,
    first_name character varying(100) NOT NULL,
    last_name character varying(100) NOT NULL,
    role character varying(10) NOT NULL,
    is_primary boolean NOT NULL,
    permissions character varying(60)[] NOT NULL,
    doctor_id bigint,
    is_active boolean NOT NULL,
    is_staff boolean NOT NULL,
    link_sent_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    practice_id bigint,
    sign_in_generation integer DEFAULT 0 NOT NULL,
    CONSTRAINT user_doctor_needs_practice CHECK (((doctor_id IS NULL) OR (practice_id IS NOT NULL)))
);
CREATE VIEW {schema}.identity_tokencaller AS
 SELECT t.token_checksum,
    t.revoked,
    t.expires,
    t.scope,
    t.application_id,
    t.user_id,
    a.hourly_limit,
    a.second_limit,
    a.scopes,
    u.is_active,
    u.practice_id,
    u.doctor_id,
    u.permissions,
    p.sharing,
    p.plan_type
   FROM ((({schema}.identity_accesstoken t
     JOIN {schema}.identity_application a ON ((a.id = t.application_id)))
     JOIN {schema}.identity_user u ON ((u.id = t.user_id)))
     JOIN {schema}.identity_practice p ON ((p.id = u.practice_id)));
CREATE UNLOGGED TABLE {schema}.identity_tokencalls (
    key character varying(64) NOT NULL,
    minute timestamp with time zone NOT NULL,
    calls integer NOT NULL
);
CREATE TABLE {schema}.identity_user_groups (
    id bigint NOT NULL,
    user_id bigint NOT NULL,
    group_id integer NOT NULL
);
ALTER TABLE {schema}.identity_user_groups ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.identity_user_groups_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
ALTER TABLE {schema}.identity_user ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.identity_user_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.identity_user_user_permissions (
    id bigint NOT NULL,
    user_id bigint NOT NULL,
    permission_id integer NOT NULL
);
ALTER TABLE {schema}.identity_user_user_permissions ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.identity_user_user_permissions_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.inventory_inventorycategory (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    name character varying(200) NOT NULL,
    category_type character varying(10) NOT NULL,
    doctor_id bigint NOT NULL,
    practice_id bigint NOT NULL
);
ALTER TABLE {schema}.inventory_inventorycategory ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.inventory_inventorycategory_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.inventory_inventoryvaccine (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    kind character varying(7) NOT NULL,
    name character varying(200) NOT NULL,
    nickname character varying(200) NOT NULL,
    cvx_code character varying(10) NOT NULL,
    manufacturer character varying(200) NOT NULL,
    manufacturer_code character varying(20) NOT NULL,
    lot_number character varying(50) NOT NULL,
    expiry date,
    vaccination_type character varying(50) NOT NULL,
    original_quantity integer NOT NULL,
    preferred_stock_level integer NOT NULL,
    preferred_restock_level integer,
    cost numeric(12,2),
    price numeric(12,2),
    price_with_tax numeric(12,2),
    sales_tax_applicable boolean NOT NULL,
    status character varying(10) NOT NULL,
    discontinued_on date,
    external_identifier character varying(200) NOT NULL,
    location character varying(200) NOT NULL,
    package_properties jsonb,
    note text NOT NULL,
    category_id bigint,
    definition_id bigint,
    doctor_id bigint,
    drug_id bigint,
    practice_id bigint NOT NULL,
    supplement_id bigint,
    CONSTRAINT inventory_inventoryvaccine_original_quantity_check CHECK ((original_quantity >= 0)),
    CONSTRAINT inventory_inventoryvaccine_preferred_restock_level_check CHECK ((preferred_restock_level >= 0)),
    CONSTRAINT inventory_inventoryvaccine_preferred_stock_level_check CHECK ((preferred_stock_level >= 0)),
    CONSTRAINT item_is_one_product CHECK (((drug_id IS NULL) OR (supplement_id IS NULL))),
    CONSTRAINT vaccine_of_a_doctor CHECK ((((kind)::text = 'item'::text) OR (doctor_id IS NOT NULL)))
);
ALTER TABLE {schema}.inventory_inventoryvaccine ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.inventory_inventoryvaccine_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.inventory_patientvaccinerecord (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    cvx_code character varying(10) NOT NULL,
    name character varying(200) NOT NULL,
    lot_number character varying(50) NOT NULL,
    manufacturer character varying(200) NOT NULL,
    administered_start timestamp with time zone,
    amount numeric(12,2),
    units character varying(20) NOT NULL,
    route character varying(10) NOT NULL,
    site character varying(10) NOT NULL,
    completion_status character varying(2) NOT NULL,
    cpt_code character varying(10) NOT NULL,
    doses bigint[] NOT NULL,
    next_dose_date date,
    funding_eligibility character varying(3) NOT NULL,
    observed_immunity bigint,
    record_source character varying(2) NOT NULL,
    vis integer,
    comments text NOT NULL,
    administered_at_id bigint,
    administered_by_id bigint,
    consent_form_id bigint,
    entered_by_id bigint,
    ordering_doctor_id bigint NOT NULL,
    patient_id bigint NOT NULL,
    practice_id bigint NOT NULL,
    vaccine_inventory_id bigint NOT NULL
);
ALTER TABLE {schema}.inventory_patientvaccinerecord ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.inventory_patientvaccinerecord_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.jobs_job (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    uuid uuid NOT NULL,
    kind character varying(100) NOT NULL,
    app bigint,
    doctor_id bigint,
    request jsonb NOT NULL,
    options jsonb NOT NULL,
    status character varying(20) NOT NULL,
    count bigint,
    file_id bigint,
    practice_id bigint NOT NULL,
    source_id bigint,
    user_id bigint NOT NULL,
    CONSTRAINT jobs_job_count_check CHECK ((count >= 0))
);
ALTER TABLE {schema}.jobs_job ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.jobs_job_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.jobs_jobrows (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    "position" integer NOT NULL,
    ids bigint[] NOT NULL,
    job_id bigint NOT NULL,
    practice_id bigint NOT NULL,
    CONSTRAINT jobs_jobrows_position_check CHECK (("position" >= 0))
);
ALTER TABLE {schema}.jobs_jobrows ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.jobs_jobrows_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.jobs_submission (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    uuid uuid NOT NULL,
    leads_to character varying(500) NOT NULL,
    practice_id bigint NOT NULL,
    user_id bigint NOT NULL
);
ALTER TABLE {schema}.jobs_submission ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.jobs_submission_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.labs_labdocument (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    type character varying(3) NOT NULL,
    hl7 text NOT NULL,
    document_id bigint NOT NULL,
    practice_id bigint NOT NULL,
    lab_order_id bigint NOT NULL
);
ALTER TABLE {schema}.labs_labdocument ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.labs_labdocument_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.labs_laborder (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    "timestamp" timestamp with time zone NOT NULL,
    status character varying(1) NOT NULL,
    priority character varying(10) NOT NULL,
    icd10_codes jsonb NOT NULL,
    external_requisition_id character varying(100) NOT NULL,
    accession_number character varying(100) NOT NULL,
    notes text NOT NULL,
    origin character varying(20) NOT NULL,
    added_by_id bigint,
    appointment_id bigint,
    doctor_id bigint NOT NULL,
    patient_id bigint NOT NULL,
    practice_id bigint NOT NULL,
    updated_by_id bigint,
    sublab_id bigint NOT NULL,
    reviewed_at timestamp with time zone,
    reviewed_by_id bigint
);
ALTER TABLE {schema}.labs_laborder ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.labs_laborder_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.labs_labresult (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    specimen_received timestamp with time zone NOT NULL,
    results_released timestamp with time zone NOT NULL,
    test_performed timestamp with time zone NOT NULL,
    status character varying(1) NOT NULL,
    value text NOT NULL,
    value_is_numeric boolean NOT NULL,
    unit character varying(50) NOT NULL,
    normal_range character varying(200) NOT NULL,
    abnormal_status character varying(3) NOT NULL,
    is_abnormal boolean,
    observation_code character varying(50) NOT NULL,
    observation_description text NOT NULL,
    group_code character varying(50) NOT NULL,
    comments text NOT NULL,
    document_id bigint NOT NULL,
    practice_id bigint NOT NULL,
    lab_test_id bigint NOT NULL
);
ALTER TABLE {schema}.labs_labresult ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.labs_labresult_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.labs_labtest (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    code character varying(50) NOT NULL,
    name character varying(500) NOT NULL,
    description text NOT NULL,
    collection_date timestamp with time zone,
    internal_notes text NOT NULL,
    report_notes text NOT NULL,
    status character varying(20) NOT NULL,
    specimen_source character varying(200) NOT NULL,
    specimen_condition character varying(200) NOT NULL,
    specimen_total_volume numeric(12,4),
    lab_order_id bigint NOT NULL,
    practice_id bigint NOT NULL
);
ALTER TABLE {schema}.labs_labtest ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.labs_labtest_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.labs_paneltest (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    panel character varying(200) NOT NULL,
    panel_code character varying(50) NOT NULL,
    specimen character varying(200) NOT NULL,
    name character varying(200) NOT NULL,
    code character varying(20) NOT NULL,
    unit character varying(50) NOT NULL,
    low numeric(12,4),
    high numeric(12,4),
    practice_id bigint NOT NULL
);
ALTER TABLE {schema}.labs_paneltest ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.labs_paneltest_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.labs_patientlabresult (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    title character varying(500) NOT NULL,
    loinc_code character varying(20) NOT NULL,
    date_test_performed date,
    lab_order_status character varying(40) NOT NULL,
    lab_result_value character varying(500) NOT NULL,
    lab_result_value_as_float numeric(18,6),
    lab_result_value_units character varying(50) NOT NULL,
    lab_normal_range character varying(200) NOT NULL,
    lab_normal_range_units character varying(50) NOT NULL,
    lab_abnormal_flag character varying(4) NOT NULL,
    lab_imported_from_ccr character varying(200) NOT NULL,
    doctor_comments text NOT NULL,
    doctor_signoff boolean NOT NULL,
    ordering_doctor_id bigint NOT NULL,
    patient_id bigint NOT NULL,
    practice_id bigint NOT NULL,
    scanned_in_result_id bigint
);
ALTER TABLE {schema}.labs_patientlabresult ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.labs_patientlabresult_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.labs_sublab (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    name character varying(200) NOT NULL,
    facility_code character varying(100) NOT NULL,
    vendor_name character varying(200) NOT NULL,
    doctor_id bigint,
    practice_id bigint NOT NULL
);
ALTER TABLE {schema}.labs_sublab ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.labs_sublab_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.medications_drug (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    name character varying(500) NOT NULL,
    product_name character varying(500) NOT NULL,
    generic_name character varying(500) NOT NULL,
    strength character varying(100) NOT NULL,
    dose_form character varying(100) NOT NULL,
    route character varying(100) NOT NULL,
    rxnorm character varying(20) NOT NULL,
    ndc character varying(20) NOT NULL,
    va_id character varying(50) NOT NULL,
    medispan_id character varying(50) NOT NULL,
    ndcndf_id character varying(50) NOT NULL,
    is_favorite boolean NOT NULL,
    practice_id bigint NOT NULL
);
ALTER TABLE {schema}.medications_drug ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.medications_drug_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.medications_medication (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    name character varying(500) NOT NULL,
    rxnorm character varying(20) NOT NULL,
    ndc character varying(20) NOT NULL,
    date_prescribed date,
    date_started_taking date,
    date_stopped_taking date,
    dispense_quantity numeric(12,2),
    dosage_quantity character varying(100) NOT NULL,
    dosage_units character varying(100) NOT NULL,
    route character varying(100) NOT NULL,
    frequency character varying(200) NOT NULL,
    indication character varying(500) NOT NULL,
    number_refills integer,
    daw boolean NOT NULL,
    prn boolean NOT NULL,
    order_status character varying(40) NOT NULL,
    notes text NOT NULL,
    pharmacy_note text NOT NULL,
    signature_note text NOT NULL,
    status character varying(10) NOT NULL,
    is_chronic boolean NOT NULL,
    discontinued_at timestamp with time zone,
    discontinued_reason text NOT NULL,
    added_by_id bigint,
    appointment_id bigint,
    doctor_id bigint NOT NULL,
    drug_id bigint,
    patient_id bigint NOT NULL,
    practice_id bigint NOT NULL,
    request_id bigint,
    updated_by_id bigint,
    CONSTRAINT medications_medication_number_refills_check CHECK ((number_refills >= 0))
);
ALTER TABLE {schema}.medications_medication ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.medications_medication_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.medications_patientsupplement (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    dose character varying(100) NOT NULL,
    frequency character varying(200) NOT NULL,
    start_date date,
    notes text NOT NULL,
    discontinued_at timestamp with time zone,
    discontinued_note text NOT NULL,
    added_by_id bigint,
    appointment_id bigint,
    patient_id bigint NOT NULL,
    practice_id bigint NOT NULL,
    request_id bigint,
    updated_by_id bigint,
    supplement_id bigint NOT NULL
);
ALTER TABLE {schema}.medications_patientsupplement ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.medications_patientsupplement_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.medications_prescriptionmessage (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    message_direction character varying(10) NOT NULL,
    message_type character varying(20) NOT NULL,
    message_status character varying(30) NOT NULL,
    pharmacy character varying(20) NOT NULL,
    json_data jsonb,
    doctor_id bigint NOT NULL,
    parent_message_id bigint,
    patient_id bigint,
    practice_id bigint NOT NULL
);
ALTER TABLE {schema}.medications_prescriptionmessage ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.medications_prescriptionmessage_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.medications_supplement (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    name character varying(200) NOT NULL,
    nicknames character varying(500) NOT NULL,
    kind character varying(100) NOT NULL,
    vendor_code character varying(100) NOT NULL,
    code character varying(100) NOT NULL,
    description text NOT NULL,
    external_ref_id character varying(100) NOT NULL,
    inactive boolean NOT NULL,
    added_by_id bigint,
    practice_id bigint NOT NULL,
    updated_by_id bigint
);
ALTER TABLE {schema}.medications_supplement ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.medications_supplement_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.messaging_commlog (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    title character varying(500) NOT NULL,
    type character varying(100) NOT NULL,
    message text NOT NULL,
    cash_charged numeric(12,2),
    duration integer,
    scheduled_time timestamp with time zone,
    appointment_id bigint,
    author_id bigint,
    doctor_id bigint NOT NULL,
    patient_id bigint NOT NULL,
    practice_id bigint NOT NULL,
    CONSTRAINT messaging_commlog_duration_check CHECK ((duration >= 0))
);
ALTER TABLE {schema}.messaging_commlog ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.messaging_commlog_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.messaging_message (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    title character varying(500) NOT NULL,
    type character varying(2) NOT NULL,
    read boolean NOT NULL,
    starred boolean NOT NULL,
    received_at timestamp with time zone NOT NULL,
    workflow_step character varying(100) NOT NULL,
    outgoing_fax_recipient_name character varying(200) NOT NULL,
    outgoing_fax_recipient_fax_number character varying(50) NOT NULL,
    attachment_id bigint,
    doctor_id bigint NOT NULL,
    owner_id bigint,
    patient_id bigint,
    practice_id bigint NOT NULL,
    responsible_user_id bigint
);
ALTER TABLE {schema}.messaging_message ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.messaging_message_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.messaging_messagenote (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    text text NOT NULL,
    created_by_id bigint,
    message_id bigint NOT NULL,
    practice_id bigint NOT NULL
);
ALTER TABLE {schema}.messaging_messagenote ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.messaging_messagenote_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.messaging_patientmessage (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    subject character varying(500) NOT NULL,
    body text NOT NULL,
    sent_by character varying(2) NOT NULL,
    read boolean NOT NULL,
    reply character varying(100) NOT NULL,
    doctor_id bigint NOT NULL,
    message_id bigint,
    patient_id bigint NOT NULL,
    practice_id bigint NOT NULL,
    request_id bigint,
    user_id bigint,
    CONSTRAINT patient_message_sent_by CHECK (((sent_by)::text = ANY ((ARRAY['pt'::character varying, 'dr'::character varying])::text[])))
);
ALTER TABLE {schema}.messaging_patientmessage ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.messaging_patientmessage_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.messaging_patientmessageattachment (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    attachment_id bigint NOT NULL,
    doctor_id bigint,
    patient_message_id bigint NOT NULL,
    practice_id bigint NOT NULL
);
ALTER TABLE {schema}.messaging_patientmessageattachment ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.messaging_patientmessageattachment_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.oauth2_provider_devicegrant (
    id bigint NOT NULL,
    device_code character varying(100) NOT NULL,
    user_code character varying(100) NOT NULL,
    scope text NOT NULL,
    "interval" integer NOT NULL,
    expires timestamp with time zone NOT NULL,
    status character varying(64) NOT NULL,
    client_id character varying(100) NOT NULL,
    last_checked timestamp with time zone NOT NULL,
    user_id bigint
);
ALTER TABLE {schema}.oauth2_provider_devicegrant ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.oauth2_provider_devicegrant_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.oauth2_provider_idtoken (
    id bigint NOT NULL,
    jti uuid NOT NULL,
    expires timestamp with time zone NOT NULL,
    scope text NOT NULL,
    created timestamp with time zone NOT NULL,
    updated timestamp with time zone NOT NULL,
    application_id bigint,
    user_id bigint
);
ALTER TABLE {schema}.oauth2_provider_idtoken ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.oauth2_provider_idtoken_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.otp_static_staticdevice (
    id integer NOT NULL,
    name character varying(64) NOT NULL,
    confirmed boolean NOT NULL,
    user_id bigint NOT NULL,
    throttling_failure_count integer NOT NULL,
    throttling_failure_timestamp timestamp with time zone,
    created_at timestamp with time zone,
    last_used_at timestamp with time zone,
    CONSTRAINT otp_static_staticdevice_throttling_failure_count_check CHECK ((throttling_failure_count >= 0))
);
ALTER TABLE {schema}.otp_static_staticdevice ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.otp_static_staticdevice_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.otp_static_statictoken (
    id integer NOT NULL,
    token character varying(16) NOT NULL,
    device_id integer NOT NULL
);
ALTER TABLE {schema}.otp_static_statictoken ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.otp_static_statictoken_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.otp_totp_totpdevice (
    id integer NOT NULL,
    name character varying(64) NOT NULL,
    confirmed boolean NOT NULL,
    key character varying(80) NOT NULL,
    step smallint NOT NULL,
    t0 bigint NOT NULL,
    digits smallint NOT NULL,
    tolerance smallint NOT NULL,
    drift smallint NOT NULL,
    last_t bigint NOT NULL,
    user_id bigint NOT NULL,
    throttling_failure_count integer NOT NULL,
    throttling_failure_timestamp timestamp with time zone,
    created_at timestamp with time zone,
    last_used_at timestamp with time zone,
    CONSTRAINT otp_totp_totpdevice_digits_check CHECK ((digits >= 0)),
    CONSTRAINT otp_totp_totpdevice_step_check CHECK ((step >= 0)),
    CONSTRAINT otp_totp_totpdevice_throttling_failure_count_check CHECK ((throttling_failure_count >= 0)),
    CONSTRAINT otp_totp_totpdevice_tolerance_check CHECK ((tolerance >= 0))
);
ALTER TABLE {schema}.otp_totp_totpdevice ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.otp_totp_totpdevice_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.patients_attachedflag (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    flag_text character varying(1000) NOT NULL,
    practice_id bigint NOT NULL,
    flag_type_id bigint NOT NULL,
    patient_id bigint NOT NULL
);
ALTER TABLE {schema}.patients_attachedflag ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.patients_attachedflag_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.patients_autoaccidentinsurance (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    company character varying(200) NOT NULL,
    payer_id character varying(50) NOT NULL,
    payer_address character varying(500) NOT NULL,
    payer_city character varying(100) NOT NULL,
    payer_state character varying(2) NOT NULL,
    payer_zip character varying(20) NOT NULL,
    policy_number character varying(50) NOT NULL,
    case_number character varying(50) NOT NULL,
    date_of_accident date,
    state_of_occurrence character varying(2) NOT NULL,
    is_subscriber_the_patient boolean CONSTRAINT patients_autoaccidentinsuran_is_subscriber_the_patient_not_null NOT NULL,
    patient_relationship_to_subscriber character varying(2) CONSTRAINT patients_autoaccidentinsura_patient_relationship_to_su_not_null NOT NULL,
    claim_rep_address character varying(500) NOT NULL,
    claim_rep_city character varying(100) NOT NULL,
    claim_rep_is_insurer boolean NOT NULL,
    claim_rep_name character varying(200) NOT NULL,
    claim_rep_state character varying(2) NOT NULL,
    claim_rep_zip character varying(20) NOT NULL,
    disabled_from_date date,
    disabled_to_date date,
    had_similar_condition boolean NOT NULL,
    notes text NOT NULL,
    return_to_work_date date,
    significant_injury character varying(3) NOT NULL,
    significant_injury_notes text CONSTRAINT patients_autoaccidentinsuranc_significant_injury_notes_not_null NOT NULL,
    similar_condition_date date,
    similar_condition_notes text NOT NULL,
    still_under_care boolean NOT NULL,
    subscriber_address character varying(500) NOT NULL,
    subscriber_city character varying(100) NOT NULL,
    subscriber_date_of_birth date,
    subscriber_first_name character varying(100) NOT NULL,
    subscriber_last_name character varying(100) NOT NULL,
    subscriber_middle_name character varying(100) NOT NULL,
    subscriber_phone_number character varying(50) NOT NULL,
    subscriber_social_security character varying(20) CONSTRAINT patients_autoaccidentinsura_subscriber_social_security_not_null NOT NULL,
    subscriber_state character varying(2) NOT NULL,
    subscriber_suffix character varying(20) NOT NULL,
    subscriber_zip_code character varying(20) NOT NULL,
    treatment_duration character varying(100) NOT NULL,
    will_require_therapy boolean NOT NULL,
    will_require_therapy_rec character varying(500) CONSTRAINT patients_autoaccidentinsuranc_will_require_therapy_rec_not_null NOT NULL,
    practice_id bigint NOT NULL,
    patient_id bigint NOT NULL
);
ALTER TABLE {schema}.patients_autoaccidentinsurance ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.patients_autoaccidentinsurance_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.patients_coverage (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    rank smallint NOT NULL,
    insurance_company character varying(200) NOT NULL,
    insurance_payer_id character varying(50) NOT NULL,
    insurance_id_number character varying(50) NOT NULL,
    insurance_group_name character varying(200) NOT NULL,
    insurance_group_number character varying(50) NOT NULL,
    insurance_plan_name character varying(200) NOT NULL,
    insurance_plan_type character varying(2) NOT NULL,
    insurance_claim_office_number character varying(50) NOT NULL,
    insurance_phone character varying(50) NOT NULL,
    notes text NOT NULL,
    is_subscriber_the_patient boolean NOT NULL,
    patient_relationship_to_subscriber character varying(2) NOT NULL,
    subscriber_first_name character varying(100) NOT NULL,
    subscriber_middle_name character varying(100) NOT NULL,
    subscriber_last_name character varying(100) NOT NULL,
    subscriber_suffix character varying(20) NOT NULL,
    subscriber_date_of_birth date,
    subscriber_gender character varying(10) NOT NULL,
    subscriber_social_security character varying(20) NOT NULL,
    subscriber_address character varying(500) NOT NULL,
    subscriber_city character varying(100) NOT NULL,
    subscriber_state character varying(2) NOT NULL,
    subscriber_zip_code character varying(20) NOT NULL,
    subscriber_country character varying(2) NOT NULL,
    photo_back_id bigint,
    photo_front_id bigint,
    practice_id bigint NOT NULL,
    patient_id bigint NOT NULL,
    CONSTRAINT coverage_rank CHECK ((rank = ANY (ARRAY[1, 2, 3, 4]))),
    CONSTRAINT patients_coverage_rank_check CHECK ((rank >= 0))
);
ALTER TABLE {schema}.patients_coverage ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.patients_coverage_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.patients_customdemographic (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    name character varying(200) NOT NULL,
    template_name character varying(100) NOT NULL,
    allowed_values character varying(200)[] NOT NULL,
    description text NOT NULL,
    doctor_id bigint NOT NULL,
    practice_id bigint NOT NULL
);
ALTER TABLE {schema}.patients_customdemographic ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.patients_customdemographic_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.patients_customdemographicvalue (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    value text NOT NULL,
    field_type_id bigint NOT NULL,
    practice_id bigint NOT NULL,
    patient_id bigint NOT NULL
);
ALTER TABLE {schema}.patients_customdemographicvalue ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.patients_customdemographicvalue_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.patients_custominsuranceplanname (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    insurance_plan_name character varying(200) NOT NULL,
    doctor_id bigint NOT NULL,
    practice_id bigint NOT NULL,
    user_id bigint NOT NULL
);
ALTER TABLE {schema}.patients_custominsuranceplanname ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.patients_custominsuranceplanname_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.patients_distinctpatients (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    decided_by_id bigint,
    first_id bigint NOT NULL,
    practice_id bigint NOT NULL,
    second_id bigint NOT NULL,
    CONSTRAINT distinct_patients_order CHECK ((first_id < second_id))
);
ALTER TABLE {schema}.patients_distinctpatients ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.patients_distinctpatients_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.patients_facility (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    kind character varying(10) NOT NULL,
    name character varying(200) NOT NULL,
    company_brand character varying(200) NOT NULL,
    specialty character varying(100) NOT NULL,
    address1 character varying(200) NOT NULL,
    city character varying(100) NOT NULL,
    state character varying(50) NOT NULL,
    zip_code character varying(20) NOT NULL,
    phone character varying(50) NOT NULL,
    fax character varying(50) NOT NULL,
    email character varying(254) NOT NULL,
    ncpdp_id character varying(20) NOT NULL,
    added_by_id bigint,
    practice_id bigint NOT NULL,
    updated_by_id bigint,
    CONSTRAINT facility_kind CHECK (((kind)::text = ANY ((ARRAY['laboratory'::character varying, 'pharmacy'::character varying, 'specialist'::character varying])::text[])))
);
ALTER TABLE {schema}.patients_facility ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.patients_facility_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.patients_flagtype (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    name character varying(200) NOT NULL,
    color character varying(30) NOT NULL,
    priority integer,
    doctor_id bigint NOT NULL,
    practice_id bigint NOT NULL
);
ALTER TABLE {schema}.patients_flagtype ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.patients_flagtype_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.patients_mergedrow (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    table_name character varying(63) NOT NULL,
    row_id bigint NOT NULL,
    "column" character varying(63) NOT NULL,
    text_before text,
    text_after text,
    practice_id bigint NOT NULL,
    merge_id bigint NOT NULL
);
ALTER TABLE {schema}.patients_mergedrow ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.patients_mergedrow_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.patients_namepart (
    part text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL,
    practice_id bigint NOT NULL
);
ALTER TABLE {schema}.patients_patient ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.patients_patient_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.patients_patientfacility (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    priority_order integer NOT NULL,
    note character varying(255) NOT NULL,
    added_by_id bigint,
    facility_id bigint NOT NULL,
    patient_id bigint NOT NULL,
    practice_id bigint NOT NULL,
    updated_by_id bigint,
    CONSTRAINT patients_patientfacility_priority_order_check CHECK ((priority_order >= 0))
);
ALTER TABLE {schema}.patients_patientfacility ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.patients_patientfacility_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.patients_patientmerge (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    merged_at timestamp with time zone NOT NULL,
    reason character varying(500) NOT NULL,
    values_before jsonb NOT NULL,
    values_after jsonb NOT NULL,
    undone_at timestamp with time zone,
    kept_id bigint NOT NULL,
    merged_id bigint NOT NULL,
    merged_by_id bigint NOT NULL,
    practice_id bigint NOT NULL,
    undone_by_id bigint
);
ALTER TABLE {schema}.patients_patientmerge ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.patients_patientmerge_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.patients_patienttag (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    notes character varying(1000) NOT NULL,
    applied_at timestamp with time zone NOT NULL,
    added_by_id bigint,
    patient_id bigint NOT NULL,
    practice_id bigint NOT NULL,
    updated_by_id bigint,
    tag_id bigint NOT NULL
);
ALTER TABLE {schema}.patients_patienttag ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.patients_patienttag_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.patients_payer (
    id bigint NOT NULL,
    payer_type character varying(10) NOT NULL,
    payer_id character varying(50) NOT NULL,
    payer_name character varying(200) NOT NULL,
    state character varying(2) NOT NULL
);
ALTER TABLE {schema}.patients_payer ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.patients_payer_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.patients_portalaccess (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    enabled_on timestamp with time zone NOT NULL,
    expires_on timestamp with time zone NOT NULL,
    activated_on timestamp with time zone,
    disabled_on timestamp with time zone,
    token character varying(64) NOT NULL,
    attempts smallint NOT NULL,
    link_sent_at timestamp with time zone,
    username character varying(254) NOT NULL,
    password character varying(128) NOT NULL,
    api_user_id bigint,
    disabled_by_id bigint,
    doctor_id bigint NOT NULL,
    enabled_by_id bigint,
    patient_id bigint NOT NULL,
    practice_id bigint NOT NULL,
    CONSTRAINT patients_portalaccess_attempts_check CHECK ((attempts >= 0))
);
ALTER TABLE {schema}.patients_portalaccess ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.patients_portalaccess_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.patients_portalproxy (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    relationship character varying(20) NOT NULL,
    granted_on timestamp with time zone NOT NULL,
    ended_on timestamp with time zone,
    ended_by_id bigint,
    granted_by_id bigint,
    patient_id bigint NOT NULL,
    practice_id bigint NOT NULL,
    proxy_id bigint NOT NULL
);
ALTER TABLE {schema}.patients_portalproxy ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.patients_portalproxy_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.patients_portalrequest (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    request_type character varying(20) NOT NULL,
    status character varying(10) NOT NULL,
    title character varying(500) NOT NULL,
    notes text NOT NULL,
    payload jsonb NOT NULL,
    settled_at timestamp with time zone,
    api_user_id bigint,
    deleted_by_id bigint,
    file_id bigint,
    patient_id bigint NOT NULL,
    practice_id bigint NOT NULL,
    settled_by_id bigint,
    proxy_id bigint,
    CONSTRAINT portal_request_deleted CHECK ((archived OR (NOT ((status)::text = 'deleted'::text)))),
    CONSTRAINT portal_request_status CHECK (((status)::text = ANY ((ARRAY['open'::character varying, 'accepted'::character varying, 'dismissed'::character varying, 'deleted'::character varying])::text[]))),
    CONSTRAINT portal_request_type CHECK (((request_type)::text = ANY ((ARRAY['image'::character varying, 'document'::character varying, 'rx'::character varying, 'rx_refill'::character varying, 'supplement'::character varying, 'questionnaire'::character varying, 'secure_message'::character varying])::text[])))
);
ALTER TABLE {schema}.patients_portalrequest ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.patients_portalrequest_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.patients_portalwording (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    invitation_subject character varying(200) NOT NULL,
    invitation_text text NOT NULL,
    password_subject character varying(200) NOT NULL,
    password_text text NOT NULL,
    practice_id bigint NOT NULL
);
ALTER TABLE {schema}.patients_portalwording ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.patients_portalwording_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.patients_referringdoctor (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    first_name character varying(100) NOT NULL,
    middle_name character varying(100) NOT NULL,
    last_name character varying(100) NOT NULL,
    suffix character varying(20) NOT NULL,
    npi character varying(20) NOT NULL,
    specialty character varying(100) NOT NULL,
    provider_number character varying(50) NOT NULL,
    provider_qualifier character varying(2) NOT NULL,
    email character varying(254) NOT NULL,
    phone character varying(50) NOT NULL,
    fax character varying(50) NOT NULL,
    address character varying(500) NOT NULL,
    patient_id bigint NOT NULL,
    practice_id bigint NOT NULL
);
ALTER TABLE {schema}.patients_referringdoctor ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.patients_referringdoctor_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.patients_searchterm (
    term text NOT NULL COLLATE pg_catalog."C",
    patient_id bigint NOT NULL,
    practice_id bigint NOT NULL
);
CREATE TABLE {schema}.patients_tag (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    name character varying(100) NOT NULL,
    category character varying(100) NOT NULL,
    description text NOT NULL,
    color character varying(6) NOT NULL,
    displays_on_dash boolean NOT NULL,
    note_displays_on_dashboard boolean NOT NULL,
    displays_on_calendar boolean NOT NULL,
    added_by_id bigint,
    practice_id bigint NOT NULL,
    updated_by_id bigint,
    CONSTRAINT tag_note_only_with_tag CHECK (((NOT note_displays_on_dashboard) OR displays_on_dash))
);
ALTER TABLE {schema}.patients_tag ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.patients_tag_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.patients_workerscompinsurance (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    company character varying(200) NOT NULL,
    payer_id character varying(50) NOT NULL,
    payer_address character varying(500) NOT NULL,
    payer_city character varying(100) NOT NULL,
    payer_state character varying(2) NOT NULL,
    payer_zip character varying(20) NOT NULL,
    group_name character varying(200) NOT NULL,
    group_number character varying(50) NOT NULL,
    case_number character varying(50) NOT NULL,
    property_and_casualty_agency_claim_number character varying(50) CONSTRAINT patients_workerscompinsuran_property_and_casualty_agen_not_null NOT NULL,
    carrier_code character varying(50) NOT NULL,
    wcb character varying(50) NOT NULL,
    wcb_rating_code character varying(50) NOT NULL,
    date_of_accident date,
    state_of_occurrence character varying(2) NOT NULL,
    notes text NOT NULL,
    patient_id bigint NOT NULL,
    practice_id bigint NOT NULL
);
ALTER TABLE {schema}.patients_workerscompinsurance ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.patients_workerscompinsurance_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.post_outgoing (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    kind character varying(5) NOT NULL,
    recipient character varying(254) NOT NULL,
    subject character varying(500) NOT NULL,
    text text NOT NULL,
    reply_to character varying(254) NOT NULL,
    purpose character varying(40) NOT NULL,
    attempts smallint NOT NULL,
    next_try timestamp with time zone NOT NULL,
    sent_at timestamp with time zone,
    failed_at timestamp with time zone,
    error character varying(100) NOT NULL,
    practice_id bigint NOT NULL,
    patient_id bigint,
    CONSTRAINT post_outgoing_attempts_check CHECK ((attempts >= 0))
);
ALTER TABLE {schema}.post_outgoing ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.post_outgoing_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.practice_doctor (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    first_name character varying(100) NOT NULL,
    last_name character varying(100) NOT NULL,
    suffix character varying(20) NOT NULL,
    specialty character varying(100) NOT NULL,
    job_title character varying(100) NOT NULL,
    email character varying(254) NOT NULL,
    cell_phone character varying(50) NOT NULL,
    home_phone character varying(50) NOT NULL,
    office_phone character varying(50) NOT NULL,
    npi_number character varying(20) NOT NULL,
    group_npi_number character varying(20) NOT NULL,
    website character varying(500) NOT NULL,
    country character varying(2) NOT NULL,
    timezone character varying(64) NOT NULL,
    is_account_suspended boolean NOT NULL,
    practice_id bigint NOT NULL,
    profile_picture_id bigint,
    CONSTRAINT doctor_time_zone CHECK ((timezone((timezone)::text, '2000-01-01 00:00:00+00'::timestamp with time zone) IS NOT NULL))
);
ALTER TABLE {schema}.practice_doctor ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.practice_doctor_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.practice_doctoroptions (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    default_report integer,
    allowed_payment_methods character varying(50)[] NOT NULL,
    erx_supervising_providers bigint[] NOT NULL,
    enable_everhealth_scribe boolean NOT NULL,
    default_billing_provider_id bigint,
    default_supervising_provider_id bigint,
    doctor_id bigint NOT NULL,
    practice_id bigint NOT NULL,
    office_for_lab_results_id bigint,
    patient_statement_office_id bigint,
    default_reminder_profile_id bigint
);
ALTER TABLE {schema}.practice_doctoroptions ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.practice_doctoroptions_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.practice_doctorworkschedule (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    work_days jsonb NOT NULL,
    doctor_id bigint NOT NULL,
    practice_id bigint NOT NULL
);
ALTER TABLE {schema}.practice_doctorworkschedule ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.practice_doctorworkschedule_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.practice_examroom (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    index smallint NOT NULL,
    name character varying(200) NOT NULL,
    online_scheduling boolean NOT NULL,
    practice_id bigint NOT NULL,
    office_id bigint NOT NULL,
    CONSTRAINT exam_room_from_one CHECK ((index >= 1)),
    CONSTRAINT practice_examroom_index_check CHECK ((index >= 0))
);
ALTER TABLE {schema}.practice_examroom ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.practice_examroom_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.practice_iframeapp (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    app bigint NOT NULL,
    doctor_id bigint NOT NULL,
    practice_id bigint NOT NULL
);
ALTER TABLE {schema}.practice_iframeapp ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.practice_iframeapp_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.practice_office (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    name character varying(200) NOT NULL,
    address character varying(500) NOT NULL,
    city character varying(100) NOT NULL,
    state character varying(2) NOT NULL,
    zip_code character varying(20) NOT NULL,
    country character varying(2) NOT NULL,
    phone_number character varying(50) NOT NULL,
    fax_number character varying(50) NOT NULL,
    tax_id_number_professional character varying(20) NOT NULL,
    start_hour smallint NOT NULL,
    end_hour smallint NOT NULL,
    online_scheduling boolean NOT NULL,
    online_timeslots jsonb NOT NULL,
    doctor_id bigint NOT NULL,
    practice_id bigint NOT NULL,
    CONSTRAINT office_hours_in_order CHECK (((end_hour <= 24) AND (start_hour >= 0) AND (start_hour < end_hour)))
);
ALTER TABLE {schema}.practice_office ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.practice_office_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.practice_officeworkschedule (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    work_days jsonb NOT NULL,
    office_id bigint NOT NULL,
    practice_id bigint NOT NULL
);
ALTER TABLE {schema}.practice_officeworkschedule ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.practice_officeworkschedule_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.practice_staff (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    home_phone character varying(50) NOT NULL,
    cell_phone character varying(50) NOT NULL,
    practice_id bigint NOT NULL,
    user_id bigint NOT NULL
);
ALTER TABLE {schema}.practice_staff ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.practice_staff_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.practice_usergroup (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    name character varying(200) NOT NULL,
    practice_id bigint NOT NULL
);
ALTER TABLE {schema}.practice_usergroup ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.practice_usergroup_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.practice_usergroupmember (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    group_id bigint NOT NULL,
    practice_id bigint NOT NULL,
    user_id bigint NOT NULL
);
ALTER TABLE {schema}.practice_usergroupmember ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.practice_usergroupmember_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.procrastinate_events (
    id bigint NOT NULL,
    job_id bigint NOT NULL,
    type {schema}.procrastinate_job_event_type,
    at timestamp with time zone DEFAULT now()
);
CREATE SEQUENCE {schema}.procrastinate_events_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE {schema}.procrastinate_events_id_seq OWNED BY {schema}.procrastinate_events.id;
CREATE SEQUENCE {schema}.procrastinate_jobs_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE {schema}.procrastinate_jobs_id_seq OWNED BY {schema}.procrastinate_jobs.id;
CREATE TABLE {schema}.procrastinate_periodic_defers (
    id bigint NOT NULL,
    task_name character varying(128) NOT NULL,
    defer_timestamp bigint,
    job_id bigint,
    periodic_id character varying(128) DEFAULT ''::character varying NOT NULL
);
CREATE SEQUENCE {schema}.procrastinate_periodic_defers_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE {schema}.procrastinate_periodic_defers_id_seq OWNED BY {schema}.procrastinate_periodic_defers.id;
CREATE TABLE {schema}.procrastinate_workers (
    id bigint NOT NULL,
    last_heartbeat timestamp with time zone DEFAULT now() NOT NULL
);
ALTER TABLE {schema}.procrastinate_workers ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME {schema}.procrastinate_workers_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.questionnaires_answers (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    questionnaire_type character varying(100) NOT NULL,
    questionnaire_name character varying(200) NOT NULL,
    html_content text NOT NULL,
    raw_data jsonb NOT NULL,
    answered_at timestamp with time zone NOT NULL,
    added_by_id bigint,
    patient_id bigint NOT NULL,
    practice_id bigint NOT NULL,
    request_id bigint,
    updated_by_id bigint,
    questionnaire_id bigint
);
ALTER TABLE {schema}.questionnaires_answers ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.questionnaires_answers_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.questionnaires_assignment (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    answered_at timestamp with time zone,
    asked_by_id bigint,
    patient_id bigint NOT NULL,
    practice_id bigint NOT NULL,
    request_id bigint,
    questionnaire_id bigint NOT NULL,
    CONSTRAINT asked_then_answered CHECK (((request_id IS NULL) OR (answered_at IS NOT NULL)))
);
ALTER TABLE {schema}.questionnaires_assignment ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.questionnaires_assignment_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.questionnaires_question (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    key character varying(80) NOT NULL,
    "order" integer NOT NULL,
    words character varying(500) NOT NULL,
    hint character varying(500) NOT NULL,
    kind character varying(10) NOT NULL,
    choices character varying(200)[] NOT NULL,
    required boolean NOT NULL,
    practice_id bigint NOT NULL,
    questionnaire_id bigint NOT NULL,
    CONSTRAINT question_kind CHECK (((kind)::text = ANY ((ARRAY['text'::character varying, 'long_text'::character varying, 'yes_no'::character varying, 'one'::character varying, 'several'::character varying, 'number'::character varying, 'date'::character varying])::text[]))),
    CONSTRAINT questionnaires_question_order_check CHECK (("order" >= 0))
);
ALTER TABLE {schema}.questionnaires_question ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.questionnaires_question_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.questionnaires_questionnaire (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    name character varying(200) NOT NULL,
    kind character varying(100) NOT NULL,
    introduction text NOT NULL,
    practice_id bigint NOT NULL
);
ALTER TABLE {schema}.questionnaires_questionnaire ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.questionnaires_questionnaire_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.scheduling_appointmentprofile (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    name character varying(200) NOT NULL,
    color character varying(30) NOT NULL,
    duration smallint NOT NULL,
    reason character varying(1000) NOT NULL,
    online_scheduling boolean NOT NULL,
    sort_order integer,
    name_portal character varying(200) NOT NULL,
    description text NOT NULL,
    portal_notice text NOT NULL,
    number_of_overlaps_to_allow smallint CONSTRAINT scheduling_appointmentprofi_number_of_overlaps_to_allo_not_null NOT NULL,
    provider_ids bigint[],
    telemedicine boolean NOT NULL,
    email_notice_on boolean NOT NULL,
    email_notice text NOT NULL,
    email_notice_subject character varying(200) NOT NULL,
    email_reminder_on boolean NOT NULL,
    email_reminder text NOT NULL,
    email_reminder_subject character varying(200) NOT NULL,
    email_reminder_hrs_before smallint CONSTRAINT scheduling_appointmentprofil_email_reminder_hrs_before_not_null NOT NULL,
    sms_reminder_on boolean NOT NULL,
    sms_reminder character varying(220) NOT NULL,
    sms_reminder_hrs_before smallint NOT NULL,
    added_by_id bigint,
    doctor_id bigint NOT NULL,
    practice_id bigint NOT NULL,
    CONSTRAINT scheduling_appointmentprofile_duration_check CHECK ((duration >= 0)),
    CONSTRAINT scheduling_appointmentprofile_email_reminder_hrs_before_check CHECK ((email_reminder_hrs_before >= 0)),
    CONSTRAINT scheduling_appointmentprofile_number_of_overlaps_to_allow_check CHECK ((number_of_overlaps_to_allow >= 0)),
    CONSTRAINT scheduling_appointmentprofile_sms_reminder_hrs_before_check CHECK ((sms_reminder_hrs_before >= 0))
);
ALTER TABLE {schema}.scheduling_appointmentprofile ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.scheduling_appointmentprofile_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.scheduling_appointmenttemplate (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    exam_room smallint NOT NULL,
    scheduled_time time without time zone NOT NULL,
    duration smallint NOT NULL,
    week_days smallint[] NOT NULL,
    date_start date,
    date_end date,
    office_id bigint NOT NULL,
    practice_id bigint NOT NULL,
    profile_id bigint NOT NULL,
    CONSTRAINT scheduling_appointmenttemplate_duration_check CHECK ((duration >= 0)),
    CONSTRAINT scheduling_appointmenttemplate_exam_room_check CHECK ((exam_room >= 0))
);
ALTER TABLE {schema}.scheduling_appointmenttemplate ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.scheduling_appointmenttemplate_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.scheduling_billingnote (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    text text NOT NULL,
    appointment_id bigint NOT NULL,
    created_by_id bigint,
    practice_id bigint NOT NULL
);
ALTER TABLE {schema}.scheduling_billingnote ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.scheduling_billingnote_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.scheduling_customappointmentfield (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    field_name character varying(200) NOT NULL,
    field_desc text NOT NULL,
    "order" integer NOT NULL,
    doctor_id bigint NOT NULL,
    practice_id bigint NOT NULL,
    CONSTRAINT scheduling_customappointmentfield_order_check CHECK (("order" >= 0))
);
ALTER TABLE {schema}.scheduling_customappointmentfield ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.scheduling_customappointmentfield_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.scheduling_customappointmentfieldvalue (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    field_value text NOT NULL,
    appointment_id bigint NOT NULL,
    field_type_id bigint NOT NULL,
    practice_id bigint NOT NULL
);
ALTER TABLE {schema}.scheduling_customappointmentfieldvalue ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.scheduling_customappointmentfieldvalue_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.scheduling_customvital (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    name character varying(200) NOT NULL,
    data_type character varying(10) NOT NULL,
    description text NOT NULL,
    unit character varying(50) NOT NULL,
    allowed_values character varying(200)[] NOT NULL,
    is_fraction_field boolean NOT NULL,
    fraction_delimiter character varying(5) NOT NULL,
    doctor_id bigint NOT NULL,
    practice_id bigint NOT NULL
);
ALTER TABLE {schema}.scheduling_customvital ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.scheduling_customvital_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.scheduling_customvitalvalue (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    taken_at timestamp with time zone,
    comments text NOT NULL,
    value text NOT NULL,
    abnormal boolean NOT NULL,
    added_by_id bigint,
    appointment_id bigint,
    patient_id bigint,
    practice_id bigint NOT NULL,
    vital_type_id bigint NOT NULL,
    CONSTRAINT custom_vital_taken CHECK (((appointment_id IS NOT NULL) OR ((patient_id IS NOT NULL) AND (taken_at IS NOT NULL))))
);
ALTER TABLE {schema}.scheduling_customvitalvalue ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.scheduling_customvitalvalue_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.scheduling_freedslot (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    exam_room smallint NOT NULL,
    scheduled_time timestamp with time zone NOT NULL,
    duration smallint NOT NULL,
    doctor_id bigint NOT NULL,
    office_id bigint NOT NULL,
    practice_id bigint NOT NULL,
    CONSTRAINT scheduling_freedslot_duration_check CHECK ((duration >= 0)),
    CONSTRAINT scheduling_freedslot_exam_room_check CHECK ((exam_room >= 0))
);
ALTER TABLE {schema}.scheduling_freedslot ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.scheduling_freedslot_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.scheduling_reminder (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    type character varying(10) NOT NULL,
    amount integer NOT NULL,
    unit character varying(10) NOT NULL,
    scheduled_time timestamp with time zone NOT NULL,
    subject character varying(200) NOT NULL,
    text text NOT NULL,
    sent_at timestamp with time zone,
    appointment_id bigint NOT NULL,
    practice_id bigint NOT NULL,
    CONSTRAINT scheduling_reminder_amount_check CHECK ((amount >= 0))
);
ALTER TABLE {schema}.scheduling_reminder ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.scheduling_reminder_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.scheduling_reminderprofile (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    name character varying(200) NOT NULL,
    reminders jsonb NOT NULL,
    doctor_id bigint NOT NULL,
    practice_id bigint NOT NULL
);
ALTER TABLE {schema}.scheduling_reminderprofile ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.scheduling_reminderprofile_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.scheduling_statustransition (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    from_status character varying(100) NOT NULL,
    to_status character varying(100) NOT NULL,
    appointment_id bigint NOT NULL,
    practice_id bigint NOT NULL,
    reason character varying(200) NOT NULL
);
ALTER TABLE {schema}.scheduling_statustransition ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.scheduling_statustransition_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.scheduling_telehealthevent (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    event_type character varying(50) NOT NULL,
    description text NOT NULL,
    practice_id bigint NOT NULL,
    visit_id bigint NOT NULL
);
ALTER TABLE {schema}.scheduling_telehealthevent ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.scheduling_telehealthevent_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.scheduling_telehealthvisit (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    sent_patient_email boolean NOT NULL,
    overlapping_duration character varying(50) NOT NULL,
    telehealth_url character varying(500) NOT NULL,
    appointment_id bigint NOT NULL,
    practice_id bigint NOT NULL
);
ALTER TABLE {schema}.scheduling_telehealthvisit ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.scheduling_telehealthvisit_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.scheduling_vitals (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    taken_at timestamp with time zone,
    comments text NOT NULL,
    height numeric(12,6),
    height_units character varying(6) NOT NULL,
    weight numeric(12,6),
    weight_units character varying(3) NOT NULL,
    blood_pressure_1 smallint,
    blood_pressure_2 smallint,
    temperature numeric(12,6),
    temperature_units character varying(1) NOT NULL,
    pulse smallint,
    respiratory_rate smallint,
    oxygen_saturation numeric(12,6),
    pain character varying(2) NOT NULL,
    smoking_status character varying(15) NOT NULL,
    head_circumference numeric(12,6),
    head_circumference_units character varying(6) NOT NULL,
    added_by_id bigint,
    appointment_id bigint,
    patient_id bigint,
    practice_id bigint NOT NULL,
    CONSTRAINT scheduling_vitals_blood_pressure_1_check CHECK ((blood_pressure_1 >= 0)),
    CONSTRAINT scheduling_vitals_blood_pressure_2_check CHECK ((blood_pressure_2 >= 0)),
    CONSTRAINT scheduling_vitals_pulse_check CHECK ((pulse >= 0)),
    CONSTRAINT scheduling_vitals_respiratory_rate_check CHECK ((respiratory_rate >= 0)),
    CONSTRAINT vitals_taken CHECK (((appointment_id IS NOT NULL) OR ((patient_id IS NOT NULL) AND (taken_at IS NOT NULL))))
);
ALTER TABLE {schema}.scheduling_vitals ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.scheduling_vitals_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.scheduling_vitalstaggroup (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    name character varying(200) NOT NULL,
    included_fields character varying(20)[] NOT NULL,
    added_by_id bigint,
    practice_id bigint NOT NULL,
    updated_by_id bigint
);
ALTER TABLE {schema}.scheduling_vitalstaggroup ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.scheduling_vitalstaggroup_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.scheduling_waitinglistentry (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    duration smallint NOT NULL,
    week_days smallint[] NOT NULL,
    day_parts character varying(10)[] NOT NULL,
    until date,
    priority smallint NOT NULL,
    note text NOT NULL,
    appointment_id bigint,
    created_by_id bigint,
    doctor_id bigint,
    office_id bigint,
    patient_id bigint NOT NULL,
    practice_id bigint NOT NULL,
    profile_id bigint,
    CONSTRAINT scheduling_waitinglistentry_duration_check CHECK ((duration >= 0)),
    CONSTRAINT scheduling_waitinglistentry_priority_check CHECK ((priority >= 0))
);
ALTER TABLE {schema}.scheduling_waitinglistentry ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.scheduling_waitinglistentry_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.tasks_associateditem (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    type character varying(20) NOT NULL,
    value_id bigint NOT NULL,
    practice_id bigint NOT NULL,
    task_id bigint NOT NULL
);
ALTER TABLE {schema}.tasks_associateditem ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.tasks_associateditem_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.tasks_task (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    title character varying(500) NOT NULL,
    priority smallint,
    due_at timestamp with time zone,
    remind_minutes_before integer,
    completed_at timestamp with time zone,
    assigned_by_id bigint,
    assignee_group_id bigint,
    assignee_user_id bigint,
    created_by_id bigint,
    practice_id bigint NOT NULL,
    category_id bigint,
    status_id bigint NOT NULL,
    CONSTRAINT task_has_assignee CHECK (((assignee_user_id IS NOT NULL) OR (assignee_group_id IS NOT NULL))),
    CONSTRAINT task_priority CHECK (((priority IS NULL) OR (priority = ANY (ARRAY[10, 20, 30, 40])))),
    CONSTRAINT tasks_task_priority_check CHECK ((priority >= 0)),
    CONSTRAINT tasks_task_remind_minutes_before_check CHECK ((remind_minutes_before >= 0))
);
ALTER TABLE {schema}.tasks_task ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.tasks_task_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.tasks_taskcategory (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    name character varying(200) NOT NULL,
    is_global boolean NOT NULL,
    practice_id bigint NOT NULL
);
ALTER TABLE {schema}.tasks_taskcategory ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.tasks_taskcategory_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.tasks_tasknote (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    text text NOT NULL,
    created_by_id bigint,
    practice_id bigint NOT NULL,
    task_id bigint NOT NULL
);
ALTER TABLE {schema}.tasks_tasknote ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.tasks_tasknote_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.tasks_taskstatus (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    name character varying(200) NOT NULL,
    status_category character varying(1) NOT NULL,
    practice_id bigint NOT NULL,
    task_category_id bigint,
    CONSTRAINT task_status_category CHECK (((status_category)::text = ANY ((ARRAY['O'::character varying, 'P'::character varying, 'H'::character varying, 'C'::character varying])::text[])))
);
ALTER TABLE {schema}.tasks_taskstatus ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.tasks_taskstatus_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE {schema}.tasks_tasktemplate (
    id bigint NOT NULL,
    archived boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    name character varying(200) NOT NULL,
    default_title character varying(500) NOT NULL,
    default_note text NOT NULL,
    default_priority smallint,
    default_due_date_offset character varying(40) NOT NULL,
    default_assignee_group_id bigint,
    default_assignee_user_id bigint,
    default_category_id bigint,
    default_status_id bigint,
    practice_id bigint NOT NULL,
    CONSTRAINT task_template_priority CHECK (((default_priority IS NULL) OR (default_priority = ANY (ARRAY[10, 20, 30, 40])))),
    CONSTRAINT tasks_tasktemplate_default_priority_check CHECK ((default_priority >= 0))
);
ALTER TABLE {schema}.tasks_tasktemplate ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME {schema}.tasks_tasktemplate_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
ALTER TABLE ONLY {schema}.changes_change ATTACH PARTITION {schema}.changes_change_rest DEFAULT;
ALTER TABLE ONLY {schema}.procrastinate_events ALTER COLUMN id SET DEFAULT nextval('{schema}.procrastinate_events_id_seq'::regclass);
ALTER TABLE ONLY {schema}.procrastinate_jobs ALTER COLUMN id SET DEFAULT nextval('{schema}.procrastinate_jobs_id_seq'::regclass);
ALTER TABLE ONLY {schema}.procrastinate_periodic_defers ALTER COLUMN id SET DEFAULT nextval('{schema}.procrastinate_periodic_defers_id_seq'::regclass);
ALTER TABLE ONLY {schema}.identity_apiuser
    ADD CONSTRAINT api_user_within_practice UNIQUE (practice_id, id);
ALTER TABLE ONLY {schema}.identity_archivedpart
    ADD CONSTRAINT archived_part_once UNIQUE (practice_id, table_name, row_id);
ALTER TABLE ONLY {schema}.audit_apicall
    ADD CONSTRAINT audit_apicall_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.audit_bodies
    ADD CONSTRAINT audit_bodies_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.audit_capture
    ADD CONSTRAINT audit_capture_pkey PRIMARY KEY (app_id);
ALTER TABLE ONLY {schema}.audit_event
    ADD CONSTRAINT audit_event_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.audit_mark
    ADD CONSTRAINT audit_mark_pkey PRIMARY KEY ("table");
ALTER TABLE ONLY {schema}.audit_seal
    ADD CONSTRAINT audit_seal_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.auth_group
    ADD CONSTRAINT auth_group_name_key UNIQUE (name);
ALTER TABLE ONLY {schema}.auth_group_permissions
    ADD CONSTRAINT auth_group_permissions_group_id_permission_id_0cd325b0_uniq UNIQUE (group_id, permission_id);
ALTER TABLE ONLY {schema}.auth_group_permissions
    ADD CONSTRAINT auth_group_permissions_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.auth_group
    ADD CONSTRAINT auth_group_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.auth_permission
    ADD CONSTRAINT auth_permission_content_type_id_codename_01ab375a_uniq UNIQUE (content_type_id, codename);
ALTER TABLE ONLY {schema}.auth_permission
    ADD CONSTRAINT auth_permission_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.axes_accessattempt
    ADD CONSTRAINT axes_accessattempt_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.axes_accessattempt
    ADD CONSTRAINT axes_accessattempt_username_ip_address_user_agent_8ea22282_uniq UNIQUE (username, ip_address, user_agent);
ALTER TABLE ONLY {schema}.axes_accessattemptexpiration
    ADD CONSTRAINT axes_accessattemptexpiration_pkey PRIMARY KEY (access_attempt_id);
ALTER TABLE ONLY {schema}.axes_accessfailurelog
    ADD CONSTRAINT axes_accessfailurelog_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.axes_accesslog
    ADD CONSTRAINT axes_accesslog_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.backup_run
    ADD CONSTRAINT backup_run_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.backup_stream
    ADD CONSTRAINT backup_stream_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.billing_billingprofile
    ADD CONSTRAINT billing_billingprofile_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.billing_charge
    ADD CONSTRAINT billing_charge_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.billing_chargedefinition
    ADD CONSTRAINT billing_chargedefinition_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.billing_eligibilitycheck
    ADD CONSTRAINT billing_eligibilitycheck_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.billing_estimate
    ADD CONSTRAINT billing_estimate_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.billing_feeschedule
    ADD CONSTRAINT billing_feeschedule_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.billing_feescheduleitem
    ADD CONSTRAINT billing_feescheduleitem_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.billing_invoice
    ADD CONSTRAINT billing_invoice_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.billing_invoiceline
    ADD CONSTRAINT billing_invoiceline_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.billing_invoicepayment
    ADD CONSTRAINT billing_invoicepayment_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.billing_lineitem
    ADD CONSTRAINT billing_lineitem_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.billing_patientauthorization
    ADD CONSTRAINT billing_patientauthorization_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.billing_patientpayment
    ADD CONSTRAINT billing_patientpayment_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.billing_paymentlogentry
    ADD CONSTRAINT billing_paymentlogentry_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.billing_remittance
    ADD CONSTRAINT billing_remittance_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.billing_subscription
    ADD CONSTRAINT billing_subscription_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.billing_transaction
    ADD CONSTRAINT billing_transaction_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.changes_clockoffset
    ADD CONSTRAINT changes_clockoffset_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.changes_delivery
    ADD CONSTRAINT changes_delivery_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.changes_edge
    ADD CONSTRAINT changes_edge_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.changes_reader
    ADD CONSTRAINT changes_reader_pkey PRIMARY KEY (name);
ALTER TABLE ONLY {schema}.changes_subscription
    ADD CONSTRAINT changes_subscription_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.changes_webhook
    ADD CONSTRAINT changes_webhook_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.clinical_allergen
    ADD CONSTRAINT clinical_allergen_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.clinical_allergy
    ADD CONSTRAINT clinical_allergy_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.clinical_amendment
    ADD CONSTRAINT clinical_amendment_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.clinical_careplan
    ADD CONSTRAINT clinical_careplan_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.clinical_careteammember
    ADD CONSTRAINT clinical_careteammember_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.clinical_clinicalnote
    ADD CONSTRAINT clinical_clinicalnote_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.clinical_clinicalnotefieldtype
    ADD CONSTRAINT clinical_clinicalnotefieldtype_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.clinical_clinicalnotefieldvalue
    ADD CONSTRAINT clinical_clinicalnotefieldvalue_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.clinical_clinicalnotetemplate
    ADD CONSTRAINT clinical_clinicalnotetemplate_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.clinical_encountertype
    ADD CONSTRAINT clinical_encountertype_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.clinical_favoriteproblem
    ADD CONSTRAINT clinical_favoriteproblem_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.clinical_freetextnote
    ADD CONSTRAINT clinical_freetextnote_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.clinical_freetextnotetype
    ADD CONSTRAINT clinical_freetextnotetype_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.clinical_healthreading
    ADD CONSTRAINT clinical_healthreading_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.clinical_healthtracker
    ADD CONSTRAINT clinical_healthtracker_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.clinical_implantabledevice
    ADD CONSTRAINT clinical_implantabledevice_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.clinical_notetext
    ADD CONSTRAINT clinical_notetext_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.clinical_patientcommunication
    ADD CONSTRAINT clinical_patientcommunication_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.clinical_patientintervention
    ADD CONSTRAINT clinical_patientintervention_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.clinical_patientphysicalexam
    ADD CONSTRAINT clinical_patientphysicalexam_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.clinical_patientriskassessment
    ADD CONSTRAINT clinical_patientriskassessment_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.clinical_problem
    ADD CONSTRAINT clinical_problem_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.clinical_procedure
    ADD CONSTRAINT clinical_procedure_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.clinical_yellownotepad
    ADD CONSTRAINT clinical_yellownotepad_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.documents_appliedconsentform
    ADD CONSTRAINT consent_form_applied_once UNIQUE (practice_id, consent_form_id, appointment_id);
ALTER TABLE ONLY {schema}.patients_coverage
    ADD CONSTRAINT coverage_of_rank UNIQUE (practice_id, patient_id, rank);
ALTER TABLE ONLY {schema}.patients_customdemographicvalue
    ADD CONSTRAINT custom_demographic_once UNIQUE (practice_id, patient_id, field_type_id);
ALTER TABLE ONLY {schema}.scheduling_customappointmentfieldvalue
    ADD CONSTRAINT custom_field_once UNIQUE (practice_id, appointment_id, field_type_id);
ALTER TABLE ONLY {schema}.scheduling_customvitalvalue
    ADD CONSTRAINT custom_vital_once UNIQUE (practice_id, appointment_id, vital_type_id);
ALTER TABLE ONLY {schema}.django_content_type
    ADD CONSTRAINT django_content_type_app_label_model_76bd3d3b_uniq UNIQUE (app_label, model);
ALTER TABLE ONLY {schema}.django_content_type
    ADD CONSTRAINT django_content_type_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.django_migrations
    ADD CONSTRAINT django_migrations_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.django_session
    ADD CONSTRAINT django_session_pkey PRIMARY KEY (session_key);
ALTER TABLE ONLY {schema}.practice_doctor
    ADD CONSTRAINT doctor_within_practice UNIQUE (practice_id, id);
ALTER TABLE ONLY {schema}.documents_appliedconsentform
    ADD CONSTRAINT documents_appliedconsentform_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.documents_consentform
    ADD CONSTRAINT documents_consentform_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.documents_document
    ADD CONSTRAINT documents_document_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.documents_patientimage
    ADD CONSTRAINT documents_patientimage_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.documents_shareddocument
    ADD CONSTRAINT documents_shareddocument_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.documents_signedconsentform
    ADD CONSTRAINT documents_signedconsentform_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.practice_examroom
    ADD CONSTRAINT exam_room_index UNIQUE (practice_id, office_id, index);
ALTER TABLE ONLY {schema}.files_storedfile
    ADD CONSTRAINT files_storedfile_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.jobs_submission
    ADD CONSTRAINT form_sent_once UNIQUE (practice_id, user_id, uuid);
ALTER TABLE ONLY {schema}.identity_accesstoken
    ADD CONSTRAINT identity_accesstoken_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.identity_accesstoken
    ADD CONSTRAINT identity_accesstoken_source_refresh_token_id_key UNIQUE (source_refresh_token_id);
ALTER TABLE ONLY {schema}.identity_accesstoken
    ADD CONSTRAINT identity_accesstoken_token_checksum_key UNIQUE (token_checksum);
ALTER TABLE ONLY {schema}.identity_apicalls
    ADD CONSTRAINT identity_apicalls_pkey PRIMARY KEY (api_user_id, counted);
ALTER TABLE ONLY {schema}.identity_apispacing
    ADD CONSTRAINT identity_apispacing_pkey PRIMARY KEY (counted, about);
ALTER TABLE ONLY {schema}.identity_apiuser
    ADD CONSTRAINT identity_apiuser_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.identity_apiuser
    ADD CONSTRAINT identity_apiuser_username_key UNIQUE (username);
ALTER TABLE ONLY {schema}.identity_application
    ADD CONSTRAINT identity_application_client_id_key UNIQUE (client_id);
ALTER TABLE ONLY {schema}.identity_application
    ADD CONSTRAINT identity_application_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.identity_archivedpart
    ADD CONSTRAINT identity_archivedpart_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.identity_calls
    ADD CONSTRAINT identity_calls_pkey PRIMARY KEY (application_id, hour);
ALTER TABLE ONLY {schema}.identity_grant
    ADD CONSTRAINT identity_grant_code_key UNIQUE (code);
ALTER TABLE ONLY {schema}.identity_grant
    ADD CONSTRAINT identity_grant_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.identity_incarnation
    ADD CONSTRAINT identity_incarnation_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.identity_practice
    ADD CONSTRAINT identity_practice_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.identity_refreshtoken
    ADD CONSTRAINT identity_refreshtoken_access_token_id_key UNIQUE (access_token_id);
ALTER TABLE ONLY {schema}.identity_refreshtoken
    ADD CONSTRAINT identity_refreshtoken_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.identity_refreshtoken
    ADD CONSTRAINT identity_refreshtoken_token_checksum_key UNIQUE (token_checksum);
ALTER TABLE ONLY {schema}.identity_secretkey
    ADD CONSTRAINT identity_secretkey_pkey PRIMARY KEY (fingerprint);
ALTER TABLE ONLY {schema}.identity_tokencalls
    ADD CONSTRAINT identity_tokencalls_pkey PRIMARY KEY (key, minute);
ALTER TABLE ONLY {schema}.identity_user_groups
    ADD CONSTRAINT identity_user_groups_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.identity_user_groups
    ADD CONSTRAINT identity_user_groups_user_id_group_id_ece29599_uniq UNIQUE (user_id, group_id);
ALTER TABLE ONLY {schema}.identity_user
    ADD CONSTRAINT identity_user_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.identity_user_user_permissions
    ADD CONSTRAINT identity_user_user_permi_user_id_permission_id_1becc26c_uniq UNIQUE (user_id, permission_id);
ALTER TABLE ONLY {schema}.identity_user_user_permissions
    ADD CONSTRAINT identity_user_user_permissions_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.identity_user
    ADD CONSTRAINT identity_user_username_key UNIQUE (username);
ALTER TABLE ONLY {schema}.practice_iframeapp
    ADD CONSTRAINT iframe_app_once UNIQUE (practice_id, doctor_id, app);
ALTER TABLE ONLY {schema}.inventory_inventorycategory
    ADD CONSTRAINT inventory_inventorycategory_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.inventory_inventoryvaccine
    ADD CONSTRAINT inventory_inventoryvaccine_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.inventory_patientvaccinerecord
    ADD CONSTRAINT inventory_patientvaccinerecord_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.jobs_jobrows
    ADD CONSTRAINT job_rows_once UNIQUE (practice_id, job_id, "position");
ALTER TABLE ONLY {schema}.jobs_job
    ADD CONSTRAINT job_uuid UNIQUE (practice_id, uuid);
ALTER TABLE ONLY {schema}.jobs_job
    ADD CONSTRAINT jobs_job_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.jobs_jobrows
    ADD CONSTRAINT jobs_jobrows_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.jobs_submission
    ADD CONSTRAINT jobs_submission_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.labs_labdocument
    ADD CONSTRAINT labs_labdocument_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.labs_laborder
    ADD CONSTRAINT labs_laborder_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.labs_labresult
    ADD CONSTRAINT labs_labresult_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.labs_labtest
    ADD CONSTRAINT labs_labtest_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.labs_paneltest
    ADD CONSTRAINT labs_paneltest_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.labs_patientlabresult
    ADD CONSTRAINT labs_patientlabresult_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.labs_sublab
    ADD CONSTRAINT labs_sublab_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.medications_drug
    ADD CONSTRAINT medications_drug_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.medications_medication
    ADD CONSTRAINT medications_medication_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.medications_patientsupplement
    ADD CONSTRAINT medications_patientsupplement_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.medications_prescriptionmessage
    ADD CONSTRAINT medications_prescriptionmessage_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.medications_supplement
    ADD CONSTRAINT medications_supplement_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.messaging_commlog
    ADD CONSTRAINT messaging_commlog_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.messaging_message
    ADD CONSTRAINT messaging_message_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.messaging_messagenote
    ADD CONSTRAINT messaging_messagenote_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.messaging_patientmessage
    ADD CONSTRAINT messaging_patientmessage_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.messaging_patientmessageattachment
    ADD CONSTRAINT messaging_patientmessageattachment_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.oauth2_provider_devicegrant
    ADD CONSTRAINT oauth2_provider_devicegrant_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.oauth2_provider_devicegrant
    ADD CONSTRAINT oauth2_provider_devicegrant_unique_device_code UNIQUE (device_code);
ALTER TABLE ONLY {schema}.oauth2_provider_idtoken
    ADD CONSTRAINT oauth2_provider_idtoken_jti_key UNIQUE (jti);
ALTER TABLE ONLY {schema}.oauth2_provider_idtoken
    ADD CONSTRAINT oauth2_provider_idtoken_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.patients_autoaccidentinsurance
    ADD CONSTRAINT one_auto_accident_insurance UNIQUE (practice_id, patient_id);
ALTER TABLE ONLY {schema}.changes_edge
    ADD CONSTRAINT one_edge_a_moment UNIQUE (practice_id, at);
ALTER TABLE ONLY {schema}.clinical_clinicalnote
    ADD CONSTRAINT one_note_an_appointment UNIQUE (practice_id, appointment_id);
ALTER TABLE ONLY {schema}.clinical_yellownotepad
    ADD CONSTRAINT one_notepad_a_section UNIQUE (practice_id, appointment_id, template_id);
ALTER TABLE ONLY {schema}.patients_referringdoctor
    ADD CONSTRAINT one_referring_doctor UNIQUE (practice_id, patient_id);
ALTER TABLE ONLY {schema}.audit_seal
    ADD CONSTRAINT one_seal_a_number UNIQUE (practice_id, number);
ALTER TABLE ONLY {schema}.patients_workerscompinsurance
    ADD CONSTRAINT one_workers_comp_insurance UNIQUE (practice_id, patient_id);
ALTER TABLE ONLY {schema}.otp_static_staticdevice
    ADD CONSTRAINT otp_static_staticdevice_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.otp_static_statictoken
    ADD CONSTRAINT otp_static_statictoken_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.otp_totp_totpdevice
    ADD CONSTRAINT otp_totp_totpdevice_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.patients_attachedflag
    ADD CONSTRAINT patients_attachedflag_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.patients_autoaccidentinsurance
    ADD CONSTRAINT patients_autoaccidentinsurance_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.patients_coverage
    ADD CONSTRAINT patients_coverage_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.patients_customdemographic
    ADD CONSTRAINT patients_customdemographic_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.patients_customdemographicvalue
    ADD CONSTRAINT patients_customdemographicvalue_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.patients_custominsuranceplanname
    ADD CONSTRAINT patients_custominsuranceplanname_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.patients_distinctpatients
    ADD CONSTRAINT patients_distinctpatients_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.patients_facility
    ADD CONSTRAINT patients_facility_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.patients_flagtype
    ADD CONSTRAINT patients_flagtype_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.patients_mergedrow
    ADD CONSTRAINT patients_mergedrow_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.patients_namepart
    ADD CONSTRAINT patients_namepart_pkey PRIMARY KEY (practice_id, part, name);
ALTER TABLE ONLY {schema}.patients_patient
    ADD CONSTRAINT patients_patient_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.patients_patientfacility
    ADD CONSTRAINT patients_patientfacility_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.patients_patientmerge
    ADD CONSTRAINT patients_patientmerge_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.patients_patienttag
    ADD CONSTRAINT patients_patienttag_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.patients_payer
    ADD CONSTRAINT patients_payer_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.patients_portalaccess
    ADD CONSTRAINT patients_portalaccess_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.patients_portalproxy
    ADD CONSTRAINT patients_portalproxy_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.patients_portalrequest
    ADD CONSTRAINT patients_portalrequest_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.patients_portalwording
    ADD CONSTRAINT patients_portalwording_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.patients_referringdoctor
    ADD CONSTRAINT patients_referringdoctor_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.patients_searchterm
    ADD CONSTRAINT patients_searchterm_pkey PRIMARY KEY (practice_id, term, patient_id);
ALTER TABLE ONLY {schema}.patients_tag
    ADD CONSTRAINT patients_tag_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.patients_workerscompinsurance
    ADD CONSTRAINT patients_workerscompinsurance_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.patients_payer
    ADD CONSTRAINT payer_once_in_directory UNIQUE (payer_type, payer_id);
ALTER TABLE ONLY {schema}.post_outgoing
    ADD CONSTRAINT post_outgoing_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.practice_doctor
    ADD CONSTRAINT practice_doctor_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.practice_doctoroptions
    ADD CONSTRAINT practice_doctoroptions_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.practice_doctorworkschedule
    ADD CONSTRAINT practice_doctorworkschedule_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.practice_examroom
    ADD CONSTRAINT practice_examroom_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.practice_iframeapp
    ADD CONSTRAINT practice_iframeapp_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.practice_office
    ADD CONSTRAINT practice_office_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.practice_officeworkschedule
    ADD CONSTRAINT practice_officeworkschedule_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.practice_staff
    ADD CONSTRAINT practice_staff_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.practice_usergroup
    ADD CONSTRAINT practice_usergroup_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.practice_usergroupmember
    ADD CONSTRAINT practice_usergroupmember_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.procrastinate_events
    ADD CONSTRAINT procrastinate_events_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.procrastinate_jobs
    ADD CONSTRAINT procrastinate_jobs_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.procrastinate_periodic_defers
    ADD CONSTRAINT procrastinate_periodic_defers_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.procrastinate_periodic_defers
    ADD CONSTRAINT procrastinate_periodic_defers_unique UNIQUE (task_name, periodic_id, defer_timestamp);
ALTER TABLE ONLY {schema}.procrastinate_workers
    ADD CONSTRAINT procrastinate_workers_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.questionnaires_question
    ADD CONSTRAINT question_key_once UNIQUE (practice_id, questionnaire_id, key);
ALTER TABLE ONLY {schema}.questionnaires_answers
    ADD CONSTRAINT questionnaires_answers_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.questionnaires_assignment
    ADD CONSTRAINT questionnaires_assignment_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.questionnaires_question
    ADD CONSTRAINT questionnaires_question_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.questionnaires_questionnaire
    ADD CONSTRAINT questionnaires_questionnaire_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.scheduling_appointment
    ADD CONSTRAINT scheduling_appointment_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.scheduling_appointmentprofile
    ADD CONSTRAINT scheduling_appointmentprofile_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.scheduling_appointmenttemplate
    ADD CONSTRAINT scheduling_appointmenttemplate_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.scheduling_billingnote
    ADD CONSTRAINT scheduling_billingnote_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.scheduling_customappointmentfield
    ADD CONSTRAINT scheduling_customappointmentfield_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.scheduling_customappointmentfieldvalue
    ADD CONSTRAINT scheduling_customappointmentfieldvalue_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.scheduling_customvital
    ADD CONSTRAINT scheduling_customvital_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.scheduling_customvitalvalue
    ADD CONSTRAINT scheduling_customvitalvalue_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.scheduling_freedslot
    ADD CONSTRAINT scheduling_freedslot_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.scheduling_reminder
    ADD CONSTRAINT scheduling_reminder_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.scheduling_reminderprofile
    ADD CONSTRAINT scheduling_reminderprofile_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.scheduling_statustransition
    ADD CONSTRAINT scheduling_statustransition_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.scheduling_telehealthevent
    ADD CONSTRAINT scheduling_telehealthevent_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.scheduling_telehealthvisit
    ADD CONSTRAINT scheduling_telehealthvisit_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.scheduling_vitals
    ADD CONSTRAINT scheduling_vitals_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.scheduling_vitalstaggroup
    ADD CONSTRAINT scheduling_vitalstaggroup_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.scheduling_waitinglistentry
    ADD CONSTRAINT scheduling_waitinglistentry_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.tasks_associateditem
    ADD CONSTRAINT tasks_associateditem_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.tasks_task
    ADD CONSTRAINT tasks_task_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.tasks_taskcategory
    ADD CONSTRAINT tasks_taskcategory_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.tasks_tasknote
    ADD CONSTRAINT tasks_tasknote_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.tasks_taskstatus
    ADD CONSTRAINT tasks_taskstatus_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.tasks_tasktemplate
    ADD CONSTRAINT tasks_tasktemplate_pkey PRIMARY KEY (id);
ALTER TABLE ONLY {schema}.changes_delivery
    ADD CONSTRAINT told_once UNIQUE (webhook_id, event, row_id, txid, practice_id);
ALTER TABLE ONLY {schema}.practice_usergroupmember
    ADD CONSTRAINT user_once_in_group UNIQUE (practice_id, group_id, user_id);
ALTER TABLE ONLY {schema}.identity_user
    ADD CONSTRAINT user_within_practice UNIQUE (practice_id, id);
ALTER TABLE ONLY {schema}.scheduling_vitals
    ADD CONSTRAINT vitals_once UNIQUE (practice_id, appointment_id);
CREATE UNIQUE INDEX answered_once_a_request ON {schema}.questionnaires_answers USING btree (practice_id, request_id) WHERE (request_id IS NOT NULL);
CREATE INDEX appointment_doctor ON {schema}.scheduling_appointment USING btree (practice_id, doctor_id, scheduled_time);
CREATE INDEX appointment_office ON {schema}.scheduling_appointment USING btree (practice_id, office_id, scheduled_time);
CREATE INDEX appointment_series ON {schema}.scheduling_appointment USING btree (practice_id, base_recurring_appointment_id) WHERE (base_recurring_appointment_id IS NOT NULL);
CREATE INDEX appointment_time ON {schema}.scheduling_appointment USING btree (practice_id, scheduled_time);
CREATE INDEX appointment_updated ON {schema}.scheduling_appointment USING btree (practice_id, updated_at);
CREATE UNIQUE INDEX asked_once_at_a_time ON {schema}.questionnaires_assignment USING btree (practice_id, patient_id, questionnaire_id) WHERE ((answered_at IS NULL) AND (NOT archived));
CREATE INDEX audit_mark_table_1b5423ad_like ON {schema}.audit_mark USING btree ("table" varchar_pattern_ops);
CREATE INDEX auth_group_name_a6ea08ec_like ON {schema}.auth_group USING btree (name varchar_pattern_ops);
CREATE INDEX auth_group_permissions_group_id_b120cbf9 ON {schema}.auth_group_permissions USING btree (group_id);
CREATE INDEX auth_group_permissions_permission_id_84c5c92e ON {schema}.auth_group_permissions USING btree (permission_id);
CREATE INDEX auth_permission_content_type_id_2f476e4b ON {schema}.auth_permission USING btree (content_type_id);
CREATE INDEX axes_accessattempt_ip_address_10922d9c ON {schema}.axes_accessattempt USING btree (ip_address);
CREATE INDEX axes_accessattempt_user_agent_ad89678b ON {schema}.axes_accessattempt USING btree (user_agent);
CREATE INDEX axes_accessattempt_user_agent_ad89678b_like ON {schema}.axes_accessattempt USING btree (user_agent varchar_pattern_ops);
CREATE INDEX axes_accessattempt_username_3f2d4ca0 ON {schema}.axes_accessattempt USING btree (username);
CREATE INDEX axes_accessattempt_username_3f2d4ca0_like ON {schema}.axes_accessattempt USING btree (username varchar_pattern_ops);
CREATE INDEX axes_accessfailurelog_ip_address_2e9f5a7f ON {schema}.axes_accessfailurelog USING btree (ip_address);
CREATE INDEX axes_accessfailurelog_user_agent_ea145dda ON {schema}.axes_accessfailurelog USING btree (user_agent);
CREATE INDEX axes_accessfailurelog_user_agent_ea145dda_like ON {schema}.axes_accessfailurelog USING btree (user_agent varchar_pattern_ops);
CREATE INDEX axes_accessfailurelog_username_a8b7e8a4 ON {schema}.axes_accessfailurelog USING btree (username);
CREATE INDEX axes_accessfailurelog_username_a8b7e8a4_like ON {schema}.axes_accessfailurelog USING btree (username varchar_pattern_ops);
CREATE INDEX axes_accesslog_ip_address_86b417e5 ON {schema}.axes_accesslog USING btree (ip_address);
CREATE INDEX axes_accesslog_user_agent_0e659004 ON {schema}.axes_accesslog USING btree (user_agent);
CREATE INDEX axes_accesslog_user_agent_0e659004_like ON {schema}.axes_accesslog USING btree (user_agent varchar_pattern_ops);
CREATE INDEX axes_accesslog_username_df93064b ON {schema}.axes_accesslog USING btree (username);
CREATE INDEX axes_accesslog_username_df93064b_like ON {schema}.axes_accesslog USING btree (username varchar_pattern_ops);
CREATE INDEX backup_run_ended_at_0a9e11f7 ON {schema}.backup_run USING btree (ended_at);
CREATE INDEX bodies_by_time ON {schema}.audit_bodies USING btree (at);
CREATE INDEX bodies_of_call ON {schema}.audit_bodies USING btree (practice_id, request);
CREATE INDEX calls_about_patient ON {schema}.audit_apicall USING gin (patients);
CREATE INDEX calls_of_app ON {schema}.audit_apicall USING btree (app_id, at, id);
CREATE INDEX calls_of_practice ON {schema}.audit_apicall USING btree (practice_id, at, id);
CREATE INDEX changes_by_id ON ONLY {schema}.changes_change USING btree (id);
CREATE INDEX changes_by_time ON ONLY {schema}.changes_change USING btree (practice_id, at, id);
CREATE INDEX changes_change_rest_id_idx ON {schema}.changes_change_rest USING btree (id);
CREATE INDEX changes_change_rest_practice_id_at_id_idx ON {schema}.changes_change_rest USING btree (practice_id, at, id);
CREATE INDEX changes_of_row ON ONLY {schema}.changes_change USING btree (practice_id, table_name, row_id, id);
CREATE INDEX changes_change_rest_practice_id_table_name_row_id_id_idx ON {schema}.changes_change_rest USING btree (practice_id, table_name, row_id, id);
CREATE INDEX changes_of_practice ON ONLY {schema}.changes_change USING btree (practice_id, txid, id);
CREATE INDEX changes_change_rest_practice_id_txid_id_idx ON {schema}.changes_change_rest USING btree (practice_id, txid, id);
CREATE INDEX changes_in_order ON ONLY {schema}.changes_change USING btree (txid, id);
CREATE INDEX changes_change_rest_txid_id_idx ON {schema}.changes_change_rest USING btree (txid, id);
CREATE INDEX changes_reader_name_2d3ab3a4_like ON {schema}.changes_reader USING btree (name varchar_pattern_ops);
CREATE INDEX changes_subscription_webhook_id_95ea9dd8 ON {schema}.changes_subscription USING btree (webhook_id);
CREATE INDEX changes_webhook_application_id_ffdd5e33 ON {schema}.changes_webhook USING btree (application_id);
CREATE INDEX changes_webhook_practice_id_4e1e1f3b ON {schema}.changes_webhook USING btree (practice_id);
CREATE INDEX charge_by_creation ON {schema}.billing_charge USING btree (practice_id, created_at);
CREATE INDEX charge_by_day ON {schema}.billing_charge USING btree (practice_id, transaction_date);
CREATE UNIQUE INDEX charge_on_one_invoice ON {schema}.billing_invoiceline USING btree (practice_id, charge_id) WHERE ((NOT archived) AND (NOT released));
CREATE INDEX comm_log_updated ON {schema}.messaging_commlog USING btree (practice_id, updated_at);
CREATE INDEX delivery_at ON {schema}.changes_delivery USING btree (at);
CREATE INDEX delivery_latest ON {schema}.changes_delivery USING btree (webhook_id, id DESC);
CREATE INDEX delivery_order ON {schema}.changes_delivery USING btree (webhook_id, table_name, row_id, id) WHERE (NOT (next_try IS NULL));
CREATE INDEX delivery_waiting ON {schema}.changes_delivery USING btree (webhook_id, next_try) WHERE (NOT (next_try IS NULL));
CREATE UNIQUE INDEX distinct_patients_once ON {schema}.patients_distinctpatients USING btree (practice_id, first_id, second_id) WHERE (NOT archived);
CREATE INDEX django_session_expire_date_a5c62663 ON {schema}.django_session USING btree (expire_date);
CREATE INDEX django_session_session_key_c0390e0f_like ON {schema}.django_session USING btree (session_key varchar_pattern_ops);
CREATE UNIQUE INDEX document_shared_once ON {schema}.documents_shareddocument USING btree (practice_id, document_id) WHERE (NOT archived);
CREATE INDEX document_updated ON {schema}.documents_document USING btree (practice_id, updated_at);
CREATE INDEX drug_by_rxnorm ON {schema}.medications_drug USING btree (practice_id, rxnorm);
CREATE INDEX eligibility_asked ON {schema}.billing_eligibilitycheck USING btree (practice_id, query_date);
CREATE UNIQUE INDEX encounter_type_once ON {schema}.clinical_encountertype USING btree (practice_id, code) WHERE (NOT archived);
CREATE INDEX events_about_patient ON {schema}.audit_event USING btree (practice_id, patient_id, id);
CREATE INDEX events_of_practice ON {schema}.audit_event USING btree (practice_id, at, id);
CREATE UNIQUE INDEX facility_once_of_patient ON {schema}.patients_patientfacility USING btree (practice_id, patient_id, facility_id) WHERE (NOT archived);
CREATE INDEX fee_code ON {schema}.billing_feescheduleitem USING btree (practice_id, code, code_type);
CREATE INDEX fee_updated ON {schema}.billing_feescheduleitem USING btree (practice_id, updated_at);
CREATE INDEX file_by_content ON {schema}.files_storedfile USING btree (practice_id, address);
CREATE INDEX form_sent ON {schema}.jobs_submission USING btree (practice_id, created_at);
CREATE INDEX freed_slot_time ON {schema}.scheduling_freedslot USING btree (practice_id, scheduled_time) WHERE (NOT archived);
CREATE INDEX identity_ac_expires_c1cb29_idx ON {schema}.identity_accesstoken USING btree (expires);
CREATE INDEX identity_ac_token_f_63aced_idx ON {schema}.identity_accesstoken USING btree (token_family);
CREATE INDEX identity_accesstoken_application_id_b578fe01 ON {schema}.identity_accesstoken USING btree (application_id);
CREATE INDEX identity_accesstoken_token_checksum_7961b1b2_like ON {schema}.identity_accesstoken USING btree (token_checksum varchar_pattern_ops);
CREATE INDEX identity_accesstoken_user_id_a7acc344 ON {schema}.identity_accesstoken USING btree (user_id);
CREATE INDEX identity_apiuser_practice_id_27538669 ON {schema}.identity_apiuser USING btree (practice_id);
CREATE INDEX identity_apiuser_username_875cf52e_like ON {schema}.identity_apiuser USING btree (username varchar_pattern_ops);
CREATE INDEX identity_application_client_id_0ce37ed6_like ON {schema}.identity_application USING btree (client_id varchar_pattern_ops);
CREATE INDEX identity_application_client_secret_2849e44c ON {schema}.identity_application USING btree (client_secret);
CREATE INDEX identity_application_client_secret_2849e44c_like ON {schema}.identity_application USING btree (client_secret varchar_pattern_ops);
CREATE INDEX identity_application_user_id_ef097095 ON {schema}.identity_application USING btree (user_id);
CREATE INDEX identity_gr_expires_3d5513_idx ON {schema}.identity_grant USING btree (expires);
CREATE INDEX identity_grant_application_id_703a309e ON {schema}.identity_grant USING btree (application_id);
CREATE INDEX identity_grant_code_349893bd_like ON {schema}.identity_grant USING btree (code varchar_pattern_ops);
CREATE INDEX identity_grant_user_id_2591605d ON {schema}.identity_grant USING btree (user_id);
CREATE INDEX identity_re_token_f_bde708_idx ON {schema}.identity_refreshtoken USING btree (token_family);
CREATE INDEX identity_refreshtoken_application_id_f795bf63 ON {schema}.identity_refreshtoken USING btree (application_id);
CREATE INDEX identity_refreshtoken_token_checksum_6e4ae7f7_like ON {schema}.identity_refreshtoken USING btree (token_checksum varchar_pattern_ops);
CREATE INDEX identity_refreshtoken_user_id_a006f4db ON {schema}.identity_refreshtoken USING btree (user_id);
CREATE INDEX identity_secretkey_fingerprint_59ca962d_like ON {schema}.identity_secretkey USING btree (fingerprint varchar_pattern_ops);
CREATE INDEX identity_user_groups_group_id_cdb422da ON {schema}.identity_user_groups USING btree (group_id);
CREATE INDEX identity_user_groups_user_id_f69e0c80 ON {schema}.identity_user_groups USING btree (user_id);
CREATE INDEX identity_user_practice_id_0ea1280a ON {schema}.identity_user USING btree (practice_id);
CREATE INDEX identity_user_user_permissions_permission_id_c8f2cf2f ON {schema}.identity_user_user_permissions USING btree (permission_id);
CREATE INDEX identity_user_user_permissions_user_id_a626cb1f ON {schema}.identity_user_user_permissions USING btree (user_id);
CREATE INDEX identity_user_username_e9275a70_like ON {schema}.identity_user USING btree (username varchar_pattern_ops);
CREATE INDEX idx_procrastinate_jobs_worker_not_null ON {schema}.procrastinate_jobs USING btree (worker_id) WHERE ((worker_id IS NOT NULL) AND (status = 'doing'::{schema}.procrastinate_job_status));
CREATE INDEX idx_procrastinate_workers_last_heartbeat ON {schema}.procrastinate_workers USING btree (last_heartbeat);
CREATE INDEX inventory_vaccine_updated ON {schema}.inventory_inventoryvaccine USING btree (practice_id, updated_at);
CREATE INDEX item_by_value ON {schema}.tasks_associateditem USING btree (practice_id, type, value_id);
CREATE INDEX job_begun ON {schema}.jobs_job USING btree (practice_id, created_at);
CREATE INDEX lab_document_created ON {schema}.labs_labdocument USING btree (practice_id, created_at);
CREATE INDEX lab_order_created ON {schema}.labs_laborder USING btree (practice_id, created_at);
CREATE INDEX lab_order_updated ON {schema}.labs_laborder USING btree (practice_id, updated_at);
CREATE INDEX line_item_posted ON {schema}.billing_lineitem USING btree (practice_id, created_at);
CREATE INDEX line_item_updated ON {schema}.billing_lineitem USING btree (practice_id, updated_at);
CREATE INDEX message_received ON {schema}.messaging_message USING btree (practice_id, received_at);
CREATE INDEX message_updated ON {schema}.messaging_message USING btree (practice_id, updated_at);
CREATE INDEX name_parts ON {schema}.patients_namepart USING btree (practice_id, name, part);
CREATE INDEX note_below ON {schema}.clinical_clinicalnote USING btree (practice_id, parent_id) WHERE (parent_id IS NOT NULL);
CREATE UNIQUE INDEX note_text_once ON {schema}.clinical_notetext USING btree (practice_id, owner_id, name, field) NULLS NOT DISTINCT WHERE (NOT archived);
CREATE UNIQUE INDEX note_type_once ON {schema}.clinical_freetextnotetype USING btree (practice_id, name) WHERE (NOT archived);
CREATE INDEX note_updated ON {schema}.clinical_clinicalnote USING btree (practice_id, updated_at);
CREATE INDEX note_value_updated ON {schema}.clinical_clinicalnotefieldvalue USING btree (practice_id, updated_at);
CREATE INDEX oauth2_provider_devicegrant_client_id_229dd06d ON {schema}.oauth2_provider_devicegrant USING btree (client_id);
CREATE INDEX oauth2_provider_devicegrant_client_id_229dd06d_like ON {schema}.oauth2_provider_devicegrant USING btree (client_id varchar_pattern_ops);
CREATE INDEX oauth2_provider_devicegrant_user_id_1cec5156 ON {schema}.oauth2_provider_devicegrant USING btree (user_id);
CREATE INDEX oauth2_provider_idtoken_application_id_08c5ff4f ON {schema}.oauth2_provider_idtoken USING btree (application_id);
CREATE INDEX oauth2_provider_idtoken_user_id_dd512b59 ON {schema}.oauth2_provider_idtoken USING btree (user_id);
CREATE UNIQUE INDEX one_charge_a_period ON {schema}.billing_charge USING btree (practice_id, subscription_id, period) WHERE (subscription_id IS NOT NULL);
CREATE UNIQUE INDEX one_current_secret_key ON {schema}.identity_secretkey USING btree (is_current) WHERE is_current;
CREATE UNIQUE INDEX one_document_a_request ON {schema}.documents_document USING btree (practice_id, request_id) WHERE (request_id IS NOT NULL);
CREATE UNIQUE INDEX one_free_note_a_heading ON {schema}.clinical_freetextnote USING btree (practice_id, patient_id, note_type_id) WHERE (NOT archived);
CREATE UNIQUE INDEX one_image_a_request ON {schema}.documents_patientimage USING btree (practice_id, request_id) WHERE (request_id IS NOT NULL);
CREATE UNIQUE INDEX one_live_access_token ON {schema}.identity_accesstoken USING btree (application_id, user_id) WHERE (revoked IS NULL);
CREATE UNIQUE INDEX one_live_refresh_token ON {schema}.identity_refreshtoken USING btree (application_id, user_id) WHERE (revoked IS NULL);
CREATE UNIQUE INDEX one_medication_a_request ON {schema}.medications_medication USING btree (practice_id, request_id) WHERE (request_id IS NOT NULL);
CREATE UNIQUE INDEX one_message_a_request ON {schema}.messaging_patientmessage USING btree (practice_id, request_id) WHERE (request_id IS NOT NULL);
CREATE UNIQUE INDEX one_open_subscription ON {schema}.changes_subscription USING btree (webhook_id) WHERE (last_change IS NULL);
CREATE UNIQUE INDEX one_options_row_a_doctor ON {schema}.practice_doctoroptions USING btree (practice_id, doctor_id) WHERE (NOT archived);
CREATE UNIQUE INDEX one_portal_access ON {schema}.patients_portalaccess USING btree (practice_id, patient_id) WHERE ((NOT archived) AND (disabled_on IS NULL));
CREATE UNIQUE INDEX one_portal_proxy ON {schema}.patients_portalproxy USING btree (practice_id, patient_id, proxy_id) WHERE ((NOT archived) AND (ended_on IS NULL));
CREATE UNIQUE INDEX one_portal_wording ON {schema}.patients_portalwording USING btree (practice_id) WHERE (NOT archived);
CREATE UNIQUE INDEX one_primary_user_a_practice ON {schema}.identity_user USING btree (practice_id) WHERE is_primary;
CREATE UNIQUE INDEX one_schedule_a_doctor ON {schema}.practice_doctorworkschedule USING btree (practice_id, doctor_id) WHERE (NOT archived);
CREATE UNIQUE INDEX one_schedule_an_office ON {schema}.practice_officeworkschedule USING btree (practice_id, office_id) WHERE (NOT archived);
CREATE UNIQUE INDEX one_staff_row_a_user ON {schema}.practice_staff USING btree (practice_id, user_id) WHERE (NOT archived);
CREATE UNIQUE INDEX one_supplement_a_request ON {schema}.medications_patientsupplement USING btree (practice_id, request_id) WHERE (request_id IS NOT NULL);
CREATE INDEX otp_static_staticdevice_user_id_7f9cff2b ON {schema}.otp_static_staticdevice USING btree (user_id);
CREATE INDEX otp_static_statictoken_device_id_74b7c7d1 ON {schema}.otp_static_statictoken USING btree (device_id);
CREATE INDEX otp_static_statictoken_token_d0a51866 ON {schema}.otp_static_statictoken USING btree (token);
CREATE INDEX otp_static_statictoken_token_d0a51866_like ON {schema}.otp_static_statictoken USING btree (token varchar_pattern_ops);
CREATE INDEX otp_totp_totpdevice_user_id_0fb18292 ON {schema}.otp_totp_totpdevice USING btree (user_id);
CREATE INDEX outgoing_latest ON {schema}.post_outgoing USING btree (practice_id, id DESC);
CREATE INDEX outgoing_waiting ON {schema}.post_outgoing USING btree (next_try) WHERE ((failed_at IS NULL) AND (sent_at IS NULL));
CREATE INDEX patient_born ON {schema}.patients_patient USING btree (practice_id, date_of_birth);
CREATE INDEX patient_chart ON {schema}.patients_patient USING btree (practice_id, chart_id);
CREATE INDEX patient_counted ON {schema}.patients_patient USING btree (practice_id, id) WHERE (NOT archived);
CREATE INDEX patient_deleted ON {schema}.patients_patient USING btree (practice_id, updated_at DESC) WHERE archived;
CREATE INDEX patient_email ON {schema}.patients_patient USING btree (practice_id, email_folded);
CREATE INDEX patient_first_name ON {schema}.patients_patient USING btree (practice_id, first_name_folded, id);
CREATE INDEX patient_lab_result_updated ON {schema}.labs_patientlabresult USING btree (practice_id, updated_at);
CREATE INDEX patient_last_name ON {schema}.patients_patient USING btree (practice_id, last_name_folded, id);
CREATE INDEX patient_listed ON {schema}.patients_patient USING btree (practice_id, id) WHERE ((NOT archived) AND ((patient_status)::text = 'A'::text));
CREATE UNIQUE INDEX patient_merged_once ON {schema}.patients_patientmerge USING btree (practice_id, merged_id) WHERE ((NOT archived) AND (undone_at IS NULL));
CREATE INDEX patient_message_updated ON {schema}.messaging_patientmessage USING btree (practice_id, updated_at);
CREATE INDEX patient_name ON {schema}.patients_patient USING btree (practice_id, last_name, id);
CREATE INDEX patient_tag_of_patient ON {schema}.patients_patienttag USING btree (practice_id, patient_id, id);
CREATE INDEX patient_terms ON {schema}.patients_searchterm USING btree (practice_id, patient_id, term);
CREATE INDEX patient_updated ON {schema}.patients_patient USING btree (practice_id, updated_at);
CREATE INDEX patient_vaccine_updated ON {schema}.inventory_patientvaccinerecord USING btree (practice_id, updated_at);
CREATE INDEX payment_log_updated ON {schema}.billing_paymentlogentry USING btree (practice_id, updated_at);
CREATE INDEX payment_posted ON {schema}.billing_patientpayment USING btree (practice_id, posted_date);
CREATE INDEX payment_updated ON {schema}.billing_patientpayment USING btree (practice_id, updated_at);
CREATE INDEX portal_request_open ON {schema}.patients_portalrequest USING btree (practice_id, id) WHERE ((status)::text = 'open'::text);
CREATE UNIQUE INDEX portal_token_once ON {schema}.patients_portalaccess USING btree (practice_id, token) WHERE (NOT ((token)::text = ''::text));
CREATE INDEX portal_username ON {schema}.patients_portalaccess USING btree (username) WHERE ((NOT ((username)::text = ''::text)) AND (NOT archived) AND (disabled_on IS NULL));
CREATE UNIQUE INDEX portal_username_once ON {schema}.patients_portalaccess USING btree (practice_id, username) WHERE ((NOT ((username)::text = ''::text)) AND (NOT archived) AND (disabled_on IS NULL));
CREATE INDEX prescription_message_created ON {schema}.medications_prescriptionmessage USING btree (practice_id, created_at);
CREATE INDEX procedure_date ON {schema}.clinical_procedure USING btree (practice_id, date);
CREATE INDEX procrastinate_events_job_id_fkey_v1 ON {schema}.procrastinate_events USING btree (job_id);
CREATE INDEX procrastinate_jobs_id_lock_idx_v1 ON {schema}.procrastinate_jobs USING btree (id, lock) WHERE (status = ANY (ARRAY['todo'::{schema}.procrastinate_job_status, 'doing'::{schema}.procrastinate_job_status]));
CREATE UNIQUE INDEX procrastinate_jobs_lock_idx_v1 ON {schema}.procrastinate_jobs USING btree (lock) WHERE (status = 'doing'::{schema}.procrastinate_job_status);
CREATE INDEX procrastinate_jobs_priority_idx_v1 ON {schema}.procrastinate_jobs USING btree (priority DESC, id) WHERE (status = 'todo'::{schema}.procrastinate_job_status);
CREATE INDEX procrastinate_jobs_queue_name_idx_v1 ON {schema}.procrastinate_jobs USING btree (queue_name);
CREATE UNIQUE INDEX procrastinate_jobs_queueing_lock_idx_v1 ON {schema}.procrastinate_jobs USING btree (queueing_lock) WHERE (status = 'todo'::{schema}.procrastinate_job_status);
CREATE INDEX procrastinate_periodic_defers_job_id_fkey_v1 ON {schema}.procrastinate_periodic_defers USING btree (job_id);
CREATE UNIQUE INDEX questionnaire_name_once ON {schema}.questionnaires_questionnaire USING btree (practice_id, name) WHERE (NOT archived);
CREATE INDEX reminder_time ON {schema}.scheduling_reminder USING btree (practice_id, scheduled_time);
CREATE INDEX reminder_waiting ON {schema}.scheduling_reminder USING btree (scheduled_time) WHERE (sent_at IS NULL);
CREATE INDEX revoked_refresh_tokens ON {schema}.identity_refreshtoken USING btree (revoked) WHERE (NOT (revoked IS NULL));
CREATE INDEX seals_by_time ON {schema}.audit_seal USING btree (at, id);
CREATE UNIQUE INDEX tag_name_once ON {schema}.patients_tag USING btree (practice_id, name) WHERE (NOT archived);
CREATE UNIQUE INDEX tag_once_on_patient ON {schema}.patients_patienttag USING btree (practice_id, patient_id, tag_id) WHERE (NOT archived);
CREATE INDEX task_due ON {schema}.tasks_task USING btree (practice_id, due_at);
CREATE INDEX task_updated ON {schema}.tasks_task USING btree (practice_id, updated_at);
CREATE INDEX transaction_posted ON {schema}.billing_transaction USING btree (practice_id, created_at);
CREATE INDEX transaction_updated ON {schema}.billing_transaction USING btree (practice_id, updated_at);
CREATE UNIQUE INDEX vitals_group_once ON {schema}.scheduling_vitalstaggroup USING btree (practice_id, name) WHERE (NOT archived);
CREATE INDEX waiting_list_open ON {schema}.scheduling_waitinglistentry USING btree (practice_id, priority, created_at) WHERE ((appointment_id IS NULL) AND (NOT archived));
ALTER INDEX {schema}.changes_by_id ATTACH PARTITION {schema}.changes_change_rest_id_idx;
ALTER INDEX {schema}.changes_by_time ATTACH PARTITION {schema}.changes_change_rest_practice_id_at_id_idx;
ALTER INDEX {schema}.changes_of_row ATTACH PARTITION {schema}.changes_change_rest_practice_id_table_name_row_id_id_idx;
ALTER INDEX {schema}.changes_of_practice ATTACH PARTITION {schema}.changes_change_rest_practice_id_txid_id_idx;
ALTER INDEX {schema}.changes_in_order ATTACH PARTITION {schema}.changes_change_rest_txid_id_idx;
CREATE TRIGGER billing_set_transaction_patient BEFORE INSERT ON {schema}.billing_transaction FOR EACH ROW WHEN ((new.patient_id IS NULL)) EXECUTE FUNCTION {schema}.billing_set_transaction_patient();
CREATE TRIGGER billing_stamp_deletion BEFORE UPDATE OF archived ON {schema}.billing_lineitem FOR EACH ROW WHEN ((old.archived IS DISTINCT FROM new.archived)) EXECUTE FUNCTION {schema}.billing_stamp_deletion();
CREATE TRIGGER clinical_make_encounter_types AFTER INSERT ON {schema}.identity_practice REFERENCING NEW TABLE AS made FOR EACH STATEMENT WHEN ((NOT {schema}.identity_is_importing())) EXECUTE FUNCTION {schema}.clinical_make_encounter_types();
CREATE TRIGGER clinical_make_notes AFTER INSERT ON {schema}.scheduling_appointment REFERENCING NEW TABLE AS made FOR EACH STATEMENT WHEN ((NOT {schema}.identity_is_importing())) EXECUTE FUNCTION {schema}.clinical_make_notes();
CREATE TRIGGER clinical_note_follows AFTER UPDATE OF patient_id, archived ON {schema}.scheduling_appointment FOR EACH ROW WHEN ((((old.patient_id IS DISTINCT FROM new.patient_id) OR (old.archived IS DISTINCT FROM new.archived)) AND ((old.patient_id IS NOT NULL) OR (new.patient_id IS NOT NULL)))) EXECUTE FUNCTION {schema}.clinical_note_follows();
CREATE TRIGGER documents_assign_forms AFTER INSERT ON {schema}.scheduling_appointment REFERENCING NEW TABLE AS made FOR EACH STATEMENT WHEN ((NOT {schema}.identity_is_importing())) EXECUTE FUNCTION {schema}.documents_assign_forms();
CREATE TRIGGER documents_assign_forms_anew AFTER UPDATE OF patient_id, doctor_id ON {schema}.scheduling_appointment FOR EACH ROW WHEN ((((old.patient_id IS DISTINCT FROM new.patient_id) OR (old.doctor_id IS DISTINCT FROM new.doctor_id)) AND (new.patient_id IS NOT NULL) AND (NOT new.is_virtual_base))) EXECUTE FUNCTION {schema}.documents_assign_forms_anew();
CREATE TRIGGER note_subscription AFTER INSERT OR UPDATE ON {schema}.changes_webhook FOR EACH ROW EXECUTE FUNCTION {schema}.changes_note_subscription();
CREATE TRIGGER patients_index_changed_terms AFTER UPDATE ON {schema}.patients_patient FOR EACH ROW WHEN ((((((((((((((new.first_name)::text IS DISTINCT FROM (old.first_name)::text) OR ((new.last_name)::text IS DISTINCT FROM (old.last_name)::text)) OR ((new.middle_name)::text IS DISTINCT FROM (old.middle_name)::text)) OR ((new.nick_name)::text IS DISTINCT FROM (old.nick_name)::text)) OR ((new.chart_id)::text IS DISTINCT FROM (old.chart_id)::text)) OR ((new.email)::text IS DISTINCT FROM (old.email)::text)) OR ((new.email2)::text IS DISTINCT FROM (old.email2)::text)) OR ((new.cell_phone)::text IS DISTINCT FROM (old.cell_phone)::text)) OR ((new.home_phone)::text IS DISTINCT FROM (old.home_phone)::text)) OR ((new.office_phone)::text IS DISTINCT FROM (old.office_phone)::text)) OR ((new.phone_other)::text IS DISTINCT FROM (old.phone_other)::text)) OR (new.date_of_birth IS DISTINCT FROM old.date_of_birth))) EXECUTE FUNCTION {schema}.patients_index_terms();
CREATE TRIGGER patients_index_terms AFTER INSERT OR DELETE ON {schema}.patients_patient FOR EACH ROW EXECUTE FUNCTION {schema}.patients_index_terms();
CREATE TRIGGER patients_settle_death BEFORE INSERT OR UPDATE OF patient_status, date_of_death ON {schema}.patients_patient FOR EACH ROW WHEN ((NOT {schema}.identity_is_importing())) EXECUTE FUNCTION {schema}.patients_settle_death();
CREATE TRIGGER patients_stop_messages AFTER UPDATE OF archived, patient_status, date_of_death ON {schema}.patients_patient FOR EACH ROW WHEN (((new.archived AND (NOT old.archived)) OR (((new.patient_status)::text = 'D'::text) AND ((old.patient_status)::text <> 'D'::text)))) EXECUTE FUNCTION {schema}.patients_stop_messages();
CREATE TRIGGER procrastinate_jobs_notify_queue_job_aborted_v1 AFTER UPDATE OF abort_requested ON {schema}.procrastinate_jobs FOR EACH ROW WHEN (((old.abort_requested = false) AND (new.abort_requested = true) AND (new.status = 'doing'::{schema}.procrastinate_job_status))) EXECUTE FUNCTION {schema}.procrastinate_notify_queue_abort_job_v1();
CREATE TRIGGER procrastinate_jobs_notify_queue_job_inserted_v1 AFTER INSERT ON {schema}.procrastinate_jobs FOR EACH ROW WHEN ((new.status = 'todo'::{schema}.procrastinate_job_status)) EXECUTE FUNCTION {schema}.procrastinate_notify_queue_job_inserted_v1();
CREATE TRIGGER procrastinate_trigger_abort_requested_events_v1 AFTER UPDATE OF abort_requested ON {schema}.procrastinate_jobs FOR EACH ROW WHEN ((new.abort_requested = true)) EXECUTE FUNCTION {schema}.procrastinate_trigger_abort_requested_events_procedure_v1();
CREATE TRIGGER procrastinate_trigger_delete_jobs_v1 BEFORE DELETE ON {schema}.procrastinate_jobs FOR EACH ROW EXECUTE FUNCTION {schema}.procrastinate_unlink_periodic_defers_v1();
CREATE TRIGGER procrastinate_trigger_scheduled_events_v1 AFTER INSERT OR UPDATE ON {schema}.procrastinate_jobs FOR EACH ROW WHEN (((new.scheduled_at IS NOT NULL) AND (new.status = 'todo'::{schema}.procrastinate_job_status))) EXECUTE FUNCTION {schema}.procrastinate_trigger_function_scheduled_events_v1();
CREATE TRIGGER procrastinate_trigger_status_events_insert_v1 AFTER INSERT ON {schema}.procrastinate_jobs FOR EACH ROW WHEN ((new.status = 'todo'::{schema}.procrastinate_job_status)) EXECUTE FUNCTION {schema}.procrastinate_trigger_function_status_events_insert_v1();
CREATE TRIGGER procrastinate_trigger_status_events_update_v1 AFTER UPDATE OF status ON {schema}.procrastinate_jobs FOR EACH ROW EXECUTE FUNCTION {schema}.procrastinate_trigger_function_status_events_update_v1();
CREATE TRIGGER tasks_drop_items AFTER UPDATE OF archived ON {schema}.clinical_clinicalnote FOR EACH ROW WHEN ((old.archived IS DISTINCT FROM new.archived)) EXECUTE FUNCTION {schema}.tasks_drop_items('Encounter');
CREATE TRIGGER tasks_drop_items AFTER UPDATE OF archived ON {schema}.documents_document FOR EACH ROW WHEN ((old.archived IS DISTINCT FROM new.archived)) EXECUTE FUNCTION {schema}.tasks_drop_items('Document');
CREATE TRIGGER tasks_drop_items AFTER UPDATE OF archived ON {schema}.labs_labdocument FOR EACH ROW WHEN ((old.archived IS DISTINCT FROM new.archived)) EXECUTE FUNCTION {schema}.tasks_drop_items('Lab document');
CREATE TRIGGER tasks_drop_items AFTER UPDATE OF archived ON {schema}.labs_laborder FOR EACH ROW WHEN ((old.archived IS DISTINCT FROM new.archived)) EXECUTE FUNCTION {schema}.tasks_drop_items('Lab order');
CREATE TRIGGER tasks_drop_items AFTER UPDATE OF archived ON {schema}.labs_labresult FOR EACH ROW WHEN ((old.archived IS DISTINCT FROM new.archived)) EXECUTE FUNCTION {schema}.tasks_drop_items('Lab result');
CREATE TRIGGER tasks_drop_items AFTER UPDATE OF archived ON {schema}.messaging_commlog FOR EACH ROW WHEN ((old.archived IS DISTINCT FROM new.archived)) EXECUTE FUNCTION {schema}.tasks_drop_items('Communication');
CREATE TRIGGER tasks_drop_items AFTER UPDATE OF archived ON {schema}.patients_patient FOR EACH ROW WHEN ((old.archived IS DISTINCT FROM new.archived)) EXECUTE FUNCTION {schema}.tasks_drop_items('Patient');
CREATE TRIGGER tasks_drop_items AFTER UPDATE OF archived ON {schema}.scheduling_appointment FOR EACH ROW WHEN ((old.archived IS DISTINCT FROM new.archived)) EXECUTE FUNCTION {schema}.tasks_drop_items('Appointment');
ALTER TABLE ONLY {schema}.audit_capture
    ADD CONSTRAINT audit_capture_app_id_ab8c18d7_fk_identity_application_id FOREIGN KEY (app_id) REFERENCES {schema}.identity_application(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY {schema}.auth_group_permissions
    ADD CONSTRAINT auth_group_permissio_permission_id_84c5c92e_fk_auth_perm FOREIGN KEY (permission_id) REFERENCES {schema}.auth_permission(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY {schema}.auth_group_permissions
    ADD CONSTRAINT auth_group_permissions_group_id_b120cbf9_fk_auth_group_id FOREIGN KEY (group_id) REFERENCES {schema}.auth_group(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY {schema}.auth_permission
    ADD CONSTRAINT auth_permission_content_type_id_2f476e4b_fk_django_co FOREIGN KEY (content_type_id) REFERENCES {schema}.django_content_type(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY {schema}.axes_accessattemptexpiration
    ADD CONSTRAINT axes_accessattemptex_access_attempt_id_6b73a47a_fk_axes_acce FOREIGN KEY (access_attempt_id) REFERENCES {schema}.axes_accessattempt(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY {schema}.changes_delivery
    ADD CONSTRAINT changes_delivery_webhook_id_c82910ef_fk_changes_webhook_id FOREIGN KEY (webhook_id) REFERENCES {schema}.changes_webhook(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY {schema}.changes_subscription
    ADD CONSTRAINT changes_subscription_webhook_id_95ea9dd8_fk_changes_webhook_id FOREIGN KEY (webhook_id) REFERENCES {schema}.changes_webhook(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY {schema}.changes_webhook
    ADD CONSTRAINT changes_webhook_application_id_ffdd5e33_fk_identity_ FOREIGN KEY (application_id) REFERENCES {schema}.identity_application(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY {schema}.changes_webhook
    ADD CONSTRAINT changes_webhook_practice_id_4e1e1f3b_fk_identity_practice_id FOREIGN KEY (practice_id) REFERENCES {schema}.identity_practice(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY {schema}.identity_accesstoken
    ADD CONSTRAINT identity_accesstoken_application_id_b578fe01_fk_identity_ FOREIGN KEY (application_id) REFERENCES {schema}.identity_application(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY {schema}.identity_accesstoken
    ADD CONSTRAINT identity_accesstoken_source_refresh_token_8d264bcd_fk_identity_ FOREIGN KEY (source_refresh_token_id) REFERENCES {schema}.identity_refreshtoken(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY {schema}.identity_accesstoken
    ADD CONSTRAINT identity_accesstoken_user_id_a7acc344_fk_identity_user_id FOREIGN KEY (user_id) REFERENCES {schema}.identity_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY {schema}.identity_apicalls
    ADD CONSTRAINT identity_apicalls_api_user_id_47929cae_fk_identity_apiuser_id FOREIGN KEY (api_user_id) REFERENCES {schema}.identity_apiuser(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY {schema}.identity_apiuser
    ADD CONSTRAINT identity_apiuser_practice_id_27538669_fk_identity_practice_id FOREIGN KEY (practice_id) REFERENCES {schema}.identity_practice(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY {schema}.identity_application
    ADD CONSTRAINT identity_application_user_id_ef097095_fk_identity_user_id FOREIGN KEY (user_id) REFERENCES {schema}.identity_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY {schema}.identity_grant
    ADD CONSTRAINT identity_grant_application_id_703a309e_fk_identity_ FOREIGN KEY (application_id) REFERENCES {schema}.identity_application(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY {schema}.identity_grant
    ADD CONSTRAINT identity_grant_user_id_2591605d_fk_identity_user_id FOREIGN KEY (user_id) REFERENCES {schema}.identity_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY {schema}.identity_refreshtoken
    ADD CONSTRAINT identity_refreshtoke_access_token_id_d976237c_fk_identity_ FOREIGN KEY (access_token_id) REFERENCES {schema}.identity_accesstoken(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY {schema}.identity_refreshtoken
    ADD CONSTRAINT identity_refreshtoke_application_id_f795bf63_fk_identity_ FOREIGN KEY (application_id) REFERENCES {schema}.identity_application(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY {schema}.identity_refreshtoken
    ADD CONSTRAINT identity_refreshtoken_user_id_a006f4db_fk_identity_user_id FOREIGN KEY (user_id) REFERENCES {schema}.identity_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY {schema}.identity_user_groups
    ADD CONSTRAINT identity_user_groups_group_id_cdb422da_fk_auth_group_id FOREIGN KEY (group_id) REFERENCES {schema}.auth_group(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY {schema}.identity_user_groups
    ADD CONSTRAINT identity_user_groups_user_id_f69e0c80_fk_identity_user_id FOREIGN KEY (user_id) REFERENCES {schema}.identity_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY {schema}.identity_user
    ADD CONSTRAINT identity_user_practice_id_0ea1280a_fk_identity_practice_id FOREIGN KEY (practice_id) REFERENCES {schema}.identity_practice(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY {schema}.identity_user_user_permissions
    ADD CONSTRAINT identity_user_user_p_permission_id_c8f2cf2f_fk_auth_perm FOREIGN KEY (permission_id) REFERENCES {schema}.auth_permission(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY {schema}.identity_user_user_permissions
    ADD CONSTRAINT identity_user_user_p_user_id_a626cb1f_fk_identity_ FOREIGN KEY (user_id) REFERENCES {schema}.identity_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY {schema}.oauth2_provider_devicegrant
    ADD CONSTRAINT oauth2_provider_devi_user_id_1cec5156_fk_identity_ FOREIGN KEY (user_id) REFERENCES {schema}.identity_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY {schema}.oauth2_provider_idtoken
    ADD CONSTRAINT oauth2_provider_idto_application_id_08c5ff4f_fk_identity_ FOREIGN KEY (application_id) REFERENCES {schema}.identity_application(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY {schema}.oauth2_provider_idtoken
    ADD CONSTRAINT oauth2_provider_idtoken_user_id_dd512b59_fk_identity_user_id FOREIGN KEY (user_id) REFERENCES {schema}.identity_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY {schema}.otp_static_staticdevice
    ADD CONSTRAINT otp_static_staticdevice_user_id_7f9cff2b_fk_identity_user_id FOREIGN KEY (user_id) REFERENCES {schema}.identity_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY {schema}.otp_static_statictoken
    ADD CONSTRAINT otp_static_statictok_device_id_74b7c7d1_fk_otp_stati FOREIGN KEY (device_id) REFERENCES {schema}.otp_static_staticdevice(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY {schema}.otp_totp_totpdevice
    ADD CONSTRAINT otp_totp_totpdevice_user_id_0fb18292_fk_identity_user_id FOREIGN KEY (user_id) REFERENCES {schema}.identity_user(id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY {schema}.procrastinate_events
    ADD CONSTRAINT procrastinate_events_job_id_fkey FOREIGN KEY (job_id) REFERENCES {schema}.procrastinate_jobs(id) ON DELETE CASCADE;
ALTER TABLE ONLY {schema}.procrastinate_jobs
    ADD CONSTRAINT procrastinate_jobs_worker_id_fkey FOREIGN KEY (worker_id) REFERENCES {schema}.procrastinate_workers(id) ON DELETE SET NULL;
ALTER TABLE ONLY {schema}.procrastinate_periodic_defers
    ADD CONSTRAINT procrastinate_periodic_defers_job_id_fkey FOREIGN KEY (job_id) REFERENCES {schema}.procrastinate_jobs(id);
ALTER TABLE ONLY {schema}.identity_user
    ADD CONSTRAINT user_doctor_of_same_practice FOREIGN KEY (practice_id, doctor_id) REFERENCES {schema}.practice_doctor(practice_id, id);
REVOKE ALL ON FUNCTION {schema}.audit_calls_about(patient bigint) FROM PUBLIC;
REVOKE ALL ON FUNCTION {schema}.audit_calls_of_app(application bigint, since timestamp with time zone, until timestamp with time zone, below_at timestamp with time zone, below_id bigint, of_method text, of_gate text, of_resource text, from_status integer, to_status integer, most integer) FROM PUBLIC;
REVOKE ALL ON FUNCTION {schema}.changes_note_subscription() FROM PUBLIC;
REVOKE ALL ON FUNCTION {schema}.changes_record() FROM PUBLIC;
REVOKE ALL ON FUNCTION {schema}.clinical_make_encounter_types() FROM PUBLIC;
REVOKE ALL ON FUNCTION {schema}.identity_api_user(name text, digests text, address text, at timestamp with time zone, endpoint text, writing boolean, class text, most integer, lock_seconds double precision, OUT practice bigint, OUT refusal text, OUT caller bigint, OUT anonymous boolean, OUT read_only boolean, OUT endpoints text, OUT wait integer) FROM PUBLIC;
REVOKE ALL ON FUNCTION {schema}.identity_bearer(checksum text, at timestamp with time zone, OUT practice bigint, OUT refusal text, OUT application bigint, OUT caller bigint, OUT doctor bigint, OUT role text, OUT permissions text, OUT sharing text, OUT granted text, OUT allowed text, OUT plan text, OUT hourly_limit integer, OUT calls integer) FROM PUBLIC;
REVOKE ALL ON FUNCTION {schema}.identity_known_callers(names text[], checksums text[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION {schema}.tasks_drop_items() FROM PUBLIC;

insert into {schema}.identity_incarnation (id, number, server, relation, timeline, transaction_offset, began_at, cause)
select 1, 1, {schema}.identity_read_server(), '{schema}.identity_incarnation'::regclass::oid::bigint,
       {schema}.identity_read_timeline(), 0, clock_timestamp(), 'new';
