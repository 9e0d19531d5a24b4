"""View of the PDF of a note, by signed link."""

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from charthouse.files.views import set_security_headers, signed_link_view
from charthouse.interchange.notes import pdf


@require_safe
@signed_link_view("notes")
def show_note(request: HttpRequest, practice: int, note: int) -> HttpResponse:
    """Respond with the PDF; 404 if the note has been unlocked or deleted since the link was created."""
    content = pdf.render_note(practice, note)
    if content is None:
        raise Http404
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="note-{note}.pdf"'
    return set_security_headers(response)
