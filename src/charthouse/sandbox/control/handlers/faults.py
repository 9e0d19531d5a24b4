"""Controls of faults."""

from collections.abc import Callable
from typing import Any

from charthouse.engine.errors import NotFound
from charthouse.sandbox.control import fault_rules
from charthouse.sandbox.control.handlers.access import find_api_user, find_app
from charthouse.toolkit.controls import faults
from charthouse.toolkit.controls.clock import NoParameters


def list_faults(parameters: NoParameters) -> faults.Faults:
    return faults.Faults(fault_rules.list_all())


def add(parameters: faults.FaultParameters) -> faults.Fault:
    if parameters.app is not None:
        find_app(parameters.app, "app")
    if parameters.api_user is not None:
        find_api_user(parameters.api_user)
    return fault_rules.add(parameters)


def remove(parameters: faults.FaultReference) -> faults.Removed:
    if not (removed := fault_rules.remove(lambda fault: fault.id == parameters.id)):
        raise NotFound(f"There is no fault {parameters.id}.")
    return faults.Removed(removed)


def clear(parameters: NoParameters) -> faults.Removed:
    return faults.Removed(fault_rules.remove(lambda fault: True))


HANDLERS: dict[str, Callable[[Any], Any]] = {
    "faults.list": list_faults,
    "faults.add": add,
    "faults.remove": remove,
    "faults.clear": clear,
}
