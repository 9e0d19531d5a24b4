"""How closely calls are read: as the hosted API does it (faithful), more strictly, or more leniently.

Every call is read faithfully unless ``use_mode`` says otherwise, as a sandbox does for the callers that ask for it.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Any


class Mode(StrEnum):
    """FAITHFUL: what the hosted API ignores or takes silently passes here too. STRICT: it is refused. LENIENT: what is
    refused for its form alone passes where that is possible."""

    FAITHFUL = "faithful"
    STRICT = "strict"
    LENIENT = "lenient"


class _Current(threading.local):
    """What holds for the call of this thread. ``watched``: whether anything else than plain faithful reading does."""

    watched = False
    mode = Mode.FAITHFUL
    typed = True
    notes: "dict[str, str] | None" = None


_current = _Current()


@contextmanager
def use_mode(mode: Mode, notes: dict[str, str] | None = None, *, typed: bool = True) -> Iterator[None]:
    """Read calls of this thread in a mode within the block. ``notes``: collects what was overlooked, message by name;
    ``typed``: whether values of bodies have JSON's types, as they have not in forms."""
    before = _current.watched, _current.mode, _current.notes, _current.typed
    watched = mode is not Mode.FAITHFUL or notes is not None
    _current.watched, _current.mode, _current.notes, _current.typed = watched, mode, notes, typed
    try:
        yield
    finally:
        _current.watched, _current.mode, _current.notes, _current.typed = before


def is_watched() -> bool:
    """Tell whether what is overlooked is refused or noted; if not, nobody needs to look for it."""
    return _current.watched


def is_lenient() -> bool:
    return _current.mode is Mode.LENIENT


def is_typed() -> bool:
    """Tell whether values of the body have JSON's types."""
    return _current.typed


def overlook(errors: dict[str, Any], name: str, message: str) -> None:
    """Report something that the hosted API overlooks: as an error in strict mode, else as a note."""
    if _current.mode is Mode.STRICT:
        errors.setdefault(name, [message])
    elif _current.notes is not None:
        _current.notes[name] = message


def note(name: str, message: str) -> None:
    """Note what lenient reading has passed over."""
    if _current.notes is not None:
        _current.notes[name] = message
