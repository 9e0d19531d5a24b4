"""A small HTTP client of either API, for tests: JSON in, JSON out, credentials in every call."""

import base64
import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

TIMEOUT = 60.0  # seconds


@dataclass(frozen=True)
class Response:
    """An answer. ``headers`` by name in lower case."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes

    def json(self) -> Any:
        return json.loads(self.content)

    @property
    def text(self) -> str:
        return self.content.decode(errors="replace")


class ApiClient:
    """Calls an API: ``base_url`` is its address, ``authorization`` the header of each call. Keeps its connection."""

    def __init__(self, base_url: str, authorization: str) -> None:
        self.base_url, self.authorization = base_url, authorization
        parts = urlsplit(base_url)
        self._path = parts.path.rstrip("/")
        factory = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = factory(parts.hostname or "", parts.port, timeout=TIMEOUT)

    def get(self, path: str, **options: Any) -> Response:
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> Response:
        return self.request("POST", path, **options)

    def put(self, path: str, **options: Any) -> Response:
        return self.request("PUT", path, **options)

    def patch(self, path: str, **options: Any) -> Response:
        return self.request("PATCH", path, **options)

    def delete(self, path: str, **options: Any) -> Response:
        return self.request("DELETE", path, **options)

    def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Call the API. ``path`` is below its address; ``json`` becomes the body. Raises OSError and
        http.client.HTTPException where no answer arrives."""
        target = f"{self._path}/{path.lstrip('/')}"
        if params:
            target += f"{'&' if '?' in target else '?'}{urlencode(params, doseq=True)}"
        body = None if json is None else _encode(json)
        sent = {"Authorization": self.authorization, **(headers or {})}
        if body is not None:
            sent["Content-Type"] = "application/json"
        try:
            self._connection.request(method, target, body, sent)
            answer = self._connection.getresponse()
            content = answer.read()
        except BaseException:
            self._connection.close()
            raise
        return Response(answer.status, {name.lower(): value for name, value in answer.getheaders()}, content)

    def close(self) -> None:
        self._connection.close()


def _encode(value: Any) -> bytes:
    return json.dumps(value).encode()


def format_bearer(token: str) -> str:
    """The Authorization header of an access token."""
    return f"Bearer {token}"


def format_basic(username: str, secret: str) -> str:
    """The Authorization header of an API user."""
    return f"Basic {base64.b64encode(f'{username}:{secret}'.encode()).decode()}"
