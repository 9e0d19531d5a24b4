"""Data subjects: the patient whom a record row is about, found by following references of the models."""

from collections.abc import Mapping
from functools import cache

from django.apps import apps
from django.db import models

from charthouse.identity.tenancy import Record, RecordKey

PATIENT_TABLE = "patients_patient"
MAX_REFERENCES = 4  # in a path

# References from a table on, each a column and the referenced table.
PatientPath = tuple[tuple[str, str], ...]


@cache
def find_patient_paths() -> Mapping[str, PatientPath]:
    """Map each record table to its shortest path to a patient, where there is one. The patient table's is empty."""
    found: dict[str, PatientPath] = {PATIENT_TABLE: ()}
    tables = {m._meta.db_table: m for m in apps.get_models() if issubclass(m, Record) and m._meta.managed}
    for _ in range(MAX_REFERENCES):
        known = dict(found)
        for table, model in sorted(tables.items()):
            if table not in known:
                steps = [(column, to, known[to]) for column, to in _list_references(model) if to in known]
                if steps:
                    column, to, rest = min(
                        steps, key=lambda step: (len(step[2]), step[0] != "patient_id", step[0])
                    )
                    found[table] = ((column, to), *rest)
    return found


def _list_references(model: type[models.Model]) -> list[tuple[str, str]]:
    return [
        (field.column, field.remote_field.model._meta.db_table)
        for field in model._meta.local_fields
        if isinstance(field, RecordKey)
    ]


def build_patient_rows_sql() -> str:
    """Build SQL for (table_name, row_id) of all rows about %(patient)s of %(practice)s."""
    parts = [f"select '{PATIENT_TABLE}'::text as table_name, %(patient)s::bigint as row_id"]
    for table, path in find_patient_paths().items():
        if path:
            tables, patient = _join_path(table, path)
            parts.append(
                f"select '{table}', t0.id from {tables} where t0.practice_id = %(practice)s and {patient} = %(patient)s"  # noqa: S608
            )
    return " union all ".join(parts)


def build_patient_sql(table: str, row: str, practice: str) -> str:
    """Build SQL for the patient id of a row. Arguments are SQL for its table's name, its id and its practice."""
    cases = [f"when '{PATIENT_TABLE}' then {row}"]
    for name, path in find_patient_paths().items():
        if path:
            tables, patient = _join_path(name, path)
            where = f"t0.practice_id = {practice} and t0.id = {row}"
            cases.append(f"when '{name}' then (select {patient} from {tables} where {where})")  # noqa: S608
    return f"case {table} {' '.join(cases)} end"


def build_patients_sql(table: str) -> str:
    """Build SQL for the patient ids, as text of an array, of rows %(ids)s of a table of %(practice)s."""
    path = find_patient_paths()[table]
    tables, patient = _join_path(table, path) if path else (f'"{table}" t0', "t0.id")
    return (
        f"select coalesce(array_agg(distinct {patient}), '{{}}')::text from {tables} "  # noqa: S608
        f"where t0.practice_id = %(practice)s and t0.id = any(%(ids)s::bigint[]) and {patient} is not null"
    )


def _join_path(table: str, path: PatientPath) -> tuple[str, str]:
    """Return SQL of the joined tables of a path, and of the column with the patient id."""
    text = f'"{table}" t0'
    for number, (column, to) in enumerate(path[:-1]):
        text += (
            f' join "{to}" t{number + 1} on t{number + 1}.practice_id = t{number}.practice_id'
            f' and t{number + 1}.id = t{number}."{column}"'
        )
    return text, f't{len(path) - 1}."{path[-1][0]}"'
