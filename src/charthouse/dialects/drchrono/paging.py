"""Pages as DrChrono v4 asks for them: ``page``, ``page_size``, ``cursor``, ``verbose``."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping

from charthouse.resource.declare import Resource
from charthouse.resource.errors import NotFound
from charthouse.resource.parse import Query, narrowed


def query(resource: Resource, parameters: Mapping[str, str]) -> Query:
    """A list that is asked for. Raises NotFound for a page that can't be, and what ``narrowed`` raises."""
    asked = narrowed(resource, parameters)
    asked.verbose = resource.has_verbose and parameters.get("verbose", "").lower() in ("true", "1")
    asked.page_size = _page_size(resource, parameters.get("page_size", ""), asked.verbose)
    _page(parameters, asked)
    return asked


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
        asked.offset = (asked.page - 1) * asked.page_size
    if text := parameters.get("cursor"):
        direction, row_id = _cursor(text)
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
