"""Two practices with rows of every resource, for a whole module: what a test changes, it makes anew."""

import pytest

from . import world as worlds


@pytest.fixture(scope="module")
def world(database: None) -> worlds.World:
    return worlds.make()


@pytest.fixture(scope="module")
def other(database: None) -> worlds.World:
    """Another practice."""
    return worlds.make("Other")
