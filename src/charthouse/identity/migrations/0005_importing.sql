-- Whether the rows that this transaction writes are those of an export, with all that triggers made of them when they
-- were first written, and with their history (operation/transfer). The web role can't say so.
create function {schema}.identity_is_importing() returns boolean language sql stable parallel safe as $$
    select coalesce(current_setting('charthouse.importing', true), '') = 'on' and current_setting('role') = 'none'
$$;
