"""Pages as DrChrono v4 asks for them: ``page``, ``page_size``, ``cursor``, ``verbose``."""

from collections.abc import Callable, Mapping
from typing import Any

from charthouse.engine.declaration.resources import Resource
from charthouse.engine.errors import NotFound
from charthouse.engine.execution import conformance
from charthouse.engine.execution.paging import AFTER, BEFORE, Paging, encode_cursor, parse_count
from charthouse.engine.execution.parsing import Query, parse_query
from charthouse.engine.execution.reading import Page


def parse_list(resource: Resource, given: Mapping[str, Any]) -> Query:
    """Parse the query of a list. Raises NotFound for a page that cannot exist, and what ``parse_query`` raises."""
    _check(resource, given)
    query = parse_query(resource, given)
    verbose = resource.has_verbose and is_verbose(given)
    paging = Paging(size=_choose_size(resource, given.get("page_size", ""), verbose))
    if text := given.get("page"):
        number = parse_count(text)
        if not number:
            raise NotFound("Invalid page.")
        paging = paging.at_number(number)
    if text := given.get("cursor"):
        paging = paging.at_cursor(text)
    return query.with_paging(paging, verbose=verbose)


def wrap_page(url: Callable[..., str], query: Query, page: Page) -> dict[str, Any]:
    """The envelope of a page. ``url``: this request's URL with parameters changed. ``next`` is it with the next
    ``page``, every other parameter as given, and a cursor, so that rows written meanwhile neither shift nor repeat what
    follows (docs/decisions/0001)."""
    following = previous = None
    number = query.paging.number
    if page.more_after and page.last is not None:
        following = url(page=str(number + 1), cursor=encode_cursor(AFTER, page.last))
    if page.more_before:
        # the page before one that is past the last row is found by its number only
        cursor = encode_cursor(BEFORE, page.first) if page.first is not None and number > 2 else None
        previous = url(page=str(max(number - 1, 1)), cursor=cursor)
    return {"next": following, "previous": previous, "results": page.objects}


def _check(resource: Resource, given: Mapping[str, str]) -> None:
    """Report parameters that there are not, and numbers that would be cut. Raises Invalid in strict mode."""
    verbose = list_object_parameters(resource)
    conformance.check_names(given, {"page", "page_size", "cursor", *verbose, *resource.filters_by_name})
    conformance.check_count("page", given.get("page"), 1, None)
    conformance.check_count("page_size", given.get("page_size"), 1, resource.page_size.maximum)


def list_object_parameters(resource: Resource) -> tuple[str, ...]:
    """The query parameters of one object."""
    return ("verbose",) if resource.has_verbose else ()


def is_verbose(given: Mapping[str, str]) -> bool:
    """Tell whether keys that take longer to gather are asked for. Raises Invalid in strict mode."""
    text = given.get("verbose", "")
    conformance.check_switch("verbose", text)
    return text.lower() in ("true", "1")


def _choose_size(resource: Resource, text: str, verbose: bool) -> int:
    """Choose the size of a page: out of bounds it is cut, nonsense is ignored."""
    size = resource.page_size
    largest = min(size.verbose, size.maximum) if verbose else size.maximum
    return min(parse_count(text) or size.default, largest)
