"""First stage: what came over the wire → a Query or a Change, by the declaration. Every wrong key is reported at once.

May refuse: wrong values (Invalid), a page that can't be (NotFound). Touches no database.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import models

from charthouse.resource.actor import Actor
from charthouse.resource.change import Change
from charthouse.resource.declare import Resource
from charthouse.resource.errors import Invalid, Malformed, NotFound
from charthouse.resource.fields import OPTIONAL, REQUIRED, Field, Wrong
from charthouse.resource.filters import Flag
from charthouse.resource.nested import Rows
from charthouse.resource.values import value

if TYPE_CHECKING:
    from charthouse.resource.functions import Function


@dataclass(slots=True)
class Query:
    """A list that was asked for. ``after`` and ``before`` are row ids that pages were cut at."""

    filters: tuple[str, ...]
    slots: dict[str, Any]
    flags: frozenset[str]
    verbose: bool
    page_size: int
    page: int = 1
    after: int | None = None
    before: int | None = None


# -- queries ----------------------------------------------------------------------------------------------------


def query(resource: Resource, parameters: Mapping[str, str]) -> Query:
    """A list that is asked for. Raises Invalid for wrong values, Malformed when none of a required group is there."""
    asked = narrowed(resource, parameters)
    asked.verbose = resource.has_verbose and parameters.get("verbose", "").lower() in ("true", "1")
    asked.page_size = _page_size(resource, parameters.get("page_size", ""), asked.verbose)
    _page(parameters, asked)
    return asked


def narrowed(declaration: "Resource | Function", parameters: Mapping[str, str]) -> Query:
    """The declared parameters alone, without pages. Raises as ``query`` does."""
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


def _filters(declaration: "Resource | Function", parameters: Mapping[str, str], asked: Query) -> None:
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


def _page_size(resource: Resource, text: str, verbose: bool) -> int:
    """Out of bounds is clamped, nonsense ignored."""
    size = resource.page_size
    most = min(size.verbose, size.maximum) if verbose else size.maximum
    wanted = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    return min(wanted or size.default, most)


def _page(parameters: Mapping[str, str], asked: Query) -> None:
    if text := parameters.get("page"):
        if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) > 0):
            raise NotFound("Invalid page.")
        asked.page = int(text)
    if cursor := parameters.get("cursor"):
        direction, row_id = _cursor(cursor)
        if direction == "a":
            asked.after = row_id
        else:
            asked.before = row_id


def cursor(direction: str, row_id: int) -> str:
    """Where a page was cut: "a"fter or "b"efore a row. Opaque to callers; harmless when forged."""
    return urlsafe_b64encode(f"{direction}{row_id}".encode()).decode().rstrip("=")


def _cursor(text: str) -> tuple[str, int]:
    try:
        plain = urlsafe_b64decode(text.encode("ascii") + b"==").decode("ascii")
        direction, row_id = plain[:1], plain[1:]
        if direction in ("a", "b") and row_id.isdigit() and len(row_id) < 19:
            return direction, int(row_id)
    except ValueError:
        pass
    raise NotFound("Invalid page.")


# -- writes -----------------------------------------------------------------------------------------------------


def change(resource: Resource, actor: Actor, operation: str, payload: Any) -> Change:
    """One object of a body → Change, its ``errors`` filled. Keys that aren't declared are ignored."""
    parsed = Change(resource, actor, operation, {}, frozenset())
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


def _left_out(declared: Field, model: type[models.Model], payload: Mapping[str, Any], parsed: Change) -> None:
    if declared.access is REQUIRED or declared.required_unless:
        if not (declared.required_unless and payload.get(declared.required_unless) is not None):
            parsed.wrong(declared.name, "This field is required.")
        return
    if parsed.operation == "replace" and (declared.verbose or declared.kept):
        return  # a plain GET doesn't show it, so leaving it out says nothing
    if declared.access is OPTIONAL and declared.stored and not isinstance(declared, Rows):
        parsed.values[declared.name] = declared.absent(model)
