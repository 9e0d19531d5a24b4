"""DrChrono v4 on the wire: bearer token, ``/api/<resource>[/<id>[/<action or function>]]``, pages, errors.

Knows no resource. Wire facts: reference drchrono/behaviour.md and the seed page it cites.
"""

from collections.abc import Callable, Iterable
from typing import Any

from charthouse.dialects import door, people
from charthouse.dialects.drchrono import paging
from charthouse.dialects.drchrono.registry import registry
from charthouse.dialects.http import Request, Response, file
from charthouse.files.models import StoredFile
from charthouse.identity.bearer import authenticate
from charthouse.resource import functions, parse, plan, read, write
from charthouse.resource.actor import Actor
from charthouse.resource.declare import Action, Resource
from charthouse.resource.errors import Invalid, MethodNotAllowed, NotFound, Refusal, Throttled
from charthouse.resource.functions import JSON, ROW, Answer, Function

BASE = "/api/"
_OF_LIST = ("GET", "POST")
_OF_OBJECT = ("GET", "PUT", "PATCH", "DELETE")


def application(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """The dialect's WSGI application. Answers everything, errors included."""
    return door.serve(environ, start, "drchrono", _handle, refused)


def refused(refusal: Refusal) -> Response:
    """The wire form of every error there is."""
    if isinstance(refusal, Invalid):
        return Response(400, refusal.errors)
    headers = []
    if isinstance(refusal, Throttled):
        headers.append(("Retry-After", str(refusal.wait)))
    if isinstance(refusal, MethodNotAllowed):
        headers.append(("Allow", ", ".join(refusal.allowed)))
    if refusal.status == 401:
        headers.append(("WWW-Authenticate", 'Bearer realm="api"'))
    return Response(refusal.status, {"detail": refusal.detail}, headers)


def _handle(request: Request) -> Response:
    parts = request.path[len(BASE) :].removesuffix("/").split("/")
    resource = registry().resources.get(parts[0])
    functions = registry().functions.get(_template(parts), {})
    if (resource is None and not functions) or len(parts) > 3:
        raise NotFound()
    entry = request.entry
    entry.resource = _template(parts) if functions else parts[0]
    actor = authenticate(request.header("Authorization"), entry.at, entry.request)
    door.called_by(entry, actor)
    method = "GET" if request.method == "HEAD" else request.method
    if function := functions.get(method):
        return _function_url(request, function, actor, parts)
    if resource is None:
        raise MethodNotAllowed(method, tuple(functions))
    if len(parts) == 1:
        return _list_url(request, method, resource, actor, [*functions])
    if len(parts) == 3:
        action = resource.actions_by_name.get(parts[2])
        if action is None and functions:
            raise MethodNotAllowed(method, tuple(functions))
        if action is None:
            raise NotFound()
        return _action_url(request, method, resource, actor, action, parts[1])
    if alias := resource.aliases.get(parts[1]):
        _allow(method, [m for m in resource.method_set if m in _OF_OBJECT])
        location = f"{request.origin}{BASE}{resource.path}/{alias(actor)}"
        return Response(302, headers=[("Location", location)])
    return _object_url(request, method, resource, actor, parts[1])


def _template(parts: list[str]) -> str:
    """The path as a function's declaration has it: the second part is an id."""
    return "/".join([parts[0], ROW, *parts[2:]]) if len(parts) > 1 else parts[0]


def _function_url(request: Request, function: Function, actor: Actor, parts: list[str]) -> Response:
    plan.authorize(function, actor, reading=bool(function.reading))
    row_id = request.entry.row_id = _row_id(parts[1]) if function.names_a_row else None
    payload = request.payload(function.max_body) if function.fields else {}
    answer = functions.call(function, actor, row_id, request.parameters, payload, request.url)
    if not isinstance(answer, Answer):
        answer = Answer(answer, function.status)
    if function.resource is not None and row_id is not None:
        people.note_row(request.entry, function.resource, row_id)
    elif function.resource is not None and isinstance(answer.content, dict):
        people.note(request.entry, function.resource, answer.content.get("results") or ())
    content = answer.content
    if isinstance(content, StoredFile):
        return file(request, content)
    if isinstance(content, str) and function.media != JSON:
        content = content.encode()
    headers = [("Location", answer.location)] if answer.location else []
    return Response(answer.status, content, headers, function.media)


def _list_url(
    request: Request, method: str, resource: Resource, actor: Actor, functions: list[str]
) -> Response:
    _allow(method, [*(m for m in resource.method_set if m in _OF_LIST), *functions])
    plan.authorize(resource, actor, reading=method == "GET")
    if method == "GET":
        query = paging.query(resource, request.parameters)
        page = read.page(resource, actor, query)
        people.note(request.entry, resource, page.objects)
        return Response(200, envelope(request, query, page))
    payload = _with_query(resource, request)
    listed = isinstance(payload, list)
    made = write.create(resource, actor, payload if listed else [payload], listed=listed)
    people.note(request.entry, resource, made)
    request.entry.row_id = None if listed else people.row_id(made[0])
    return Response(201, made if listed else made[0])


def _with_query(resource: Resource, request: Request) -> Any:
    """The body, and the keys that this resource takes as query parameters as well."""
    payload = request.payload(resource.max_body)
    if not isinstance(payload, dict):
        return payload
    names = [field.name for field in resource.writable if field.in_query]
    return {name: request.parameters[name] for name in names if name in request.parameters} | payload


def _object_url(request: Request, method: str, resource: Resource, actor: Actor, text: str) -> Response:
    _allow(method, [m for m in resource.method_set if m in _OF_OBJECT])
    plan.authorize(resource, actor, reading=method == "GET")
    row_id = request.entry.row_id = _row_id(text)
    if method == "GET":
        verbose = request.parameters.get("verbose", "").lower() in ("true", "1")
        found = read.one(resource, actor, row_id, verbose=verbose and resource.has_verbose)
        people.note(request.entry, resource, [found])
        return Response(200, found)
    if method == "DELETE":
        write.delete(resource, actor, row_id)
    else:
        operation = "replace" if method == "PUT" else "modify"
        write.update(resource, actor, operation, row_id, request.payload(resource.max_body))
    return Response(204)


def _action_url(
    request: Request, method: str, resource: Resource, actor: Actor, action: Action, text: str
) -> Response:
    _allow(method, [action.method])
    plan.authorize(resource, actor, reading=method == "GET")
    row_id = request.entry.row_id = _row_id(text)
    answer = write.act(resource, actor, action, row_id, request.payload(resource.max_body))
    if answer is not None:
        people.note(request.entry, resource, [answer])
    return Response(204) if answer is None else Response(201 if method == "POST" else 200, answer)


def envelope(request: Request, query: parse.Query, page: read.Page) -> dict[str, Any]:
    """``next`` is this URL with ``page`` raised by one, every other parameter as given, and a cursor, so that rows
    written meanwhile neither shift nor repeat what follows (docs/decisions)."""
    following = previous = None
    if page.more_after and page.last is not None:
        following = request.url(page=str(query.page + 1), cursor=paging.cursor("a", page.last))
    if page.more_before:
        # of a page that lies past the last row, the one before is found by its number alone
        cut = paging.cursor("b", page.first) if page.first is not None and query.page > 2 else None
        previous = request.url(page=str(max(query.page - 1, 1)), cursor=cut)
    return {"next": following, "previous": previous, "results": page.objects}


def _allow(method: str, allowed: list[str]) -> None:
    if method not in allowed:
        raise MethodNotAllowed(method, tuple(allowed))


def _row_id(text: str) -> int:
    """Raises NotFound for what can't be an id."""
    if not (text.isascii() and text.isdigit() and len(text) < 20 and 0 < int(text) < 2**63):
        raise NotFound()
    return int(text)
