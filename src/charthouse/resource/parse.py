"""First stage: what came over the wire → a Query or a Change, by the declaration. Every wrong key is reported at once.

Pages are the dialect's: it completes the Query. May refuse: wrong values (Invalid). Touches no database.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import models

from charthouse.resource.actor import Actor
from charthouse.resource.change import NOWHERE, Change
from charthouse.resource.declare import Resource
from charthouse.resource.errors import Invalid, Malformed
from charthouse.resource.fields import OPTIONAL, REQUIRED, Field, Wrong
from charthouse.resource.filters import Flag
from charthouse.resource.nested import Members, Rows
from charthouse.resource.values import value

if TYPE_CHECKING:
    from charthouse.resource.functions import Function


@dataclass(slots=True)
class Query:
    """A list that was asked for. ``after`` and ``before`` are row ids that pages were cut at; ``offset`` rows are left
    out before the page; ``counted``: how many rows there are in all is wanted too."""

    filters: tuple[str, ...]
    slots: dict[str, Any]
    flags: frozenset[str]
    verbose: bool
    page_size: int
    page: int = 1
    offset: int = 0
    after: int | None = None
    before: int | None = None
    counted: bool = False


# -- queries ----------------------------------------------------------------------------------------------------


def narrowed(declaration: "Resource | Function", parameters: Mapping[str, Any]) -> Query:
    """The declared parameters, without pages. Raises Invalid for wrong values, Malformed when none of a required
    group is there."""
    asked = Query((), {}, frozenset(), False, 0)
    if parameters:
        _filters(declaration, parameters, asked)
    required = [declared.name for declared in declaration.filters if declared.required]
    if missing := [name for name in required if not parameters.get(name)]:
        raise Invalid({name: ["This query parameter is required."] for name in missing})
    for group in declaration.one_of:
        if not any(parameters.get(name) for name in group):
            raise Malformed(f"One of these query parameters is required: {', '.join(group)}.")
    return asked


def _filters(declaration: "Resource | Function", parameters: Mapping[str, Any], asked: Query) -> None:
    names, flags, errors = [], set(), {}
    for name, text in parameters.items():
        declared = declaration.filters_by_name.get(name)
        if declared is None or (not text and not isinstance(declared, Flag)):
            continue  # unknown and empty parameters are ignored, as the hosted API does
        if missing := [needed for needed in declared.needs if not parameters.get(needed)]:
            if isinstance(declared, Flag):
                continue
            errors[name] = [f"This parameter needs {', '.join(missing)} as well."]
            continue
        try:
            if isinstance(declared, Flag):
                if not declared.on(text):
                    continue
                flags.add(name)
            asked.slots.update(declared.parse(text, parameters))
            names.append(name)
        except Wrong as error:
            errors[name] = error.messages
    if errors:
        raise Invalid(errors)
    asked.filters, asked.flags = tuple(sorted(names)), frozenset(flags)


# -- writes -----------------------------------------------------------------------------------------------------


def change(
    resource: Resource, actor: Actor, operation: str, payload: Any, at: Mapping[str, int] = NOWHERE
) -> Change:
    """One object of a body → Change, its ``errors`` filled. Keys that aren't declared are ignored."""
    parsed = Change(resource, actor, operation, {}, frozenset(), at=at)
    if not isinstance(payload, Mapping):
        kind = type(payload).__name__
        parsed.wrong("non_field_errors", f"Invalid data. Expected a dictionary, but got {kind}.")
        return parsed
    read(resource.writable, resource.model, payload, parsed)
    return parsed


def read(
    fields: Iterable[Field], model: type[models.Model], payload: Mapping[str, Any], parsed: Change
) -> None:
    """Fill ``parsed.values`` and ``parsed.errors`` from a payload."""
    whole = parsed.operation != "modify"
    payload = _gathered(fields, payload)
    given = set()
    for declared in fields:
        name = declared.name
        if name in payload:
            given.add(name)
            try:
                parsed.values[name] = value(declared, model, payload[name])
            except Wrong as error:
                parsed.errors[name] = error.messages
            if declared.requires and payload[name] not in (None, "") and not payload.get(declared.requires):
                parsed.wrong(name, f"This field can't be given without {declared.requires}.")
        elif whole:
            _left_out(declared, model, payload, parsed)
    parsed.given = frozenset(given)


def _gathered(fields: Iterable[Field], payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Members of an object that were given by themselves (``package.code``) are put into their object."""
    if not any("." in name for name in payload):
        return payload
    gathered = dict(payload)
    for declared in fields:
        if isinstance(declared, Members) and not declared.many:
            stem = f"{declared.name}."
            apart = {name[len(stem) :]: part for name, part in payload.items() if name.startswith(stem)}
            beside = payload.get(declared.name) or {}
            if apart and isinstance(beside, Mapping):
                gathered[declared.name] = {**beside, **apart}
    return gathered


def _left_out(declared: Field, model: type[models.Model], payload: Mapping[str, Any], parsed: Change) -> None:
    if declared.access is REQUIRED or declared.required_unless:
        if not (declared.required_unless and payload.get(declared.required_unless) is not None):
            parsed.wrong(declared.name, "This field is required.")
        return
    if parsed.operation == "replace" and (declared.verbose or declared.kept):
        return  # a plain GET doesn't show it, so leaving it out says nothing
    if declared.access is OPTIONAL and declared.stored and not isinstance(declared, Rows):
        parsed.values[declared.name] = declared.absent(model)
