"""Controls of modes and extras."""

from collections.abc import Callable
from typing import Any

import msgspec

from charthouse.engine.errors import Invalid
from charthouse.sandbox.control.conduct import caller_settings
from charthouse.sandbox.control.conduct.caller_settings import CallerSettings
from charthouse.sandbox.control.handlers.access import find_api_user, find_app
from charthouse.toolkit.controls import modes
from charthouse.toolkit.controls.clock import NoParameters


def list_modes(parameters: NoParameters) -> modes.Modes:
    return modes.Modes([each.mode for each in caller_settings.list_all() if each.mode])


def set_mode(parameters: modes.ModeParameters) -> modes.CallerMode:
    _check_caller(parameters.app, parameters.api_user)
    mode = modes.CallerMode(parameters.app, parameters.api_user, parameters.mode)
    caller_settings.put(CallerSettings(parameters.app, parameters.api_user, mode=mode))
    return mode


def clear_modes(parameters: NoParameters) -> modes.Cleared:
    return modes.Cleared(caller_settings.remove(lambda each: each.mode is not None))


def list_extras(parameters: NoParameters) -> modes.Extras:
    return modes.Extras([each.extras for each in caller_settings.list_all() if each.extras])


def set_extras(parameters: modes.ExtraParameters) -> modes.CallerExtras:
    _check_caller(parameters.app, parameters.api_user)
    extras = modes.CallerExtras(**msgspec.structs.asdict(parameters))
    caller_settings.put(CallerSettings(parameters.app, parameters.api_user, extras=extras))
    return extras


def clear_extras(parameters: NoParameters) -> modes.Cleared:
    return modes.Cleared(caller_settings.remove(lambda each: each.extras is not None))


def _check_caller(app: str | None, api_user: str | None) -> None:
    """Raises Invalid for an unknown app or API user, and for both at once."""
    if app is not None and api_user is not None:
        raise Invalid({"api_user": ["Give an app or an API user, not both."]})
    if app is not None:
        find_app(app, "app")
    if api_user is not None:
        find_api_user(api_user)


HANDLERS: dict[str, Callable[[Any], Any]] = {
    "modes.list": list_modes,
    "modes.set": set_mode,
    "modes.clear": clear_modes,
    "extras.list": list_extras,
    "extras.set": set_extras,
    "extras.clear": clear_extras,
}
