"""The control API on the wire: bearer key, JSON, errors."""

import hmac
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote

import msgspec
from django.core.exceptions import ValidationError

from charthouse import clock
from charthouse.audit.request_log import LogEntry
from charthouse.engine.errors import Invalid, MethodNotAllowed, NotFound, RequestError, Unauthenticated
from charthouse.gateway.http import Request, Response
from charthouse.identity import client_ip, faults, tenancy
from charthouse.sandbox.control import handlers
from charthouse.sandbox.control.gate import get_gate
from charthouse.sandbox.credentials import load_control_key
from charthouse.toolkit import local, openapi
from charthouse.toolkit.controls import CONTROLS
from charthouse.toolkit.declaration import BASE, Control, InvalidParameters

LOOPBACK = ("127.", "::1", "::ffff:127.")
DOCUMENT_PATH = "/openapi.json"
MAX_BODY = 1024 * 1024  # bytes


def application(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """The control API's WSGI application. Answers everything, errors included."""
    ip = client_ip.get_client_ip(environ)
    request = Request(environ, LogEntry(clock.now(), "", "sandbox", str(environ["REQUEST_METHOD"]), "", ip))
    get_gate().refresh()
    tenancy.clear_tenant()
    try:
        response = _handle(request)
    except RequestError as error:
        response = render_error(error)
    except ValidationError as error:
        response = render_error(Invalid(error.message_dict if hasattr(error, "error_dict") else {}))
    except Exception as error:
        response = render_error(faults.handle_exception(error, request.path))
    finally:
        tenancy.clear_tenant()
    return response.send(start, response.body(), request_id="", head=request.method == "HEAD")


def render_error(error: RequestError) -> Response:
    """Render an error: ``error.message``, and ``error.fields`` for each wrong parameter."""
    body: dict[str, Any] = {"message": error.detail}
    if isinstance(error, Invalid):
        body["fields"] = error.errors
    headers = []
    if isinstance(error, MethodNotAllowed):
        headers.append(("Allow", ", ".join(error.allowed)))
    if error.status == 401:
        headers.append(("WWW-Authenticate", 'Bearer realm="sandbox"'))
    return Response(error.status, {"error": body}, headers)


def _handle(request: Request) -> Response:
    if not request.entry.ip.startswith(LOOPBACK):
        raise NotFound
    path = request.path[len(BASE) :].rstrip("/")
    method = "GET" if request.method == "HEAD" else request.method
    if path == DOCUMENT_PATH and method == "GET":
        return Response(200, openapi.print_document_json())
    _check_key(request)
    found = {control.method: given for control, given in _match(path)}
    if not found:
        raise NotFound
    if method not in found:
        raise MethodNotAllowed(method, tuple(found))
    control = next(each for each, _ in _match(path) if each.method == method)
    return Response(200, msgspec.to_builtins(run(control, _read_parameters(request, control, found[method]))))


def run(control: Control, parameters: Any) -> Any:
    """Run a control with parsed parameters and return its answer. Raises RequestError."""
    return handlers.HANDLERS[control.name](parameters)


local.install(run)


def _check_key(request: Request) -> None:
    """Raises Unauthenticated."""
    scheme, _, key = (request.header("Authorization") or "").partition(" ")
    if scheme.lower() != "bearer" or not hmac.compare_digest(key.encode(), load_control_key().encode()):
        raise Unauthenticated("Give the key in sandbox.json, control.key, as a bearer token.")


def _match(path: str) -> Iterable[tuple[Control, dict[str, str]]]:
    """Yield the controls with this path, with the parameters in it."""
    segments = path.split("/")
    for control in CONTROLS:
        declared = control.path.split("/")
        if len(declared) != len(segments):
            continue
        pairs = list(zip(declared, segments, strict=True))
        if all(name.startswith("{") or name == segment for name, segment in pairs):
            yield control, {name[1:-1]: unquote(segment) for name, segment in pairs if name.startswith("{")}


def _read_parameters(request: Request, control: Control, in_path: dict[str, str]) -> Any:
    """Parse the parameters of a call. Raises Invalid, Malformed."""
    try:
        if not control.has_body:
            given = {**request.parameters, **in_path}
            return control.parse(given, texts=given)
        payload = request.read_payload(MAX_BODY)
        if not isinstance(payload, dict):
            raise Invalid({"non_field_errors": ["The body has to be a JSON object."]})
        if names := [name for name in in_path if name in payload]:
            raise Invalid({name: ["This parameter is in the path."] for name in names})
        return control.parse({**payload, **in_path}, texts=in_path)
    except InvalidParameters as error:
        raise Invalid(error.errors) from None
