"""Messages between the patient and the practice."""

from typing import Any

from django.contrib import messages as flash_messages
from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.shortcuts import redirect

from charthouse.domains.messaging import secure_messages
from charthouse.domains.messaging.models import PatientMessage, PatientMessageAttachment
from charthouse.engine.errors import Invalid, NotFound
from charthouse.portal import portal_requests
from charthouse.portal.documents import serve_to_patient
from charthouse.portal.page import Request, page, render_page
from charthouse.portal.paging import paginate_latest
from charthouse.portal.sessions import SignedInPatient

MAX_RECIPIENTS = 250


def select_correspondence(guest: SignedInPatient) -> "QuerySet[PatientMessage]":
    """Select the patient's messages, in both directions."""
    rows: QuerySet[PatientMessage] = secure_messages.list_correspondence(guest.patient).select_related(
        "user", "doctor"
    )
    return rows


@page()
def show_list(request: Request) -> HttpResponseBase:
    """List messages, and sent ones that wait for the practice."""
    rows, older = paginate_latest(request, select_correspondence(request.guest))
    waiting = portal_requests.describe_latest(
        portal_requests.select_requests(request.guest, "secure_message").filter(status="open"), 20
    )
    return render_page(request, "messages.html", {"rows": rows, "older": older, "waiting": waiting})


@page()
def show_message(request: Request, row: int) -> HttpResponseBase:
    """Show a message and mark it as read. Raises NotFound."""
    found = select_correspondence(request.guest).filter(pk=row).first()
    if found is None:
        raise NotFound()
    if request.method == "GET":
        secure_messages.mark_read_by_patient(request.guest.patient, found.pk)
    values = {
        "message": found,
        "attachments": _select_attachments(request.guest).filter(patient_message=found.pk),
    }
    return render_page(request, "message.html", values)


@page()
def download_attachment(request: Request, row: int) -> HttpResponseBase:
    """Serve an attachment. Raises NotFound."""
    found = _select_attachments(request.guest).filter(pk=row).first()
    if found is None:
        raise NotFound()
    return serve_to_patient(request, found.attachment, "attachments", row)


def _select_attachments(guest: SignedInPatient) -> "QuerySet[PatientMessageAttachment]":
    return PatientMessageAttachment.objects.filter(
        practice=guest.practice.pk,
        patient_message__patient=guest.patient.pk,
        patient_message__archived=False,
        archived=False,
    ).select_related("attachment")


@page("GET", "POST")
def write_message(request: Request) -> HttpResponseBase:
    """Show the form of a message; a POST sends it as a portal request."""
    posted = {
        name: request.POST.get(name, "").replace("\r\n", "\n").strip()
        for name in ("subject", "note", "dr_id", "reply")
    }
    errors: dict[str, Any] = {}
    if request.method == "POST":
        portal_requests.require_capacity(request.guest)
        try:
            secure_messages.send_message(
                request.guest.patient, {name: value for name, value in posted.items() if value}
            )
        except Invalid as refusal:
            errors = dict(refusal.errors) if isinstance(refusal.errors, dict) else {}
        else:
            flash_messages.success(request, "Your message was sent.")
            return redirect("portal-messages")
    elif answered := select_correspondence(request.guest).filter(pk=_parse_id(request.GET.get("to"))).first():
        subject = answered.subject if answered.subject.startswith("Re: ") else f"Re: {answered.subject}"
        posted |= {"subject": subject[:54], "dr_id": str(_find_writer(answered) or "")}
    values = {"entered": posted, "errors": errors, "people": _list_recipients(request.guest)}
    return render_page(request, "write_message.html", values, 400 if errors else 200)


def _find_writer(message: PatientMessage) -> int | None:
    """Find the user who wrote a message: the user of its doctor where an app sent it. None where nobody can answer."""
    people = secure_messages.list_recipients(message.practice_id)
    if message.user_id is not None:
        found = people.filter(pk=message.user_id).first()
    else:
        found = people.filter(role="doctor", doctor_id=message.doctor_id).order_by("pk").first()
    return found.pk if found else None


def _list_recipients(guest: SignedInPatient) -> list[tuple[str, str]]:
    """List the users whom patients can write to: (id, name)."""
    rows = secure_messages.list_recipients(guest.practice.pk).order_by("last_name", "first_name", "pk")[
        :MAX_RECIPIENTS
    ]
    return [(str(row.pk), f"{row.first_name} {row.last_name}".strip() or row.username) for row in rows]


def _parse_id(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else 0
