"""``GET /patients/{id}/extended_details``: a patient with the whole chart, as of one point in time.

It spans all domains: each list is that of the resource which shows it, read and written in batches, so that the rows
are never all in memory. Facts: reference cerbo/objects.yaml, extended_details;
docs/decisions/0291-extended-details.md
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from io import BytesIO
from typing import Any

import msgspec

from charthouse.domains.patients.cerbo.facilities import patient_pharmacies
from charthouse.domains.practice.cerbo.keys import make_object_key
from charthouse.engine.declaration.calls import Call
from charthouse.engine.declaration.composites import List
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.objects import Object, ResourceObject
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.resources import Operation, Registry, Resource
from charthouse.engine.declaration.values import READ_ONLY
from charthouse.engine.errors import Malformed
from charthouse.engine.execution import reading
from charthouse.engine.execution.paging import Paging
from charthouse.engine.execution.parsing import parse_query
from charthouse.engine.openapi.examples import make_shown_example
from charthouse.engine.sql import statements
from charthouse.files.serving import FileBody
from charthouse.gateway.cerbo.registry import DOMAINS
from charthouse.gateway.declarations import import_modules, list_resources

MAX_ROWS = 20_000  # rows of one list
BATCH = 5000  # rows that are read at a time

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True)
class ChartList:
    """A list of the answer: what the resource ``path`` lists of the patient with ``parameters``. Of a resource
    below other rows of the patient, the rows below all of them."""

    path: str
    parameters: Mapping[str, str] = field(default_factory=dict)


def _below(path: str) -> ChartList:
    return ChartList(f"patients/{{patient_id}}/{path}")


VITALS = {
    "height": _below("vitals/height"),
    "weight": _below("vitals/weight"),
    "bp": _below("vitals/bp"),
    "custom": _below("vitals/{vital_id}"),
}
# Key → its list, in the order of the reference. ``vitals`` and ``pharmacies`` consist of other lists.
LISTS: dict[str, Any] = {
    "encounters": _below("encounters"),
    "appointments": ChartList("appointments", {"start_date": "2000-01-01", "end_date": "2099-12-31"}),
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


def write_details(call: Call) -> FileBody:
    """Write the whole answer to a file. Raises NotFound, and Malformed for a chart that is too large."""
    registry, patient = call.operation.registry, call.row.pk
    written = BytesIO()
    with statements.read_snapshot():
        shown = reading.read_object(registry["patients"], call.actor, patient, verbose=True)
        written.write(b'{"object":"extended_details","patient":' + _encode(shown))
        for key, of in LISTS.items():
            written.write(b',"%s":' % key.encode())
            if isinstance(of, dict):
                for number, (name, one) in enumerate(of.items()):
                    written.write(b'%s"%s":' % (b"," if number else b"{", name.encode()))
                    _write_list(written, call, registry, one)
                written.write(b"}")
            elif isinstance(of, Operation):
                written.write(_encode(of.run(replace(call, operation=of))))
            else:
                _write_list(written, call, registry, of)
        written.write(b"}")
    length = written.tell()
    written.seek(0)
    return FileBody(written, 0, length)


def _write_list(written: BytesIO, call: Call, registry: Registry, of: ChartList) -> None:
    written.write(b"[")
    comma = b""
    for objects in _read_batches(call, _find_resource(registry, of.path), of):
        if objects:
            written.write(comma + _encode(objects)[1:-1])
            comma = b","
    written.write(b"]")


def _read_batches(call: Call, resource: Resource, of: ChartList) -> Iterator[list[Any]]:
    """Read all rows of a list, in batches. Raises Malformed for more than MAX_ROWS."""
    patient = call.row.pk
    at = {"patient_id": patient} if resource.parents else {}
    given = of.parameters if at else {**of.parameters, "pt_id": str(patient)}
    query, last = parse_query(resource, given), None
    for _ in range(-(-MAX_ROWS // BATCH)):
        piece = query.with_paging(Paging(size=BATCH, after=last), verbose=True)
        page = reading.read_page(resource, call.actor, piece, at)
        yield page.objects
        if not page.more_after:
            return
        last = page.last
    raise Malformed(
        f"The patient has more than {MAX_ROWS} of {of.path.rsplit('/', 1)[-1]}: ask for the lists."
    )


@lru_cache(maxsize=32)
def _find_resource(registry: Registry, path: str) -> Resource:
    """The resource of a list, below the patient only."""
    found = registry[path]
    of_patient = tuple(parent for parent in found.parents if parent.name == "patient_id")
    if of_patient == found.parents:
        return found
    found = replace(found, parents=of_patient)
    found.registry = registry
    return found


def _map_resources() -> dict[str, Resource]:
    modules = [module for domain in DOMAINS for module in import_modules(domain, "cerbo")]
    return {resource.path: resource for resource in list_resources(modules)}


def _declare_keys() -> Iterator[Key]:
    there = _map_resources()

    def make_list_key(key: str, of: ChartList) -> Key:
        return Key(key, List(ResourceObject(there[of.path])), READ_ONLY, doc=f"Same as in `{of.path}`.")

    yield make_object_key("extended_details")
    yield Key("patient", ResourceObject(there["patients"]), READ_ONLY)
    for key, of in LISTS.items():
        if isinstance(of, dict):
            members = tuple(make_list_key(name, one) for name, one in of.items())
            yield Key(key, Object(members), READ_ONLY, nullable=False)
        elif isinstance(of, Operation):
            yield Key(key, List(Object(of.answer)), READ_ONLY, nullable=False, doc=of.doc)
        else:
            yield make_list_key(key, of)


extended_details = Operation(
    path="patients/{id}/extended_details",
    of="patients",
    doc=(
        "A patient with everything in the chart at one moment. Expensive: use lists or delta "
        "instead if you can."
    ),
    run=write_details,
    policy=Policy(scopes=("extended_patient_details",), permissions=(), rate_class="heavy_read"),
    answer=tuple(_declare_keys()),
    example={"patient": make_shown_example(_map_resources()["patients"], verbose=True)},
)
OPERATIONS = [extended_details]
