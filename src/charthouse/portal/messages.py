"""Messages between the patient and the practice."""

from typing import Any

from django.contrib import messages as flash_messages
from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from charthouse.domains.messaging import secure_messages
from charthouse.domains.messaging.models import PatientMessage, PatientMessageAttachment
from charthouse.engine.errors import Invalid, NotFound
from charthouse.portal import portal_requests
from charthouse.portal.documents import serve_to_patient
from charthouse.portal.page import Request, page, render_page
from charthouse.portal.paging import paginate_latest
from charthouse.portal.sessions import SignedInPatient

MAX_RECIPIENTS = 250
# Errors of ``secure_messages.MESSAGE_KEYS``, for translations.
_ERRORS = (
    gettext_noop("This field is required."),
    gettext_noop("This field may not be blank."),
    gettext_noop("Ensure this field has at least 10 characters."),
    gettext_noop("Ensure this field has no more than 54 characters."),
    gettext_noop("Ensure this field has no more than 100 characters."),
    gettext_noop("Ensure this field has no more than 20000 characters."),
)


def select_correspondence(guest: SignedInPatient) -> "QuerySet[PatientMessage]":
    """Select the patient's messages, in both directions."""
    rows: QuerySet[PatientMessage] = secure_messages.list_correspondence(guest.patient).select_related(
        "user", "doctor", "request__proxy", "patient"
    )
    return rows


@page()
def show_list(request: Request) -> HttpResponseBase:
    """List messages, and sent ones that wait for the practice."""
    rows, older = paginate_latest(request, select_correspondence(request.guest))
    waiting = portal_requests.describe_latest(
        portal_requests.select_requests(request.guest, "secure_message").filter(status="open"), 20
    )
    senders = [(row, _name_sender(request.guest, row)) for row in rows]
    return render_page(request, "messages.html", {"rows": senders, "older": older, "waiting": waiting})


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
        "sender": _name_sender(request.guest, found, in_full=True),
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


def _name_sender(guest: SignedInPatient, message: PatientMessage, *, in_full: bool = False) -> str:
    """Name who sent a message: the practice (``in_full``: and the user), the patient, or a proxy for the patient."""
    if message.sent_by == "dr":
        writer = message.user or message.doctor
        name = f"{writer.first_name} {writer.last_name}".strip()
        return f"{name}, {guest.practice.name}" if in_full and name else guest.practice.name
    proxy = message.request.proxy if message.request else None
    return portal_requests.name_sender(guest, proxy)


def _translate(errors: Any) -> dict[str, Any]:
    """Translate the errors of a message, by key."""
    return (
        {key: [_(text) for text in texts] for key, texts in errors.items()}
        if isinstance(errors, dict)
        else {}
    )


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
            given = {name: value for name, value in posted.items() if value}
            secure_messages.send_message(request.guest.patient, given, request.proxy)
        except Invalid as refusal:
            errors = _translate(refusal.errors)
        else:
            flash_messages.success(request, _("Your message was sent."))
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
