import pytest

from tests.domains.caller import Caller


@pytest.fixture
def caller() -> Caller:
    """A doctor of a fresh practice, with every scope and permission."""
    return Caller()
