"""Whose data an answer carries, for the request log."""

from collections.abc import Sequence
from functools import cache
from operator import attrgetter
from typing import Any

from charthouse.domains.patients.models import Patient
from charthouse.resource.declare import Resource
from charthouse.resource.fields import Ref

MOST = 2000  # ids an entry


def patients(resource: Resource, objects: Sequence[Any]) -> str:
    """Ids of the patients that these objects of a resource are about, each once, in the form of an Entry."""
    key = patient_key(resource)
    if key is None or not objects:
        return "{}"
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
    refs = [field for field in resource.fields if isinstance(field, Ref)]
    for field in refs:
        if field.readable and not field.verbose and resource.registry[field.to].model is Patient:
            return field.name
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
