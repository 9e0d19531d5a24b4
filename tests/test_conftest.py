"""What every test finds: the environment and the settings of its process as they were before the last one."""

import os
from typing import Any

import pytest
from django.conf import settings

from tests import generated_values

CHANGED = ("CHARTHOUSE_DATA", "CHARTHOUSE_OF_NOBODY")


def read_state() -> dict[str, Any]:
    environment = {name: os.environ.get(name) for name in (*CHANGED, "CHARTHOUSE_HOSTS")}
    return environment | {"limit": settings.AXES_FAILURE_LIMIT, "added": hasattr(settings, "OF_NOBODY")}


@pytest.fixture(scope="module")
def before() -> dict[str, Any]:
    return read_state()


@pytest.mark.parametrize("turn", ["first", "second"])
def test_what_a_test_leaves_behind_is_gone_for_the_next(before: dict[str, Any], turn: str) -> None:
    assert read_state() == before, turn
    for name in CHANGED:
        os.environ[name] = "changed"
    del os.environ["CHARTHOUSE_HOSTS"]
    settings.AXES_FAILURE_LIMIT = 99
    settings.OF_NOBODY = 1


def test_the_characters_that_can_be_encoded() -> None:
    encodable, lossy = generated_values.find_encodable("utf-8")
    for code in (0, 0x7F, 0xD7FF, 0xD800, 0xDFFF, 0xE000, 0xFFFF, 0x10FFFF):
        assert (code in encodable) == (chr(code).encode(errors="ignore") != b"")
    assert not lossy
