"""The file behind a signed link."""

from django.core.signing import BadSignature
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseForbidden
from django.views.decorators.http import require_safe

from charthouse.files import links
from charthouse.files.models import StoredFile
from charthouse.files.storage import opened
from charthouse.identity import tenancy


@require_safe
def show(request: HttpRequest, token: str) -> HttpResponse | FileResponse:
    """The link alone lets in: 403 once it is old, 404 for anything that isn't there or never was a link."""
    try:
        practice, file_id = links.opened(token)
    except links.Expired:
        return HttpResponseForbidden("This link has expired.", content_type="text/plain")
    except BadSignature:
        raise Http404 from None
    tenancy.enter(practice)
    file = StoredFile.objects.filter(practice=practice, pk=file_id, archived=False).first()
    if file is None:
        raise Http404
    try:
        content = opened(file)
    except FileNotFoundError:
        raise Http404 from None
    response = FileResponse(content, content_type=file.media_type, filename=file.name or f"file-{file.pk}")
    response["Content-Length"] = str(file.size)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    response["Cache-Control"] = "private, no-store"
    return response
