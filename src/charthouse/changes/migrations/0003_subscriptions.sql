-- The periods in which a webhook is subscribed to events, by ids of changes: these are given in the order of writes, so
-- that neither clocks nor the fan-out decide what a webhook receives. Whoever writes the webhook; runs as the owner.
create function {schema}.changes_note_subscription() returns trigger
language plpgsql security definer set search_path = {schema}, pg_temp as $$
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
revoke all on function {schema}.changes_note_subscription() from public;
create trigger note_subscription after insert or update on changes_webhook
    for each row execute function {schema}.changes_note_subscription();
-- Until now, webhooks received all that was fanned out while they were active.
insert into changes_subscription (webhook_id, events, first_change)
select id, events, 0 from changes_webhook where active and verified_at is not null and deleted_at is null;
