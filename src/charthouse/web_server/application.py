"""What is served, as the server sees it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

from charthouse.web_server.refusals import Refusal
from charthouse.web_server.storage import Spool


class Call(Protocol):
    """A call that has begun. ``owner`` as it was given to ``Reads.begin``; ``is_sent``: ``Reads.receive`` will return
    it; ``is_answered``: ``run`` returns at once."""

    owner: Any
    is_sent: bool
    is_answered: bool

    def run(self) -> Iterable[bytes]:
        """Return the answer, in a thread that may wait if it is not there. Raises what the application raises."""


class Reads(Protocol):
    """Requests that the thread which waits for events answers itself, while they wait for a file with others. None of
    these waits but ``open``."""

    def accepts(self, environ: dict[str, Any]) -> bool:
        """Return whether a request without a body is one of them."""

    def begin(self, environ: dict[str, Any], start: Callable[..., Any], owner: Any) -> Call:
        """Begin the call of a request that was accepted."""

    def receive(self) -> Sequence[Call]:
        """Return the calls that do not wait for the file any more, after an event of it."""

    def open(self) -> int | None:
        """Open the file where there is none. Return its descriptor if it was opened."""


@dataclass(frozen=True)
class Application:
    """A WSGI application, and what else the server asks of it.

    ``limit_body``: of a WSGI environment, the bytes that its body may have. ``render_refusal``: of a path ("" where
    none could be read), a refusal and whether the connection ends: an HTTP response. ``make_spool``: an encrypted
    temporary file in ``directory``. ``count``: counts a refusal by its reason. ``report``: reports an exception,
    without its values. ``reads``: what need not run in a thread of its own.
    """

    call: Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
    limit_body: Callable[[dict[str, Any]], int]
    render_refusal: Callable[[str, Refusal, bool], bytes]
    make_spool: Callable[[], Spool]
    directory: Path
    count: Callable[[str], None]
    report: Callable[[Exception], object]
    errors: IO[str]
    reads: Reads | None = None
