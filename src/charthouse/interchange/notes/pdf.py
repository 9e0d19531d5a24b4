"""The PDF of a locked note: its sections and values, typeset, and the pages of its amendments."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pikepdf

from charthouse.domains.clinical.models import Amendment, ClinicalNote, ClinicalNoteFieldValue
from charthouse.files.storage import opened
from charthouse.identity.models import User
from charthouse.interchange.typeset import typeset

TEMPLATE = Path(__file__).parent / "note.typ"
MOST_PAGES = 500  # of one amendment; a file that announces more is left out
SAID = {"Checkbox": {"True": "Yes", "False": "No"}, "NullCheckbox": {"1": "No", "2": "Yes"}}


def of(practice: int, note_id: int) -> bytes | None:
    """The PDF of a note. None when it isn't there, isn't locked, or its visit is deleted."""
    rows = ClinicalNote.objects.select_related(
        "practice", "patient", "appointment__doctor", "appointment__office__doctor", "locked_by"
    )
    note = rows.filter(practice=practice, pk=note_id, archived=False, locked_at__isnull=False).first()
    if note is None:
        return None
    amendments = list(
        Amendment.objects.filter(practice=practice, appointment=note.appointment_id, archived=False)
        .select_related("amendment_file")
        .order_by("id")
    )
    files = [_amendment(amendment) for amendment in amendments]
    data = {
        **_head(note),
        "sections": _sections(note),
        "amendments": [
            {
                "name": amendment.amendment_name,
                "comments": amendment.comments,
                "date": amendment.created_at.astimezone(_zone(note)).strftime("%Y-%m-%d"),
                "pages": len(file.pages) if file else 0,
            }
            for amendment, file in zip(amendments, files, strict=True)
        ],
    }
    return _joined(_typeset(data), [file for file in files if file])


def _typeset(data: dict[str, Any]) -> bytes:
    return typeset(TEMPLATE, "note", data)


# -- what it says -----------------------------------------------------------------------------------------------


def _zone(note: ClinicalNote) -> ZoneInfo:
    return ZoneInfo(note.appointment.office.doctor.timezone)


def _head(note: ClinicalNote) -> dict[str, Any]:
    visit, patient, zone = note.appointment, note.patient, _zone(note)
    signed = note.locked_at.astimezone(zone).strftime("%Y-%m-%d %H:%M %Z") if note.locked_at else ""
    name = _name(patient.first_name, patient.middle_name, patient.last_name)
    born = patient.date_of_birth.isoformat() if patient.date_of_birth else ""
    facts = (
        ("Patient", name),
        ("Born", born),
        ("Chart", patient.chart_id),
        ("Gender", patient.gender),
        ("Visit", visit.scheduled_time.astimezone(zone).strftime("%Y-%m-%d %H:%M")),
        ("Reason", visit.reason),
        ("Provider", _name(visit.doctor.first_name, visit.doctor.last_name, visit.doctor.suffix)),
        ("Office", visit.office.name),
    )
    return {
        "practice": note.practice.name,
        "patient": {"name": name, "chart": patient.chart_id},
        "facts": facts,
        "signed": {"name": _signer(note.locked_by), "time": signed},
    }


def _signer(user: User | None) -> str:
    return _name(user.first_name, user.last_name) or user.username if user else "the practice"


def _name(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def _sections(note: ClinicalNote) -> list[dict[str, Any]]:
    """In the order of the complete note; fields in their template's order."""
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
        said = SAID.get(field.data_type)
        if said and value.value not in said:
            continue  # not selected says nothing
        text = said[value.value] if said else value.value
        section["said"].append({"kind": field.data_type, "name": field.name, "value": text})
    return list(sections.values())


# -- amendments -------------------------------------------------------------------------------------------------


def _amendment(amendment: Amendment) -> pikepdf.Pdf | None:
    """The amendment's file without anything that acts (links, forms, scripts); None when it can't be read."""
    try:
        with opened(amendment.amendment_file) as content:
            file = pikepdf.open(BytesIO(content.read()))
        if not 0 < len(file.pages) <= MOST_PAGES:
            return None
        file.flatten_annotations("all")
        for page in file.pages:
            for acting in ("/Annots", "/AA"):
                if acting in page.obj:
                    del page.obj[acting]
        return file
    except (pikepdf.PdfError, OSError, ValueError, RuntimeError, TypeError, KeyError):
        return None


def _joined(first: bytes, others: Sequence[pikepdf.Pdf]) -> bytes:
    if not others:
        return first
    with pikepdf.open(BytesIO(first)) as whole:
        for file in others:
            whole.pages.extend(file.pages)
        made = BytesIO()
        whole.save(made, deterministic_id=True)
    return made.getvalue()
