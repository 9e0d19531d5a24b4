import pytest

from tests.support import PASSWORD, Clinic, make_practice


@pytest.fixture
def clinic() -> Clinic:
    """A practice whose primary user can sign in with PASSWORD."""
    clinic = make_practice("Hill Clinic", sharing=["share_patients"])
    clinic.user.set_password(PASSWORD)
    clinic.user.save()
    return clinic
