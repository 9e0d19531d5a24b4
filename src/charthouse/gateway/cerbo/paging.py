"""Pages as Cerbo v1 asks for them: ``limit`` and ``offset``, answered with the number of all rows."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from charthouse.engine.declaration.resources import Resource
from charthouse.engine.execution import conformance
from charthouse.engine.execution.paging import Paging, parse_count
from charthouse.engine.execution.parsing import Query, parse_query
from charthouse.engine.execution.reading import Page

ANONYMIZE = "anonymize"  # a parameter of every call


def parse_list(resource: Resource, given: Mapping[str, Any]) -> Query:
    """Parse the query of a list: limits out of bounds are cut, nonsense is ignored. Raises what ``parse_query``
    raises."""
    conformance.check_count("limit", given.get("limit"), 1, resource.page_size.maximum)
    conformance.check_count("offset", given.get("offset"), 0, None)
    query = parse_query(resource, given)
    largest = resource.page_size.maximum
    size = min(parse_count(given.get("limit"), 18) or largest, largest)
    paging = Paging(size=size, offset=parse_count(given.get("offset"), 18), count=True)
    return query.with_paging(paging, verbose=True)


def parse_flags(resource: Resource, given: Mapping[str, Any]) -> frozenset[str]:
    """The flags of a list that apply to one object too: those that show hidden rows, and those that keys need."""
    flags = {name: given[name] for name in _list_flags(resource) if given.get(name)} if given else {}
    return frozenset(parse_query(resource, flags).filters) if flags else frozenset()


def list_page_parameters(resource: Resource) -> set[str]:
    """The query parameters of a list."""
    return {"limit", "offset", ANONYMIZE, *resource.filters_by_name}


def list_object_parameters(resource: Resource) -> set[str]:
    """The query parameters of one object."""
    return {ANONYMIZE, *_list_flags(resource)}


@cache
def _list_flags(resource: Resource) -> tuple[str, ...]:
    names = {key.source.only_with for key in resource.keys}
    names |= {visibility.shown_by for visibility in resource.visibilities}
    return tuple(each.name for each in resource.filters if each.is_flag and each.name in names)


def wrap_page(page: Page) -> dict[str, Any]:
    return _wrap(page.objects, page.total or 0, has_more=page.more_after)


def wrap_list(objects: Sequence[Any]) -> dict[str, Any]:
    """Wrap a list that is one page."""
    return _wrap(objects, len(objects), has_more=False)


def _wrap(objects: Sequence[Any], total: int, *, has_more: bool) -> dict[str, Any]:
    return {"object": "list", "total_count": total, "has_more": has_more, "data": objects}
