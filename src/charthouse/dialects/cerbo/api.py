"""Cerbo v1 on the wire: API users by HTTP Basic, paths below ``/api/v1/``, limit and offset, errors in an envelope.

Knows no resource. Wire facts: reference cerbo/behaviour.md. What is not of rows or functions is here: that every
success is a 200, that an answer to PATCH is the object and one to DELETE says what was done.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from charthouse.dialects import door, people
from charthouse.dialects.cerbo import paging
from charthouse.dialects.cerbo.registry import routes
from charthouse.dialects.http import Request, Response, file, json
from charthouse.files.models import StoredFile
from charthouse.identity.apiusers import authenticate
from charthouse.resource import functions, plan, read, write
from charthouse.resource.actor import Actor
from charthouse.resource.declare import Resource
from charthouse.resource.errors import Invalid, Malformed, MethodNotAllowed, NotFound, Refusal, Throttled
from charthouse.resource.fields import Boolean, Wrong
from charthouse.resource.functions import JSON, Answer, Function
from charthouse.resource.joined import Constant
from charthouse.resource.routes import Target, values

BASE = "/api/v1/"


def application(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """The dialect's WSGI application. Answers everything, errors included."""
    return door.serve(environ, start, "cerbo", _handle, refused)


def refused(refusal: Refusal) -> Response:
    """The wire form of every error there is: ``error.message``, and ``error.fields`` for each wrong key."""
    error: dict[str, Any] = {"message": refusal.detail, "code": refusal.status}
    headers = []
    if isinstance(refusal, Invalid):
        error |= {"message": _sentence(refusal.errors), "fields": refusal.errors}
    if isinstance(refusal, Throttled):
        headers.append(("Retry-After", str(refusal.wait)))
    if isinstance(refusal, MethodNotAllowed):
        headers.append(("Allow", ", ".join(refusal.allowed)))
    if refusal.status == 401:
        headers.append(("WWW-Authenticate", 'Basic realm="api"'))
    return Response(refusal.status, {"error": error}, headers)


def _sentence(errors: Any) -> str:
    """The first fault in words, for clients that show the message alone."""
    name, fault = next(iter(errors.items())) if isinstance(errors, Mapping) and errors else ("", errors)
    while isinstance(fault, Mapping) and fault:
        inner, fault = next(iter(fault.items()))
        name = f"{name}.{inner}"
    said = fault[0] if isinstance(fault, list) and fault else "Invalid input."
    return f"{name}: {said}" if name and name != "non_field_errors" else str(said)


def _handle(request: Request) -> Response:
    targets, parts = routes().find(_path(request))
    if not targets:
        raise NotFound()
    entry = request.entry
    method = "GET" if request.method == "HEAD" else request.method
    target = targets.get(method)
    # A method that the URL doesn't have is told to callers alone: they are asked for as for one that it has.
    declared = _declared(target or next(iter(targets.values())))
    entry.resource = declared.path
    reading = declared.reading if isinstance(declared, Function) else method == "GET"
    actor = authenticate(
        request.header("Authorization"),
        entry.ip,
        entry.at,
        entry.request,
        endpoint=declared.scopes[0] if declared.scopes else "",
        writing=target is not None and not reading,
        counted=declared.counted,
        within=request.practice,
    )
    door.called_by(entry, actor)
    if target is None:
        raise MethodNotAllowed(method, tuple(targets))
    plan.authorize(declared, actor, reading=bool(reading))
    return _answer(request, method, target, _anonymised(request, actor), values(target, parts))


def _path(request: Request) -> str:
    """The path below BASE, as text: WSGI hands it on as Latin-1."""
    path = request.path[len(BASE) :].removesuffix("/")
    try:
        return path.encode("latin-1").decode()
    except UnicodeError:
        return path


def _declared(target: Target) -> Resource | Function:
    declared = target.function or target.resource
    assert declared is not None
    return declared


def _anonymised(request: Request, actor: Actor) -> Actor:
    """Asked for by a parameter; what is forced can't be lifted."""
    if actor.anonymous or "anonymize" not in request.parameters:
        return actor
    try:
        return replace(actor, anonymous=Boolean("anonymize").parse(request.parameters["anonymize"]))
    except Wrong as wrong:
        raise Invalid({"anonymize": wrong.messages}) from None


