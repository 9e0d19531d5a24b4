"""Documents that the practice shares with a patient, and the patient's own images."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponseBase
from django.shortcuts import redirect

from charthouse.domains.documents import images
from charthouse.domains.documents.models import PatientImage, SharedDocument
from charthouse.engine.declaration.values import InvalidValue
from charthouse.engine.errors import NotFound, TooLarge
from charthouse.files.models import StoredFile
from charthouse.files.serving import serve_file
from charthouse.files.views import make_response
from charthouse.identity.audit_events import emit_audit_event
from charthouse.portal import portal_requests
from charthouse.portal.page import Request, page, show
from charthouse.portal.paging import latest
from charthouse.portal.sessions import Guest

A_PAGE = 12  # images


def _shared(guest: Guest) -> "QuerySet[SharedDocument]":
    return SharedDocument.objects.filter(
        practice=guest.practice.pk,
        document__patient=guest.patient.pk,
        document__archived=False,
        archived=False,
    ).select_related("document__document")


def _images(guest: Guest) -> "QuerySet[PatientImage]":
    return PatientImage.objects.filter(
        practice=guest.practice.pk, patient=guest.patient.pk, photo_type="personal", archived=False
    ).select_related("file")


@page()
def documents(request: Request) -> HttpResponseBase:
    shared, older = latest(request, _shared(request.guest))
    return show(request, "documents.html", {"shared": shared, "older": older})


@page()
def document(request: Request, row: int) -> HttpResponseBase:
    """What is in one."""
    found = _shared(request.guest).filter(document=row).first()
    if found is None:
        raise NotFound()
    return file_of(request, found.document.document, "documents", row)


@page("GET", "POST")
def pictures(request: Request) -> HttpResponseBase:
    """Images in the chart, those that wait to be taken into it, and a form for another."""
    guest, wrong = request.guest, ""
    if request.method == "POST":
        wrong = _upload(request)
        if not wrong:
            messages.success(
                request, "Your image was sent. The practice looks at it before it is in your chart."
            )
            return redirect("portal-images")
    kept, older = latest(request, _images(guest), size=A_PAGE)
    values = {
        "waiting": portal_requests.told(portal_requests.of(guest, "image").filter(status="open"), A_PAGE),
        "images": kept,
        "older": older,
        "wrong": [wrong] if wrong else [],
    }
    return show(request, "images.html", values, 400 if wrong else 200)


def _upload(request: Request) -> str:
    """What is wrong with it; "" when it was sent. Raises Conflict."""
    given = request.FILES.get("image")
    if given is None:
        return "Choose an image."
    portal_requests.check(request.guest)
    try:
        images.submit_uploaded_image(request.guest.patient, given)
    except (InvalidValue, TooLarge) as refusal:
        return getattr(refusal, "detail", "") or " ".join(getattr(refusal, "messages", ()))
    return ""


@page()
def picture(request: Request, row: int) -> HttpResponseBase:
    """An image of the chart."""
    found = _images(request.guest).filter(pk=row).first()
    if found is None:
        raise NotFound()
    return file_of(request, found.file, "images", row)


@page()
def sent_picture(request: Request, row: int) -> HttpResponseBase:
    """An image that waits."""
    rows = portal_requests.of(request.guest, "image").filter(status="open", file__isnull=False)
    found = rows.select_related("file").filter(pk=row).first()
    if found is None or found.file is None:
        raise NotFound()
    return file_of(request, found.file, "requests", row)


def file_of(request: Request, file: StoredFile, of: str, row: int) -> HttpResponseBase:
    """The bytes of a file that was found to be this patient's to see, and a line in the audit. Raises Http404 for one
    that storage lost."""
    try:
        found = serve_file(file, request.headers.get("Range"), request.headers.get("If-Range"))
    except FileNotFoundError:
        raise Http404 from None
    guest, details = request.guest, {"of": f"portal {of}", "id": row}
    emit_audit_event(
        "file opened", practice_id=guest.practice.pk, patient_id=guest.patient.pk, details=details
    )
    shown: Any = make_response(request, found)
    return shown  # type: ignore[no-any-return]
