"""Hooks: functions of a domain that check a write, or do what follows from it, in the same transaction."""

from collections.abc import Callable
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])

# A check, called with the Change; or an after-write hook, called with the Change and the row.
Hook = Callable[..., None]


def hook(*, keys: tuple[str, ...] = ()) -> Callable[[Function], Function]:
    """Mark a function as a hook that reads these keys; the registry refuses a resource that lacks one of them."""

    def mark(function: Function) -> Function:
        function.keys = keys  # type: ignore[attr-defined]
        return function

    return mark


def list_read_keys(hook: Hook) -> tuple[str, ...]:
    """The keys that a hook says it reads. Raises AttributeError for a function that is not marked as a hook."""
    keys: tuple[str, ...] = hook.keys  # type: ignore[attr-defined]
    return keys
