"""The file behind a signed link."""

from collections.abc import Callable
from functools import wraps
from typing import TypeVar

from django.core.signing import BadSignature
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseForbidden
from django.views.decorators.http import require_safe

from charthouse.files import links
from charthouse.files.models import StoredFile
from charthouse.files.storage import opened
from charthouse.identity import tenancy

Shown = HttpResponse | FileResponse
Answer = TypeVar("Answer", HttpResponse, FileResponse)


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
            return view(request, practice, row)

        return answered

    return decorate


def safe(response: Answer) -> Answer:
    """Nothing in the file runs, nobody guesses its type, nobody keeps it."""
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    response["Cache-Control"] = "private, no-store"
    return response


@require_safe
@linked("files")
def show(request: HttpRequest, practice: int, file_id: int) -> Shown:
    file = StoredFile.objects.filter(practice=practice, pk=file_id, archived=False).first()
    if file is None:
        raise Http404
    try:
        content = opened(file)
    except FileNotFoundError:
        raise Http404 from None
    response = FileResponse(content, content_type=file.media_type, filename=file.name or f"file-{file.pk}")
    response["Content-Length"] = str(file.size)
    return safe(response)
