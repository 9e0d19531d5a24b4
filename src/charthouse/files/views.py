"""Views of signed links to files."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from django.core.signing import BadSignature
from django.http import (
    FileResponse as DjangoFileResponse,
)
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseForbidden,
    StreamingHttpResponse,
)
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from charthouse.engine.errors import Unavailable
from charthouse.files import links
from charthouse.files.media_types import PDF
from charthouse.files.models import StoredFile
from charthouse.files.serving import FileConditions, FileResponse, serve_file
from charthouse.files.thumbnails import make_thumbnail
from charthouse.identity import tenancy
from charthouse.identity.audit_events import emit_audit_event

FileHttpResponse = HttpResponse | StreamingHttpResponse
Answer = TypeVar("Answer", HttpResponse, StreamingHttpResponse)


def signed_link_view(
    prefix: str,
) -> Callable[[Callable[[HttpRequest, int, int], FileHttpResponse]], Callable[..., FileHttpResponse]]:
    """Decorate a view of (request, practice, row id) to be reached by a signed link alone. Responds 403 to an expired
    link, 404 to an invalid one."""

    def decorate(
        view: Callable[[HttpRequest, int, int], FileHttpResponse],
    ) -> Callable[..., FileHttpResponse]:
        @csrf_exempt  # nothing is written: other methods are 405, as they are without a session
        @wraps(view)
        def respond(request: HttpRequest, token: str) -> FileHttpResponse:
            try:
                practice, row = links.parse_token(token, prefix)
            except links.LinkExpired:
                return HttpResponseForbidden("This link has expired.", content_type="text/plain")
            except BadSignature:
                raise Http404 from None
            tenancy.set_tenant(practice)
            try:
                response = view(request, practice, row)
            except Unavailable as refusal:
                return HttpResponse(refusal.detail, status=refusal.status, content_type="text/plain")
            if response.status_code < 400:
                emit_audit_event("file opened", practice_id=practice, details={"of": prefix, "id": row})
            return response

        return respond

    return decorate


class _StoredFileResponse(DjangoFileResponse):
    """A file that the web server reads when the client takes it. Its headers are given."""

    def set_headers(self, filelike: Any) -> None:
        pass


_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
# Viewers of PDFs do not start in a sandbox in every browser. Nothing runs without it either: the type is a PDF's and is
# not sniffed, and a page would be without scripts, forms and requests.
_PDF_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'"
)


def set_security_headers(response: Answer) -> Answer:
    """Set headers that forbid scripts, content sniffing and caching. A PDF that browsers show may be shown in a page of
    this origin."""
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = _POLICY
    response["Cache-Control"] = "private, no-store"
    if is_shown_pdf(response.get("Content-Type", ""), response.get("Content-Disposition", "")):
        response["Content-Security-Policy"] = _PDF_POLICY
        response["X-Frame-Options"] = "SAMEORIGIN"
    return response


def is_shown_pdf(media_type: str, disposition: str) -> bool:
    """Whether an answer is a PDF that browsers show, not one that they download."""
    return media_type == PDF and disposition.startswith("inline")


def make_response(request: HttpRequest, file: FileResponse) -> FileHttpResponse:
    """Turn a file response into Django's, streamed in chunks."""
    headers = dict(file.headers)
    if file.status != 304:
        headers |= {"Content-Type": file.media_type, "Content-Length": str(file.body.length)}
    if request.method == "HEAD" or file.status in (304, 412, 416):
        file.body.close()
        return set_security_headers(HttpResponse(status=file.status, headers=headers))
    return set_security_headers(_StoredFileResponse(file.body, status=file.status, headers=headers))


@require_safe
@signed_link_view("files")
def show_file(request: HttpRequest, practice: int, file_id: int) -> FileHttpResponse:
    """Respond with a stored file, whole or by range; 404 if it is archived or missing."""
    file = StoredFile.objects.filter(practice=practice, pk=file_id, archived=False).first()
    if file is None:
        raise Http404
    try:
        file_response = serve_file(file, FileConditions.read(request.method, request.headers.get))
    except FileNotFoundError:
        raise Http404 from None
    return make_response(request, file_response)


@require_safe
@signed_link_view("thumbnails")
def show_thumbnail(request: HttpRequest, practice: int, file_id: int) -> FileHttpResponse:
    """Respond with a small picture of a stored image; 404 if it is archived or missing."""
    file = StoredFile.objects.filter(practice=practice, pk=file_id, archived=False).first()
    if file is None:
        raise Http404
    return respond_with_thumbnail(request, file)


def respond_with_thumbnail(request: HttpRequest, file: StoredFile) -> FileHttpResponse:
    """Respond with a small picture of an image, or with the whole file where none can be made. Raises Http404 for a
    file that is missing in storage."""
    try:
        made = make_thumbnail(file)
        if made is None:
            return make_response(
                request, serve_file(file, FileConditions.read(request.method, request.headers.get))
            )
    except FileNotFoundError:
        raise Http404 from None
    return set_security_headers(HttpResponse(made, content_type="image/jpeg"))
