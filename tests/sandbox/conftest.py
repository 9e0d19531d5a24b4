import pytest

from tests.sandbox.databases import SandboxDatabase


@pytest.fixture(scope="session")
def sandbox(database: None, tmp_path_factory: pytest.TempPathFactory) -> SandboxDatabase:
    """A sandbox with more patients than the first practice's own, so that it has an additional office.

    The tests of this folder share it, and run on one worker (``TOGETHER`` in ``tests/conftest.py``).
    """
    return SandboxDatabase("sandbox", tmp_path_factory.mktemp("sandbox"), 7, 330)
