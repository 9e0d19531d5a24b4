"""The subjects of the request log: whose data an answer contains."""

from collections.abc import Collection, Sequence
from functools import cache
from operator import attrgetter
from typing import Any

from django.db.models import Model

from charthouse.audit.request_log import LogEntry
from charthouse.audit.subjects import find_patient_paths, list_patient_paths
from charthouse.domains.patients.models import Patient
from charthouse.engine.declaration.resources import Resource


def note_subjects(entry: LogEntry, resource: Resource, objects: Sequence[Any]) -> None:
    """Note in the log's entry whose data these objects of a resource are."""
    if not objects:
        return
    key = find_patient_key(resource)
    kind: Any = type(objects[0])
    if key and len(objects) == 1:  # by far the most frequent
        patient = getattr(objects[0], _find_attribute(kind, key) or "", None)
        if patient is not None:
            entry.patients = f"{{{patient}}}"
            return
    ids = _collect_ids(objects, key) if key else set()
    entry.patients = _format_ids(ids - {None})
    if not ids:
        note_rows(entry, resource.model, _collect_ids(objects, "id"))
    elif None in ids and len(list_patient_paths(resource.model._meta.db_table)) > 1:
        attribute = str(_find_attribute(kind, str(key)))
        others = [one for one in objects if getattr(one, attribute) is None]
        note_rows(entry, resource.model, _collect_ids(others, "id"))


def note_row_subject(entry: LogEntry, resource: Resource, row: int) -> None:
    """Note whose data a row is that an operation used."""
    note_rows(entry, resource.model, (row,))


def note_rows(entry: LogEntry, model: type[Model], ids: Collection[Any]) -> None:
    """Note whose data these rows are: the writer of the log looks it up."""
    table = model._meta.db_table
    if ids and table in find_patient_paths():
        entry.subject_rows = {**(entry.subject_rows or {}), table: _format_ids(ids)}


def _collect_ids(objects: Sequence[Any], key: str) -> set[Any]:
    """The distinct values of a key of the objects."""
    kind: Any = type(objects[0])
    attribute = _find_attribute(kind, key)
    return set(map(attrgetter(attribute), objects)) if attribute else set()


def _format_ids(ids: Collection[Any]) -> str:
    """Ids as a PostgreSQL array."""
    return "{" + ",".join(map(str, sorted(map(int, ids)))) + "}"


@cache
def find_patient_key(resource: Resource) -> str | None:
    """The key under which an object of this resource shows its patient's id."""
    if resource.model is Patient:
        return "id"
    for key in resource.keys:
        refers_to = "" if key.type.is_list else key.type.refers_to
        if refers_to and key.readable and not key.verbose and resource.registry[refers_to].model is Patient:
            return key.name
    return None


def find_row_id(item: Any) -> int | None:
    """The id that an object shows."""
    kind: Any = type(item)
    attribute = _find_attribute(kind, "id")
    return getattr(item, attribute) if attribute else None


@cache
def _find_attribute(struct: Any, key: str) -> str | None:
    """The attribute of a struct type that is encoded under this key."""
    names = getattr(struct, "__struct_encode_fields__", ())
    return struct.__struct_fields__[names.index(key)] if key in names else None
