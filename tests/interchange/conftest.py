import pytest

from tests.interchange.chart import Record


@pytest.fixture
def record() -> Record:
    """A doctor and a patient with demographics only."""
    return Record()


@pytest.fixture(scope="session")
def filled(database: None) -> Record:
    """A patient with a row of every kind. Tests must not change it."""
    made = Record()
    made.fill()
    return made
