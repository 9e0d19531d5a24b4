import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.toolkit.sandboxes import RunningSandbox, start_sandbox


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    """A running sandbox that the tests of this folder share: each uses practices of its own, and leaves the clock as
    the system's. CHARTHOUSE_TEST_SANDBOX names the data directory of one that runs already."""
    if running_data := os.environ.get("CHARTHOUSE_TEST_SANDBOX"):
        found = RunningSandbox.open(Path(running_data))
        assert isinstance(found, RunningSandbox)
        found.data = Path(running_data)
        yield found
        return
    running = start_sandbox(tmp_path_factory.mktemp("toolkit") / "data", "--patients", "5")
    yield running
    running.stop()


@pytest.fixture(autouse=True, scope="module")
def _as_it_began(request: pytest.FixtureRequest) -> None:
    """Each file finds the shared sandbox as it began: rows, tokens, faults and modes of the files before are gone."""
    items = [one for one in request.session.items if getattr(one, "module", None) is request.module]
    if any("sandbox" in getattr(one, "fixturenames", ()) for one in items):
        running: RunningSandbox = request.getfixturevalue("sandbox")
        running.snapshots.reset()
        running.faults.clear()


@pytest.fixture(autouse=True)
def _real_clock(request: pytest.FixtureRequest) -> Iterator[None]:
    """The clock is the system's after each test that uses the sandbox."""
    yield
    if "sandbox" in request.fixturenames:
        running: RunningSandbox = request.getfixturevalue("sandbox")
        if running.clock.show().ahead_seconds:
            running.clock.real()
