import pytest

from tests.domains.scheduling.calendar import Calendar


@pytest.fixture
def calendar() -> Calendar:
    """A doctor's, in a fresh practice, with every scope and permission."""
    return Calendar()
