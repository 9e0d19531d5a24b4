"""Signing a note with an attestation, reopening it, and addenda after."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import F
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from charthouse.console.kit import records
from charthouse.console.kit.page import Request, list_messages, page, render_page
from charthouse.console.visits import notes
from charthouse.domains.clinical import notes as record
from charthouse.domains.clinical.models import ClinicalNote
from charthouse.engine.errors import Conflict, Invalid, Malformed
from charthouse.engine.sql.expressions import to_wall_clock
from charthouse.jobs import submissions

ATTESTATION = "I have reviewed this note and attest that it is accurate and complete."
MAX_ADDENDA = 100


@page("Access Clinical Notes", methods=("GET", "POST"))
def sign(request: Request, visit: int) -> HttpResponseBase:
    """Ask for the attestation; a POST signs. One that was changed since the question is asked about again."""
    note = notes.find_note(request, visit)
    if request.method == "POST":
        try:
            with transaction.atomic():
                _require_unchanged(request, note)
                record.lock(request.actor.practice, visit, request.actor.required_user, ATTESTATION)
        except Conflict as refusal:
            messages.error(request, refusal.detail)
        else:
            messages.success(request, "The note is signed.")
        return redirect(f"{reverse('visit', args=[visit])}#note")
    missing = record.list_missing_fields(note)
    values = {
        "title": "Sign note",
        "missing": missing,
        "attestation": ATTESTATION,
        "version": note.updated_at.isoformat(),
        "is_empty": not notes_say_something(request, visit),
        "back": reverse("visit", args=[visit]),
    }
    return render_page(request, "visits/sign.html", values)


def notes_say_something(request: Request, visit: int) -> bool:
    """Whether any field of the note has a value."""
    return any(one.text for section in notes.list_sections(request, visit) for one in section.fields)


def _require_unchanged(request: Request, note: Any) -> None:
    """Raise Conflict where the note is not what the signer was asked about."""
    rows = ClinicalNote.objects.select_for_update(no_key=True)
    now = rows.get(practice=note.practice_id, pk=note.pk)
    if request.POST.get("version", "") != now.updated_at.isoformat():
        raise Conflict("The note has changed since you opened it. Read it again, then sign.")


@page("Access Clinical Notes", methods=("POST",))
def unlock(request: Request, visit: int) -> HttpResponseBase:
    """Reopen a signed note."""
    note = notes.find_note(request, visit)
    try:
        record.unlock(request.actor.practice, note.pk)
    except Conflict as refusal:
        messages.error(request, refusal.detail)
    else:
        messages.success(request, "The note is open again. Sign it when you are done.")
    return redirect(f"{reverse('visit', args=[visit])}#note")


# -- addenda ----------------------------------------------------------------------------------------------------


def list_addenda(request: Request, visit: int) -> list[Any]:
    """List the addenda of a note, in order, with ``signed_at``, the local time."""
    rows = records.select_rows(records.get_resource("notes_alone"), request.actor).filter(parent=visit)
    local = to_wall_clock(F("locked_at"), F("patient__doctor__timezone"))
    return list(rows.select_related("locked_by").annotate(signed_at=local).order_by("pk")[:MAX_ADDENDA])


@page("Access Clinical Notes", methods=("POST",))
def add_addendum(request: Request, visit: int) -> HttpResponseBase:
    """Add a signed addendum to a signed note, once: an encounter below the note, which never changes."""
    note = notes.find_note(request, visit)
    text = request.POST.get("text", "").replace("\r\n", "\n").strip()
    if not text:
        messages.error(request, "The addendum says nothing yet.")
        return redirect("visit", visit)
    if note.locked_at is None:
        messages.error(request, "The note is still open: write in it.")
        return redirect("visit", visit)
    try:
        submissions.run_once(
            request.actor.practice,
            request.actor.required_user,
            request.POST.get("submission", ""),
            lambda: _write_addendum(request, note, text),
        )
        messages.success(request, "The addendum is signed.")
    except (Invalid, Conflict, Malformed) as refusal:
        words = list_messages(refusal.errors) if isinstance(refusal, Invalid) else [refusal.detail]
        messages.error(request, " ".join(words))
    return redirect(f"{reverse('visit', args=[visit])}#addenda")


def _write_addendum(request: Request, note: Any, text: str) -> str:
    body = {"patient": note.patient_id, "title": "Addendum", "content": text, "parent_encounter": note.pk}
    made = records.create(records.get_resource("notes_alone"), request.actor, body)
    record.lock(request.actor.practice, int(made["id"]), request.actor.required_user, ATTESTATION)
    return reverse("visit", args=[note.pk])
