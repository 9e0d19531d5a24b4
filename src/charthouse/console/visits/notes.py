"""The clinical note of a visit: its sections and fields."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef
from django.db.models.functions import JSONObject

from charthouse.console.kit import records
from charthouse.console.kit.page import Request
from charthouse.domains.clinical.field_values import CHOICES, IMAGE_TYPES
from charthouse.domains.clinical.models import ClinicalNoteFieldType, ClinicalNoteFieldValue
from charthouse.domains.scheduling.models import Appointment
from charthouse.engine.errors import NotFound
from charthouse.engine.sql.expressions import to_wall_clock

NULL_CHECKBOX_LABELS = {"0": "\N{EN DASH}", "1": "No", "2": "Yes"}


@dataclass
class NoteField:
    """A field of a section. ``values``: (id, text) of what is stored; most fields have at most one.

    ``typed``: what was sent and not saved; ``theirs``: ``value`` and ``who`` of what somebody else wrote meanwhile.
    """

    id: int
    name: str
    kind: str
    required: bool
    comment: str
    choices: list[tuple[str, str]]
    values: list[tuple[int, str]] = field(default_factory=list)
    typed: str | None = None
    theirs: dict[str, str] | None = None
    errors: list[str] = field(default_factory=list)

    def show_refused(
        self,
        typed: Mapping[str, str],
        conflicts: Mapping[str, dict[str, str]],
        errors: Mapping[str, list[str]],
    ) -> None:
        """Show what was typed and not saved, with what somebody else wrote meanwhile."""
        name = f"field-{self.id}"
        self.typed, self.theirs = typed.get(name), conflicts.get(name)
        self.errors = errors.get(name, [])

    @property
    def shown(self) -> str:
        """What its input shows."""
        return self.text if self.typed is None else self.typed

    @property
    def text(self) -> str:
        return self.values[0][1] if self.values else ""

    @property
    def is_typed(self) -> bool:
        """Whether a person enters a value: a heading has none."""
        return self.kind != "header"

    @property
    def rows(self) -> int:
        """Lines of its textarea."""
        return min(max(2, self.text.count("\n") + 1 + len(self.text) // 110), 14)

    @property
    def read(self) -> list[str]:
        """The values as text for people."""
        words = {"True": "Yes", "False": "No"} if self.kind == "checkbox" else dict(self.choices)
        return [words.get(text, text) for _, text in self.values]


@dataclass
class NoteSection:
    """A section of a note, and the doctor whose template it is."""

    id: int
    name: str
    doctor: int
    fields: list[NoteField]

    @property
    def is_written(self) -> bool:
        """Whether it says something."""
        return any(one.values for one in self.fields)


@dataclass
class Note:
    """A note with the sections that are shown. ``signed``: by whom, "" while open; ``signed_at``: local time."""

    visit: int
    locked: bool
    signed: str
    signed_at: datetime | None
    attestation: str
    version: str
    sections: list[NoteSection]

    @property
    def written(self) -> list[NoteSection]:
        """The sections that say something."""
        return [one for one in self.sections if one.is_written]


def get_note(request: Request, visit: int) -> Note:
    """Get the note of a visit: two queries. Raises Forbidden, NotFound."""
    note = find_note(request, visit)
    return Note(
        visit,
        note.locked_at is not None,
        f"{note.locked_by.first_name} {note.locked_by.last_name}".strip() if note.locked_by else "",
        note.signed_at,
        note.attestation,
        note.updated_at.isoformat(),
        _choose_sections(_build_sections(request, note), note.doctor),
    )


def find_note(request: Request, visit: int) -> Any:
    """Find the note of a visit, with ``signed_at``, the local time, ``doctor``, the visit's, and ``written``, its
    values. Raises Forbidden, NotFound."""
    rows = records.select_rows(records.get_resource("clinical_notes"), request.actor)
    local = to_wall_clock(F("locked_at"), F(f"appointment__{Appointment.ZONE}"))
    found = (
        rows.annotate(signed_at=local, doctor=F("appointment__doctor"), written=_select_values())
        .select_related("locked_by")
        .filter(pk=visit)
        .first()
    )
    if found is None:
        raise NotFound()
    return found


def list_shown_sections(request: Request, visit: int) -> list[NoteSection]:
    """List the sections that the note of a visit shows. Raises Forbidden, NotFound."""
    note = find_note(request, visit)
    return _choose_sections(_build_sections(request, note), note.doctor)


def _choose_sections(sections: list[NoteSection], doctor: int) -> list[NoteSection]:
    """Choose the sections of the visit's doctor, and others that say something: every doctor of a practice has sections
    of the same names. All are chosen where the doctor has none."""
    if not any(one.doctor == doctor for one in sections):
        return sections
    return [one for one in sections if one.doctor == doctor or one.is_written]


def list_sections(request: Request, visit: int) -> list[NoteSection]:
    """List all sections with their fields and values, in the order of the complete note. Raises Forbidden,
    NotFound."""
    return _build_sections(request, find_note(request, visit))


def _select_values() -> ArraySubquery:
    """Select the values of a note, with the note: they are a query less than by themselves."""
    values = ClinicalNoteFieldValue.objects.filter(
        practice=OuterRef("practice"), appointment=OuterRef("appointment"), archived=False
    )
    one = JSONObject(id="pk", field="clinical_note_field", text="value")
    return ArraySubquery(values.order_by("pk").values(one=one))


def _build_sections(request: Request, note: Any) -> list[NoteSection]:
    """Build the sections with their fields and the note's values: one query."""
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
    for value in note.written:
        written.setdefault(value["field"], []).append((value["id"], value["text"]))
    sections: dict[int, NoteSection] = {}
    for row in rows:
        template = row.clinical_note_template
        section = sections.setdefault(
            template.pk, NoteSection(template.pk, template.name, template.doctor_id, [])
        )
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


def write_field(request: Request, visit: int, one: NoteField, text: str) -> None:
    """Write a field of an open note; "" clears it. Raises Forbidden, Invalid, Conflict."""
    of = records.get_resource("clinical_note_field_values")
    if one.values and not text:
        records.delete(records.get_resource("cleared_note_values"), request.actor, one.values[0][0])
    elif one.values:
        records.update(of, request.actor, one.values[0][0], {"value": text})
    elif text:
        body = {"appointment": visit, "clinical_note_field": one.id, "value": text}
        records.create(of, request.actor, body)
