"""Two people who edit one object: their changes are merged, what contradicts is asked, nothing is put back silently.

A form sends with each field the value that it showed at first. A field that the user left alone is not written.
One that both changed is a conflict: the form comes back with both values, and the user sends the one that shall stand.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from charthouse.changes.models import Change
from charthouse.console.kit.forms import Form, Input
from charthouse.engine.declaration.keys import Key
from charthouse.identity.models import User

ORIGINAL = "was."  # prefix of the names of the values that a form showed at first
THEIRS = "theirs"  # name of the button that takes the other's value of a field, which it names


@dataclass
class Merge:
    """What becomes of a form that was sent.

    payload    the keys that the user changed, as the engine takes them
    conflicts  fields that both changed, with the value that stands now
    others     labels of fields that only somebody else changed
    """

    payload: dict[str, Any] = field(default_factory=dict)
    conflicts: dict[str, str] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)


def list_leaves(inputs: Iterable[Input]) -> Iterator[Input]:
    """List the inputs of a form that have a value of their own; files and rows of lists have none here."""
    for one in inputs:
        if one.kind == "group":
            yield from list_leaves(one.members)
        elif one.kind not in ("rows", "file", "checkboxes"):
            yield one


def get_text(one: Input) -> str:
    """Get an input's value as a browser sends it; of a checkbox ``true`` or nothing."""
    if one.kind == "checkbox":
        return "true" if one.value else ""
    return str(one.value).replace("\r\n", "\n")


def note_originals(form: Form) -> Form:
    """Give every field of the form its first value, which the form sends back, and return the form."""
    for one in list_leaves(form.inputs):
        one.original = get_text(one)
    return form


def merge(keys: Iterable[Key], present: Form, sent: QueryDict, payload: Mapping[str, Any]) -> Merge:
    """Merge a sent form into the object as it is now.

    present  the form of the object as it is now
    payload  all keys of the sent form, as the engine takes them
    """
    found, changed = Merge(), set()
    for one in list_leaves(present.inputs):
        now, was, mine = get_text(one), _read(sent, ORIGINAL + one.name), _read(sent, one.name)
        if was is None:
            was = now
        if mine == was or (mine is None and one.kind != "checkbox"):
            if was != now:
                found.others.append(one.label)
        elif (mine or "") != now:
            changed.add(one.name)
            if was != now:
                found.conflicts[one.name] = now
    for key in keys:
        _add_changed(found.payload, key, payload, changed)
    return found


def _read(sent: QueryDict, name: str) -> str | None:
    text = sent.get(name)
    return text if text is None else str(text).replace("\r\n", "\n")


def _add_changed(target: dict[str, Any], key: Key, payload: Mapping[str, Any], changed: set[str]) -> None:
    """Add the changed part of a key to the payload: of an object, the members that were changed."""
    if key.name not in payload:
        return
    value = payload[key.name]
    names = {name.split(".", 1)[1] for name in changed if name.startswith(f"{key.name}.")}
    if key.type.keys and not key.type.is_list:
        uploads = {one.name for one in key.type.keys if one.type.upload and (value or {}).get(one.name)}
        if names or uploads:
            target[key.name] = value and {name: value[name] for name in (*names, *uploads) if name in value}
    elif key.name in changed or key.type.is_list or key.type.upload:
        target[key.name] = value


def show_conflicts(form: Form, present: Form, sent: QueryDict, found: Merge, who: str) -> Form:
    """Return the form that asks: the user's values, with those of the other at the fields that contradict."""
    _show_present(form, present, sent)
    for one in list_leaves(form.inputs):
        if one.name in found.conflicts:
            one.theirs = describe(one, found.conflicts[one.name])
            one.errors.append(
                f"{who} changed this to “{one.theirs}” while you were editing. Save to keep your entry."
            )
    form.errors.append(
        "Someone else changed this record while you were editing. Choose which values to keep below."
    )
    return form


def take_theirs(form: Form, present: Form, sent: QueryDict, name: str) -> Form:
    """Return the form with the other's value in the field of this name: the user has chosen it."""
    _show_present(form, present, sent, name)
    return form


def _show_present(form: Form, present: Form, sent: QueryDict, taken: str = "") -> None:
    """Show in the fields that the user left alone, and in the one that is taken, the values of now."""
    now = {one.name: one for one in list_leaves(present.inputs)}
    for one in list_leaves(form.inputs):
        if one.name in now:
            one.original = get_text(now[one.name])
            untouched = (_read(sent, one.name) or "") == (_read(sent, ORIGINAL + one.name) or "")
            if untouched or one.name == taken:
                one.value = now[one.name].value


def describe(one: Input, text: str) -> str:
    """Describe a value of an input in words: the label of a choice, or the text itself."""
    if one.kind == "checkbox":
        return "Yes" if text else "No"
    return dict(one.choices).get(text, text) or "empty"


def name_last_editor(practice: int, table: str, row: int, at_most: int = 20) -> str:
    """Name who changed a row last; "Someone" if no user did."""
    changes = Change.objects.filter(practice_id=practice, table_name=table, row_id=row).order_by("-id")
    user = next((user for user in changes.values_list("user_id", flat=True)[:at_most] if user), None)
    if user is None:
        return "Someone"
    known = User.objects.filter(pk=user, practice=practice).first()
    return f"{known.first_name} {known.last_name}".strip() or known.username if known else "Someone"
