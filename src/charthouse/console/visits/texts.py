"""Texts that go into a note: snippets, templates, and what the last note said. Only empty fields are filled."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import Q
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from charthouse.console.kit import appointments, records
from charthouse.console.kit.page import Request, list_messages, page
from charthouse.console.visits import drafts, notes
from charthouse.domains.clinical.models import ClinicalNoteFieldValue, NoteText
from charthouse.domains.scheduling.models import Appointment
from charthouse.engine.errors import Conflict, Invalid, Malformed, NotFound

MAX_TEXTS = 300
MAX_NAME = 100  # characters


def list_texts(request: Request) -> list[dict[str, Any]]:
    """List snippets and templates of the practice and of the user, by name: ``name``, ``text`` ("" of a template)."""
    rows = _select(request).order_by("name", "pk")[:MAX_TEXTS]
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        entry = found.setdefault(row.name, {"name": row.name, "text": "", "is_template": False})
        if row.field:
            entry["is_template"] = True
        else:
            entry["text"] = row.text
    return list(found.values())


def _select(request: Request) -> Any:
    rows = records.select_rows(records.get_resource("note_texts"), request.actor)
    return rows.filter(Q(owner=None) | Q(owner=request.actor.user))


@page("Access Clinical Notes", methods=("POST",))
def insert_template(request: Request, visit: int) -> HttpResponseBase:
    """Fill the empty fields of the note from the template ``name``."""
    name = request.POST.get("name", "")
    texts = dict(_select(request).filter(name=name).exclude(field="").values_list("field", "text"))
    if not texts:
        raise NotFound()
    return _fill(request, visit, texts, f"Template “{name}” inserted")


@page("Access Clinical Notes", methods=("POST",))
def carry_forward(request: Request, visit: int) -> HttpResponseBase:
    """Fill the empty fields of the note with what the patient's last note before it said."""
    of = records.get_resource("visits")
    one = records.select_rows(of, request.actor).filter(pk=visit).first()
    if one is None or one.patient_id is None:
        raise NotFound()
    earlier = records.select_rows(of, request.actor).filter(
        patient=one.patient_id, scheduled_time__lt=one.scheduled_time
    )
    values = ClinicalNoteFieldValue.objects.filter(
        practice=request.actor.practice, appointment__in=earlier, archived=False
    ).exclude(value="")
    last = values.order_by("-appointment__scheduled_time").values_list("appointment", flat=True).first()
    if last is None:
        messages.info(request, "There is no earlier note of this patient.")
        return redirect(f"{reverse('visit', args=[visit])}#note")
    texts = dict(values.filter(appointment=last).values_list("clinical_note_field__name", "value"))
    day = Appointment.objects.get(practice=request.actor.practice, pk=last)
    local = day.scheduled_time.astimezone(appointments.find_zone(request.actor.practice, last))
    return _fill(request, visit, texts, f"Carried forward from {local:%m/%d/%Y}")


def _fill(request: Request, visit: int, texts: Mapping[str, str], words: str) -> HttpResponseBase:
    """Write texts by field name into the fields that are empty."""
    changes = [
        drafts.FieldChange(f"field-{one.id}", "", texts[one.name])
        for section in notes.list_shown_sections(request, visit)
        for one in section.fields
        if one.is_typed and not one.text and texts.get(one.name)
    ]
    try:
        saved = drafts.save(request, visit, changes)
    except Conflict as refusal:
        messages.error(request, refusal.detail)
    else:
        count = len(saved.saved)
        what = f"{count} field{'' if count == 1 else 's'} filled" if count else "no empty field to fill"
        messages.success(request, f"{words}: {what}.")
    return redirect(f"{reverse('visit', args=[visit])}#note")


@page("Access Clinical Notes", methods=("POST",))
def save_template(request: Request, visit: int) -> HttpResponseBase:
    """Keep what the note says as a template of the user's, or of the practice's with ``shared``."""
    name = " ".join(request.POST.get("name", "").split())[:MAX_NAME]
    fields = [
        one
        for section in notes.list_shown_sections(request, visit)
        for one in section.fields
        if one.is_typed and one.text
    ]
    owner = None if request.POST.get("shared") else request.actor.required_user
    if not name or not fields:
        messages.error(request, "A template needs a name, and a note that says something.")
        return redirect("visit", visit)
    of = records.get_resource("note_texts")
    try:
        with transaction.atomic():
            old = NoteText.objects.filter(
                practice=request.actor.practice, owner=owner, name=name, archived=False
            )
            for row in old.exclude(field="").values_list("pk", flat=True):
                records.delete(of, request.actor, row)
            for one in {field.name: field for field in fields}.values():
                records.create(
                    of, request.actor, {"name": name, "field": one.name, "text": one.text, "owner": owner}
                )
        messages.success(request, f"Template “{name}” is saved.")
    except (Invalid, Malformed) as refusal:
        messages.error(request, " ".join(list_messages(getattr(refusal, "errors", refusal.detail))))
    return redirect(f"{reverse('visit', args=[visit])}#note")
