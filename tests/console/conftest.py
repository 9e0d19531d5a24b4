import httpx
import pytest

from tests.domains.scheduling.calendar import Calendar
from tests.identity.oauth_flow import open_signed_in_browser
from tests.support import PASSWORD, Clinic, make_practice


@pytest.fixture
def clinic() -> Clinic:
    """A practice whose primary user can sign in with PASSWORD."""
    clinic = make_practice("Hill Clinic", sharing=["share_patients"])
    clinic.user.set_password(PASSWORD)
    clinic.user.save()
    return clinic


@pytest.fixture
def calendar(clinic: Clinic) -> Calendar:
    return Calendar(clinic=clinic)


@pytest.fixture
def browser(clinic: Clinic) -> httpx.Client:
    """A browser in which the primary user is signed in."""
    return open_signed_in_browser(clinic.user.username)
