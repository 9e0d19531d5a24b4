"""Cerbo v1 on the wire: API users by HTTP Basic, paths below ``/api/v1/``, limit and offset, errors in an envelope.

Knows no resource. Every success is a 200, the answer to a PATCH is the object, the answer to a DELETE says what was
done. Wire facts: reference cerbo/behaviour.md.
"""

import codecs
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import msgspec

from charthouse.engine.actor import Actor
from charthouse.engine.declaration.calls import Answer
from charthouse.engine.declaration.resources import JSON, THE_ROW, Declaration, Operation, Resource
from charthouse.engine.declaration.types import Boolean
from charthouse.engine.declaration.values import InvalidValue
from charthouse.engine.errors import (
    Gone,
    Invalid,
    Malformed,
    MethodNotAllowed,
    NotFound,
    RequestError,
    summarize_errors,
)
from charthouse.engine.execution import calling, conformance, reading, writing
from charthouse.engine.execution.routing import Target, parse_row_id
from charthouse.files.models import StoredFile
from charthouse.gateway import log_subjects, serving
from charthouse.gateway.cerbo import paging
from charthouse.gateway.cerbo.registry import get_router
from charthouse.gateway.http import Request, Response, respond_with_file
from charthouse.gateway.json_bodies import parse_json
from charthouse.gateway.reads import PageAhead, ReadAhead
from charthouse.identity.api_users import authenticate_in_steps
from charthouse.identity.database.steps import MAY_WAIT, Steps
from charthouse.identity.known_actors import GuessRead

BASE = "/api/v1/"
SHORT_BASE = "/v1/"  # as the headings of seed 004 have it


