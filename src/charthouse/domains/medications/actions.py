"""Hooks of the declarations."""

from typing import Any

from charthouse.resource.change import Change


def append_to_pharmacy_note(change: Change, row: Any) -> None:
    """The text becomes a new paragraph of the note."""
    row.pharmacy_note = "\n\n".join(part for part in (row.pharmacy_note, change.values["text"]) if part)
    row.save(update_fields=["pharmacy_note", "updated_at"])
