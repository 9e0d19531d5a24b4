"""The subjects of the request log: whose data an answer contains."""

from collections.abc import Sequence
from functools import cache
from operator import attrgetter
from typing import Any

from charthouse.audit.request_log import LogEntry
from charthouse.audit.subjects import find_patient_paths
from charthouse.domains.patients.models import Patient
from charthouse.engine.declaration.resources import Resource

MAX_IDS = 2000  # ids in an entry


def note_subjects(entry: LogEntry, resource: Resource, objects: Sequence[Any]) -> None:
    """Note in the log's entry whose data these objects of a resource are."""
    if not objects:
        return
    table = resource.model._meta.db_table
    if key := find_patient_key(resource):
        entry.patients = _collect_ids(objects, key)
    elif table in find_patient_paths():
        entry.subject_rows = table, _collect_ids(objects, "id")


def note_row_subject(entry: LogEntry, resource: Resource, row: int) -> None:
    """Note whose data a row is that an operation used."""
    table = resource.model._meta.db_table
    if table in find_patient_paths():
        entry.subject_rows = table, f"{{{row}}}"


def _collect_ids(objects: Sequence[Any], key: str) -> str:
    """The distinct values of a key of the objects, as a PostgreSQL array."""
    kind: Any = type(objects[0])
    attribute = _find_attribute(kind, key)
    if attribute is None:
        return "{}"
    found = set(map(attrgetter(attribute), objects))
    found.discard(None)
    return "{" + ",".join(map(str, sorted(found)[:MAX_IDS])) + "}"


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
