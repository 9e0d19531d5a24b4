import pytest

from tests.domains.clinical.chart import Chart


@pytest.fixture
def chart() -> Chart:
    """Return a doctor's chart in a new practice, with every scope and permission."""
    return Chart()
