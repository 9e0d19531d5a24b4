"""The note behind a signed link."""

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from charthouse.files.views import set_security_headers, signed_link_view
from charthouse.interchange.notes import pdf


@require_safe
@signed_link_view("notes")
def show(request: HttpRequest, practice: int, note: int) -> HttpResponse:
    """404 for a note that was unlocked or deleted since the link was made."""
    content = pdf.of(practice, note)
    if content is None:
        raise Http404
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="note-{note}.pdf"'
    return set_security_headers(response)