def _answer(request: Request, method: str, target: Target, actor: Actor, given: dict[str, str]) -> Response:
    declared = _declared(target)
    at = {parent.name: _row_id(given.pop(parent.name)) for parent in declared.parents}
    row_id = request.entry.row_id = _row_id(given.pop("id")) if "id" in given else None
    request.entry.patients = _patients(at)
    parameters = _parameters(request) | given
    if target.function:
        return _function(request, target.function, actor, row_id, parameters, at)
    resource = target.resource
    assert resource is not None
    if target.action:
        assert row_id is not None
        answer = write.act(resource, actor, target.action, row_id, _payload(request, resource), at)
        return _shown(request, resource, answer)
    if row_id is not None:
        return _object(request, method, resource, actor, row_id, parameters, at)
    if method == "GET":
        query = paging.query(resource, parameters)
        page = read.page(resource, actor, query, at)
        if not at:
            people.note(request.entry, resource, page.objects)
        return Response(200, paging.envelope(page))
    (made,) = write.create(resource, actor, [_payload(request, resource)], listed=False, at=at)
    return _shown(request, resource, made)


def _shown(request: Request, resource: Resource, found: Any) -> Response:
    """One object, and in the log whom it is about."""
    entry = request.entry
    if found is not None:
        shown = entry.row_id or people.row_id(found)
        entry.row_id = None if shown is None else int(shown)
        if entry.patients == "{}":
            people.note(entry, resource, [found])
    return Response(200, found)


def _patients(at: Mapping[str, int]) -> str:
    """The patient that a URL names, as an Entry has it."""
    return f"{{{at['patient_id']}}}" if "patient_id" in at else "{}"


def _object(
    request: Request,
    method: str,
    resource: Resource,
    actor: Actor,
    row_id: int,
    parameters: Mapping[str, Any],
    at: Mapping[str, int],
) -> Response:
    if method == "DELETE":
        write.delete(resource, actor, row_id, at)
        people.note_row(request.entry, resource, row_id)
        return Response(200, deleted(resource, row_id))
    flags: frozenset[str] = frozenset()
    if method == "PATCH":
        write.update(resource, actor, "modify", row_id, _payload(request, resource), at)
    else:
        flags = paging.flags(resource, parameters)
    return _shown(request, resource, read.one(resource, actor, row_id, verbose=True, at=at, flags=flags))


def deleted(resource: Resource, row_id: int) -> dict[str, Any]:
    """What is said of a row that was put away."""
    kind = kind_of(resource)
    return {
        "object": kind,
        "id": row_id,
        "action": "delete",
        "result": True,
        "message": f"The {kind.replace('_', ' ')} was deleted.",
        "data": None,
    }


def kind_of(resource: Resource) -> str:
    """The word that the objects of a resource carry as ``object``."""
    tag = resource.by_name.get("object")
    return tag.value if isinstance(tag, Constant) else resource.path.rsplit("/", 1)[-1]


def _function(
    request: Request,
    function: Function,
    actor: Actor,
    row_id: int | None,
    parameters: Mapping[str, Any],
    at: Mapping[str, int],
) -> Response:
    if row_id is not None and function.resource is not None:
        people.note_row(request.entry, function.resource, row_id)
    payload = _payload(request, function) if function.fields else {}
    answer = functions.call(function, actor, row_id, parameters, payload, request.url, at)
    if not isinstance(answer, Answer):
        answer = Answer(answer, function.status)
    content = answer.content
    if isinstance(content, StoredFile):
        return file(request, content)
    if function.many:
        content = paging.listed(content)
    elif isinstance(content, str) and function.media != JSON:
        content = content.encode()
    return Response(answer.status, content, media=function.media)


def _parameters(request: Request) -> dict[str, Any]:
    """Query parameters; the values of one whose name ends in ``[]`` as a list."""
    found: dict[str, Any] = {}
    for name, text in request.pairs:
        if name.endswith("[]"):
            found.setdefault(name, []).append(text)
        else:
            found[name] = text
    return found


def _payload(request: Request, declared: Resource | Function) -> Any:
    """The body. Plain ``curl --data`` calls its JSON a form (seed 004): what begins like JSON is read as such."""
    media = (request.environ.get("CONTENT_TYPE") or "").split(";")[0].strip().lower()
    if media in ("", "application/x-www-form-urlencoded", "text/plain"):
        body = request.read(declared.max_body)
        if body.lstrip()[:1] in (b"{", b"["):
            return json(body)
        if media == "application/x-www-form-urlencoded":
            return request.form(body)
        raise Malformed("The body has to be JSON.")
    return request.payload(declared.max_body)


def _row_id(text: str) -> int:
    """Raises NotFound for what can't be an id."""
    if not (text.isascii() and text.isdigit() and len(text) < 20 and 0 < int(text) < 2**63):
        raise NotFound()
    return int(text)
