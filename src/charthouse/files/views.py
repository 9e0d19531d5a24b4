"""The file behind a signed link."""

from collections.abc import Callable
from functools import wraps
from typing import TypeVar

from django.core.signing import BadSignature
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseForbidden,
    StreamingHttpResponse,
)
from django.views.decorators.http import require_safe

from charthouse.engine.errors import Unavailable
from charthouse.files import links
from charthouse.files.models import StoredFile
from charthouse.files.serving import Served, served
from charthouse.identity import tenancy
from charthouse.identity.events import tell

Shown = HttpResponse | StreamingHttpResponse
Answer = TypeVar("Answer", HttpResponse, StreamingHttpResponse)


def linked(under: str) -> Callable[[Callable[[HttpRequest, int, int], Shown]], Callable[..., Shown]]:
    """A view of (practice, row) behind a signed link. The link alone lets in: 403 once it is old, 404 for anything
    that isn't there or never was a link."""

    def decorate(view: Callable[[HttpRequest, int, int], Shown]) -> Callable[..., Shown]:
        @wraps(view)
        def answered(request: HttpRequest, token: str) -> Shown:
            try:
                practice, row = links.opened(token, under)
            except links.Expired:
                return HttpResponseForbidden("This link has expired.", content_type="text/plain")
            except BadSignature:
                raise Http404 from None
            tenancy.enter(practice)
            try:
                shown = view(request, practice, row)
            except Unavailable as refusal:
                return HttpResponse(refusal.detail, status=refusal.status, content_type="text/plain")
            if shown.status_code < 400:
                tell("file opened", practice_id=practice, details={"of": under, "id": row})
            return shown

        return answered

    return decorate


def safe(response: Answer) -> Answer:
    """Nothing in the file runs, nobody guesses its type, nobody keeps it."""
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    response["Cache-Control"] = "private, no-store"
    return response


def answer(request: HttpRequest, file: Served) -> Shown:
    """A file as Django's response; it is sent in pieces."""
    headers = {"Content-Type": file.media, "Content-Length": str(file.body.length), **dict(file.headers)}
    if request.method == "HEAD" or file.status == 416:
        file.body.close()
        return safe(HttpResponse(status=file.status, headers=headers))
    return safe(StreamingHttpResponse(file.body, status=file.status, headers=headers))


@require_safe
@linked("files")
def show(request: HttpRequest, practice: int, file_id: int) -> Shown:
    file = StoredFile.objects.filter(practice=practice, pk=file_id, archived=False).first()
    if file is None:
        raise Http404
    try:
        found = served(file, request.headers.get("Range"), request.headers.get("If-Range"))
    except FileNotFoundError:
        raise Http404 from None
    return answer(request, found)
