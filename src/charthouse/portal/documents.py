"""Documents that the practice shares with the patient, and the patient's own images."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from charthouse.domains.documents import images
from charthouse.domains.documents.models import PatientImage, SharedDocument
from charthouse.engine.declaration.values import InvalidValue
from charthouse.engine.errors import NotFound, TooLarge
from charthouse.files.models import StoredFile
from charthouse.files.serving import FileConditions, serve_file
from charthouse.files.views import make_response, respond_with_thumbnail
from charthouse.identity.audit_events import emit_audit_event
from charthouse.portal import portal_requests
from charthouse.portal.page import Request, page, render_page
from charthouse.portal.paging import paginate_latest
from charthouse.portal.sessions import SignedInPatient

IMAGES_PER_PAGE = 12  # images
# Errors of ``images.submit_uploaded_image``, for translations.
_ERRORS = (
    gettext_noop("The file is not a valid image."),
    gettext_noop("The file is larger than 16 MB."),
    gettext_noop("photo: the file is larger than 16 MB."),
)


def _select_shared(guest: SignedInPatient) -> "QuerySet[SharedDocument]":
    return SharedDocument.objects.filter(
        practice=guest.practice.pk,
        document__patient=guest.patient.pk,
        document__archived=False,
        archived=False,
    ).select_related("document__document")


def _select_images(guest: SignedInPatient) -> "QuerySet[PatientImage]":
    return PatientImage.objects.filter(
        practice=guest.practice.pk, patient=guest.patient.pk, photo_type="personal", archived=False
    ).select_related("file")


@page()
def show_documents(request: Request) -> HttpResponseBase:
    """List shared documents."""
    shared, older = paginate_latest(request, _select_shared(request.guest))
    return render_page(request, "documents.html", {"shared": shared, "older": older})


@page()
def download_document(request: Request, row: int) -> HttpResponseBase:
    """Serve the file of a shared document. Raises NotFound."""
    found = _select_shared(request.guest).filter(document=row).first()
    if found is None:
        raise NotFound()
    return serve_to_patient(request, found.document.document, "documents", row)


@page("GET", "POST")
def show_images(request: Request) -> HttpResponseBase:
    """Show the patient's images, sent ones that wait for the practice, and a form to send one."""
    guest, wrong = request.guest, ""
    if request.method == "POST":
        wrong = _upload(request)
        if not wrong:
            messages.success(
                request, _("Your image was sent. The practice reviews it before it is added to your chart.")
            )
            return redirect("portal-images")
    rows, older = paginate_latest(request, _select_images(guest), size=IMAGES_PER_PAGE)
    values = {
        "waiting": portal_requests.describe_latest(
            portal_requests.select_requests(guest, "image").filter(status="open"), IMAGES_PER_PAGE
        ),
        "images": rows,
        "older": older,
        "wrong": [wrong] if wrong else [],
    }
    return render_page(request, "images.html", values, 400 if wrong else 200)


def _upload(request: Request) -> str:
    """Upload the posted image and return the error, "" if there is none. Raises Conflict."""
    given = request.FILES.get("image")
    if given is None:
        return _("Choose an image.")
    portal_requests.require_capacity(request.guest)
    try:
        images.submit_uploaded_image(request.guest.patient, given, request.proxy)
    except (InvalidValue, TooLarge) as refusal:
        texts = [refusal.detail] if isinstance(refusal, TooLarge) else refusal.messages
        return " ".join(_(one) for one in texts)
    return ""


@page()
def download_image(request: Request, row: int, *, small: bool = False) -> HttpResponseBase:
    """Serve an image of the chart, or a ``small`` picture of it. Raises NotFound."""
    found = _select_images(request.guest).filter(pk=row).first()
    if found is None:
        raise NotFound()
    return serve_to_patient(request, found.file, "images", row, small=small)


@page()
def download_sent_image(request: Request, row: int, *, small: bool = False) -> HttpResponseBase:
    """Serve an image that waits for the practice, or a ``small`` picture of it. Raises NotFound."""
    rows = portal_requests.select_requests(request.guest, "image").filter(status="open", file__isnull=False)
    found = rows.select_related("file").filter(pk=row).first()
    if found is None or found.file is None:
        raise NotFound()
    return serve_to_patient(request, found.file, "requests", row, small=small)


def serve_to_patient(
    request: Request, file: StoredFile, of: str, row: int, *, small: bool = False
) -> HttpResponseBase:
    """Serve a file that belongs to the patient, or a ``small`` picture of it, and write an audit event.

    Raises Http404 for a file that is missing in storage.
    """
    shown: Any
    if small:
        shown = respond_with_thumbnail(request, file)
    else:
        try:
            shown = make_response(
                request, serve_file(file, FileConditions.read(request.method, request.headers.get))
            )
        except FileNotFoundError:
            raise Http404 from None
    guest, details = request.guest, {"of": f"portal {of}", "id": row}
    emit_audit_event(
        "file opened", practice_id=guest.practice.pk, patient_id=guest.patient.pk, details=details
    )
    return shown  # type: ignore[no-any-return]
