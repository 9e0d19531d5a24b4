import pytest

from tests.domains.clinical.chart import Chart


@pytest.fixture
def chart() -> Chart:
    """A doctor's, in a fresh practice, with every scope and permission."""
    return Chart()
