"""ETag, If-None-Match and If-Match (RFC 9110, section 8.8.3 and 13): of objects, as they are shown to the caller."""

import re
from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256
from typing import Any

import msgspec
from django.db import transaction

from charthouse.engine.actor import Actor
from charthouse.engine.declaration.resources import NO_PARENTS, Resource
from charthouse.engine.errors import RequestError
from charthouse.engine.execution import reading, writing
from charthouse.gateway.http import Request, Response

WRITES = ("PUT", "PATCH", "DELETE")
# A link to a file is signed again in every answer: what counts is the file.
_SIGNATURES = re.compile(rb"(/[\w-]+/\d+-\d+)-\d+\.[\w-]+")
_TAGS = re.compile(r'(W/)?("[^"]*")')


class Changed(RequestError):
    """The object is not as the caller has read it."""

    status = 412
    gate = "condition"

    def __init__(self) -> None:
        super().__init__("The object has changed since: its ETag is none of those in If-Match.")


def respond(request: Request, respond: Callable[[], Response]) -> Response:
    """Respond, with the ETag of an object that is read; a write whose If-Match names another is refused."""
    if request.method in WRITES and (wanted := request.header("If-Match")) is not None:
        return _respond_if_match(request, respond, wanted)
    response = respond()
    if request.method in ("GET", "HEAD") and response.status == 200 and _is_object(request, response):
        response.content = msgspec.json.encode(response.content)
        tag = _make_tag(response.content)
        known = request.header("If-None-Match") or ""
        if known.strip() == "*" or tag in {each.removeprefix("W/") for each in _parse_tags(known)}:
            return Response(304, headers=[*response.headers, ("ETag", tag)])
        response.headers.append(("ETag", tag))
    return response


def _respond_if_match(request: Request, respond: Callable[[], Response], wanted: str) -> Response:
    """Check and write in one transaction: the row is locked in between."""
    tags = {tag for tag in _parse_tags(wanted) if not tag.startswith("W/")}

    def check_row(
        resource: Resource, actor: Actor, row_id: int, parent_ids: Mapping[str, int] = NO_PARENTS
    ) -> None:
        writing.read_row(resource, actor, row_id, lock=True, parent_ids=parent_ids)
        if wanted.strip() != "*" and not tags & _list_tags(resource, actor, row_id, parent_ids):
            raise Changed

    request.check_row = check_row
    with transaction.atomic():
        return respond()


def _list_tags(resource: Resource, actor: Actor, row_id: int, parent_ids: Mapping[str, int]) -> set[str]:
    """The ETags of the forms in which an object is shown."""
    shown = (
        reading.read_object(resource, actor, row_id, verbose=verbose, parent_ids=parent_ids)
        for verbose in (True, False)
    )
    return {_make_tag(msgspec.json.encode(each)) for each in shown}


def _is_object(request: Request, response: Response) -> bool:
    content: Any = response.content
    return request.entry.row_id is not None and isinstance(content, msgspec.Struct | dict)


def _make_tag(content: bytes) -> str:
    shown = _SIGNATURES.sub(rb"\1", content)
    return f'"{sha256(shown).hexdigest()[:32]}"'


def _parse_tags(header: str) -> Iterable[str]:
    """The entity tags of a header; weak ones with their W/."""
    return [(weak or "") + tag for weak, tag in _TAGS.findall(header)]
