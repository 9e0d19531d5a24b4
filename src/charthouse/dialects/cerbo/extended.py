"""``GET /patients/{id}/extended_details``: a patient and everything that the chart holds of them, as of one moment.

It spans every room: each list is that of the resource which shows it, read in pieces and written as it is read, so
that the rows are never all there at once. Facts: reference cerbo/objects.yaml, extended_details;
docs/decisions/0291-extended-details.md
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib import import_module
from io import BytesIO
from typing import Any

import msgspec

from charthouse.dialects.cerbo import paging
from charthouse.dialects.cerbo.registry import ROOMS
from charthouse.domains.patients.cerbo_facilities import patient_pharmacies
from charthouse.domains.practice.cerbo_keys import tag
from charthouse.files.serving import Body
from charthouse.resource import read, run
from charthouse.resource.declare import Registry, Resource
from charthouse.resource.errors import Malformed
from charthouse.resource.examples import example_shown
from charthouse.resource.fields import READ_ONLY, Field, ListOf
from charthouse.resource.functions import Call, Function
from charthouse.resource.joined import Whole
from charthouse.resource.nested import Embedded

MOST = 20_000  # rows of one list
PIECE = 5000  # rows that are read at once

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True)
class List:
    """A list of the answer: what the resource ``path`` lists of the patient, asked for with ``parameters``. Where it is
    below other rows than the patient as well, those of all of them."""

    path: str
    parameters: Mapping[str, str] = field(default_factory=dict)


def _below(path: str) -> List:
    return List(f"patients/{{patient_id}}/{path}")


VITALS = {
    "height": _below("vitals/height"),
    "weight": _below("vitals/weight"),
    "bp": _below("vitals/bp"),
    "custom": _below("vitals/{vital_id}"),
}
# Key → its list, in the order of the reference. ``vitals`` and ``pharmacies`` are made of others.
LISTS: dict[str, Any] = {
    "encounters": _below("encounters"),
    "appointments": List("appointments", {"start_date": "2000-01-01", "end_date": "2099-12-31"}),
    "documents": _below("documents"),
    "images": _below("images"),
    "questionnaires": _below("questionnaires"),
    "rxs": _below("rxs"),
    "supplements": _below("supplements"),
    "vitals": VITALS,
    "vaccines": _below("vaccines"),
    "pmh": _below("pmh"),
    "orders": _below("orders"),
    "lab_results": _below("lab_results"),
    "charges": _below("charges"),
    "tags": _below("tags"),
    "pt_notes": _below("pt_notes"),
    "health_maintenance": _below("health_maintenance"),
    "pharmacies": patient_pharmacies,
    "specialists": _below("specialists"),
    "laboratories": _below("laboratories"),
}


def details(call: Call) -> Body:
    """The whole answer. Raises NotFound, and Malformed for a chart that is too large."""
    registry, patient = call.function.registry, call.row.pk
    written = BytesIO()
    with run.snapshot():
        shown = read.one(registry["patients"], call.actor, patient, verbose=True)
        written.write(b'{"object":"extended_details","patient":' + _encode(shown))
        for key, of in LISTS.items():
            written.write(b',"%s":' % key.encode())
            if isinstance(of, dict):
                for number, (name, one) in enumerate(of.items()):
                    written.write(b'%s"%s":' % (b"," if number else b"{", name.encode()))
                    _write(written, call, registry, one)
                written.write(b"}")
            elif isinstance(of, Function):
                written.write(_encode(of.run(replace(call, function=of))))
            else:
                _write(written, call, registry, of)
        written.write(b"}")
    length = written.tell()
    written.seek(0)
    return Body(written, 0, length)


def _write(written: BytesIO, call: Call, registry: Registry, of: List) -> None:
    written.write(b"[")
    comma = b""
    for objects in _pieces(call, _resource(registry, of.path), of):
        if objects:
            written.write(comma + _encode(objects)[1:-1])
            comma = b","
    written.write(b"]")


def _pieces(call: Call, resource: Resource, of: List) -> Iterator[list[Any]]:
    """All rows of a list. Raises Malformed where they are more than ``MOST``."""
    patient = call.row.pk
    at = {"patient_id": patient} if resource.parents else {}
    query = paging.query(resource, of.parameters if at else {**of.parameters, "pt_id": str(patient)})
    query.page_size, query.counted = PIECE, False
    for _ in range(-(-MOST // PIECE)):
        page = read.page(resource, call.actor, query, at)
        yield page.objects
        if not page.more_after:
            return
        query.after = page.last
    raise Malformed(f"The patient has more than {MOST} of {of.path.rsplit('/', 1)[-1]}: ask for the lists.")


@lru_cache(maxsize=32)
def _resource(registry: Registry, path: str) -> Resource:
    """The resource of a list; one that is below other rows beside the patient, below the patient alone."""
    found = registry[path]
    of_patient = tuple(parent for parent in found.parents if parent.name == "patient_id")
    if of_patient == found.parents:
        return found
    found = replace(found, parents=of_patient)
    found.registry = registry
    return found


def _declared() -> dict[str, Resource]:
    rooms = [import_module(f"charthouse.domains.{room}.cerbo") for room in ROOMS]
    return {resource.path: resource for room in rooms for resource in room.RESOURCES}


def _keys() -> Iterator[Field]:
    there = _declared()

    def listed(key: str, of: List) -> Field:
        return ListOf(
            key, READ_ONLY, item=Whole(key, resource=there[of.path]), doc=f"As `{of.path}` shows them."
        )

    yield tag("extended_details")
    yield Whole("patient", resource=there["patients"])
    for key, of in LISTS.items():
        if isinstance(of, dict):
            members = tuple(listed(name, one) for name, one in of.items())
            yield Embedded(key, READ_ONLY, fields=members, nullable=False)
        elif isinstance(of, Function):
            yield Embedded(key, READ_ONLY, many=True, fields=of.answers, nullable=False, doc=of.doc)
        else:
            yield listed(key, of)


extended_details = Function(
    path="patients/{id}/extended_details",
    of="patients",
    doc="A patient with everything of the chart, as of one moment. Heavy: ask for lists, or for what changed, instead.",
    run=details,
    scopes=("extended_patient_details",),
    permissions=(),
    counted="heavy_read",
    answers=tuple(_keys()),
    example={"patient": example_shown(_declared()["patients"], verbose=True)},
)
FUNCTIONS = [extended_details]
