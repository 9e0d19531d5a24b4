"""The PDF of a locked note: sections and values, typeset once and stored, with the pages of its amendments."""

import subprocess
import sys
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pikepdf
from django.core.files.base import ContentFile
from django.db import transaction

from charthouse.domains.clinical.models import Amendment, ClinicalNote, ClinicalNoteFieldValue
from charthouse.files.models import StoredFile
from charthouse.files.storage import open_file, store_file
from charthouse.identity.models import User
from charthouse.interchange.notes import clean
from charthouse.interchange.typeset import typeset

NOTE = Path(__file__).parent / "note.typ"
AMENDMENTS = Path(__file__).parent / "amendments.typ"
AMENDMENT_TIMEOUT = 30  # seconds to process the pages of one amendment
VALUE_LABELS = {"Checkbox": {"True": "Yes", "False": "No"}, "NullCheckbox": {"1": "No", "2": "Yes"}}


def render_note(practice: int, note_id: int) -> bytes | None:
    """Render the PDF of a note with its amendments. None if the note does not exist or is not locked."""
    note = _get_locked_note(practice, note_id)
    if note is None:
        return None
    with open_file(_get_signed_pdf(note)) as content:
        signed: bytes = content.read()
    if note.appointment_id is None:
        return signed
    amendments = (
        Amendment.objects.filter(practice=practice, appointment=note.appointment_id, archived=False)
        .select_related("amendment_file")
        .order_by("id")
    )
    files = {amendment: _read_amendment_pages(amendment) for amendment in amendments}
    if not files:
        return signed
    return _concatenate(
        [signed, _render_amendment_list(note, files), *(pages for pages in files.values() if pages)]
    )


def store_signed_pdf(note: ClinicalNote) -> StoredFile:
    """Typeset a locked note and store the PDF with it, in the caller's transaction: a signed note never changes,
    whatever happens to templates, names and software."""
    content = _typeset_note(NOTE, {**_build_header(note), "sections": _build_sections(note)})
    file = store_file(ContentFile(content, f"note-{note.pk}.pdf"), "application/pdf", note.practice_id)
    ClinicalNote.objects.filter(practice=note.practice_id, pk=note.pk).update(signed_pdf=file)
    return file


def store_pdf_of_locked_note(sender: Any, note: ClinicalNote, **_: Any) -> None:
    """Store the PDF of a note that has just been locked (a receiver of ``note_locked``)."""
    store_signed_pdf(note)


def _get_signed_pdf(note: ClinicalNote) -> StoredFile:
    """Return the stored PDF, generated at first use for notes locked by other means (imports, the synthetic
    practice)."""
    if note.signed_pdf is None:
        with transaction.atomic():
            rows = ClinicalNote.objects.select_for_update(no_key=True)
            now = rows.get(
                practice=note.practice_id, pk=note.pk
            )  # another request may have stored it in the meantime
            kept: StoredFile = now.signed_pdf or store_signed_pdf(note)
            return kept
    kept = note.signed_pdf
    return kept


def _get_locked_note(practice: int, note_id: int) -> ClinicalNote | None:
    rows = ClinicalNote.objects.select_related(
        "practice",
        "patient__doctor",
        "appointment__doctor",
        "appointment__office__doctor",
        "encounter_type",
        "owner",
        "locked_by",
        "signed_pdf",
    )
    return rows.filter(practice=practice, pk=note_id, archived=False, locked_at__isnull=False).first()


def _typeset_note(template: Path, data: dict[str, Any]) -> bytes:
    return typeset(template, "note", data)


# -- contents ---------------------------------------------------------------------------------------------------


def _get_time_zone(note: ClinicalNote) -> ZoneInfo:
    visit = note.appointment
    return ZoneInfo(visit.office.doctor.timezone if visit else note.patient.doctor.timezone)


