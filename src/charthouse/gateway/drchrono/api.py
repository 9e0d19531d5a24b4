"""DrChrono v4 on the wire: bearer token, ``/api/<resource>[/<id>[/<operation>]]``, pages, errors.

Knows no resource. Wire facts: reference drchrono/behaviour.md and the seed page it cites.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from charthouse.engine.actor import Actor
from charthouse.engine.declaration.calls import Answer
from charthouse.engine.declaration.resources import JSON, THE_ROW, Operation, Resource
from charthouse.engine.errors import Gone, Invalid, MethodNotAllowed, NotFound, RequestError
from charthouse.engine.execution import calling, conformance, reading, writing
from charthouse.engine.execution.routing import name_for_log, parse_row_id
from charthouse.files.models import StoredFile
from charthouse.gateway import log_subjects, serving
from charthouse.gateway.drchrono import paging
from charthouse.gateway.drchrono.registry import get_registry, get_router
from charthouse.gateway.http import Request, Response, respond_with_file
from charthouse.gateway.reads import PageAhead, ReadAhead
from charthouse.identity import origin
from charthouse.identity.bearer_tokens import authenticate_in_steps
from charthouse.identity.database.steps import MAY_WAIT, Steps
from charthouse.identity.known_actors import GuessRead

BASE = "/api/"


def application(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """The API's WSGI application. Answers everything, errors included."""
    return serving.serve(environ, start, "drchrono", _handle, render_error)


def serve_in_steps(environ: dict[str, Any], start: Callable[..., Any]) -> Steps[Iterable[bytes]]:
    """Answer a call, in steps."""
    return serving.serve_in_steps(environ, start, "drchrono", _handle, render_error)


def render_error(error: RequestError) -> Response:
    """Render an error."""
    if isinstance(error, Invalid):
        return Response(400, error.errors)
    if isinstance(error, Gone):
        return Response(410, {"detail": error.detail, "merged_into": error.merged_into})
    headers = []
    if error.wait is not None:
        headers.append(("Retry-After", str(error.wait)))
    if isinstance(error, MethodNotAllowed):
        headers.append(("Allow", ", ".join(error.allowed)))
    if error.status == 401:
        headers.append(("WWW-Authenticate", 'Bearer realm="api"'))
    return Response(error.status, {"detail": error.detail}, headers)


def _handle(request: Request) -> Steps[Response]:
    targets, segments = get_router().find(request.path[len(BASE) :].removesuffix("/"))
    below = get_registry().resources.get(segments[0])
    if not targets and (below is None or len(segments) > 3):
        raise NotFound
    entry = request.entry
    entry.resource = name_for_log(targets) if targets else segments[0]
    method = "GET" if request.method == "HEAD" else request.method
    target = targets.get(method)
    request.declared = target.declaration if target else None
    if method == "GET" and target is not None and target.resource is not None:
        return (yield from _read(request, target.resource, target.read_path(segments).get("id")))
    actor = yield from _authenticate(request)
    yield MAY_WAIT
    if target is None and not targets and len(segments) > 2:
        raise NotFound
    if target is None:
        raise MethodNotAllowed(method, tuple(targets))
    path = target.read_path(segments)
    if target.operation is not None:
        return _call(request, target.operation, actor, path)
    resource = target.resource
    assert resource is not None
    resource.policy.authorize(actor, resource.path, reading=False)
    if target.is_object:
        return _write_object(request, method, resource, actor, parse_row_id(path["id"]))
    return _create(request, resource, actor)


def _authenticate(request: Request, guess_read: GuessRead | None = None) -> Steps[Actor]:
    entry = request.entry
    authorization = request.header("Authorization")
    actor = yield from authenticate_in_steps(authorization, entry.at, entry.request, guess_read)
    serving.note_actor(entry, actor)
    return actor


def _read(request: Request, resource: Resource, row_id: str | None) -> Steps[Response]:
    """Respond with the object of this id, or with a page of the list where there is none."""
    entry = request.entry
    if row_id is not None:
        ahead = ReadAhead(partial(_prepare_object, request, resource, row_id))
        read = yield from ahead.prepare_for((yield from _authenticate(request, ahead.guess)))
        entry.row_id = read.row_id
        found = read.finish()
        log_subjects.note_subjects(entry, resource, [found])
        return Response(200, found)
    pages = PageAhead(partial(_prepare_page, request, resource))
    listed = yield from pages.prepare_for((yield from _authenticate(request, pages.guess)))
    page = listed.finish()
    log_subjects.note_subjects(entry, resource, page.objects)
    return Response(200, paging.wrap_page(request.url, listed.query, page))


