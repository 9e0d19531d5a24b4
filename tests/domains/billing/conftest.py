import pytest

from tests.domains.billing.desk import Desk


@pytest.fixture
def desk() -> Desk:
    """In a fresh practice, with every scope and permission."""
    return Desk()
