"""Forms built from declarations.

A form asks for keys of a resource and shows the engine's errors at their fields. It validates nothing itself: the
engine does, as for every caller.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from django.db import models
from django.forms import BaseForm as DjangoForm
from django.forms import BoundField
from django.http import HttpRequest, QueryDict

from charthouse.console.kit import local_times
from charthouse.console.kit.page import list_messages
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.types import Type
from charthouse.engine.declaration.values import REQUIRED
from charthouse.engine.errors import Invalid, RequestError

OptionSource = Callable[[str], Sequence[tuple[str, str]]]  # path of a resource → (id, label) of its rows
_CAPITALS = {
    "id",
    "npi",
    "icd",
    "cpt",
    "hcpcs",
    "ndc",
    "loinc",
    "cvx",
    "ssn",
    "url",
    "snomed",
    "ct",
    "dea",
    "ein",
}
EMPTY_LABEL = "\N{EN DASH}"
_ATTRIBUTES = ("maxlength", "autocomplete", "min", "max", "step", "placeholder", "inputmode")
MAX_ROWS, BLANK_ROWS = 100, 3  # of a list of objects: in all, and empty ones
_LONG_TEXT = 300  # characters; longer texts get a textarea


@dataclass
class Input:
    """One field of a form.

    ``kind``: type of an HTML input, or select, textarea, checkboxes, group (``members``), rows (``members`` are groups
    without a label). ``span``: columns out of twelve, in a form laid out by hand. ``prefix``, ``suffix``: a unit.
    ``lookup``: URL of choices that are offered while typing. ``original``: the value that an edited field had at first;
    ``theirs``: the one that somebody else gave it meanwhile (``editing``).
    """

    name: str
    label: str
    kind: str = "text"
    value: Any = ""
    help: str = ""
    required: bool = False
    choices: list[tuple[str, str]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    attributes: dict[str, Any] = field(default_factory=dict)
    members: list["Input"] = field(default_factory=list)
    rows: int = 4
    code: bool = False
    span: int = 0
    prefix: str = ""
    suffix: str = ""
    lookup: str = ""
    original: str | None = None
    theirs: str | None = None

    @property
    def id(self) -> str:
        return f"id_{self.name}"

    @property
    def has_errors(self) -> bool:
        return bool(self.errors) or any(one.has_errors for one in self.members)

    @property
    def described_by(self) -> str:
        """Ids of the elements that describe the field, for ``aria-describedby``."""
        parts = [f"{self.id}-help"] if self.help else []
        return " ".join([*parts, f"{self.id}-wrong"] if self.errors else parts)


@dataclass
class Form:
    """The fields of a form. ``errors``: those of no field."""

    inputs: list[Input]
    errors: list[str] = field(default_factory=list)

    @property
    def uploads(self) -> bool:
        return any(one.kind == "file" for one in self.inputs)

    @property
    def has_errors(self) -> bool:
        return any(one.has_errors for one in self.inputs)

    def find(self, name: str) -> "Input | None":
        """Find an input by its name, also a member of a group."""
        for one in self.inputs:
            for found in (one, *one.members):
                if found.name == name:
                    return found
        return None

    def with_errors(self, refusal: RequestError | None) -> "Form":
        """Add the engine's errors to their fields and return the form."""
        if isinstance(refusal, Invalid):
            self._add_errors(refusal.errors)
        elif refusal is not None:
            self.errors.append(refusal.detail)
        return self

    def _add_errors(self, errors: Any) -> None:
        known = {one.name: one for one in self.inputs}
        for name, what in dict(errors).items():
            if name not in known:
                self.errors += [
                    text if name == "non_field_errors" else f"{make_label(name)}: {text}"
                    for text in list_messages(what)
                ]
                continue
            parts = known[name].members
            inner = {one.name: one for part in parts for one in (part.members or (part,))}
            for key, text in _flatten_errors(name, what):
                (inner.get(key) or known[name]).errors.append(text)


def _flatten_errors(name: str, what: Any) -> Iterable[tuple[str, str]]:
    """Flatten errors of an object's members, or of a value, to (input name, message)."""
    if isinstance(what, Mapping):
        for key, inner in what.items():
            yield from _flatten_errors(f"{name}.{key}", inner)
    else:
        yield from ((name, text) for text in list_messages(what))


def make_label(name: str) -> str:
    """Make a label from the name of a key: ``npi_number`` becomes "NPI number"."""
    words = name.replace("_", " ").split()
    words = [word.upper() if word in _CAPITALS else word for word in words]
    return " ".join([words[0][:1].upper() + words[0][1:], *words[1:]]) if words else name


