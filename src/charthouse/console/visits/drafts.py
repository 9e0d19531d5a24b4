"""The draft of a note: what is typed is saved field by field while the note is open, and merged with what others wrote.

A page sends of each field the value that it showed before. One that somebody else has changed meanwhile is a conflict:
it is not written, and the page shows both. Names: ``field-<id>`` of a note's field, ``vitals.<key>``, ``visit.<key>``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db import transaction

from charthouse.console.kit import editing, records
from charthouse.console.kit.page import Request, list_messages
from charthouse.console.visits import notes, vitals_row
from charthouse.domains.clinical.models import ClinicalNote, ClinicalNoteFieldValue
from charthouse.domains.scheduling.models import Vitals
from charthouse.engine.errors import Conflict, Invalid, Malformed, NotFound

MAX_CHANGES = 200


@dataclass(frozen=True)
class FieldChange:
    """A change of a field. ``was``: the value that the page showed before."""

    name: str
    was: str
    value: str


@dataclass
class Saved:
    """What became of changes, by field name.

    saved      values that stand now
    conflicts  value that somebody else wrote, and who
    errors     messages of values that were refused
    """

    saved: dict[str, str] = field(default_factory=dict)
    conflicts: dict[str, dict[str, str]] = field(default_factory=dict)
    errors: dict[str, list[str]] = field(default_factory=dict)


def read_values(request: Request, visit: int) -> dict[str, str]:
    """Read all fields of a visit's note and its vitals by name, as a page has them: "" where nothing is."""
    sections = notes.list_sections(request, visit)
    found = {f"field-{one.id}": one.text for section in sections for one in section.fields if one.is_typed}
    return found | vitals_row.read_values(request, visit)


def save(request: Request, visit: int, changes: Sequence[FieldChange]) -> Saved:
    """Save the changes that contradict nobody's. Raises Forbidden, NotFound, Conflict where the note is signed."""
    found = Saved()
    with transaction.atomic():
        note = _lock_note(request, visit)
        if note.locked_at is not None:
            raise Conflict("The note has been signed. Write an addendum instead.")
        fields = {
            f"field-{one.id}": one
            for section in notes.list_sections(request, visit)
            for one in section.fields
            if one.is_typed
        }
        measured = vitals_row.read_values(request, visit)
        accepted: dict[str, str] = {}
        for change in changes[:MAX_CHANGES]:
            now = fields[change.name].text if change.name in fields else measured.get(change.name)
            if now is None:
                raise NotFound()
            # The record keeps texts without blanks at their ends, which a page may still show.
            if change.value.strip() == now.strip():
                found.saved[change.name] = now
            elif change.was.strip() != now.strip():
                found.conflicts[change.name] = {
                    "value": now,
                    "who": _name_author(request, visit, fields, change.name),
                }
            elif change.name in fields:
                _write(request, visit, fields[change.name], change, found)
            else:
                accepted[change.name] = change.value
        _write_vitals(request, visit, accepted, found)
    return found


def _lock_note(request: Request, visit: int) -> ClinicalNote:
    """Find the note with a row lock, so that a second writer sees what the first wrote. Raises Forbidden, NotFound."""
    rows = records.select_rows(records.get_resource("clinical_notes"), request.actor)
    if not rows.filter(pk=visit).exists():
        raise NotFound()
    return ClinicalNote.objects.select_for_update(no_key=True).get(practice=request.actor.practice, pk=visit)


def _write(request: Request, visit: int, one: notes.NoteField, change: FieldChange, found: Saved) -> None:
    try:
        with transaction.atomic():
            notes.write_field(request, visit, one, change.value)
        found.saved[change.name] = change.value
    except (Invalid, Malformed) as refusal:
        found.errors[change.name] = _list_messages(refusal)


def _write_vitals(request: Request, visit: int, values: Mapping[str, str], found: Saved) -> None:
    """Write vitals, all at once: a refused value is reported at its field, and the others are written without it."""
    left = dict(values)
    while left:
        try:
            with transaction.atomic():
                vitals_row.write(request, visit, left)
        except (Invalid, Malformed) as refusal:
            wrong = vitals_row.find_wrong(refusal, left)
            found.errors |= wrong
            left = {name: value for name, value in left.items() if name not in wrong}
        else:
            break
    found.saved |= left


def _list_messages(refusal: Invalid | Malformed) -> list[str]:
    return list_messages(refusal.errors) if isinstance(refusal, Invalid) else [refusal.detail]


def _name_author(request: Request, visit: int, fields: Mapping[str, notes.NoteField], name: str) -> str:
    """Name who changed a field last."""
    practice = request.actor.practice
    if name in fields:
        row = fields[name].values[0][0] if fields[name].values else 0
        return editing.name_last_editor(practice, ClinicalNoteFieldValue._meta.db_table, row)
    taken = Vitals.objects.filter(practice=practice, appointment=visit).values_list("pk", flat=True).first()
    return editing.name_last_editor(practice, Vitals._meta.db_table, taken or 0)
