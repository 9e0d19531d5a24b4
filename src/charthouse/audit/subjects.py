"""Whose data a row of the record is: the way from each table to a patient, found in the models themselves."""

from collections.abc import Mapping
from functools import cache

from django.apps import apps
from django.db import models

from charthouse.identity.tenancy import Record, RecordKey

PATIENT = "patients_patient"
FARTHEST = 4  # references on the way

# References from a table, each a column and the table it leads to.
Way = tuple[tuple[str, str], ...]


@cache
def ways() -> Mapping[str, Way]:
    """The shortest way to a patient from each table of the record that has one, by table. The patients' is empty."""
    found: dict[str, Way] = {PATIENT: ()}
    tables = {m._meta.db_table: m for m in apps.get_models() if issubclass(m, Record) and m._meta.managed}
    for _ in range(FARTHEST):
        known = dict(found)
        for table, model in sorted(tables.items()):
            if table not in known:
                steps = [(column, to, known[to]) for column, to in _references(model) if to in known]
                if steps:
                    column, to, further = min(
                        steps, key=lambda step: (len(step[2]), step[0] != "patient_id", step[0])
                    )
                    found[table] = ((column, to), *further)
    return found


def _references(model: type[models.Model]) -> list[tuple[str, str]]:
    return [
        (field.column, field.remote_field.model._meta.db_table)
        for field in model._meta.local_fields
        if isinstance(field, RecordKey)
    ]


def rows_of_patient() -> str:
    """SQL for (table_name, row_id) of every row that is about %(patient)s of %(practice)s."""
    parts = [f"select '{PATIENT}'::text as table_name, %(patient)s::bigint as row_id"]
    for table, way in ways().items():
        if way:
            tables, patient = _joined(table, way)
            parts.append(
                f"select '{table}', t0.id from {tables} where t0.practice_id = %(practice)s and {patient} = %(patient)s"  # noqa: S608
            )
    return " union all ".join(parts)


def patient_of_row(table: str, row: str, practice: str) -> str:
    """SQL for the id of the patient that a row is about; the arguments are SQL for its table's name, id, practice."""
    cases = [f"when '{PATIENT}' then {row}"]
    for name, way in ways().items():
        if way:
            tables, patient = _joined(name, way)
            where = f"t0.practice_id = {practice} and t0.id = {row}"
            cases.append(f"when '{name}' then (select {patient} from {tables} where {where})")  # noqa: S608
    return f"case {table} {' '.join(cases)} end"


def patients_of_rows(table: str) -> str:
    """SQL for the patients, as an array's text, that rows %(ids)s of a table of %(practice)s are about."""
    tables, patient = _joined(table, ways()[table]) if ways()[table] else (f'"{table}" t0', "t0.id")
    return (
        f"select coalesce(array_agg(distinct {patient}), '{{}}')::text from {tables} "  # noqa: S608
        f"where t0.practice_id = %(practice)s and t0.id = any(%(ids)s::bigint[]) and {patient} is not null"
    )


def _joined(table: str, way: Way) -> tuple[str, str]:
    """The tables on the way, joined, and the column that holds the patient."""
    text = f'"{table}" t0'
    for number, (column, to) in enumerate(way[:-1]):
        text += (
            f' join "{to}" t{number + 1} on t{number + 1}.practice_id = t{number}.practice_id'
            f' and t{number + 1}.id = t{number}."{column}"'
        )
    return text, f't{len(way) - 1}."{way[-1][0]}"'
