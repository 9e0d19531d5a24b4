"""Pages as Cerbo v1 asks for them: ``limit`` and ``offset``, answered with how many rows there are in all."""

from collections.abc import Mapping, Sequence
from typing import Any

from charthouse.resource.declare import Resource
from charthouse.resource.filters import Flag
from charthouse.resource.parse import Query, narrowed
from charthouse.resource.read import Page


def query(resource: Resource, parameters: Mapping[str, Any]) -> Query:
    """A list that is asked for. Out of bounds is clamped, nonsense ignored. Raises what ``narrowed`` raises."""
    asked = narrowed(resource, parameters)
    most = resource.page_size.maximum
    asked.verbose = True
    asked.page_size = min(_number(parameters.get("limit")) or most, most)
    asked.offset = _number(parameters.get("offset"))
    asked.counted = True
    return asked


def flags(resource: Resource, parameters: Mapping[str, Any]) -> frozenset[str]:
    """The flags of a list that hold for one object as well: those that show what is hidden, and those that some keys
    are given with."""
    names = {declared.given_with for declared in resource.fields}
    names |= {hidden.unless for hidden in resource.hiding}
    asked = {
        name: parameters[name]
        for name in names
        if isinstance(resource.filters_by_name.get(name), Flag) and parameters.get(name)
    }
    return narrowed(resource, asked).flags if asked else frozenset()


def envelope(page: Page) -> dict[str, Any]:
    return _envelope(page.objects, page.total or 0, has_more=page.more_after)


def listed(objects: Sequence[Any]) -> dict[str, Any]:
    """A list that is one page."""
    return _envelope(objects, len(objects), has_more=False)


def _envelope(objects: Sequence[Any], total: int, *, has_more: bool) -> dict[str, Any]:
    return {"object": "list", "total_count": total, "has_more": has_more, "data": objects}


def _number(text: Any) -> int:
    """0 for what is no number of at most 18 digits."""
    return int(text) if isinstance(text, str) and text.isascii() and text.isdigit() and len(text) < 19 else 0
