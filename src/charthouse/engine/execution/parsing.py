"""First stage: what came over the wire → a Query or a Request, by the declaration. Every wrong key is reported at once.

The API adds its Paging. May reject: wrong values (Invalid), a missing parameter (Malformed). Touches no
database.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import models

from charthouse.engine.declaration import modes
from charthouse.engine.declaration.changes import Request
from charthouse.engine.declaration.filters import Filter
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.resources import Declaration, Resource
from charthouse.engine.declaration.values import OPTIONAL, REQUIRED, InvalidValue
from charthouse.engine.errors import Invalid, Malformed
from charthouse.engine.execution import conformance
from charthouse.engine.execution.paging import Paging


@dataclass(frozen=True, slots=True)
class Query:
    """A list that is asked for.

    filters     names of the parameters that have an effect, sorted
    parameters  values of the statement's parameters, by name
    """

    filters: tuple[str, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    verbose: bool = False
    paging: Paging = field(default_factory=Paging)

    def with_paging(self, paging: Paging, *, verbose: bool) -> "Query":
        return Query(self.filters, self.parameters, verbose, paging)


# -- queries ----------------------------------------------------------------------------------------------------


def parse_query(declaration: Declaration, given: Mapping[str, Any]) -> Query:
    """The declared parameters, without pages. Unknown and empty ones are ignored, as the hosted API does. Raises
    Invalid for wrong values, Malformed when none of a required group is there."""
    query = _parse_filters(declaration, given) if given else Query()
    if modes.is_lenient():
        return query
    if missing := [name for name in declaration.required_filters if not given.get(name)]:
        raise Invalid({name: ["This query parameter is required."] for name in missing})
    for group in declaration.one_of:
        if not any(given.get(name) for name in group):
            raise Malformed(f"One of these query parameters is required: {', '.join(group)}.")
    return query


def _parse_filters(declaration: Declaration, given: Mapping[str, Any]) -> Query:
    parameters: dict[str, Any] = {}
    names: list[str] = []
    errors: dict[str, Any] = {}
    for name, text in given.items():
        declared = declaration.filters_by_name.get(name)
        if declared is not None and modes.is_watched():
            _report_departure(declared, text, given, errors)
        if declared is None or (_is_blank(text) and not declared.is_flag):
            continue
        try:
            if _is_used(declared, text, given):
                parameters |= declared.parse(text, given)
                names.append(name)
        except InvalidValue as error:
            if modes.is_lenient():
                modes.note(name, "This can't be read; it is ignored.")
            else:
                errors[name] = error.messages
    if errors:
        raise Invalid(errors)
    return Query(tuple(sorted(names)), parameters)


def _report_departure(declared: Filter, text: Any, given: Mapping[str, Any], errors: dict[str, Any]) -> None:
    """Report where a parameter is taken, or ignored, although the documentation does not say so."""
    message = ""
    if _is_blank(text):
        message = "An empty value is ignored."
    elif declared.is_flag and (missing := [name for name in declared.needs if not given.get(name)]):
        message = f"This is ignored without {', '.join(missing)}."
    else:
        texts = text if isinstance(text, list) else [text]
        message = next(filter(None, map(declared.find_departure, texts)), "")
    if message:
        modes.overlook(errors, declared.name, message)


def _is_blank(text: Any) -> bool:
    return not (text.strip() if isinstance(text, str) else text)


def _is_used(declared: Filter, text: str, given: Mapping[str, Any]) -> bool:
    """Whether a parameter has an effect: flags may be off. Raises InvalidValue where one that it needs is missing."""
    missing = [name for name in declared.needs if not given.get(name)]
    if missing and not declared.is_flag:
        raise InvalidValue(f"This parameter needs {', '.join(missing)} as well.")
    return not missing and declared.is_on(text)


# -- bodies -----------------------------------------------------------------------------------------------------


def parse_object(resource: Resource, operation: str, payload: Any) -> Request:
    """One object of a body, by the keys of a resource. Keys that are not declared are ignored."""
    if not isinstance(payload, Mapping):
        message = f"Invalid data. Expected a dictionary, but got {type(payload).__name__}."
        return Request({}, frozenset(), {"non_field_errors": [message]})
    return parse_body(resource, resource.writable, resource.model, payload, operation)


def parse_body(
    declared: Declaration,
    writable: Iterable[Key],
    model: type[models.Model],
    payload: Mapping[str, Any],
    operation: str,
) -> Request:
    """The keys of a body from the wire, read as ``modes`` says."""
    if not modes.is_watched():
        return parse_keys(writable, model, payload, operation)
    departures = conformance.find_errors(declared.keys, payload, model, declared.example)
    if modes.is_lenient():
        payload = _leave_out_unreadable(writable, model, payload)
    parsed = parse_keys(writable, model, payload, operation)
    return Request(parsed.values, parsed.given, {**departures, **parsed.errors})


def _leave_out_unreadable(
    keys: Iterable[Key], model: type[models.Model], payload: Mapping[str, Any]
) -> Mapping[str, Any]:
    """A body for lenient reading: choices in their own case, and without optional keys that can't be read."""
    left = dict(payload)
    for key in keys:
        if key.name not in payload or _may_parse(key, model, payload[key.name]):
            continue
        left[key.name] = conformance.adapt(key.type, payload[key.name])
        if key.access is not REQUIRED and not _may_parse(key, model, left[key.name]):
            modes.note(key.name, "This can't be read; it is ignored.")
            del left[key.name]
    return left


