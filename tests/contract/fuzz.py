"""schemathesis over a printed document, against the server in this process.

Whatever the document allows, and what it doesn't, is answered as the document says: no 500, a declared status, a
body of its schema. Seeded and bounded: the same requests in every run.
"""

from collections.abc import Callable, Mapping
from typing import Any

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi import checks as openapi_checks

from charthouse.wsgi import application

EXAMPLES = 6  # requests of each kind to each operation
CHECKS: list[Any] = [
    schemathesis.checks.not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_headers_conformance,
    openapi_checks.response_schema_conformance,
]
settings = hypothesis.settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
each_mode = pytest.mark.parametrize(
    "mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=lambda m: m.value
)


def operations(document: dict[str, Any]) -> dict[str, Any]:
    """Every operation of a document, by method and URL."""
    loaded: Any = schemathesis.openapi.from_dict(document)
    loaded.app = application
    loaded.config.update(base_url="http://testserver")
    return {result.ok().label: result.ok() for result in loaded.get_all_operations()}


def call(operation: Any, mode: GenerationMode, send: Callable[[Any], Any]) -> None:
    """``send`` each generated case, and hold the answers against the document."""

    @hypothesis.seed(1)
    @settings
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    def run(case: Any) -> None:
        case.validate_response(send(case), checks=CHECKS)

    try:
        run()
    except hypothesis.errors.Unsatisfiable:
        pytest.skip("nothing can be wrong with this operation")


def with_headers(headers: Mapping[str, str]) -> Callable[[Any], Any]:
    return lambda case: case.call(headers=dict(headers))