def build_form(
    fields: Iterable[Key],
    model: type[models.Model],
    values: Mapping[str, Any],
    options: OptionSource,
    labels: Mapping[str, str] | None = None,
    hints: Mapping[str, str] | None = None,
) -> Form:
    """Build the form of these keys, with values as an API shows them or as they were sent.

    ``labels`` and ``hints``, by key (``address.city``), replace the declaration's own.
    """
    form = Form([_build_input(one, model, values.get(one.name), options) for one in fields])
    for one in form.inputs:
        for part in (one, *one.members):
            part.label = (labels or {}).get(part.name, part.label)
            part.help = (hints or {}).get(part.name, part.help)
    return form


def get_defaults(fields: Iterable[Key], model: type[models.Model]) -> dict[str, Any]:
    """Get the first values of a new row's fields."""
    return {
        one.name: _to_builtins(one.find_default(model))
        for one in fields
        if one.access is not REQUIRED and one.is_stored and not one.type.keys
    }


def read_payload(fields: Iterable[Key], request: HttpRequest, model: type[models.Model]) -> dict[str, Any]:
    """Read the sent form into the payload that the engine parses, files included."""
    found: dict[str, Any] = {}
    for one in fields:
        if one.type.upload:
            if one.name in request.FILES:
                found[one.name] = request.FILES[one.name]
        elif one.type.keys:
            read = _read_rows if one.type.is_list else _read_object
            found[one.name] = read(one, request.POST)
        elif one.name in request.POST or _has_checkboxes(one):
            found[one.name] = _read_value(one, one.name, request.POST)
    return found


def _read_object(one: Key, sent: QueryDict, name: str = "") -> dict[str, Any] | None:
    """Read an object; None if nothing of it was filled in."""
    inner = {
        member.name: _read_value(member, f"{name or one.name}.{member.name}", sent)
        for member in one.type.keys
        if member.writable
    }
    return inner if any(value not in (None, "", [], False) for value in inner.values()) else None


def _read_rows(one: Key, sent: QueryDict) -> list[dict[str, Any]]:
    """Read a list of objects, without empty ones."""
    items = [_read_object(one, sent, f"{one.name}.{at}") for at in range(MAX_ROWS)]
    return [{key: value for key, value in item.items() if value != ""} for item in items if item]


def _read_value(one: Key, name: str, sent: QueryDict) -> Any:
    if one.type.control == "checkbox":
        return name in sent if _is_two_state(one) else {"true": True, "false": False}.get(sent.get(name, ""))
    if one.type.is_list:
        given = sent.getlist(name) if _is_multiple_choice(one.type) else sent.get(name, "").splitlines()
        return [text.strip() for text in given if text.strip()]
    text = sent.get(name, "").replace("\r\n", "\n")  # as forms send what was typed
    if one.type.is_utc:
        text = local_times.read_from_form(text)
    return text if text or one.type.keeps_blank else None


def _has_checkboxes(one: Key) -> bool:
    """Say whether the field is sent as checkboxes, whose absence means no."""
    return (
        _is_multiple_choice(one.type)
        if one.type.is_list
        else one.type.control == "checkbox" and _is_two_state(one)
    )


def _is_two_state(one: Key) -> bool:
    return one.nullable is not True


def _is_multiple_choice(type: Type) -> bool:
    """Say whether the items of a list are chosen, not typed."""
    return bool(type.refers_to or (type.item and type.item.choices))


def _to_builtins(value: Any) -> Any:
    """Convert a Python value to its JSON form."""
    return msgspec.to_builtins(value, str_keys=True) if value is not None else None


def decode_object(one: Any) -> dict[str, Any]:
    """Decode an object that the engine read into dicts and lists, by key."""
    opened: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(one))
    return opened


def _build_input(
    one: Key,
    model: type[models.Model] | None,
    value: Any,
    options: OptionSource,
    under: str = "",
) -> Input:
    name = f"{under}.{one.name}" if under else one.name
    entry = Input(
        name=name,
        label=make_label(one.name),
        value="" if value is None else value,
        help=one.doc,
        required=one.access is REQUIRED and one.type.control != "checkbox",
    )
    if one.type.keys and not one.type.is_list:
        entry.kind = "group"
        entry.members = _build_member_inputs(one, value, options, name)
    elif one.type.keys:
        entry.kind, entry.value = "rows", ""
        items = value if isinstance(value, list) else []
        items_and_blanks = [*items[:MAX_ROWS], *[{}] * BLANK_ROWS][:MAX_ROWS]
        entry.members = [
            _build_row(one, item, options, f"{name}.{at}") for at, item in enumerate(items_and_blanks)
        ]
    else:
        _configure(entry, one, model, options)
    return entry


def _build_member_inputs(one: Key, value: Any, options: OptionSource, name: str) -> list[Input]:
    """Build the inputs of an object's members."""
    given = value if isinstance(value, Mapping) else {}
    inner = one.source.member_model(None)
    members = [member for member in one.type.keys if member.writable]
    return [_build_input(member, inner, given.get(member.name), options, name) for member in members]


