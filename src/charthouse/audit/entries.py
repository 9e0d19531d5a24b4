"""The audit log as one list: reads (request log), changes (change feed) and events.

Each source is queried for at most one page, over an index on practice and time; then the sources are merged.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from django.apps import apps
from django.db import connection

from charthouse.audit import subjects
from charthouse.audit.events import EVENT_KINDS
from charthouse.audit.hosted_labels import build_type_sql
from charthouse.audit.page_log import CONSOLE, PORTAL

API_PATHS = ("/api/",)
READS, CHANGES, EVENTS = "a", "b", "c"  # sorted in this order within one timestamp


@dataclass(frozen=True, slots=True)
class Position:
    """The position of an entry in the list."""

    at: datetime
    source: str
    id: int


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One entry of the audit log.

    ``action`` and ``type`` are labels of ``hosted_labels``; ``fields`` are changed columns; ``patient_count`` is the
    number of patients whose data was returned, ``patient_id`` the patient if it was one.
    """

    position: Position
    action: str
    type: str
    description: str
    user_id: int | None
    user_name: str
    doctor_id: int | None
    app_id: int | None
    api_user_id: int | None
    ip: str
    patient_id: int | None
    patient_count: int
    appointment_id: int | None
    fields: tuple[str, ...]
    path: str
    request: str


@dataclass(frozen=True, kw_only=True)
class EntryQuery:
    """A selection of entries.

    ``until`` is exclusive; ``doctor`` is that of the user who acted; ``after`` is the position of the last entry of the
    previous page; ``limit`` is the page size.
    """

    practice: int
    since: datetime | None = None
    until: datetime | None = None
    patient: int | None = None
    doctor: int | None = None
    user: int | None = None
    appointment: int | None = None
    type: str = ""
    action: str = ""
    after: Position | None = None
    newest_first: bool = False
    limit: int = 250
    sources: Sequence[str] = (READS, CHANGES, EVENTS)


def list_entries(query: EntryQuery) -> list[AuditEntry]:
    """List at most ``query.limit`` entries, oldest first unless ``newest_first``."""
    order = "desc" if query.newest_first else "asc"
    parts = [
        f"(select {COLUMNS} from ({_get_source_sql(query, source)}) as s "  # noqa: S608
        f"where {' and '.join(_build_conditions(query, source))} "
        f"order by at {order}, id {order} limit %(limit)s)"
        for source in query.sources
        if source in _SELECTS and query.action in ("", *_ACTIONS[source])
    ]
    if not parts:
        return []
    text = (
        f"select s.*, concat_ws(' ', u.first_name, u.last_name), u.doctor_id, "  # noqa: S608
        f"case when s.source = '{CHANGES}' then {_build_patient_sql()} else s.patient_id end "
        f"from ({' union all '.join(parts)}) as s left join identity_user u on u.id = s.user_id "
        f"order by s.at {order}, s.source {order}, s.id {order} limit %(limit)s"
    )
    with connection.cursor() as cursor:
        cursor.execute(text, _list_parameters(query))
        return [_make_entry(row) for row in cursor.fetchall()]


def _get_source_sql(query: EntryQuery, source: str) -> str:
    """Return the SELECT of a source. Calls about one patient use an SQL function, since row security prevents use of
    the GIN index.
    """
    if source == READS and query.patient is not None:
        return _SELECTS[READS].replace("from audit_apicall", "from audit_calls_about(%(patient)s)")
    return _SELECTS[source]


def _list_parameters(query: EntryQuery) -> dict[str, Any]:
    names = (
        "practice",
        "since",
        "until",
        "patient",
        "doctor",
        "user",
        "appointment",
        "type",
        "action",
        "limit",
    )
    values = {name: getattr(query, name) for name in names}
    return values | ({"after_at": query.after.at, "after_id": query.after.id} if query.after else {})


_WHERE = {
    "since": "at >= %(since)s",
    "until": "at < %(until)s",
    "user": "user_id = %(user)s",
    "doctor": "user_id in (select id from identity_user where doctor_id = %(doctor)s)",
    "appointment": "appointment_id = %(appointment)s",
    "type": "type = %(type)s",
    "action": "action = %(action)s",
}


def _build_conditions(query: EntryQuery, source: str) -> list[str]:
    found = ["practice_id = %(practice)s"]
    found += [condition for name, condition in _WHERE.items() if getattr(query, name) not in (None, "")]
    if query.patient is not None and source == CHANGES:
        found.append(f"(table_name, row_id) in ({subjects.build_patient_rows_sql()})")
    elif query.patient is not None and source == EVENTS:
        found.append("patient_id = %(patient)s")
    if query.after is not None:
        found.append(_build_page_condition(query.after, source, query.newest_first))
    return found


