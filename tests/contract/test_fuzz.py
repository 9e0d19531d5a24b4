"""schemathesis over DrChrono's document, with a token that may do everything. See ``fuzz``."""

from typing import Any

import pytest

from charthouse.gateway.drchrono import wire_format
from tests import support

from . import fuzz
from .world import World


@pytest.fixture(scope="module")
def operations() -> dict[str, Any]:
    return fuzz.list_operations(wire_format.make_document())


@pytest.fixture(scope="module")
def token(world: World) -> str:
    """Of the same practice, so that ids of the document's examples may be found."""
    return support.issue_token(world.clinic.user, support.make_app())


@fuzz.each_label(wire_format.make_document())
@fuzz.each_mode
def test_answers_as_the_document_says(
    world: World, token: str, operations: dict[str, Any], label: str, mode: str
) -> None:
    fuzz.call(operations[label], mode, fuzz.with_headers({"Authorization": f"Bearer {token}"}))
