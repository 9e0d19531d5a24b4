import pytest

from tests.interchange.chart import Record


@pytest.fixture
def record() -> Record:
    """A doctor and a patient whose chart is empty but for who they are."""
    return Record()


@pytest.fixture(scope="session")
def filled(database: None) -> Record:
    """A patient with a row of every kind. Not to be changed."""
    made = Record()
    made.fill()
    return made