def application(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """The API's WSGI application. Answers everything, errors included."""
    return serving.serve(environ, start, "cerbo", _handle, render_error)


def serve_in_steps(environ: dict[str, Any], start: Callable[..., Any]) -> Steps[Iterable[bytes]]:
    """Answer a call, in steps."""
    return serving.serve_in_steps(environ, start, "cerbo", _handle, render_error)


def render_error(error: RequestError) -> Response:
    """Render an error: ``error.message``, and ``error.fields`` for each wrong key."""
    body: dict[str, Any] = {"message": error.detail, "code": error.status}
    headers = []
    if isinstance(error, Invalid):
        body |= {"message": summarize_errors(error.errors), "fields": error.errors}
    if isinstance(error, Gone):
        body["merged_into"] = error.merged_into
    if error.wait is not None:
        headers.append(("Retry-After", str(error.wait)))
    if isinstance(error, MethodNotAllowed):
        headers.append(("Allow", ", ".join(error.allowed)))
    if error.status == 401:
        headers.append(("WWW-Authenticate", 'Basic realm="api"'))
    return Response(error.status, {"error": body}, headers)


def _handle(request: Request) -> Steps[Response]:
    targets, segments = get_router().find(_decode_path(request))
    if not targets:
        raise NotFound()
    entry = request.entry
    method = "GET" if request.method == "HEAD" else request.method
    target = targets.get(method)
    # That the URL lacks a method is said to callers only: they need the same rights as for one that it has.
    declared = (target or next(iter(targets.values()))).declaration
    entry.resource, request.declared = declared.path, declared
    if method == "GET" and target is not None and target.resource is not None:
        return (yield from _read(request, target, target.resource, segments))
    is_reading = declared.is_reading(method)
    actor = yield from _authenticate(request, declared, is_write=target is not None and not is_reading)
    yield MAY_WAIT
    if target is None:
        raise MethodNotAllowed(method, tuple(targets))
    declared.policy.authorize(actor, declared.path, reading=is_reading)
    return _dispatch(request, method, target, _anonymize(request, actor), segments)


def _authenticate(
    request: Request, declared: Declaration, *, is_write: bool, guess_read: GuessRead | None = None
) -> Steps[Actor]:
    scopes = declared.policy.scopes
    actor = yield from authenticate_in_steps(
        request.header("Authorization"),
        request.entry.ip,
        request.entry.at,
        request.entry.request,
        endpoint=scopes[0] if scopes else "",
        is_write=is_write,
        rate_class=declared.policy.rate_class,
        practice_of_host=request.host_practice,
        guess_read=guess_read,
    )
    serving.note_actor(request.entry, actor)
    return actor


def _decode_path(request: Request) -> str:
    """The path below BASE, as text; WSGI passes it as Latin-1."""
    path = request.path[len(BASE) :].removesuffix("/")
    try:
        return path.encode("latin-1").decode()
    except UnicodeError:
        return path


def _anonymize(request: Request, actor: Actor) -> Actor:
    """The actor, anonymous where the parameter ``anonymize`` asks for it. It cannot lift what is enforced. Raises
    Invalid."""
    if actor.anonymous or "anonymize" not in request.parameters:
        return actor
    try:
        return replace(actor, anonymous=Boolean().parse(request.parameters["anonymize"]))
    except InvalidValue as wrong:
        raise Invalid({"anonymize": wrong.messages}) from None


def _parse_path(target: Target, segments: list[str]) -> tuple[int | None, dict[str, int], dict[str, str]]:
    """The row id and the ids of parents that a URL names, and what else it names. Raises NotFound."""
    path = target.read_path(segments)
    parent_ids = {parent.name: parse_row_id(path.pop(parent.name)) for parent in target.declaration.parents}
    row_id = parse_row_id(path.pop("id")) if "id" in path else None
    return row_id, parent_ids, path


def _read(request: Request, target: Target, resource: Resource, segments: list[str]) -> Steps[Response]:
    """Respond with an object, or with a page of a list."""
    if target.is_object:
        ahead = ReadAhead(partial(_prepare_object, request, target, resource, segments))
        actor = yield from _authenticate(request, resource, is_write=False, guess_read=ahead.guess)
        read = yield from ahead.prepare_for(actor)
        request.entry.row_id, request.entry.patients = read.row_id, _format_patient(read.parent_ids)
        return _respond_with(request, resource, read.finish())
    pages = PageAhead(partial(_prepare_page, request, target, resource, segments))
    actor = yield from _authenticate(request, resource, is_write=False, guess_read=pages.guess)
    listed = yield from pages.prepare_for(actor)
    request.entry.patients = _format_patient(listed.parent_ids)
    page = listed.finish()
    if "patient_id" not in listed.parent_ids:
        log_subjects.note_subjects(request.entry, resource, page.objects)
    return Response(200, paging.wrap_page(page))


def _prepare_object(
    request: Request, target: Target, resource: Resource, segments: list[str], actor: Actor
) -> reading.ObjectRead:
    resource.policy.authorize(actor, resource.path, reading=True)
    actor = _anonymize(request, actor)
    conformance.check_names(request.parameters, paging.list_object_parameters(resource))
    row_id, parent_ids, path = _parse_path(target, segments)
    assert row_id is not None
    flags = paging.parse_flags(resource, _read_query(request) | path)
    return reading.prepare_object(resource, actor, row_id, verbose=True, parent_ids=parent_ids, flags=flags)


def _prepare_page(
    request: Request, target: Target, resource: Resource, segments: list[str], actor: Actor
) -> reading.PageRead:
    resource.policy.authorize(actor, resource.path, reading=True)
    actor = _anonymize(request, actor)
    conformance.check_names(request.parameters, paging.list_page_parameters(resource))
    _, parent_ids, path = _parse_path(target, segments)
    query = paging.parse_list(resource, _read_query(request) | path)
    return reading.prepare_page(resource, actor, query, parent_ids)


def _dispatch(request: Request, method: str, target: Target, actor: Actor, segments: list[str]) -> Response:
    """Call an operation, or write rows of a resource."""
    row_id, parent_ids, path = _parse_path(target, segments)
    request.entry.row_id, request.entry.patients = row_id, _format_patient(parent_ids)
    declared = target.operation.filters_by_name if target.operation else ()
    conformance.check_names(request.parameters, {paging.ANONYMIZE, *declared})
    if target.operation:
        return _call(request, target.operation, actor, row_id, _read_query(request) | path, parent_ids)
    resource = target.resource
    assert resource is not None
    if row_id is not None:
        return _write_object(request, method, resource, actor, row_id, parent_ids)
    payload = _read_payload(request, resource)
    (created,) = writing.create(resource, actor, [payload], is_list=False, parent_ids=parent_ids)
    return _respond_with(request, resource, created)


def _respond_with(request: Request, resource: Resource, found: Any) -> Response:
    """Respond with one object, and note in the request log whose data it is."""
    entry = request.entry
    if found is not None:
        shown = entry.row_id or log_subjects.find_row_id(found)
        entry.row_id = None if shown is None else int(shown)
        if entry.patients == "{}":
            log_subjects.note_subjects(entry, resource, [found])
    return Response(200, found)


def _format_patient(at: Mapping[str, int]) -> str:
    """The patient that a URL names, as a PostgreSQL array."""
    return f"{{{at['patient_id']}}}" if "patient_id" in at else "{}"


def _write_object(
    request: Request,
    method: str,
    resource: Resource,
    actor: Actor,
    row_id: int,
    parent_ids: Mapping[str, int],
) -> Response:
    request.check_row(resource, actor, row_id, parent_ids)
    if method == "DELETE":
        writing.delete(resource, actor, row_id, parent_ids)
        log_subjects.note_row_subject(request.entry, resource, row_id)
        return Response(200, describe_deleted(resource, row_id))
    _modify(resource, actor, row_id, _read_payload(request, resource), parent_ids)
    found = reading.read_object(resource, actor, row_id, verbose=True, parent_ids=parent_ids)
    return _respond_with(request, resource, found)


def _modify(
    resource: Resource, actor: Actor, row_id: int, payload: Any, parent_ids: Mapping[str, int]
) -> None:
    """Write what a PATCH gives. A value that would be refused is not where the object reads the same already: clients
    send objects back as they have read them. Raises Invalid."""
    try:
        writing.update(resource, actor, "modify", row_id, payload, parent_ids)
    except Invalid:
        if not isinstance(payload, Mapping):
            raise
        found = reading.read_object(resource, actor, row_id, verbose=True, parent_ids=parent_ids)
        shown = msgspec.json.decode(msgspec.json.encode(found))
        changed = {name: value for name, value in payload.items() if shown.get(name, ...) != value}
        if len(changed) == len(payload):
            raise
        writing.update(resource, actor, "modify", row_id, changed, parent_ids)


def describe_deleted(resource: Resource, row_id: int) -> dict[str, Any]:
    """The answer to a DELETE."""
    kind = name_object(resource)
    return {
        "object": kind,
        "id": row_id,
        "action": "delete",
        "result": True,
        "message": f"The {kind.replace('_', ' ')} was deleted.",
        "data": None,
    }


def name_object(resource: Resource) -> str:
    """The value of ``object`` in the objects of a resource."""
    tag = resource.keys_by_name.get("object")
    return str(tag.example) if tag is not None else resource.path.rsplit("/", 1)[-1]


def _call(
    request: Request,
    operation: Operation,
    actor: Actor,
    row_id: int | None,
    query: Mapping[str, Any],
    parent_ids: Mapping[str, int],
) -> Response:
    resource = operation.resource
    if row_id is not None and resource is not None and operation.answer is not THE_ROW:
        log_subjects.note_row_subject(request.entry, resource, row_id)
    payload = _read_payload(request, operation) if operation.keys else {}
    note_rows = partial(log_subjects.note_rows, request.entry)
    answer = calling.call(
        operation, actor, row_id, query, payload, request.url, parent_ids, note_rows=note_rows
    )
    if operation.answer is THE_ROW and resource is not None:
        return _respond_with(request, resource, answer)
    if not isinstance(answer, Answer):
        answer = Answer(answer, operation.status)
    content = answer.content
    if isinstance(content, StoredFile):
        return respond_with_file(request, content)
    if operation.many:
        content = paging.wrap_list(content)
    elif isinstance(content, str) and operation.media != JSON:
        content = content.encode()
    return Response(answer.status, content, media=operation.media)


def _read_query(request: Request) -> dict[str, Any]:
    """Query parameters; of a name that ends in ``[]``, the list of its values."""
    return request.read_parameters(lambda name: name.endswith("[]"))


def _read_payload(request: Request, declared: Declaration) -> Any:
    """The parsed body. ``curl --data`` sends JSON as a form (seed 004): what starts like JSON is read as JSON.
    Raises Malformed."""
    media = request.media_type
    if not request.is_body_empty and media in ("", "application/x-www-form-urlencoded", "text/plain"):
        body = request.read_body(declared.max_body)
        if body.removeprefix(codecs.BOM_UTF8).lstrip()[:1] in (b"{", b"["):
            return parse_json(body)
        if media == "application/x-www-form-urlencoded":
            return request.parse_form(body)
        raise Malformed("The body has to be JSON.")
    return request.read_payload(declared.max_body)
