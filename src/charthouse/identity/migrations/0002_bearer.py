"""One call per API request: whose token is this, what may they do, and is there quota left?

It also sets the tenant of the connection, in every case: to the caller's practice or to none. It runs as the owner
of the tables, since nobody's practice is established before it has answered.
"""

from django.db import migrations

FUNCTION = """
create or replace function {schema}.identity_bearer(
    checksum text,
    at timestamptz,
    out practice bigint,
    out refusal text,       -- null, missing, revoked, expired, inactive or throttled
    out application bigint,
    out caller bigint,
    out doctor bigint,
    out role text,
    out permissions text,   -- this and the next: names joined by commas
    out sharing text,
    out granted text,       -- scopes of the token, joined by spaces
    out allowed text,       -- base scopes the app may have, joined by spaces
    out hourly_limit integer,
    out calls integer       -- made this hour, with this one; null where there is no limit
) language plpgsql volatile security definer set search_path = {schema}, pg_temp as $$
declare
    token record;
begin
    select t.application_id, t.user_id, t.expires, t.revoked, t.scope, a.scopes, a.hourly_limit as upto,
           u.is_active, u.practice_id, u.doctor_id, u.role as part, u.permissions as may, p.sharing as shared
      into token
      from identity_accesstoken t
      join identity_application a on a.id = t.application_id
      join identity_user u on u.id = t.user_id
      left join identity_practice p on p.id = u.practice_id
     where t.token_checksum = checksum;

    if not found then
        refusal := 'missing';
    elsif token.revoked is not null then
        refusal := 'revoked';
    elsif token.expires <= at then
        refusal := 'expired';
    elsif not token.is_active or token.practice_id is null then
        refusal := 'inactive';
    else
        application := token.application_id;
        hourly_limit := token.upto;
        if hourly_limit is not null then
            insert into identity_calls as c (application_id, hour, calls)
            select token.application_id, date_trunc('hour', at, 'UTC'), 1 where hourly_limit > 0
                on conflict (application_id, hour) do update set calls = c.calls + 1 where c.calls < token.upto
            returning c.calls into identity_bearer.calls;
        end if;
        if hourly_limit is not null and calls is null then
            refusal := 'throttled';
        else
            practice := token.practice_id;
            caller := token.user_id;
            doctor := token.doctor_id;
            role := token.part;
            permissions := array_to_string(token.may, ',');
            sharing := array_to_string(token.shared, ',');
            granted := token.scope;
            allowed := array_to_string(token.scopes, ' ');
        end if;
    end if;
    perform set_config('charthouse.practice', coalesce(practice::text, ''), false);
end
$$;
revoke all on function {schema}.identity_bearer(text, timestamptz) from public;
"""


def create(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("select quote_ident(current_schema())")
        (schema,) = cursor.fetchone()
    schema_editor.execute(FUNCTION.replace("{schema}", schema))


class Migration(migrations.Migration):
    dependencies = [("identity", "0001_initial")]

    operations = [
        migrations.RunSQL(
            "alter table identity_calls set unlogged; alter table identity_calls set (fillfactor = 30)",
            "alter table identity_calls set logged",
        ),
        migrations.RunPython(create, migrations.RunPython.noop),
    ]