def _may_parse(key: Key, model: type[models.Model], value: Any) -> bool:
    try:
        key.parse(value, model)
    except InvalidValue:
        return False
    return True


def parse_keys(
    keys: Iterable[Key], model: type[models.Model], payload: Mapping[str, Any], operation: str
) -> Request:
    """The keys of a body. ``operation`` "modify": those that are left out stay as they are."""
    payload = _gather_members(keys, payload)
    if unsaid := {key.name for key in keys if key.unsaid and payload.get(key.name, ...) in key.unsaid}:
        payload = {name: value for name, value in payload.items() if name not in unsaid}
    values: dict[str, Any] = {}
    errors: dict[str, Any] = {}
    for key in keys:
        try:
            if key.name in payload:
                values[key.name] = key.parse(payload[key.name], model)
            elif operation != "modify":
                values |= _complete(key, model, payload, operation)
        except InvalidValue as error:
            errors[key.name] = error.messages
        if key.requires and payload.get(key.name) not in (None, "") and not payload.get(key.requires):
            message = f"This field can't be given without {key.requires}."
            errors[key.name] = [*errors.get(key.name, ()), message]
    return Request(values, frozenset(key.name for key in keys if key.name in payload), errors)


def _gather_members(keys: Iterable[Key], payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Members of an object that were given by themselves (``package.code``) are put into their object."""
    if not any("." in name for name in payload):
        return payload
    gathered = dict(payload)
    for key in keys:
        if key.type.keys and not key.type.is_list:
            stem = f"{key.name}."
            apart = {name[len(stem) :]: part for name, part in payload.items() if name.startswith(stem)}
            given = payload.get(key.name) or {}
            if apart and isinstance(given, Mapping):
                gathered[key.name] = {**given, **apart}
    return gathered


def _complete(
    key: Key, model: type[models.Model], payload: Mapping[str, Any], operation: str
) -> dict[str, Any]:
    """The value of a key that was left out, if it gets one. Raises InvalidValue."""
    if key.access is REQUIRED or key.required_unless:
        if not (key.required_unless and payload.get(key.required_unless) is not None):
            raise InvalidValue("This field is required.")
        return {}
    if operation == "replace" and (key.verbose or key.keep_on_put):
        return {}  # a plain GET does not show it, so leaving it out says nothing
    if key.access is OPTIONAL and key.is_stored:
        return {key.name: key.find_default(model)}
    return {}
