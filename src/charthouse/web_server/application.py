"""What is served, as the server sees it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from charthouse.web_server.refusals import Refusal
from charthouse.web_server.storage import Spool


@dataclass(frozen=True)
class Application:
    """A WSGI application, and what the server asks of it beside.

    ``limit_body``: of a WSGI environment, the bytes that its body may have. ``render_refusal``: of a path ("" where
    none could be read), a refusal and whether the connection ends: an HTTP response. ``make_spool``: an encrypted
    temporary file in ``directory``. ``count``: counts a refusal by its reason. ``report``: reports an exception,
    without its values.
    """

    call: Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
    limit_body: Callable[[dict[str, Any]], int]
    render_refusal: Callable[[str, Refusal, bool], bytes]
    make_spool: Callable[[], Spool]
    directory: Path
    count: Callable[[str], None]
    report: Callable[[Exception], object]
    errors: IO[str]
