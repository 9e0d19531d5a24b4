"""Pages as DrChrono v4 asks for them: ``page``, ``page_size``, ``cursor``, ``verbose``."""

from collections.abc import Mapping

from charthouse.engine.declaration.resources import Resource
from charthouse.engine.errors import NotFound
from charthouse.engine.execution.paging import Paging, parse_count
from charthouse.engine.execution.parsing import Query, parse_query


def parse_list(resource: Resource, given: Mapping[str, str]) -> Query:
    """Parse the query of a list. Raises NotFound for a page that cannot exist, and what ``parse_query`` raises."""
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


def is_verbose(given: Mapping[str, str]) -> bool:
    return given.get("verbose", "").lower() in ("true", "1")


def _choose_size(resource: Resource, text: str, verbose: bool) -> int:
    """Choose the size of a page: out of bounds it is cut, nonsense is ignored."""
    size = resource.page_size
    largest = min(size.verbose, size.maximum) if verbose else size.maximum
    return min(parse_count(text) or size.default, largest)
