"""Data subjects: the patients whom a record row is about, found by following references of the models.

A row leads to its patient by the row's own references; by a row of any type that it names (``named_models`` of a model:
type → model); or by rows below it that say so for it (``names_subjects_of``: the reference to that row).
"""

from collections.abc import Collection, Iterator, Mapping
from functools import cache, lru_cache
from typing import NamedTuple

from django.apps import apps
from django.db import models

from charthouse.identity.tenancy import Record, RecordKey

PATIENT_TABLE = "patients_patient"
MAX_REFERENCES = 4  # in a path


class Step(NamedTuple):
    """A step of a path to the patient: ``column`` holds the id of a row of ``table``; where ``child`` is set, that
    column of ``table`` holds the id in ``column`` instead. ``type``: only for rows with this type."""

    column: str
    table: str
    child: str = ""
    type: str = ""


PatientPath = tuple[Step, ...]


@cache
def find_patient_paths() -> Mapping[str, PatientPath]:
    """Map each record table to its shortest path to a patient, where there is one. The patient table's is empty."""
    found: dict[str, PatientPath] = {PATIENT_TABLE: ()}
    tables = {model._meta.db_table: model for model in _list_models()}
    for _ in range(MAX_REFERENCES):
        known = dict(found)
        for table, model in sorted(tables.items()):
            if table not in known:
                paths = [(step, *known[step.table]) for step in _list_steps(model) if step.table in known]
                if paths:
                    found[table] = min(
                        paths, key=lambda path: (len(path), path[0].column != "patient_id", path[0].column)
                    )
    return found


@cache
def list_patient_paths(table: str) -> tuple[PatientPath, ...]:
    """List all paths from a table, one for each of its references: where one of them is empty, another leads on."""
    known = find_patient_paths()
    (model,) = (model for model in _list_models() if model._meta.db_table == table)
    says_it_for = getattr(model, "names_subjects_of", None)
    paths: list[PatientPath] = []
    for step in _list_steps(model):
        following = known.get(step.table)
        if following is None or step.table == table or step.column == f"{says_it_for}_id":
            continue
        several = step.child or (following and following[0].child)
        further = list_patient_paths(step.table) if several else (following,)
        paths += [(step, *path) for path in further]
    return tuple(paths)


def _list_models() -> list[type[Record]]:
    return [model for model in apps.get_models() if issubclass(model, Record) and model._meta.managed]


def _list_steps(model: type[models.Model]) -> Iterator[Step]:
    for field in model._meta.local_fields:
        if isinstance(field, RecordKey):
            yield Step(field.column, field.remote_field.model._meta.db_table)
    for name, named in getattr(model, "named_models", {}).items():
        yield Step("value_id", apps.get_model(named)._meta.db_table, type=name)
    for child in _list_models():
        for field in child._meta.local_fields:
            if field.name == getattr(child, "names_subjects_of", "") and field.related_model is model:
                yield Step("id", child._meta.db_table, child=str(field.column))


def build_patient_rows_sql() -> str:
    """Build SQL for (table_name, row_id) of all rows about %(patient)s of %(practice)s."""
    parts = [f"select '{PATIENT_TABLE}'::text as table_name, %(patient)s::bigint as row_id"]
    for table, path in find_patient_paths().items():
        if path:
            tables, patient, where = _join_path(table, path)
            parts.append(
                f"select '{table}', t0.id from {tables} where t0.practice_id = %(practice)s "  # noqa: S608
                f"and {patient} = %(patient)s{where}"
            )
    return " union all ".join(parts)


def build_patient_sql(table: str, row: str, practice: str) -> str:
    """Build SQL for the patient id of a row. Arguments are SQL for its table's name, its id and its practice."""
    cases = [f"when '{PATIENT_TABLE}' then {row}"]
    for name, path in find_patient_paths().items():
        if path:
            tables, patient, where = _join_path(name, path)
            only = f"t0.practice_id = {practice} and t0.id = {row}{where}"
            cases.append(f"when '{name}' then (select {patient} from {tables} where {only} limit 1)")  # noqa: S608
    return f"case {table} {' '.join(cases)} end"


@lru_cache(maxsize=256)  # calls may be about any combination of tables
def build_patients_sql(tables: tuple[str, ...]) -> str:
    """Build SQL for (entry, patient ids as text of an array) of rows of tables of %(practice)s: the ids of the rows of
    the first are %(ids0)s, the numbers of their entries %(entries0)s, and so on. An entry without patients is not
    among the rows."""
    parts = []
    for number, table in enumerate(tables):
        asked = f"unnest(%(entries{number})s::int[], %(ids{number})s::bigint[]) as asked (entry, id)"
        if table == PATIENT_TABLE:
            parts.append(f"select entry, id from {asked}")  # noqa: S608
            continue
        for path in list_patient_paths(table):
            joined, patient, where = _join_path(table, path)
            parts.append(
                f"select entry, {patient} from {asked}, {joined} "  # noqa: S608
                f"where t0.practice_id = %(practice)s and t0.id = asked.id{where}"
            )
    return (
        "select entry, array_agg(distinct patient order by patient)::text "  # noqa: S608
        f"from ({' union all '.join(parts)}) as found (entry, patient) where patient is not null group by entry"
    )


def leads_to_patients(tables: Collection[str]) -> list[str]:
    """List those of the tables whose rows lead to patients."""
    return [table for table in tables if table in find_patient_paths()]


def _join_path(table: str, path: PatientPath) -> tuple[str, str, str]:
    """Return SQL of the joined tables of a path, of the column with the patient id, and more conditions."""
    text, where = f'"{table}" t0', ""
    for number, step in enumerate(path):
        if step.type:
            where += f" and t{number}.type = '{step.type}' and not t{number}.archived"
        if number < len(path) - 1:
            on = f't{number + 1}."{step.child or "id"}" = t{number}."{step.column}"'
            text += (
                f' join "{step.table}" t{number + 1} on '
                f"t{number + 1}.practice_id = t{number}.practice_id and {on}"
            )
    return text, f't{len(path) - 1}."{path[-1].column}"', where
