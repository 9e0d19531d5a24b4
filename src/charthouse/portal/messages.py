"""What a patient and the practice write to each other."""

from typing import Any

from django.contrib import messages as told
from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.shortcuts import redirect

from charthouse.domains.messaging import secure_messages
from charthouse.domains.messaging.models import PatientMessage, PatientMessageAttachment
from charthouse.engine.errors import Invalid, NotFound
from charthouse.portal import portal_requests
from charthouse.portal.documents import file_of
from charthouse.portal.page import Request, page, show
from charthouse.portal.paging import latest
from charthouse.portal.sessions import Guest

MOST_ADDRESSEES = 250


def correspondence(guest: Guest) -> "QuerySet[PatientMessage]":
    rows: QuerySet[PatientMessage] = secure_messages.list_correspondence(guest.patient).select_related(
        "user", "doctor"
    )
    return rows


@page()
def listing(request: Request) -> HttpResponseBase:
    rows, older = latest(request, correspondence(request.guest))
    waiting = portal_requests.told(
        portal_requests.of(request.guest, "secure_message").filter(status="open"), 20
    )
    return show(request, "messages.html", {"rows": rows, "older": older, "waiting": waiting})


@page()
def one(request: Request, row: int) -> HttpResponseBase:
    """A message; one of the practice counts as read from now on."""
    found = correspondence(request.guest).filter(pk=row).first()
    if found is None:
        raise NotFound()
    if request.method == "GET":
        secure_messages.mark_read_by_patient(request.guest.patient, found.pk)
    values = {"message": found, "attachments": _attachments(request.guest).filter(patient_message=found.pk)}
    return show(request, "message.html", values)


@page()
def attachment(request: Request, row: int) -> HttpResponseBase:
    found = _attachments(request.guest).filter(pk=row).first()
    if found is None:
        raise NotFound()
    return file_of(request, found.attachment, "attachments", row)


def _attachments(guest: Guest) -> "QuerySet[PatientMessageAttachment]":
    return PatientMessageAttachment.objects.filter(
        practice=guest.practice.pk,
        patient_message__patient=guest.patient.pk,
        patient_message__archived=False,
        archived=False,
    ).select_related("attachment")


@page("GET", "POST")
def write(request: Request) -> HttpResponseBase:
    """A form for a message, which goes into the queue."""
    said = {
        name: request.POST.get(name, "").replace("\r\n", "\n").strip()
        for name in ("subject", "note", "dr_id", "reply")
    }
    errors: dict[str, Any] = {}
    if request.method == "POST":
        portal_requests.check(request.guest)
        try:
            secure_messages.send_message(
                request.guest.patient, {name: value for name, value in said.items() if value}
            )
        except Invalid as refusal:
            errors = dict(refusal.errors) if isinstance(refusal.errors, dict) else {}
        else:
            told.success(request, "Your message was sent.")
            return redirect("portal-messages")
    elif answered := correspondence(request.guest).filter(pk=_number(request.GET.get("to"))).first():
        subject = answered.subject if answered.subject.startswith("Re: ") else f"Re: {answered.subject}"
        said |= {"subject": subject[:54], "dr_id": str(answered.user_id or "")}
    values = {"said": said, "errors": errors, "people": _people(request.guest)}
    return show(request, "write.html", values, 400 if errors else 200)


def _people(guest: Guest) -> list[tuple[str, str]]:
    """Whom a patient can write to: (id, name)."""
    rows = secure_messages.list_recipients(guest.practice.pk).order_by("last_name", "first_name", "pk")[
        :MOST_ADDRESSEES
    ]
    return [(str(row.pk), f"{row.first_name} {row.last_name}".strip() or row.username) for row in rows]


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else 0
