"""A client of the control API: ``Sandbox.open(data).clock.advance(by="3h")``. Its methods are the declared controls."""

import http.client
import json
import os
import select
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from charthouse.toolkit.controls import CONTROLS
from charthouse.toolkit.declaration import Control

TIMEOUT = 120.0  # seconds


class SandboxError(Exception):
    """The sandbox can't be reached, or has refused a control. ``status``: HTTP, 0 where there was no answer;
    ``fields``: messages by parameter."""

    def __init__(self, message: str, status: int = 0, fields: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status, self.fields = status, dict(fields or {})


class Sandbox:
    """A running sandbox. ``described``: the content of its sandbox.json. Each group of controls is an attribute, each
    control of it a method."""

    def __init__(self, described: Mapping[str, Any]) -> None:
        self.described = described
        self.base_url: str = described["base_url"]
        self._address = urlsplit(described["control"]["url"])
        self._key: str = described["control"]["key"]
        self._threads = threading.local()

    @classmethod
    def open(cls, data: Path) -> "Sandbox":
        """Return the sandbox of a data directory. Raises SandboxError where there is none."""
        try:
            return cls(json.loads((data / "sandbox.json").read_text()))
        except FileNotFoundError:
            raise SandboxError(
                f"{data} holds no sandbox. To make one: charthouse sandbox --data {data}"
            ) from None
        except KeyError:
            raise SandboxError(f"The sandbox in {data} is of an earlier version; start it again.") from None

    def __getattr__(self, group: str) -> "Group":
        controls = {control.verb: control for control in CONTROLS if control.group == group}
        if not controls:
            raise AttributeError(group)
        return Group(self, controls)

    def call(self, control: Control, given: Mapping[str, Any]) -> Any:
        """Run a control and return its answer, of the declared type. Raises SandboxError, and InvalidParameters before
        anything is sent."""
        parsed = msgspec.to_builtins(control.parse(given))
        values = {name: parsed[name] for name in given}
        path = self._address.path + control.path.format(
            **{name: quote(str(values.pop(name)), safe="") for name in control.path_names}
        )
        body = json.dumps(values).encode() if control.has_body else None
        if not control.has_body and values:
            path += "?" + urlencode({name: _format(value) for name, value in values.items()})
        return msgspec.convert(self._send(control.method, path, body), control.answer)

    def _send(self, method: str, path: str, body: bytes | None) -> Any:
        connection = self._get_connection()
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            content = response.read()
        except BaseException as error:
            connection.close()
            if isinstance(error, OSError | http.client.HTTPException):
                raise SandboxError(f"The sandbox at {self.base_url} does not answer: {error}") from None
            raise
        if response.status != 200:
            raise _read_error(response.status, content)
        return json.loads(content)

    def _get_connection(self) -> "_Connection":
        """Return this thread's connection, which is kept: a new one where the sandbox has closed it, or this process is
        a fork of the one that opened it."""
        found: _Connection | None = getattr(self._threads, "connection", None)
        if found is None or found.is_stale():
            found = _Connection(self._address.hostname or "", self._address.port, timeout=TIMEOUT)
            self._threads.connection = found
        return found


class _Connection(http.client.HTTPConnection):
    """A connection that is closed when nobody holds it any more."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._owner = os.getpid()

    def is_stale(self) -> bool:
        """Tell whether it can't be used: something can be read before anything was asked."""
        if self._owner != os.getpid():
            return True
        if self.sock is None:
            return False
        waiting = select.poll()
        waiting.register(self.sock, select.POLLIN)
        return bool(waiting.poll(0))

    def __del__(self) -> None:
        self.close()


class Group:
    """The controls of a group, as methods."""

    def __init__(self, sandbox: Sandbox, controls: Mapping[str, Control]) -> None:
        self._sandbox, self._controls = sandbox, controls

    def __getattr__(self, verb: str) -> "Method":
        if verb not in self._controls:
            raise AttributeError(verb)
        return Method(self._sandbox, self._controls[verb])

    def __dir__(self) -> list[str]:
        return sorted(self._controls)


class Method:
    """One control of a sandbox. Parameters are given by name; None is left out."""

    def __init__(self, sandbox: Sandbox, control: Control) -> None:
        self._sandbox, self._control = sandbox, control
        self.__doc__ = control.summary

    def __call__(self, **given: Any) -> Any:
        return self._sandbox.call(
            self._control, {name: value for name, value in given.items() if value is not None}
        )


def _format(value: Any) -> str:
    """A value of the query."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _read_error(status: int, content: bytes) -> SandboxError:
    try:
        error = json.loads(content)["error"]
        fields = error.get("fields") or {}
        message = error["message"]
    except (ValueError, KeyError, TypeError, AttributeError):
        return SandboxError(f"The sandbox answered {status}.", status)
    for name, texts in fields.items():
        message += f" {name}: {' '.join(map(str, texts))}"
    return SandboxError(message, status, fields)
