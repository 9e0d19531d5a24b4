"""Row-level security of record tables: composite keys, policies, triggers and privileges, which Django cannot express.

``secure`` runs after every migration; ``list_missing_protections`` lists what it would have to add.

A record table (of a subclass of ``tenancy.Record``) gets, in addition to its migration:

* the primary key ``(practice_id, id)``, and a foreign key of ``practice_id`` to the practice;
* for each ``RecordKey``, a foreign key ``(practice_id, column)`` to ``(practice_id, id)`` and, unless the field has
  ``indexed=False``, an index on ``(practice_id, column, id)``: no row can reference another practice;
* row-level security with one policy: the web role reads and writes only rows of the practice in
  ``charthouse.practice``. The comparison is ``=`` with a stable right side, so that it can be an index condition;
* no DELETE privilege for the web role: records are only archived;
* the trigger that writes the change feed (``changes_record``, of a migration of ``changes``), unless the model has
  ``followed = False``. Users, who are not records, are followed too, in their ``followed_columns``;
* the triggers that archive a row with the one that it belongs to (``parts``).

Any model may set the privileges of the web role on its table: ``web_role_may = frozenset({"SELECT", "INSERT"})`` makes
it append-only. A model with a practice that is not a record sets ``web_role_sees = "own"``: rows may be inserted for
any practice or none, and are visible to their own; with ``"own or nobody's"``, rows of no practice are visible to all.
``practice_keys`` gives its table a primary key with the practice.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connections, models, transaction

from charthouse.identity import parts, practice_keys
from charthouse.identity.catalog import (
    list_invalid_indexes,
    list_large_tables,
    list_unvalidated,
    map_constraints,
    map_indexes,
    shorten,
    wait_for_transactions,
)
from charthouse.identity.models import ApiUser, Practice, User
from charthouse.identity.tenancy import Record, RecordKey

ADVISORY_LOCK = 0x6368_0001
_UNLESS_IMPORTING = "((NOT identity_is_importing()))"  # as PostgreSQL prints it
CURRENT_PRACTICE = "nullif(current_setting('charthouse.practice', true), '')::bigint"
# No practice is established while a user signs in, or for an operator, who has none.
POLICIES = {
    Practice._meta.db_table: f"{CURRENT_PRACTICE} is null or id = {CURRENT_PRACTICE}",
    User._meta.db_table: f"{CURRENT_PRACTICE} is null or practice_id = {CURRENT_PRACTICE}",
    ApiUser._meta.db_table: f"practice_id = {CURRENT_PRACTICE}",
}
# Privileges of the web role on a table, unless the model has ``web_role_may``.
DEFAULT_PRIVILEGES = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE"})
RECORD_PRIVILEGES = DEFAULT_PRIVILEGES - {"DELETE"}


@dataclass(frozen=True, slots=True)
class MissingProtection:
    """Something a table lacks. ``fix_sql``: statements, each a transaction of its own, that add it; empty if the model
    has to be changed."""

    table: str
    description: str
    fix_sql: tuple[str, ...]


def secure(using: str = "owner") -> None:
    """Add what is missing on any table, as the owner of the tables. Idempotent; a concurrent run waits.

    In a database without a practice it is one transaction. In others, which are in use, no lock on a table outlasts
    one statement, and grants come last, so that nobody reads a table that lacks its policy.

    Raises ImproperlyConfigured if the owner may not create the web role, or if that role could bypass row-level
    security.
    """
    with _hold_lock(using) as cursor:
        _create_role(cursor)
        is_used = Practice.objects.using(using).exists()
        with nullcontext() if is_used else transaction.atomic(using=using):
            for find in (
                _find_missing_keys,
                _find_missing_references,
                _find_missing_policies,
                _find_wrong_triggers,
                _find_missing_part_triggers,
                _find_wrong_grants,
            ):
                fixes = [statement for missing in list(find(cursor)) for statement in missing.fix_sql]
                if not is_used and fixes:  # one round trip: there are a thousand in an empty database
                    cursor.execute(";\n".join(fixes))
                for fix in fixes if is_used else []:
                    with wait_for_transactions(cursor) if " concurrently " in fix else nullcontext():
                        cursor.execute(fix)


@contextmanager
def _hold_lock(using: str) -> Iterator[Any]:
    with connections[using].cursor() as cursor:
        cursor.execute("select pg_advisory_lock(%s)", [ADVISORY_LOCK])
        try:
            yield cursor
        finally:
            cursor.execute("select pg_advisory_unlock(%s)", [ADVISORY_LOCK])


def list_missing_protections(using: str = "owner") -> list[str]:
    """List "table: what is missing", including what ``secure`` cannot add. Empty if all tables are secure."""
    with connections[using].cursor() as cursor:
        found = [
            *_find_missing_keys(cursor),
            *_find_missing_references(cursor),
            *_find_missing_policies(cursor),
            *_find_wrong_triggers(cursor),
            *_find_missing_part_triggers(cursor),
            *_find_wrong_grants(cursor),
            *_find_model_errors(cursor),
        ]
    return [f"{missing.table}: {missing.description}" for missing in found]


def list_record_models() -> list[type[Record]]:
    """List the managed, concrete models of records."""
    return [
        model
        for model in apps.get_models()
        if issubclass(model, Record) and model._meta.managed and not model._meta.proxy
    ]


def _iterate_restricted_tables() -> Iterator[tuple[str, str, bool]]:
    """Yield tables other than records with rows of a practice, the condition of visible rows, and whether the web role
    may update.
    """
    seen = {
        "own": f"practice_id = {CURRENT_PRACTICE}",
        "own or nobody's": f"practice_id is null or practice_id = {CURRENT_PRACTICE}",
    }
    for model in apps.get_models():
        if condition := seen.get(getattr(model, "web_role_sees", "all")):
            yield (
                model._meta.db_table,
                condition,
                "UPDATE" in getattr(model, "web_role_may", DEFAULT_PRIVILEGES),
            )


def _list_migrated_models(cursor: Any) -> list[type[Record]]:
    """List the record models whose tables exist; this may run between two migrations."""
    cursor.execute(
        "select relname from pg_class where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p')"
    )
    tables = {table for (table,) in cursor.fetchall()}
    return [model for model in list_record_models() if model._meta.db_table in tables]


def _list_record_keys(model: type[Record]) -> list[RecordKey]:
    return [field for field in model._meta.local_fields if isinstance(field, RecordKey)]


def _create_role(cursor: Any) -> None:
    role = settings.WEB_ROLE
    cursor.execute("select rolsuper or rolbypassrls from pg_roles where rolname = %s", [role])
    row = cursor.fetchone()
    if row is not None and row[0]:
        raise ImproperlyConfigured(f"The role {role} is a superuser or bypasses row security.")
    if row is None:
        cursor.execute("select rolcreaterole or rolsuper from pg_roles where rolname = current_user")
        if not cursor.fetchone()[0]:
            raise ImproperlyConfigured(
                f"The database user may not create roles. Let a superuser run: create role {role} nologin; "
                f"grant {role} to <the user of DATABASE_URL>;"
            )
        # Roles are global to the server, the advisory lock is not: another database may have just created it.
        cursor.execute(
            f"do $$ begin create role {role} nologin; exception when duplicate_object or unique_violation then end $$"
        )
    # Since PostgreSQL 16 the creator of a role may grant it, but is not a member allowed to SET ROLE.
    cursor.execute(
        "select pg_has_role(current_user, %s, "
        "case when current_setting('server_version_num')::int >= 160000 then 'SET' else 'MEMBER' end)",
        [role],
    )
    if not cursor.fetchone()[0]:
        try:
            cursor.execute(f"grant {role} to current_user")
        except DatabaseError as error:
            raise ImproperlyConfigured(
                f"The database user may not take up the role {role}. Let a superuser run: "
                f"grant {role} to <the user of DATABASE_URL>;"
            ) from error


def _find_missing_keys(cursor: Any) -> Iterator[MissingProtection]:
    keys = {table: (name, columns) for (table, name), columns in map_constraints(cursor, "p").items()}
    for model in _list_migrated_models(cursor):
        table = model._meta.db_table
        name, columns = keys.get(table, (None, []))
        if columns != ["practice_id", "id"]:
            drop = f'drop constraint "{name}", ' if name else ""
            yield MissingProtection(
                table,
                "primary key (practice_id, id)",
                (f'alter table "{table}" {drop}add primary key (practice_id, id)',),
            )
    for table, description, fix_sql in practice_keys.find_missing(cursor):
        yield MissingProtection(table, description, fix_sql)


def _find_missing_references(cursor: Any) -> Iterator[MissingProtection]:
    existing, indexes = map_constraints(cursor, "f"), map_indexes(cursor)
    unvalidated, invalid = list_unvalidated(cursor), list_invalid_indexes(cursor)
    large = list_large_tables(cursor)
    for table, name, what, definition in _list_references(cursor):
        add = f'alter table "{table}" add constraint "{name}" {definition}'
        validate = f'alter table "{table}" validate constraint "{name}"'
        if (table, name) in unvalidated:
            yield MissingProtection(table, f"{what} to hold for all rows", (validate,))
        elif (table, name) not in existing:
            yield MissingProtection(table, what, (f"{add} not valid", validate) if table in large else (add,))
    for model in _list_migrated_models(cursor):
        table = model._meta.db_table
        how = "concurrently" if table in large else ""
        for field in _list_record_keys(model):
            index = f"{shorten(f'{table}_{field.column}')}_by"
            if field.indexed and (table, index) not in indexes:
                drop = (f'drop index {how} "{index}"',) if index in invalid else ()
                make = f'create index {how} "{index}" on "{table}" (practice_id, "{field.column}", id)'
                yield MissingProtection(table, f"index (practice_id, {field.column}, id)", (*drop, make))


def _list_references(cursor: Any) -> Iterator[tuple[str, str, str, str]]:
    """Yield table, name, description and definition of the foreign keys that the tables should have."""
    for model in _list_migrated_models(cursor):
        table = model._meta.db_table
        yield (
            table, f"{shorten(table)}_practice", "foreign key to its practice",
            f'foreign key (practice_id) references "{Practice._meta.db_table}" (id)',
        )  # fmt: skip
        for field in _list_record_keys(model):
            target: type[models.Model] = field.remote_field.model
            yield (
                table, f"{shorten(f'{table}_{field.column}')}_own", f"foreign key (practice_id, {field.column})",
                f'foreign key (practice_id, "{field.column}") references "{target._meta.db_table}" (practice_id, id)',
            )  # fmt: skip


def _find_missing_policies(cursor: Any) -> Iterator[MissingProtection]:
    cursor.execute(
        "select relname, relrowsecurity, array(select polname::text from pg_policy where polrelid = c.oid) "
        "from pg_class c where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p')"
    )
    state = {table: (on, policies) for table, on, policies in cursor.fetchall()}
    own = f"practice_id = {CURRENT_PRACTICE}"
    wanted = {model._meta.db_table: (own, own) for model in _list_migrated_models(cursor)}
    wanted |= {table: (condition, condition) for table, condition in POLICIES.items()}
    wanted |= {
        table: (seen, seen if moved else "true")
        for table, seen, moved in _iterate_restricted_tables()
        if table in state
    }
    for table, (seen, written) in wanted.items():
        on, policies = state[table]
        if not on:
            yield MissingProtection(
                table, "row security", (f'alter table "{table}" enable row level security',)
            )
        if "own_practice" not in policies:
            yield MissingProtection(
                table,
                "policy own_practice",
                (
                    f'create policy own_practice on "{table}" to {settings.WEB_ROLE} '
                    f"using ({seen}) with check ({written})",
                ),
            )


def _find_wrong_triggers(cursor: Any) -> Iterator[MissingProtection]:
    cursor.execute(
        "select to_regproc('changes_record') is not null and to_regproc('identity_is_importing') is not null"
    )
    (possible,) = cursor.fetchone()
    cursor.execute(
        "select relname, pg_get_triggerdef(t.oid), tgenabled = 'O' "
        "from pg_trigger t join pg_class c on c.oid = tgrelid "
        "where relnamespace = current_schema()::regnamespace and tgname = 'record_change' and not tgisinternal"
    )
    existing = {table: (definition, on) for table, definition, on in cursor.fetchall()}
    for table, followed, unfollowed in iterate_followed_tables(cursor):
        definition, on = existing.get(table, ("", False))
        left_out = ", ".join(f"'{column}'" for column in sorted(unfollowed))
        good = on and definition.endswith(f"changes_record({left_out})") and _UNLESS_IMPORTING in definition
        if not followed and definition:
            yield MissingProtection(
                table, "freedom from the change trigger", (f'drop trigger record_change on "{table}"',)
            )
        elif followed and not good:
            make = (
                f'drop trigger if exists record_change on "{table}"; create trigger record_change after insert or '
                f'update or delete on "{table}" for each row when {_UNLESS_IMPORTING} '
                f"execute function changes_record({left_out})"
            )
            yield MissingProtection(table, "the change trigger", (make,) if possible else ())


def _find_missing_part_triggers(cursor: Any) -> Iterator[MissingProtection]:
    for table, description, fix_sql in parts.find_missing(cursor, _list_migrated_models(cursor)):
        yield MissingProtection(table, description, (fix_sql,))


def iterate_followed_tables(cursor: Any) -> Iterator[tuple[str, bool, Collection[str]]]:
    """Yield tables that may have the change trigger, whether they should, and the columns left out of it."""
    for model in _list_migrated_models(cursor):
        yield model._meta.db_table, model.followed, model.unfollowed
    columns = {str(column.column) for column in User._meta.local_concrete_fields}
    yield User._meta.db_table, True, columns - User.followed_columns


def _find_wrong_grants(cursor: Any) -> Iterator[MissingProtection]:
    role = settings.WEB_ROLE
    cursor.execute(
        "select has_schema_privilege(%s, current_schema(), 'USAGE'), quote_ident(current_schema())", [role]
    )
    usage, schema = cursor.fetchone()
    if not usage:
        yield MissingProtection(schema, "usage of the schema", (f"grant usage on schema {schema} to {role}",))
    special = {"django_migrations": frozenset({"SELECT"})}
    for model in apps.get_models():
        usual = RECORD_PRIVILEGES if issubclass(model, Record) else DEFAULT_PRIVILEGES
        special[model._meta.db_table] = getattr(model, "web_role_may", usual)
    cursor.execute(
        "select relname, relkind, relispartition, array(select privilege_type::text from aclexplode(relacl) "
        "where grantee = %s::regrole) from pg_class "
        "where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p', 'S', 'v')",
        [role],
    )
    for table, kind, partition, granted in cursor.fetchall():
        sequence = kind == "S"
        noun = "sequence" if sequence else "table"
        wanted = {"USAGE", "SELECT"} if sequence else special.get(table, DEFAULT_PRIVILEGES)
        if kind == "v":
            wanted = {"SELECT"}
        if partition:  # accessed through its parent only
            wanted = set()
        if set(granted) != wanted:
            names = ", ".join(sorted(wanted))
            grant = f'; grant {names} on {noun} "{table}" to {role}' if wanted else ""
            yield MissingProtection(
                table,
                f"exactly {names or 'nothing'} for {role}",
                (f'revoke all on {noun} "{table}" from {role}{grant}',),
            )
    yield from _find_wrong_function_grants(cursor, role)


def _find_wrong_function_grants(cursor: Any, role: str) -> Iterator[MissingProtection]:
    """Yield functions that the web role can't run, and those that run as their owner and that everybody can."""
    cursor.execute(
        "select oid::regprocedure::text from pg_proc where pronamespace = current_schema()::regnamespace "
        "and prosecdef and has_function_privilege('public', oid, 'EXECUTE')"
    )
    for (function,) in cursor.fetchall():
        closed = f"revoke execute on function {function} from public"
        yield MissingProtection(
            function, "execute for nobody else", (closed, f"grant execute on function {function} to {role}")
        )
    cursor.execute(
        "select oid::regprocedure::text from pg_proc where pronamespace = current_schema()::regnamespace "
        "and prokind = 'f' and not has_function_privilege(%s, oid, 'EXECUTE')",
        [role],
    )
    for (function,) in cursor.fetchall():
        yield MissingProtection(
            function, f"execute for {role}", (f"grant execute on function {function} to {role}",)
        )


def _find_model_errors(cursor: Any) -> Iterator[MissingProtection]:
    """Yield what only a migration or a change of a model can fix."""
    migrated = _list_migrated_models(cursor)
    for model in list_record_models():
        if model not in migrated:
            yield MissingProtection(model._meta.db_table, "the table itself: run the migrations", ())
    record = {model._meta.db_table for model in list_record_models()}
    for (table, index), columns in map_indexes(cursor, unique=True).items():
        if table in record and "practice_id" not in columns:
            yield MissingProtection(table, f"practice_id in the unique index {index}", ())
    for (table, name), columns in map_constraints(cursor, "f").items():
        if table in record and "practice_id" not in columns:
            yield MissingProtection(table, f"practice_id in the foreign key {name}: use RecordKey", ())
    cursor.execute(
        "select relname from pg_class c join pg_attribute a on a.attrelid = c.oid "
        "where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p') "
        "and attname = 'practice_id' and not attisdropped and not relrowsecurity and not relispartition"
    )
    for (table,) in cursor.fetchall():
        yield MissingProtection(table, "row security, though it has a practice_id: make it a Record", ())
