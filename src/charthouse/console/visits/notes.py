"""The clinical note of a visit: its sections and fields, saving, locking."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from charthouse.console.kit import records
from charthouse.console.kit.page import Request, list_messages
from charthouse.domains.clinical import notes
from charthouse.domains.clinical.field_values import CHOICES, IMAGE_TYPES
from charthouse.domains.clinical.models import ClinicalNoteFieldType, ClinicalNoteFieldValue
from charthouse.engine.errors import Conflict, Invalid, NotFound

NULL_CHECKBOX_LABELS = {"0": "\N{EN DASH}", "1": "No", "2": "Yes"}


@dataclass
class NoteField:
    """A field of a section. ``values``: (id, text) of what is stored; most fields have at most one."""

    id: int
    name: str
    kind: str
    required: bool
    comment: str
    choices: list[tuple[str, str]]
    values: list[tuple[int, str]] = field(default_factory=list)

    @property
    def text(self) -> str:
        return self.values[0][1] if self.values else ""

    @property
    def read(self) -> list[str]:
        """The values as text for people."""
        words = {"True": "Yes", "False": "No"} if self.kind == "checkbox" else dict(self.choices)
        return [words.get(text, text) for _, text in self.values]


@dataclass
class NoteSection:
    """A section of a note."""

    id: int
    name: str
    fields: list[NoteField]

    @property
    def written(self) -> bool:
        return any(one.values for one in self.fields)


@dataclass
class Note:
    """A note. ``sections`` have values, ``others`` have none; ``signed``: by whom, "" while open."""

    visit: int
    locked: bool
    signed: str
    sections: list[NoteSection]
    others: list[NoteSection]


def get_note(request: Request, visit: int) -> Note:
    """Get the note of a visit: four queries. Raises Forbidden, NotFound."""
    note = _find_note(request, visit)
    sections = _list_sections(request, visit)
    return Note(
        visit,
        note.locked_at is not None,
        f"{note.locked_by.first_name} {note.locked_by.last_name}".strip() if note.locked_by else "",
        [section for section in sections if section.written],
        [section for section in sections if not section.written],
    )


def _find_note(request: Request, visit: int) -> Any:
    rows = records.select_rows(records.get_resource("clinical_notes"), request.actor)
    found = rows.select_related("locked_by").filter(pk=visit).first()
    if found is None:
        raise NotFound()
    return found


def _list_sections(request: Request, visit: int) -> list[NoteSection]:
    templates = records.select_rows(records.get_resource("clinical_note_templates"), request.actor)
    rows = (
        ClinicalNoteFieldType.objects.filter(
            practice=request.actor.practice, clinical_note_template__in=templates, archived=False
        )
        .select_related("clinical_note_template")
        .order_by(
            "clinical_note_template__order_on_complete_note", "clinical_note_template_id", "position", "id"
        )[:2000]
    )
    written: dict[int, list[tuple[int, str]]] = {}
    values = ClinicalNoteFieldValue.objects.filter(
        practice=request.actor.practice, appointment=visit, archived=False
    )
    for value in values.order_by("id"):
        written.setdefault(value.clinical_note_field_id, []).append((value.pk, value.value))
    sections: dict[int, NoteSection] = {}
    for row in rows:
        template = row.clinical_note_template
        section = sections.setdefault(template.pk, NoteSection(template.pk, template.name, []))
        section.fields.append(_build_field(row, written.get(row.pk, [])))
    return list(sections.values())


def _build_field(row: ClinicalNoteFieldType, values: list[tuple[int, str]]) -> NoteField:
    kinds = {"Checkbox": "checkbox", "NullCheckbox": "select", "Header": "header", "Subheader": "header"}
    kind = kinds.get(row.data_type, "textarea")
    if row.data_type in IMAGE_TYPES:
        kind = "picture"
    choices: list[tuple[str, str]] = []
    if row.data_type == "NullCheckbox":
        choices = [(value, NULL_CHECKBOX_LABELS[value]) for value in CHOICES["NullCheckbox"]]
    elif row.allowed_values and row.data_type == "String":
        kind, choices = "select", [("", "\N{EN DASH}"), *((value, value) for value in row.allowed_values)]
    return NoteField(row.pk, row.name, kind, row.required, row.comment, choices, values)


def save_section(request: Request, visit: int) -> list[str]:
    """Save the posted fields (``field-<id>``) of a section, all or none, and return the errors.

    An absent checkbox is stored as not checked. Each error names its field. Raises Forbidden, NotFound.
    """
    _find_note(request, visit)
    section = request.POST.get("section", "")
    found = next((one for one in _list_sections(request, visit) if str(one.id) == section), None)
    if found is None:
        raise NotFound()
    wrong: list[str] = []
    with transaction.atomic():
        for one in found.fields:
            if one.kind == "header":
                continue
            try:
                _write_field(request, visit, one, request.POST)
            except Invalid as refusal:
                wrong.append(f"{one.name}: {' '.join(list_messages(refusal.errors))}")
            except Conflict as refusal:
                wrong = [refusal.detail]
                break
        if wrong:
            transaction.set_rollback(True)
    return wrong


def _write_field(request: Request, visit: int, one: NoteField, posted: Mapping[str, Any]) -> None:
    name = f"field-{one.id}"
    if one.kind == "checkbox":
        text = "True" if name in posted else ("False" if one.values else "")
    else:
        text = str(posted.get(name, "")).replace("\r\n", "\n").strip()
    of = records.get_resource("clinical_note_field_values")
    if one.values:
        if text != one.text:
            records.update(of, request.actor, one.values[0][0], {"value": text})
    elif text:
        body = {"appointment": visit, "clinical_note_field": one.id, "value": text}
        records.create(of, request.actor, body)


def set_locked(request: Request, visit: int, *, locked: bool) -> None:
    """Lock a note as its signer, or unlock it. Raises Forbidden, NotFound, Conflict."""
    note = _find_note(request, visit)
    if locked:
        notes.lock(request.actor.practice, note.pk, request.actor.required_user)
    else:
        notes.unlock(request.actor.practice, note.pk)
