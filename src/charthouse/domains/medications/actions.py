"""What the declared operations do."""

from charthouse.domains.medications.models import Medication
from charthouse.engine.declaration.calls import Call


def append_to_pharmacy_note(call: Call) -> None:
    """Add the text to the note as a new paragraph."""
    row: Medication = call.row
    row.pharmacy_note = "\n\n".join(part for part in (row.pharmacy_note, call.values["text"]) if part)
    row.save(update_fields=["pharmacy_note", "updated_at"])
