"""Two practices with rows of every resource, for a whole module: what a test changes, it makes itself."""

import pytest

from . import cerbo_world
from . import world as worlds


@pytest.fixture(scope="module")
def world(database: None) -> worlds.World:
    return worlds.make()


@pytest.fixture(scope="module")
def other(database: None) -> worlds.World:
    """Another practice."""
    return worlds.make("Other")


@pytest.fixture(scope="module")
def cerbo(database: None) -> cerbo_world.CerboWorld:
    return cerbo_world.make_cerbo()


@pytest.fixture(scope="module")
def other_cerbo(database: None) -> cerbo_world.CerboWorld:
    """Another practice."""
    return cerbo_world.make_cerbo("Other")
