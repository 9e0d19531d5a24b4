import httpx
import pytest

from tests.domains.caller import Caller
from tests.support import make_api_user


@pytest.fixture
def caller() -> Caller:
    """A doctor of a fresh practice, with every scope and permission."""
    return Caller()


@pytest.fixture
def program(caller: Caller) -> httpx.Client:
    """An API user of the caller's practice, whose URLs are relative to Cerbo's base."""
    http = make_api_user(caller.clinic.practice).client()
    http.base_url = httpx.URL("http://testserver/api/v1/")
    return http


@pytest.fixture
def patient(caller: Caller) -> int:
    return int(caller.new()["id"])
