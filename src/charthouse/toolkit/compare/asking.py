"""Asking a sandbox what was asked of another server: with ids of rows that it has, and made-up values."""

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from charthouse.toolkit.calls import ApiClient, format_basic, format_bearer
from charthouse.toolkit.client import Sandbox
from charthouse.toolkit.compare.exchanges import ID, Exchange, make_exchange
from charthouse.toolkit.compare.shapes import Shape, compare_shapes
from charthouse.toolkit.drift.facts import OperationFacts, read_operations
from charthouse.toolkit.shell_variables import list_variables

SAMPLES = {
    "text": "Sample",
    "date": "2026-03-02",
    "time": "09:30:00",
    "timestamp": "2026-03-02T09:30:00",
    "timestamp with zone": "2026-03-02T09:30:00Z",
    "spaced timestamp": "2026-03-02 09:30:00",
    "decimal": "12.50",
    "digits": "1",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "url": "https://app.example/",
    "email": "someone@app.example",
    "phone": "(303) 555-0100",
    "boolean": True,
    "integer": 1,
    "number": 1.5,
    "null": None,
    "empty": "",
}
CERBO = "/api/v1/"
_KEYS_OF_ERRORS = ("", "detail", "error", "error.message", "error.code")
# Of lists that need a parameter, one that shows everything.
_EVERYTHING = {"appointments": {"since": "2000-01-01"}, "clinical_notes": {"since": "2000-01-01"}}


class NothingToAsk(Exception):
    """The sandbox has no row to ask the same of."""


class Questioner:
    """Asks a sandbox. ``load_document``: the path of an OpenAPI document → its content."""

    def __init__(self, sandbox: Sandbox, load_document: Callable[[str], Any]) -> None:
        variables = list_variables(sandbox.described)
        bearer = format_bearer(variables["ACCESS_TOKEN"])
        basic = format_basic(variables["CERBO_USERNAME"], variables["CERBO_SECRET"])
        self._clients = {
            False: ApiClient(sandbox.base_url, bearer),
            True: ApiClient(sandbox.base_url, basic),
        }
        self._load_document = load_document
        self._operations: dict[bool, Mapping[str, OperationFacts]] = {}
        self._ids: dict[str, Any] = {}
        self._lock = threading.Lock()  # one connection

    def ask(self, exchange: Exchange) -> Exchange:
        """Ask the sandbox the same, and return its answer. Raises NothingToAsk."""
        with self._lock:
            return self._ask(exchange)

    def close(self) -> None:
        for client in self._clients.values():
            client.close()

    def _ask(self, exchange: Exchange) -> Exchange:
        is_cerbo = exchange.path.startswith(CERBO)
        path = self._fill_path(exchange.path, is_cerbo)
        query = {
            name: str(self._choose(name, value.strip("<>"), is_cerbo)) if value.startswith("<") else value
            for name, value in exchange.query.items()
        }
        target = path + (f"?{urlencode(query)}" if query else "")
        facts = self._get_operations(is_cerbo).get(f"{exchange.method} {exchange.path}", OperationFacts())
        body = None if exchange.body is None else self._fill(exchange.body, "", facts, is_cerbo)
        response = self._clients[is_cerbo].request(exchange.method, target.lstrip("/"), json=body)
        sent = b"" if body is None else json.dumps(body).encode()
        media = response.headers.get("content-type", "")
        return make_exchange(
            exchange.method, target, sent, response.status_code, media, response.content, self.words
        )

    @cached_property
    def words(self) -> frozenset[str]:
        """The words in the paths of both APIs."""
        operations = [*self._get_operations(False), *self._get_operations(True)]
        return frozenset(part for name in operations for part in name.split("/")[1:]) - {ID}

    def _get_operations(self, is_cerbo: bool) -> Mapping[str, OperationFacts]:
        if is_cerbo not in self._operations:
            document = self._load_document("cerbo" if is_cerbo else "drchrono")
            self._operations[is_cerbo] = read_operations(document)
        return self._operations[is_cerbo]

    def _fill_path(self, path: str, is_cerbo: bool) -> str:
        """Put ids of rows that exist in place of each {}."""
        filled = ""
        for part in path.strip("/").split("/"):
            filled += f"/{self._find_id(filled, is_cerbo) if part == ID else part}"
        return filled

    def _find_id(self, collection: str, is_cerbo: bool) -> Any:
        """The id of the first row of a list. Raises NothingToAsk."""
        if collection not in self._ids:
            query = urlencode(_EVERYTHING.get(collection.rpartition("/")[2], {}))
            response = self._clients[is_cerbo].request("GET", f"{collection}?{query}".lstrip("/"))
            found = response.json() if response.status_code == 200 else {}
            rows = found.get("data" if is_cerbo else "results") if isinstance(found, dict) else None
            self._ids[collection] = rows[0].get("id") if rows else None
        if self._ids[collection] is None:
            raise NothingToAsk(f"the sandbox has no row of {re.sub('[0-9]+', ID, collection)}")
        return self._ids[collection]

    def _fill(self, shape: Shape, path: str, facts: OperationFacts, is_cerbo: bool) -> Any:
        """A body of a shape, with values that the sandbox takes where its document names them."""
        if isinstance(shape, dict):
            below = f"{path}." if path else ""
            return {
                name: self._fill(inner, f"{below}{name}", facts, is_cerbo) for name, inner in shape.items()
            }
        if isinstance(shape, list):
            return [self._fill(inner, f"{path}[]", facts, is_cerbo) for inner in shape]
        if path in facts.body and facts.body[path].values and shape not in ("null", "empty"):
            return min(facts.body[path].values)
        return self._choose(path.rpartition(".")[2], shape, is_cerbo)

    def _choose(self, name: str, format_name: str, is_cerbo: bool) -> Any:
        """A value of a format; for a key that refers to rows (``patient``, ``pt_id``), the id of one."""
        if format_name in ("integer", "digits"):
            base = CERBO if is_cerbo else "/api/"
            singular = {"pt_id": "patient"}.get(name, name.removesuffix("_id"))
            if f"GET {base}{singular}s" in self._get_operations(is_cerbo):
                return self._find_id(f"{base}{singular}s", is_cerbo)
        return SAMPLES.get(format_name, "Sample")


def compare_exchanges(ours: Exchange, theirs: Exchange) -> Iterator[str]:
    """Yield a line for each difference of two answers: of status, media type, key, type, format."""
    if ours.status != theirs.status:
        yield f"status: {ours.status} here, {theirs.status} there"
        if (ours.status < 400) != (theirs.status < 400):
            return
    if ours.media != theirs.media:
        yield f"media type: {ours.media or 'none'} here, {theirs.media or 'none'} there"
        return
    for kind, path, own, other in compare_shapes(ours.answer, theirs.answer):
        if theirs.status >= 400 and path not in _KEYS_OF_ERRORS:
            continue  # which keys of a request are wrong is not of the API
        yield f"{kind} {path}: {own or 'nothing'} here, {other or 'nothing'} there"
