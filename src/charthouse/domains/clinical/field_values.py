"""Values of a note's fields by type. Source: reference drchrono/enums.yaml, clinical_note_value_format."""

import re

from charthouse.domains.clinical.models import ClinicalNoteFieldType

DATA_TYPES = (
    "",
    "Checkbox",
    "NullCheckbox",
    "String",
    "TwoStrings",
    "FreeDraw",
    "Photo",
    "Header",
    "Subheader",
)

CHOICES = {"Checkbox": ("True", "False"), "NullCheckbox": ("0", "1", "2")}  # not selected, no, yes
IMAGE_TYPES = ("FreeDraw", "Photo")
MAX_VALUE_LENGTH = 100_000  # characters
# Of all values of a note: a hundred pages. A note is typeset when it is signed, which takes time and memory that grow
# with its length, and is read as a whole by both APIs (docs/decisions/0143-signed-notes.md).
MAX_NOTE_LENGTH = 300_000  # characters
MAX_NOTE_VALUES = 1_000


def find_value_error(field: ClinicalNoteFieldType, value: str) -> str:
    """Return what is wrong with a value of a field; "" if nothing."""
    choices = CHOICES.get(field.data_type)
    if field.data_type == "String":
        choices = tuple(field.allowed_values) or None
    if choices and value not in choices:
        return f'"{value[:100]}" is not a valid choice.'
    if field.data_type == "TwoStrings" and value.count("/") != 1:
        return "Enter two parts joined by /."
    if field.data_type in IMAGE_TYPES and not re.fullmatch(r"https?://[^\s/]+\S*", value):
        return "Enter the URL of an image."
    return ""
