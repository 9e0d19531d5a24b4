"""The audit as one list: what was read (the request log), what was changed (the change feed), what was done beside.

Each of the three is asked for no more rows than a page has, over an index on practice and time; then they are merged.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from django.apps import apps
from django.db import connection

from charthouse.audit import subjects
from charthouse.audit.events import KINDS
from charthouse.audit.hosted_labels import type_in_sql

READS, CHANGES, EVENTS = "a", "b", "c"  # in the order in which those of one moment come


@dataclass(frozen=True, slots=True)
class Position:
    """Where in the list an entry stands."""

    at: datetime
    source: str
    id: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the audit. ``action`` and ``type`` are words of ``words``; ``fields`` the columns that changed;
    ``people`` how many patients' data was shown, ``patient_id`` whose if it was one's."""

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
    people: int
    appointment_id: int | None
    fields: tuple[str, ...]
    path: str
    request: str


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Which entries. ``since`` and ``until`` bound the time (until: excluded); ``doctor`` is that of the user who did
    it; ``newest`` turns the order round; ``after`` is the last entry of the page before."""

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
    newest: bool = False
    most: int = 250
    sources: Sequence[str] = (READS, CHANGES, EVENTS)


def entries(asked: Asked) -> list[Entry]:
    """At most ``asked.most`` entries, oldest first unless ``newest``."""
    order = "desc" if asked.newest else "asc"
    parts = [
        f"(select {COLUMNS} from ({_select(asked, source)}) as s where {' and '.join(_conditions(asked, source))} "  # noqa: S608
        f"order by at {order}, id {order} limit %(most)s)"
        for source in asked.sources
        if source in _SELECTS and asked.action in ("", *_ACTIONS[source])
    ]
    if not parts:
        return []
    text = (
        f"select s.*, concat_ws(' ', u.first_name, u.last_name), u.doctor_id, "  # noqa: S608
        f"case when s.source = '{CHANGES}' then {_patient()} else s.patient_id end "
        f"from ({' union all '.join(parts)}) as s left join identity_user u on u.id = s.user_id "
        f"order by s.at {order}, s.source {order}, s.id {order} limit %(most)s"
    )
    with connection.cursor() as cursor:
        cursor.execute(text, _values(asked))
        return [_entry(row) for row in cursor.fetchall()]


def _select(asked: Asked, source: str) -> str:
    """Of one patient, calls are found by the index on patients, which row security keeps a plain query from."""
    if source == READS and asked.patient is not None:
        return _SELECTS[READS].replace("from audit_apicall", "from audit_calls_about(%(patient)s)")
    return _SELECTS[source]


def _values(asked: Asked) -> dict[str, Any]:
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
        "most",
    )
    values = {name: getattr(asked, name) for name in names}
    return values | ({"after_at": asked.after.at, "after_id": asked.after.id} if asked.after else {})


_WHERE = {
    "since": "at >= %(since)s",
    "until": "at < %(until)s",
    "user": "user_id = %(user)s",
    "doctor": "user_id in (select id from identity_user where doctor_id = %(doctor)s)",
    "appointment": "appointment_id = %(appointment)s",
    "type": "type = %(type)s",
    "action": "action = %(action)s",
}


def _conditions(asked: Asked, source: str) -> list[str]:
    found = ["practice_id = %(practice)s"]
    found += [condition for name, condition in _WHERE.items() if getattr(asked, name) not in (None, "")]
    if asked.patient is not None and source == CHANGES:
        found.append(f"(table_name, row_id) in ({subjects.rows_of_patient()})")
    elif asked.patient is not None and source == EVENTS:
        found.append("patient_id = %(patient)s")
    if asked.after is not None:
        found.append(_beyond(asked.after, source, asked.newest))
    return found


def _beyond(after: Position, source: str, newest: bool) -> str:
    sign = "<" if newest else ">"
    if source == after.source:
        return f"(at, id) {sign} (%(after_at)s, %(after_id)s)"
    later = source < after.source if newest else source > after.source
    return f"at {sign}= %(after_at)s" if later else f"at {sign} %(after_at)s"


COLUMNS = (
    "source, id, at, action, type, what, row_id, user_id, app_id, api_user_id, ip, patient_id, people, appointment_id, "
    "fields, path, request"
)
_SELECTS = {
    READS: f"""
        select '{READS}' as source, id, at, practice_id, user_id, app_id, api_user_id, ip, 'Read' as action,
            resource as what, {type_in_sql("resource")} as type, row_id, patients,
            case when cardinality(patients) = 1 then patients[1] end as patient_id, cardinality(patients) as people,
            case when resource in ('appointments', 'clinical_notes') then row_id end as appointment_id,
            null::text[] as fields, path, request::text as request
        from audit_apicall where method in ('GET', 'HEAD') and status < 400""",  # noqa: S608
    EVENTS: f"""
        select '{EVENTS}' as source, id, at, practice_id, user_id, app_id, api_user_id, ip,
            case what {" ".join(f"when '{what}' then '{kind.action}'" for what, kind in KINDS.items())} end as action,
            what, case what {" ".join(f"when '{what}' then '{kind.type}'" for what, kind in KINDS.items())} end as type,
            null::bigint as row_id, patient_id, (patient_id is not null)::int as people, null::bigint as appointment_id,
            null::text[] as fields, '' as path, '' as request
        from audit_event""",  # noqa: S608
}
_SELECTS[CHANGES] = f"""
        select '{CHANGES}' as source, id, at, practice_id, user_id, app_id, api_user_id, '' as ip,
            case operation when 'insert' then 'Create' when 'delete' then 'Delete' else 'Update' end as action,
            table_name as what, {type_in_sql("split_part(table_name, '_', 2)")} as type, row_id, table_name,
            null::bigint as patient_id, 0 as people,
            case when table_name = 'scheduling_appointment' then row_id
                else (coalesce(after, before) ->> 'appointment_id')::bigint end as appointment_id,
            case when operation in ('update', 'restore')
                then (select array_agg(key order by key) from jsonb_object_keys(after) key) end as fields,
            '' as path, coalesce(request::text, '') as request
        from changes_change where table_name <> 'identity_user'"""  # noqa: S608 - of people, events tell
_ACTIONS = {
    READS: ("Read",),
    CHANGES: ("Create", "Update", "Delete"),
    EVENTS: tuple({kind.action for kind in KINDS.values()}),
}


@cache
def _patient() -> str:
    return subjects.patient_of_row("s.what", "s.row_id", "%(practice)s")


def _entry(row: Sequence[Any]) -> Entry:
    source, row_id, at, action, kind, what, of, user, app, api_user, ip, _, many, *rest = row
    appointment, fields, path, request, name, doctor, patient = rest
    return Entry(
        position=Position(at, source, row_id),
        action=action,
        type=kind,
        description=_described(source, action, what, of, many),
        user_id=user,
        user_name=name,
        doctor_id=doctor,
        app_id=app,
        api_user_id=api_user,
        ip=ip,
        patient_id=patient,
        people=many,
        appointment_id=appointment,
        fields=tuple(fields or ()),
        path=path,
        request=request,
    )


@cache
def _called() -> dict[str, str]:
    """What a row of each table is called."""
    return {model._meta.db_table: str(model._meta.verbose_name) for model in apps.get_models()}


def _described(source: str, action: str, what: str, of: int | None, people: int) -> str:
    """One sentence, without anybody's data."""
    if source == EVENTS:
        return KINDS[what].sentence
    if source == CHANGES:
        return f"{action}d {_called().get(what, what)} {of}"
    named = f"{what} {of}" if of is not None else f"a list of {what}"
    return f"{action} {named}" + (f", data of {people} patients" if people > 1 else "")
