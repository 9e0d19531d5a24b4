"""What was set for apps and API users."""

from collections.abc import Callable
from typing import Any

import msgspec

from charthouse.engine.errors import Conflict
from charthouse.sandbox.control.callers import find_owner, read_credentials
from charthouse.sandbox.control.gate import Slot
from charthouse.sandbox.control.shared_list import SharedList
from charthouse.toolkit.controls.modes import CallerExtras, CallerMode

MAX_SETTINGS = 1000


class CallerSettings(msgspec.Struct):
    """The mode, or the extras, of the calls of an app or an API user; of all others where both are None."""

    app: str | None = None
    api_user: str | None = None
    mode: CallerMode | None = None
    extras: CallerExtras | None = None


_SETTINGS = SharedList("sandbox-callers", Slot.CALLERS, CallerSettings)


def list_all() -> list[CallerSettings]:
    return _SETTINGS.load()


def put(changed: CallerSettings) -> None:
    """Set a mode or extras, in place of those that were set for the same caller. Raises Conflict for too many."""
    with _SETTINGS.change() as settings:
        settings[:] = [each for each in settings if not _is_same(each, changed)] + [changed]
        if len(settings) > MAX_SETTINGS:
            settings.pop()
            raise Conflict(f"There can be at most {MAX_SETTINGS} callers with settings.")


def remove(matches: Callable[[CallerSettings], bool]) -> int:
    """Remove the settings for which ``matches`` is true, and return how many they were."""
    with _SETTINGS.change() as settings:
        kept = [each for each in settings if not matches(each)]
        removed = len(settings) - len(kept)
        settings[:] = kept
    return removed


def find(environ: dict[str, Any]) -> tuple[str, CallerExtras | None]:
    """Return the mode and the extras of a call."""
    settings = _SETTINGS.read()
    if not settings:
        return "faithful", None
    token, name = read_credentials(environ)
    owner = find_owner(token)
    own = [each for each in settings if _is_of(each, owner.app if owner else "", name)]
    common = [each for each in settings if each.app is None and each.api_user is None]
    found = own + common
    mode = next((each.mode.mode for each in found if each.mode), "faithful")
    return mode, next((each.extras for each in found if each.extras), None)


def _is_of(settings: CallerSettings, app: str, api_user: str) -> bool:
    return bool((app and settings.app == app) or (api_user and settings.api_user == api_user))


def _is_same(one: CallerSettings, other: CallerSettings) -> bool:
    same_caller = (one.app, one.api_user) == (other.app, other.api_user)
    return same_caller and (one.mode is None) == (other.mode is None)