def _build_row(one: Key, item: Any, options: OptionSource, name: str) -> Input:
    """Build the inputs of one object of a list; all may stay empty."""
    entry = Input(name=name, label="", kind="row", members=_build_member_inputs(one, item, options, name))
    for member in entry.members:
        member.required = False  # a row may stay empty
        if member.kind == "select" and ("", EMPTY_LABEL) not in member.choices:
            member.choices = [("", EMPTY_LABEL), *member.choices]
    return entry


def _configure(entry: Input, one: Key, model: type[models.Model] | None, options: OptionSource) -> None:
    """Set kind, choices and limits of an input from its key."""
    control, entry.attributes = one.type.control, one.type.control_attributes
    entry.kind = control
    if control == "file":
        entry.value = ""
    elif control == "checkbox":
        _configure_boolean(entry, one)
    elif control == "select":
        entry.value = str(entry.value)
        entry.choices = [("", EMPTY_LABEL), *options(one.type.refers_to)]
        if entry.value not in dict(
            entry.choices
        ):  # beyond MAX_OPTIONS, or no longer offered; it stays selectable
            entry.choices.append((entry.value, f"#{entry.value}"))
    elif control == "list":
        _configure_list(entry, one.type, options)
    elif one.type.choices is not None and not one.type.open:
        entry.kind, entry.choices = "select", _list_choices(one.type.choices, entry.required)
        entry.value, entry.attributes = str(entry.value), {}
    elif control == "text":
        _configure_text(entry, one, model)
    elif control == "datetime-local":
        text = str(entry.value)
        entry.value = local_times.show_in_form(text) if one.type.is_utc else text[:19]
        entry.help = entry.help.removeprefix("UTC.").strip()


def _configure_boolean(entry: Input, one: Key) -> None:
    if _is_two_state(one):
        entry.value = entry.value in (True, "true")
    else:
        entry.kind, entry.choices = "select", [("", EMPTY_LABEL), ("true", "Yes"), ("false", "No")]
        entry.value = str(entry.value).lower()


def _configure_list(entry: Input, type: Type, options: OptionSource) -> None:
    value = entry.value if isinstance(entry.value, list) else []
    if _is_multiple_choice(type):
        entry.kind = "checkboxes"
        if type.refers_to:
            entry.choices = list(options(type.refers_to))
        elif type.item is not None:
            entry.choices = [(str(choice), str(choice)) for choice in type.item.choices or ()]
        entry.value = [str(item) for item in value]
    else:
        entry.kind, entry.value = "textarea", "\n".join(str(item) for item in value)
        entry.help = " ".join(filter(None, (entry.help, "One on each line.")))


def _configure_text(entry: Input, one: Key, model: type[models.Model] | None) -> None:
    entry.choices = [(choice, choice) for choice in one.type.choices or ()]
    column = one.find_column(model) if model is not None else None
    length = entry.attributes.get("maxlength") or getattr(column, "max_length", None)
    if length:
        entry.attributes["maxlength"] = length
    if isinstance(column, models.TextField) or (length or 0) > _LONG_TEXT:
        entry.kind = "textarea"


def _list_choices(choices: Sequence[Any], required: bool) -> list[tuple[str, str]]:
    """List all choices, with an empty one first if the field is optional."""
    listed = [(str(choice), str(choice) or EMPTY_LABEL) for choice in choices]
    return listed if required or ("", EMPTY_LABEL) in listed else [("", EMPTY_LABEL), *listed]


def convert_django_form(form: DjangoForm, labels: Mapping[str, str] | None = None) -> Form:
    """Convert a Django form, for what no resource declares, such as accounts and apps."""
    return Form(
        [_convert_django_field(bound, (labels or {}).get(bound.name)) for bound in form],
        [str(text) for text in form.non_field_errors()] if form.is_bound else [],
    )


def _convert_django_field(bound: BoundField, words: str | None) -> Input:
    widget: Any = bound.field.widget
    value = bound.value()
    entry = Input(
        name=bound.html_name,
        label=words or str(bound.label),
        kind=str(getattr(widget, "input_type", "textarea")),
        value="" if value is None else value,
        help=str(bound.help_text),
        required=bound.field.required,
        errors=[str(text) for text in bound.errors] if bound.form.is_bound else [],
        attributes={name: text for name, text in widget.attrs.items() if name in _ATTRIBUTES},
    )
    if entry.kind == "checkbox" and getattr(widget, "allow_multiple_selected", False):
        entry.kind, entry.value = "checkboxes", [str(one) for one in value or ()]
    elif entry.kind != "checkbox":
        entry.value = str(entry.value)
    if hasattr(widget, "choices"):
        entry.choices = [(str(one or ""), str(text)) for one, text in widget.choices]
    entry.required = entry.required and entry.kind != "checkbox"
    return entry
