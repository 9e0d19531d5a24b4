"""Notes of completed visits: the templates of each doctor, and the values of their fields."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from charthouse.domains.clinical.models import ClinicalNoteFieldType, ClinicalNoteTemplate
from charthouse.sandbox.calendar import Visit
from charthouse.sandbox.context import PracticeContext
from charthouse.sandbox.data.note_templates import TEMPLATES
from charthouse.sandbox.loader import Row


@dataclass(frozen=True)
class NoteTemplate:
    """The ids of a template of a doctor and of its fields by name."""

    id: int
    fields: dict[str, int]


def add_templates(context: PracticeContext, doctor: int) -> dict[str, NoteTemplate]:
    """Add the templates of a doctor. Their ids by name."""
    rows = [
        {
            "doctor_id": doctor,
            "name": name,
            "workflow_key": key,
            "is_persistent": is_persistent,
            "is_onpatient": is_onpatient,
            "order_on_complete_note": order,
            "order_on_ipad": order,
        }
        for order, (name, key, is_persistent, is_onpatient, _) in enumerate(TEMPLATES, 1)
    ]
    ids = context.copy(ClinicalNoteTemplate, rows)
    return {
        name: _add_fields(context, template, fields)
        for template, (name, *_, fields) in zip(ids, TEMPLATES, strict=True)
    }


def _add_fields(
    context: PracticeContext, template: int, fields: Sequence[tuple[str, str, Sequence[str], bool]]
) -> NoteTemplate:
    rows = [
        {
            "clinical_note_template_id": template,
            "name": name,
            "data_type": data_type,
            "allowed_values": list(allowed),
            "required": is_required,
            "position": position,
        }
        for position, (name, data_type, allowed, is_required) in enumerate(fields, 1)
    ]
    ids = context.copy(ClinicalNoteFieldType, rows)
    return NoteTemplate(template, dict(zip((name for name, *_ in fields), ids, strict=True)))


def make_note(
    templates: dict[str, NoteTemplate], visit: Visit, texts: dict[str, dict[str, str]]
) -> list[Row]:
    """Make the field values of a visit's note. ``texts``: by name of the template and of the field."""
    stamps = link_to_visit(visit)
    return [
        {**stamps, "clinical_note_field_id": templates[name].fields[field], "value": value}
        for name, fields in texts.items()
        for field, value in fields.items()
    ]


def make_notepads(random: Random, templates: dict[str, NoteTemplate], visit: Visit) -> list[Row]:
    """Make the yellow notepad of a visit, which few visits have."""
    if random.random() >= 0.06:
        return []
    content = "Ask about sleep next time."
    return [{**link_to_visit(visit), "template_id": templates["Plan"].id, "content": content}]


def link_to_visit(visit: Visit) -> Row:
    """Make the columns of what was entered at a visit."""
    return {"appointment_id": visit.row["id"], "created_at": visit.slot.text, "updated_at": visit.slot.text}
