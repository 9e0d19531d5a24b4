"""``charthouse compare``: a proxy before a vendor's API that asks a sandbox the same and shows the differences."""

import argparse
import json
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from charthouse.toolkit.client import Sandbox, SandboxError
from charthouse.toolkit.compare.asking import NothingToAsk, Questioner, compare_exchanges
from charthouse.toolkit.compare.exchanges import (
    BASES,
    Exchange,
    make_exchange,
    read_exchanges,
    write_exchange,
)
from charthouse.toolkit.compare.proxy import Proxy, UpstreamError


def add_command(commands: Any, add_data_option: Any, render_document: Callable[[str], str]) -> None:
    """Add the command. ``render_document``: makes the OpenAPI document of an API of this server, as JSON."""
    text = "Compare a vendor's API responses with a sandbox's"
    parser = commands.add_parser(
        "compare",
        help=text,
        description=f"{text}. With --upstream: runs a proxy on 127.0.0.1 between your client and the vendor, until "
        "Ctrl-C. Records names and formats of each request, but no values; sends the same request to the sandbox, with "
        "its own rows, including writes.",
    )
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--upstream", metavar="URL", help="the vendor's server, such as https://app.drchrono.com"
    )
    source.add_argument("--replay", metavar="FILE", type=Path, help="replay recorded requests")
    parser.add_argument("--port", type=int, default=8100, help="port of the proxy (default: 8100)")
    parser.add_argument(
        "--record", metavar="FILE", type=Path, help="append the requests to this file, one per line"
    )
    parser.set_defaults(run=lambda options: run(options, render_document))
    add_data_option(parser)


class Comparison:
    """Compares calls, and shows a line for each and for each of its differences."""

    def __init__(
        self, questioner: Questioner, show: Callable[[str], object], record: Path | None = None
    ) -> None:
        self._questioner, self._show, self._record = questioner, show, record
        self._lock = threading.Lock()
        self.calls = self.differing = 0

    def note(self, method: str, target: str, body: bytes, status: int, media: str, answer: bytes) -> None:
        """Compare a call of the proxy. Calls of no API, such as those of OAuth, are left out."""
        if target.startswith(BASES):
            words = self._questioner.words
            self.compare(make_exchange(method, target, body, status, media, answer, words))

    def compare(self, theirs: Exchange) -> None:
        """Ask the sandbox the same, and show the differences."""
        with self._lock:
            if self._record is not None:
                write_exchange(self._record, theirs)
            self.calls += 1
            try:
                found = list(compare_exchanges(self._questioner.ask(theirs), theirs))
            except NothingToAsk as error:
                self._show(f"{theirs.name}  not asked: {error}")
                return
            self.differing += bool(found)
            self._show(
                f"{theirs.name}  {theirs.status}  {f'{len(found)} differences' if found else 'the same'}"
            )
            for line in found:
                self._show(f"    {line}")


def run(options: argparse.Namespace, render_document: Callable[[str], str]) -> None:
    """Compare until Ctrl-C, or what was recorded. Raises SystemExit: 1 where there are differences, 2 where it cannot
    begin."""
    try:
        sandbox = Sandbox.open(options.data.expanduser().resolve())
        sandbox.clock.show()
        questioner = Questioner(sandbox, lambda api: json.loads(render_document(api)))
        comparison = Comparison(questioner, _print, options.record)
        with closing(questioner):
            if options.replay is None:
                _serve(options, comparison)
            else:
                for exchange in read_exchanges(options.replay.read_text().splitlines()):
                    comparison.compare(exchange)
    except (SandboxError, UpstreamError, OSError, ValueError) as error:
        print(f"charthouse compare: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    _print(f"{comparison.calls} calls, {comparison.differing} with differences")
    raise SystemExit(1 if comparison.differing else 0)


def _serve(options: argparse.Namespace, comparison: Comparison) -> None:
    proxy = Proxy(options.upstream, comparison.note, options.port)
    _print(f"Set the base URL of your client to {proxy.url}; Ctrl-C ends.")
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        pass
    finally:
        proxy.close()


def _print(line: str) -> None:
    print(line, flush=True)