def _build_header(note: ClinicalNote) -> dict[str, Any]:
    patient, zone = note.patient, _get_time_zone(note)
    signed = note.locked_at.astimezone(zone).strftime("%Y-%m-%d %H:%M %Z") if note.locked_at else ""
    name = _join_names(patient.first_name, patient.middle_name, patient.last_name)
    born = patient.date_of_birth.strftime("%m/%d/%Y") if patient.date_of_birth else ""
    facts = (
        ("Patient", name),
        ("DOB", born),
        ("Chart", patient.chart_id),
        ("Gender", patient.gender),
        *_build_visit_facts(note, zone),
    )
    return {
        "practice": note.practice.name,
        "patient": {"name": name, "chart": patient.chart_id},
        "facts": facts,
        "signed": {"name": _format_signer(note.locked_by), "time": signed, "attestation": note.attestation},
    }


def _build_visit_facts(note: ClinicalNote, zone: ZoneInfo) -> tuple[tuple[str, str], ...]:
    """Build the facts of the visit, or of the note itself without one."""
    visit, kind, owner = note.appointment, note.encounter_type, note.owner
    if visit is None:
        return (
            ("Date", note.date_of_service.isoformat() if note.date_of_service else ""),
            ("Kind", kind.name if kind else ""),
            ("Owner", _join_names(owner.first_name, owner.last_name) if owner else ""),
        )
    return (
        ("Visit", visit.scheduled_time.astimezone(zone).strftime("%Y-%m-%d %H:%M")),
        ("Reason", visit.reason),
        ("Provider", _join_names(visit.doctor.first_name, visit.doctor.last_name, visit.doctor.suffix)),
        ("Office", visit.office.name),
    )


def _format_signer(user: User | None) -> str:
    return _join_names(user.first_name, user.last_name) or user.username if user else "the practice"


def _join_names(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def _build_sections(note: ClinicalNote) -> list[dict[str, Any]]:
    """Build the sections in the order of the complete note, fields in their template's order. A note without a visit is
    one section."""
    if note.appointment_id is None:
        return [{"name": note.title, "said": [{"kind": "String", "name": "Text", "value": note.content}]}]
    template = "clinical_note_field__clinical_note_template"
    values = (
        ClinicalNoteFieldValue.objects.filter(
            practice=note.practice_id, appointment=note.appointment_id, archived=False
        )
        .select_related(template)
        .order_by(f"{template}__order_on_complete_note", template, "clinical_note_field__position", "id")
    )
    sections: dict[int, dict[str, Any]] = {}
    for value in values:
        field = value.clinical_note_field
        section = sections.setdefault(
            field.clinical_note_template_id, {"name": field.clinical_note_template.name, "said": []}
        )
        said = VALUE_LABELS.get(field.data_type)
        if said and value.value not in said:
            continue  # not selected
        text = said[value.value] if said else value.value
        section["said"].append({"kind": field.data_type, "name": field.name, "value": text})
    return list(sections.values())


# -- amendments -------------------------------------------------------------------------------------------------


def _render_amendment_list(note: ClinicalNote, files: dict[Amendment, bytes | None]) -> bytes:
    """Render the page that lists the amendments."""
    head, amendments = _build_header(note), []
    for amendment, pages in files.items():
        with pikepdf.open(BytesIO(pages)) if pages else pikepdf.new() as file:
            count = len(file.pages)
        date = amendment.created_at.astimezone(_get_time_zone(note)).strftime("%Y-%m-%d")
        said = {"name": amendment.amendment_name, "comments": amendment.comments, "date": date}
        amendments.append(said | {"pages": count})
    return _typeset_note(
        AMENDMENTS, {key: head[key] for key in ("practice", "patient")} | {"amendments": amendments}
    )


def _read_amendment_pages(amendment: Amendment) -> bytes | None:
    """Return the amendment's PDF without active content, None if it can't be processed (see ``clean``)."""
    try:
        with open_file(amendment.amendment_file) as content:
            done = subprocess.run(  # noqa: S603 - a script of this package
                [sys.executable, "-I", clean.__file__],
                input=content.read(),
                capture_output=True,
                timeout=AMENDMENT_TIMEOUT,
                env={},
                check=False,
            )
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 and done.stdout else None


def _concatenate(parts: Sequence[bytes]) -> bytes:
    with pikepdf.open(BytesIO(parts[0])) as whole:
        others = [pikepdf.open(BytesIO(part)) for part in parts[1:]]
        for file in others:
            whole.pages.extend(file.pages)
        made = BytesIO()
        whole.save(made, deterministic_id=True)
        for file in others:
            file.close()
    return made.getvalue()
