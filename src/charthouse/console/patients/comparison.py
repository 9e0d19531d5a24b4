"""Two patients side by side: what differs, and whose value the chart shall have that both become."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from charthouse.console.kit import formats, forms, records
from charthouse.console.kit.forms import Input
from charthouse.console.kit.page import Request, list_messages
from charthouse.console.kit.patient_words import CHOICES
from charthouse.console.patients.form import FIELD_NAMES, LABELS
from charthouse.engine.declaration.keys import Key
from charthouse.engine.errors import Invalid

KEPT, MERGED = "kept", "merged"
NOT_RECORDED = "Not recorded"
_OWN_KEYS = ("chart_id", "allow_duplicates")  # each patient's own, or of no patient
_NEVER_SUGGESTED = ("date_of_death",)
_EMPTY: tuple[Any, ...] = ("", None, "blank", [], {}, False)
_WITHOUT_VALUE = ("rows", "file", "checkboxes")


@dataclass
class Difference:
    """A key in which two patients differ. ``choice``: whose value the form suggests, or the user chose."""

    name: str
    label: str
    kept: str
    merged: str
    choice: str


@dataclass
class Comparison:
    """``kept_values``, ``merged_values``: the objects as an API shows them."""

    kept_values: Mapping[str, Any]
    merged_values: Mapping[str, Any]
    differences: list[Difference]
    alike: list[tuple[str, str]]

    @property
    def mark(self) -> str:
        """A digest of what is compared: it changes when somebody edits one of the patients."""
        names = [one.name for one in self.differences] + [label for label, _ in self.alike]
        values = [
            [names],
            *(
                [found.get(one.name) for one in self.differences]
                for found in (self.kept_values, self.merged_values)
            ),
        ]
        return hashlib.sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest()

    @property
    def decided(self) -> set[str]:
        """The columns about which the comparison decides."""
        of = records.get_resource("patients")
        return {key.attribute for key in _list_keys() if key.name in of.keys_by_name and key.is_stored}

    def choose(self, chosen: Mapping[str, str]) -> None:
        """Take the user's choices, by name of the key."""
        for one in self.differences:
            if chosen.get(f"choose-{one.name}") in (KEPT, MERGED):
                one.choice = chosen[f"choose-{one.name}"]

    def build_payload(self) -> dict[str, Any]:
        """Build the values to write to the patient who stays."""
        taken = [one.name for one in self.differences if one.choice == MERGED]
        return {name: without_files(self.merged_values[name]) for name in taken}


def compare(request: Request, kept: int, merged: int) -> Comparison:
    """Compare two patients by all that a form may write. Raises Forbidden, NotFound."""
    of = records.get_resource("patients")
    values = [records.get_object(of, request.actor, one) for one in (kept, merged)]
    options = records.ReferenceOptions(request.actor)
    keys = _list_keys()
    left, right = (
        {one.name: one for one in forms.build_form(keys, of.model, found, options, LABELS).inputs}
        for found in values
    )
    differences, alike = [], []
    for key in keys:
        own, other = left.get(key.name), right.get(key.name)
        if own is None or other is None or own.kind in _WITHOUT_VALUE:
            continue
        words = _describe(own), _describe(other)
        if words[0] == words[1]:
            if words[0] != NOT_RECORDED:
                alike.append((own.label, words[0]))
        elif _is_object(own) and NOT_RECORDED in words:
            continue  # there is one, and it moves
        else:
            is_missing = values[0].get(key.name) in _EMPTY and values[1].get(key.name) not in _EMPTY
            choice = MERGED if is_missing and key.name not in _NEVER_SUGGESTED else KEPT
            differences.append(Difference(key.name, own.label, *words, choice))
    return Comparison(values[0], values[1], differences, alike)


def _list_keys() -> list[Key]:
    """List the keys that may be chosen, those of the demographics first."""
    keys = [one for one in records.get_resource("patients").writable if one.name not in _OWN_KEYS]
    order = {name: number for number, name in enumerate(FIELD_NAMES)}
    return sorted(keys, key=lambda one: order.get(one.name, len(order)))


def _is_object(one: Input) -> bool:
    return one.kind == "group"


def _describe(one: Input) -> str:
    """Say the value of an input in words."""
    if _is_object(one):
        parts = [(part, _describe(part)) for part in one.members if part.kind not in _WITHOUT_VALUE]
        named = [
            f"{LABELS.get(part.name, part.label)}: {words}" for part, words in parts if _has_text(part, words)
        ]
        return " · ".join(named) or NOT_RECORDED
    value = one.value
    if one.kind == "checkbox":
        return "Yes" if value else "No"
    if value in _EMPTY:
        return NOT_RECORDED
    text = str(value)
    if one.kind == "date":
        return formats.format_date(date.fromisoformat(text))
    words = dict(CHOICES.get(one.name, {})) | {str(code): label for code, label in one.choices if label}
    return str(CHOICES.get(one.name, {}).get(text) or words.get(text) or text)


def _has_text(part: Input, words: str) -> bool:
    return words != NOT_RECORDED and not (part.kind == "checkbox" and words == "No")


def without_files(value: Any) -> Any:
    """An object without its pictures, which are links as an API shows them."""
    if isinstance(value, dict):
        return {name: one for name, one in value.items() if not name.startswith("photo")}
    return value


def list_errors(refusal: Invalid) -> list[str]:
    """List the engine's errors with the labels of their fields."""
    errors = refusal.errors if isinstance(refusal.errors, dict) else {}
    named = [
        (LABELS.get(name) or forms.make_label(name), list_messages(what)) for name, what in errors.items()
    ]
    return [f"{label}: {text}" for label, texts in named for text in texts]