def _prepare_object(request: Request, resource: Resource, row_id: str, actor: Actor) -> reading.ObjectRead:
    resource.policy.authorize(actor, resource.path, reading=True)
    conformance.check_names(request.parameters, paging.list_object_parameters(resource))
    verbose = resource.has_verbose and paging.is_verbose(request.parameters)
    return reading.prepare_object(resource, actor, parse_row_id(row_id), verbose=verbose)


def _prepare_page(request: Request, resource: Resource, actor: Actor) -> reading.PageRead:
    resource.policy.authorize(actor, resource.path, reading=True)
    filters = resource.filters_by_name
    given = request.read_parameters(lambda name: name in filters and filters[name].repeated)
    return reading.prepare_page(resource, actor, paging.parse_list(resource, given))


def _call(request: Request, operation: Operation, actor: Actor, path: Mapping[str, str]) -> Response:
    operation.policy.authorize(actor, operation.path, reading=bool(operation.reading))
    conformance.check_names(request.parameters, operation.filters_by_name)
    row_id = request.entry.row_id = parse_row_id(path["id"]) if operation.is_of_row else None
    payload = request.read_payload(operation.max_body) if operation.keys else {}
    note_rows = partial(log_subjects.note_rows, request.entry)
    answer = calling.call(
        operation, actor, row_id, request.parameters, payload, request.url, note_rows=note_rows
    )
    resource = operation.resource
    if operation.redirects and resource is not None:
        location = origin.build_url(f"{BASE}{resource.path}/{answer}")
        return Response(302, headers=[("Location", location)])
    if operation.answer is THE_ROW and resource is not None:
        log_subjects.note_subjects(request.entry, resource, [answer])
        return Response(201 if operation.method == "POST" else 200, answer)
    if not isinstance(answer, Answer):
        answer = Answer(answer, operation.status)
    if resource is not None and row_id is not None:
        log_subjects.note_row_subject(request.entry, resource, row_id)
    elif resource is not None and isinstance(answer.content, dict):
        log_subjects.note_subjects(request.entry, resource, answer.content.get("results") or ())
    return _render_answer(request, operation, answer)


def _render_answer(request: Request, operation: Operation, answer: Answer) -> Response:
    content = answer.content
    if isinstance(content, StoredFile):
        return respond_with_file(request, content)
    if isinstance(content, str) and operation.media != JSON:
        content = content.encode()
    headers = [("Location", answer.location)] if answer.location else []
    return Response(answer.status, content, headers, operation.media)


def _create(request: Request, resource: Resource, actor: Actor) -> Response:
    conformance.check_names(request.parameters, [key.name for key in resource.keys if key.in_query])
    payload = _add_query_keys(resource, request)
    is_list = isinstance(payload, list)
    created = writing.create(resource, actor, payload if is_list else [payload], is_list=is_list)
    log_subjects.note_subjects(request.entry, resource, created)
    request.entry.row_id = None if is_list else log_subjects.find_row_id(created[0])
    return Response(201, created if is_list else created[0])


def _add_query_keys(resource: Resource, request: Request) -> Any:
    """The parsed body, with the keys that this resource accepts as query parameters too."""
    payload = request.read_payload(resource.max_body)
    if not isinstance(payload, dict):
        return payload
    names = [key.name for key in resource.writable if key.in_query]
    return {name: request.parameters[name] for name in names if name in request.parameters} | payload


def _write_object(request: Request, method: str, resource: Resource, actor: Actor, row_id: int) -> Response:
    request.entry.row_id = row_id
    conformance.check_names(request.parameters, ())
    request.check_row(resource, actor, row_id)
    if method == "DELETE":
        writing.delete(resource, actor, row_id)
    else:
        operation = "replace" if method == "PUT" else "modify"
        writing.update(resource, actor, operation, row_id, request.read_payload(resource.max_body))
    return Response(204)
