"""Whose data an answer carries, for the request log."""

from collections.abc import Sequence
from functools import cache
from operator import attrgetter
from typing import Any

from charthouse.audit.request_log import Entry
from charthouse.audit.subjects import ways
from charthouse.domains.patients.models import Patient
from charthouse.engine.declaration.resources import Resource

MOST = 2000  # ids an entry


def note(entry: Entry, resource: Resource, objects: Sequence[Any]) -> None:
    """Say in the log's entry whose data these objects of a resource are."""
    if not objects:
        return
    table = resource.model._meta.db_table
    if key := patient_key(resource):
        entry.patients = _ids(objects, key)
    elif table in ways():
        entry.shown = table, _ids(objects, "id")


def note_row(entry: Entry, resource: Resource, row: int) -> None:
    """The same of a row that a function told of."""
    table = resource.model._meta.db_table
    if table in ways():
        entry.shown = table, f"{{{row}}}"


def _ids(objects: Sequence[Any], key: str) -> str:
    """What the objects show under a key, each once, as PostgreSQL writes an array."""
    kind: Any = type(objects[0])
    attribute = _attribute(kind, key)
    if attribute is None:
        return "{}"
    found = set(map(attrgetter(attribute), objects))
    found.discard(None)
    return "{" + ",".join(map(str, sorted(found)[:MOST])) + "}"


@cache
def patient_key(resource: Resource) -> str | None:
    """The key under which an object of this resource shows its patient's id."""
    if resource.model is Patient:
        return "id"
    for key in resource.keys:
        refers_to = "" if key.type.is_list else key.type.refers_to
        if refers_to and key.readable and not key.verbose and resource.registry[refers_to].model is Patient:
            return key.name
    return None


def row_id(item: Any) -> int | None:
    """The id that an object shows."""
    kind: Any = type(item)
    attribute = _attribute(kind, "id")
    return getattr(item, attribute) if attribute else None


@cache
def _attribute(struct: Any, key: str) -> str | None:
    """The attribute of a struct type that is encoded under this key."""
    names = getattr(struct, "__struct_encode_fields__", ())
    return struct.__struct_fields__[names.index(key)] if key in names else None