def _build_page_condition(after: Position, source: str, newest: bool) -> str:
    sign = "<" if newest else ">"
    if source == after.source:
        return f"(at, id) {sign} (%(after_at)s, %(after_id)s)"
    later = source < after.source if newest else source > after.source
    return f"at {sign}= %(after_at)s" if later else f"at {sign} %(after_at)s"


COLUMNS = (
    "source, id, at, action, type, what, row_id, user_id, app_id, api_user_id, ip, patient_id, people, appointment_id, "
    "fields, path, request"
)
_ACTION_CASES = " ".join(f"when '{what}' then '{kind.action}'" for what, kind in EVENT_KINDS.items())
_TYPE_CASES = " ".join(f"when '{what}' then '{kind.type}'" for what, kind in EVENT_KINDS.items())
_SELECTS = {
    READS: f"""
        select '{READS}' as source, id, at, practice_id, user_id, app_id, api_user_id, ip, 'Read' as action,
            resource as what, {build_type_sql("resource")} as type, row_id, patients,
            case when cardinality(patients) = 1 then patients[1] end as patient_id, cardinality(patients) as people,
            case when resource in ('appointments', 'clinical_notes') then row_id end as appointment_id,
            null::text[] as fields, path, request::text as request
        from audit_apicall
        where status < 400 and (method in ('GET', 'HEAD') or dialect in ('{CONSOLE}', '{PORTAL}'))""",  # noqa: S608
    EVENTS: f"""
        select '{EVENTS}' as source, id, at, practice_id, user_id, app_id, api_user_id, ip,
            case what {_ACTION_CASES} end as action,
            what, case what {_TYPE_CASES} end as type,
            null::bigint as row_id, patient_id, (patient_id is not null)::int as people, null::bigint as appointment_id,
            null::text[] as fields, '' as path, '' as request
        from audit_event""",  # noqa: S608
}
_SELECTS[CHANGES] = f"""
        select '{CHANGES}' as source, id, at, practice_id, user_id, app_id, api_user_id, '' as ip,
            case operation when 'insert' then 'Create' when 'delete' then 'Delete' else 'Update' end as action,
            table_name as what, {build_type_sql("split_part(table_name, '_', 2)")} as type, row_id, table_name,
            null::bigint as patient_id, 0 as people,
            case when table_name = 'scheduling_appointment' then row_id
                else (coalesce(after, before) ->> 'appointment_id')::bigint end as appointment_id,
            case when operation in ('update', 'restore')
                then (select array_agg(key order by key) from jsonb_object_keys(after) key) end as fields,
            '' as path, coalesce(request::text, '') as request
        from changes_change where table_name <> 'identity_user'"""  # noqa: S608 - changes of users are events
_ACTIONS = {
    READS: ("Read",),
    CHANGES: ("Create", "Update", "Delete"),
    EVENTS: tuple({kind.action for kind in EVENT_KINDS.values()}),
}


@cache
def _build_patient_sql() -> str:
    return subjects.build_patient_sql("s.what", "s.row_id", "%(practice)s")


def _make_entry(row: Sequence[Any]) -> AuditEntry:
    source, row_id, at, action, kind, what, of, user, app, api_user, ip, _, many, *rest = row
    appointment, fields, path, request, name, doctor, patient = rest
    return AuditEntry(
        position=Position(at, source, row_id),
        action=action,
        type=kind,
        description=_describe(source, action, what, of, many, path),
        user_id=user,
        user_name=name,
        doctor_id=doctor,
        app_id=app,
        api_user_id=api_user,
        ip=ip,
        patient_id=patient,
        patient_count=many,
        appointment_id=appointment,
        fields=tuple(fields or ()),
        path=path,
        request=request,
    )


@cache
def _map_table_labels() -> dict[str, str]:
    """Map tables to their models' verbose names."""
    return {model._meta.db_table: str(model._meta.verbose_name) for model in apps.get_models()}


def _describe(source: str, action: str, what: str, of: int | None, patient_count: int, path: str) -> str:
    """Describe an entry in one sentence, without personal data."""
    if source == EVENTS:
        return EVENT_KINDS[what].description
    if source == CHANGES:
        return f"{action}d {_map_table_labels().get(what, what)} {of}"
    if not path.startswith(API_PATHS):
        action, named = "Opened", f"the page {what.replace('-', ' ')}{'' if of is None else f' {of}'}"
    else:
        named = f"{what} {of}" if of is not None else f"a list of {what}"
    return f"{action} {named}" + (f", data of {patient_count} patients" if patient_count > 1 else "")
