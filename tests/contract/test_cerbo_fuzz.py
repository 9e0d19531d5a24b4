"""schemathesis over Cerbo's document, as an API user without limits. See ``fuzz``.

What the document allows is asked of rows that are there, or hardly a call would come past a 404.
"""

from base64 import b64encode
from typing import Any

import pytest

from charthouse.engine.declaration.resources import Operation
from charthouse.gateway.cerbo import wire_format
from charthouse.gateway.cerbo.registry import get_registry

from . import cerbo_facts as facts
from . import fuzz
from .cerbo_world import BASE, CerboWorld

LABELS = fuzz.list_labels(wire_format.make_document())


@pytest.fixture(scope="module")
def operations() -> dict[str, Any]:
    return fuzz.list_operations(wire_format.make_document())


def test_every_operation_of_the_reference_is_in_the_document() -> None:
    printed = set()
    for label in LABELS:
        method, url = label.split()
        printed.add((method, facts.normalize_path(url.removeprefix(BASE))))
    assert printed >= {(operation.method, operation.path) for operation in facts.list_built()}


def add_rows(cerbo: CerboWorld, operation: Any) -> dict[str, int]:
    """Ids for the names in a URL: rows of the practice, one of its own where the call would put it away."""
    method, path = operation.method.upper(), operation.path.removeprefix(BASE)
    target = facts._list_targets()[method, facts.normalize_path(path)]
    declared = target.declaration
    found = cerbo.at(declared)
    if "{id}" in path:
        of = get_registry()[declared.of] if isinstance(declared, Operation) else declared
        found["id"] = cerbo.new(of.path) if method == "DELETE" else cerbo.row(of.path)
    return found


@fuzz.each_label(wire_format.make_document())
@fuzz.each_mode
def test_answers_as_the_document_says(
    cerbo: CerboWorld, operations: dict[str, Any], label: str, mode: str
) -> None:
    program = cerbo.program
    pair = b64encode(f"{program.row.username}:{program.secret}".encode()).decode()
    rows = add_rows(cerbo, operations[label]) if mode == "positive" else {}

    def send(case: Any) -> Any:
        case.path_parameters = (case.path_parameters or {}) | {
            name: row for name, row in rows.items() if name in (case.path_parameters or {})
        }
        return case.call(headers={"Authorization": f"Basic {pair}"})

    fuzz.call(operations[label], mode, send)
