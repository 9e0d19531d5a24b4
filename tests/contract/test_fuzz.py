"""schemathesis over the printed document, against the server in this process, with a token that may do everything.

Whatever the document allows, and what it doesn't, is answered as the document says: no 500, a declared status, a
body of its schema. Seeded and bounded: the same requests in every run.
"""

from typing import Any

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi import checks as openapi_checks

from charthouse.dialects.drchrono import reference
from charthouse.wsgi import application
from tests import support

from .world import World

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


def _schema() -> Any:
    loaded = schemathesis.openapi.from_dict(reference.document())
    loaded.app = application
    loaded.config.update(base_url="http://testserver")
    return loaded


OPERATIONS = {result.ok().label: result.ok() for result in _schema().get_all_operations()}


@pytest.fixture(scope="module")
def token(world: World) -> str:
    """Of the same practice, so that ids of the document's examples may be found."""
    return support.issue_token(world.clinic.user, support.make_app())


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=lambda m: m.value)
@pytest.mark.parametrize("label", sorted(OPERATIONS))
def test_answers_as_the_document_says(world: World, token: str, label: str, mode: GenerationMode) -> None:
    @hypothesis.seed(1)
    @settings
    @hypothesis.given(case=OPERATIONS[label].as_strategy(generation_mode=mode))
    def run(case: Any) -> None:
        response = case.call(headers={"Authorization": f"Bearer {token}"})
        case.validate_response(response, checks=CHECKS)

    try:
        run()
    except hypothesis.errors.Unsatisfiable:
        pytest.skip("nothing can be wrong with this operation")
