"""What a distribution by practice over several servers (Citus) needs of the schema, what breaks it today, and that
nothing new does. docs/scale.md.

Each table has a place: distributed by ``practice_id``, on every node (a reference table), or on the coordinator alone.
"""

from typing import Any

import pytest
from django.db import connections

# Small, and asked for by every node or before a practice is known.
ON_EVERY_NODE = {
    "identity_practice",
    "identity_user",
    "identity_apiuser",
    "identity_incarnation",
    "changes_webhook",
    "changes_subscription",
    "changes_clockoffset",
    "patients_payer",
}
# Who signs in, apps and their tokens, the queue, the seals of all: tables without a practice, or asked for without one.
ON_THE_COORDINATOR = {
    *("audit_capture", "audit_mark", "auth_group", "auth_group_permissions", "auth_permission"),
    *("axes_accessattempt", "axes_accessattemptexpiration", "axes_accessfailurelog", "axes_accesslog"),
    *(
        "backup_run",
        "backup_stream",
        "changes_reader",
        "django_content_type",
        "django_migrations",
        "django_session",
    ),
    *("identity_accesstoken", "identity_apicalls", "identity_apispacing", "identity_application"),
    *(
        "identity_calls",
        "identity_grant",
        "identity_refreshtoken",
        "identity_secretkey",
        "identity_tokencalls",
    ),
    *("identity_user_groups", "identity_user_user_permissions", "oauth2_provider_devicegrant"),
    *("oauth2_provider_idtoken", "otp_static_staticdevice", "otp_static_statictoken", "otp_totp_totpdevice"),
    *("procrastinate_events", "procrastinate_jobs", "procrastinate_periodic_defers", "procrastinate_workers"),
}
_TABLES = """
create temporary table place on commit drop as
select c.oid, relname::text as name,
       case when relname = any(%s) then 'every'
            when relname = any(%s) then 'coordinator' else 'distributed' end as place
  from pg_class c where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p') and not relispartition
"""
# By rule: what it needs, and the SQL of what breaks it.
RULES = {
    "every distributed table has a practice in each row": """
        select p.name from place p where place = 'distributed' and not exists (select from pg_attribute a
            where attrelid = p.oid and attname = 'practice_id' and attnotnull and not attisdropped)""",
    "every unique key of a distributed table has practice_id": """
        select i.relname::text from place p join pg_index x on indrelid = p.oid join pg_class i on i.oid = indexrelid
         where place = 'distributed' and indisunique and not exists (select from unnest(indkey::int[]) k
            join pg_attribute a on attrelid = p.oid and attnum = k where attname = 'practice_id')""",
    "a foreign key to a distributed table is of one, and carries practice_id on both sides": """
        select p.name || ' to ' || t.name from pg_constraint c join place p on p.oid = conrelid
          join place t on t.oid = confrelid
         where contype = 'f' and t.place = 'distributed' and (p.place <> 'distributed' or not exists (
            select from unnest(conkey, confkey) k(own, other)
              join pg_attribute a on attrelid = conrelid and attnum = own
              join pg_attribute b on b.attrelid = confrelid and b.attnum = other
             where a.attname = 'practice_id' and b.attname = 'practice_id'))""",
    "a foreign key of a distributed table is to another one, or to a table that every node has": """
        select p.name || ' to ' || t.name from pg_constraint c join place p on p.oid = conrelid
          join place t on t.oid = confrelid
         where contype = 'f' and p.place = 'distributed' and t.place = 'coordinator'""",
    "a row policy of a distributed table is without OR, and is the practice alone": """
        select p.name from place p join pg_policy on polrelid = p.oid
         where place = 'distributed' and pg_get_expr(polqual, polrelid) <> '(practice_id = '
           || '(NULLIF(current_setting(''charthouse.practice''::text, true), ''''::text))::bigint)'""",
    "triggers of a distributed table are for each row": """
        select distinct tgname::text from place p join pg_trigger on tgrelid = p.oid
         where place = 'distributed' and not tgisinternal and tgtype & 1 = 0""",
    "no rule, no exclusion, no inheritance": """
        select p.name from place p where place = 'distributed' and (exists (select from pg_rewrite
            where ev_class = p.oid) or exists (select from pg_constraint where conrelid = p.oid and contype = 'x'))""",
    "no function sets anything for a session": """
        select proname::text from pg_proc where pronamespace = current_schema()::regnamespace
           and prosrc ~* 'set_config\\([^;]*,\\s*false\\s*\\)|\\mset\\s+(session|role)\\M'""",
}
# What breaks a rule today. It may become less.
BROKEN = {
    # Calls and events of nobody: before a caller is known.
    "every distributed table has a practice in each row": {"audit_apicall", "audit_event"},
    "every unique key of a distributed table has practice_id": {"audit_apicall_pkey", "audit_event_pkey"},
    # Users are asked for before a practice is known, and there name their doctor.
    "a foreign key to a distributed table is of one, and carries practice_id on both sides": {
        "identity_user to practice_doctor"
    },
    # They look at all rows of a statement at once: for each row they would cost imports and archiving more.
    "triggers of a distributed table are for each row": {
        *("check_owners", "clinical_make_notes", "documents_assign_forms"),
    },
    # The former two authenticate; identity.pooled_database sets the variables for the transaction afterwards. The last
    # notes which server this is, which is the same for everybody.
    "no function sets anything for a session": {"identity_bearer", "identity_api_user", "identity_is_same"},
}


@pytest.fixture(scope="module")
def found(database: None) -> dict[str, set[str]]:
    with connections["owner"].cursor() as cursor:
        cursor.execute("begin")
        cursor.execute(_TABLES, [list(ON_EVERY_NODE), list(ON_THE_COORDINATOR)])
        broken = {rule: _run(cursor, statement) for rule, statement in RULES.items()}
        cursor.execute("rollback")
    return broken


def _run(cursor: Any, statement: str) -> set[str]:
    cursor.execute(statement)
    return {row[0] for row in cursor.fetchall()}


@pytest.mark.parametrize("rule", RULES)
def test_nothing_new_breaks_a_distribution_by_practice(rule: str, found: dict[str, set[str]]) -> None:
    expected = BROKEN.get(rule, set())
    assert not found[rule] - expected, f"{rule}: see docs/scale.md#several-machines"
    assert not expected - found[rule], "mended: take it out of BROKEN"


def test_every_table_has_one_place(database: None) -> None:
    """A new table with a practice is distributed; one without says where it is."""
    with connections["owner"].cursor() as cursor:
        tables = _run(
            cursor,
            "select relname::text from pg_class where relnamespace = current_schema()::regnamespace "
            "and relkind in ('r', 'p') and not relispartition",
        )
    assert tables >= ON_EVERY_NODE | ON_THE_COORDINATOR
    assert not ON_EVERY_NODE & ON_THE_COORDINATOR
