import pytest

from tests.domains.billing.client import BillingClient


@pytest.fixture
def billing() -> BillingClient:
    """Return a client with a billed visit in a new practice, with every scope and permission."""
    return BillingClient()
