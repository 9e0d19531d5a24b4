"""schemathesis over a printed document, against the server in this process.

Whatever the document allows, and what it doesn't, is answered as the document says: no 500, a declared status, a
body of its schema. Seeded and bounded: the same requests in every run, more and others with FUZZ_EXAMPLES and
FUZZ_SEED. schemathesis and hypothesis are imported where they are used: only the worker that runs these tests pays
for them.
"""

import os
from collections.abc import Callable, Mapping
from os.path import commonpath
from typing import Any

import pytest

from charthouse.wsgi import application
from tests import figures
from tests.cases import Decorator, each_case

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "2"))  # requests of each mode to each operation
SEED = int(os.environ.get("FUZZ_SEED", "1"))
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
each_mode = each_case("mode", ["positive", "negative"])


def each_label(document: Mapping[str, Any]) -> Decorator:
    """Run a test for every operation of a document; those below one name of the path are an item."""
    base = f"{commonpath(list(document['paths']))}/"
    return each_case(
        "label", list_labels(document), by=lambda label: label.split()[1].removeprefix(base).split("/")[0]
    )


def list_labels(document: Mapping[str, Any]) -> list[str]:
    """Every operation of a document, named as schemathesis names it."""
    paths = document["paths"].items()
    return sorted(f"{method.upper()} {path}" for path, item in paths for method in item if method in METHODS)


def list_operations(document: dict[str, Any]) -> dict[str, Any]:
    """Every operation of a document, by label."""
    import schemathesis

    loaded: Any = schemathesis.openapi.from_dict(document)
    loaded.app = application
    loaded.config.update(base_url="http://testserver")
    # Literals of our source among the values: an eighth of the time, which the deep tier has.
    loaded.config.analysis.constants.enabled = "FUZZ_EXAMPLES" in os.environ
    found = {result.ok().label: result.ok() for result in loaded.get_all_operations()}
    assert sorted(found) == list_labels(document)
    return found


def call(operation: Any, mode: str, send: Callable[[Any], Any]) -> None:
    """``send`` each generated case, and hold the answers against the document."""
    import hypothesis
    import schemathesis
    from schemathesis.generation import GenerationMode
    from schemathesis.specs.openapi import checks as openapi_checks

    checks: list[Any] = [
        schemathesis.checks.not_a_server_error,
        openapi_checks.status_code_conformance,
        openapi_checks.content_type_conformance,
        openapi_checks.response_headers_conformance,
        openapi_checks.response_schema_conformance,
    ]

    requests = 0

    @hypothesis.seed(SEED)
    @hypothesis.settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(case=operation.as_strategy(generation_mode=GenerationMode(mode)))
    def run(case: Any) -> None:
        nonlocal requests
        requests += 1
        case.validate_response(send(case), checks=checks)

    try:
        run()
    except hypothesis.errors.Unsatisfiable:
        pytest.skip("nothing can be wrong with this operation")
    finally:
        figures.record(requests=requests)


def with_headers(headers: Mapping[str, str]) -> Callable[[Any], Any]:
    return lambda case: case.call(headers=dict(headers))
