"""Forms made of declarations: what a resource says of its keys is what a form asks, and what the engine says is wrong
stands at the field. Nothing is checked here; the engine does that, as for every caller."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from django.db import models
from django.forms import BaseForm as DjangoForm
from django.forms import BoundField
from django.http import HttpRequest, QueryDict

from charthouse.console.page import messages_of
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.types import Type
from charthouse.engine.declaration.values import REQUIRED
from charthouse.engine.errors import Invalid, RequestError

Options = Callable[[str], Sequence[tuple[str, str]]]  # path of a resource → (id, words) of its rows
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
NOTHING = "\N{EN DASH}"
_ATTRIBUTES = ("maxlength", "autocomplete", "min", "max", "step", "placeholder", "inputmode")
MOST_ROWS, BLANK_ROWS = 100, 3  # of a list of objects: drawn, and empty ones to fill in
_LONG = 300  # characters from which a text gets several lines


@dataclass
class Input:
    """One field of a form. ``kind``: type of an HTML input, or select, textarea, checkboxes, group (``members``), rows
    (``members`` are groups without names of their own)."""

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

    @property
    def id(self) -> str:
        return f"id_{self.name}"

    @property
    def wrong(self) -> bool:
        return bool(self.errors) or any(one.wrong for one in self.members)

    @property
    def described(self) -> str:
        """Ids of what explains the field."""
        parts = [f"{self.id}-help"] if self.help else []
        return " ".join([*parts, f"{self.id}-wrong"] if self.errors else parts)


@dataclass
class Form:
    """``errors`` are those that no field answers for."""

    inputs: list[Input]
    errors: list[str] = field(default_factory=list)

    @property
    def uploads(self) -> bool:
        return any(one.kind == "file" for one in self.inputs)

    @property
    def wrong(self) -> bool:
        return any(one.wrong for one in self.inputs)

    def told(self, refusal: RequestError | None) -> "Form":
        """The form with what the engine says is wrong, where it belongs."""
        if isinstance(refusal, Invalid):
            self._refuse(refusal.errors)
        elif refusal is not None:
            self.errors.append(refusal.detail)
        return self

    def _refuse(self, errors: Any) -> None:
        known = {one.name: one for one in self.inputs}
        for name, what in dict(errors).items():
            if name not in known:
                self.errors += [
                    text if name == "non_field_errors" else f"{label(name)}: {text}"
                    for text in messages_of(what)
                ]
                continue
            parts = known[name].members
            inner = {one.name: one for part in parts for one in (part.members or (part,))}
            for key, text in _spread(name, what):
                (inner.get(key) or known[name]).errors.append(text)


def _spread(name: str, what: Any) -> Iterable[tuple[str, str]]:
    """(name of the input, message) of the errors of an object's members, or of a plain value."""
    if isinstance(what, Mapping):
        for key, inner in what.items():
            yield from _spread(f"{name}.{key}", inner)
    else:
        yield from ((name, text) for text in messages_of(what))


def label(name: str) -> str:
    """``npi_number`` → "NPI number"."""
    words = name.replace("_", " ").split()
    told = [word.upper() if word in _CAPITALS else word for word in words]
    return " ".join([told[0][:1].upper() + told[0][1:], *told[1:]]) if told else name


def build(
    fields: Iterable[Key],
    model: type[models.Model],
    values: Mapping[str, Any],
    options: Options,
    labels: Mapping[str, str] | None = None,
    notes: Mapping[str, str] | None = None,
) -> Form:
    """The form that asks for these keys, filled with what a read showed, or with what was sent before. ``labels`` and
    ``notes`` by key (``address.city``) take the place of the declaration's own."""
    made = Form([_input(one, model, values.get(one.name), options) for one in fields])
    for one in made.inputs:
        for part in (one, *one.members):
            part.label = (labels or {}).get(part.name, part.label)
            part.help = (notes or {}).get(part.name, part.help)
    return made


def empty(fields: Iterable[Key], model: type[models.Model]) -> dict[str, Any]:
    """What the fields of a new row hold before anybody has filled them in."""
    return {
        one.name: _plain(one.find_default(model))
        for one in fields
        if one.access is not REQUIRED and one.is_stored and not one.type.keys
    }


def payload(fields: Iterable[Key], request: HttpRequest, model: type[models.Model]) -> dict[str, Any]:
    """What was sent, as the engine reads it, files among it. Boxes that aren't ticked are sent by not being sent."""
    found: dict[str, Any] = {}
    for one in fields:
        if one.type.upload:
            if one.name in request.FILES:
                found[one.name] = request.FILES[one.name]
        elif one.type.keys:
            read = _rows if one.type.is_list else _members
            found[one.name] = read(one, request.POST)
        elif one.name in request.POST or _ticked(one):
            found[one.name] = _sent(one, one.name, request.POST)
    return found


def _members(one: Key, sent: QueryDict, name: str = "") -> dict[str, Any] | None:
    """The object, or None where nothing of it was filled in."""
    inner = {
        member.name: _sent(member, f"{name or one.name}.{member.name}", sent)
        for member in one.type.keys
        if member.writable
    }
    return inner if any(value not in (None, "", [], False) for value in inner.values()) else None


def _rows(one: Key, sent: QueryDict) -> list[dict[str, Any]]:
    """The objects that something was filled in of."""
    items = [_members(one, sent, f"{one.name}.{at}") for at in range(MOST_ROWS)]
    return [{key: value for key, value in item.items() if value != ""} for item in items if item]


def _sent(one: Key, name: str, sent: QueryDict) -> Any:
    if one.type.control == "checkbox":
        return name in sent if _two_state(one) else {"true": True, "false": False}.get(sent.get(name, ""))
    if one.type.is_list:
        given = sent.getlist(name) if _picked(one.type) else sent.get(name, "").splitlines()
        return [text.strip() for text in given if text.strip()]
    text = sent.get(name, "").replace("\r\n", "\n")  # as forms send what was typed
    return text if text or one.type.keeps_blank else None


def _ticked(one: Key) -> bool:
    """Whether boxes are ticked for it: what is not ticked is not sent."""
    return _picked(one.type) if one.type.is_list else one.type.control == "checkbox" and _two_state(one)


def _two_state(one: Key) -> bool:
    return one.nullable is not True


def _picked(type: Type) -> bool:
    """Whether the items of a list are ticked, not typed."""
    return bool(type.refers_to or (type.item and type.item.choices))


def _plain(value: Any) -> Any:
    """Python value → what a wire would show of it."""
    return msgspec.to_builtins(value, str_keys=True) if value is not None else None


def shown(one: Any) -> dict[str, Any]:
    """An object that the engine read, opened: by wire name, nested objects as dicts."""
    opened: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(one))
    return opened


def _input(
    one: Key,
    model: type[models.Model] | None,
    value: Any,
    options: Options,
    under: str = "",
) -> Input:
    name = f"{under}.{one.name}" if under else one.name
    made = Input(
        name=name,
        label=label(one.name),
        value="" if value is None else value,
        help=one.doc,
        required=one.access is REQUIRED and one.type.control != "checkbox",
    )
    if one.type.keys and not one.type.is_list:
        made.kind = "group"
        made.members = _inputs(one, value, options, name)
    elif one.type.keys:
        made.kind, made.value = "rows", ""
        items = value if isinstance(value, list) else []
        drawn = [*items[:MOST_ROWS], *[{}] * BLANK_ROWS][:MOST_ROWS]
        made.members = [_row(one, item, options, f"{name}.{at}") for at, item in enumerate(drawn)]
    else:
        _describe(made, one, model, options)
    return made


def _inputs(one: Key, value: Any, options: Options, name: str) -> list[Input]:
    """Those of an object's members."""
    given = value if isinstance(value, Mapping) else {}
    inner = one.source.member_model(None)
    members = [member for member in one.type.keys if member.writable]
    return [_input(member, inner, given.get(member.name), options, name) for member in members]


def _row(one: Key, item: Any, options: Options, name: str) -> Input:
    """One object of a list."""
    made = Input(name=name, label="", kind="row", members=_inputs(one, item, options, name))
    for member in made.members:
        member.required = False  # a row may stay empty
        if member.kind == "select" and ("", NOTHING) not in member.choices:
            member.choices = [("", NOTHING), *member.choices]
    return made


def _describe(made: Input, one: Key, model: type[models.Model] | None, options: Options) -> None:
    """Kind, choices and limits of a field by its declaration."""
    control, made.attributes = one.type.control, one.type.control_attributes
    made.kind = control
    if control == "file":
        made.value = ""
    elif control == "checkbox":
        _describe_boolean(made, one)
    elif control == "select":
        made.value = str(made.value)
        made.choices = [("", NOTHING), *options(one.type.refers_to)]
        if made.value not in dict(made.choices):  # of too many, or no longer offered: it can be kept
            made.choices.append((made.value, f"#{made.value}"))
    elif control == "list":
        _describe_list(made, one.type, options)
    elif one.type.choices is not None and not one.type.open:
        made.kind, made.choices = "select", _chosen(one.type.choices, made.required)
        made.value, made.attributes = str(made.value), {}
    elif control == "text":
        _describe_text(made, one, model)
    elif control == "datetime-local":
        made.value = str(made.value)[:19]


def _describe_boolean(made: Input, one: Key) -> None:
    if _two_state(one):
        made.value = made.value in (True, "true")
    else:
        made.kind, made.choices = "select", [("", NOTHING), ("true", "Yes"), ("false", "No")]
        made.value = str(made.value).lower()


def _describe_list(made: Input, type: Type, options: Options) -> None:
    value = made.value if isinstance(made.value, list) else []
    if _picked(type):
        made.kind = "checkboxes"
        if type.refers_to:
            made.choices = list(options(type.refers_to))
        elif type.item is not None:
            made.choices = [(str(choice), str(choice)) for choice in type.item.choices or ()]
        made.value = [str(item) for item in value]
    else:
        made.kind, made.value = "textarea", "\n".join(str(item) for item in value)
        made.help = " ".join(filter(None, (made.help, "One on each line.")))


def _describe_text(made: Input, one: Key, model: type[models.Model] | None) -> None:
    made.choices = [(choice, choice) for choice in one.type.choices or ()]
    column = one.find_column(model) if model is not None else None
    length = made.attributes.get("maxlength") or getattr(column, "max_length", None)
    if length:
        made.attributes["maxlength"] = length
    if isinstance(column, models.TextField) or (length or 0) > _LONG:
        made.kind = "textarea"


def _chosen(choices: Sequence[Any], required: bool) -> list[tuple[str, str]]:
    """Every choice, and none first where the field may stay empty."""
    told = [(str(choice), str(choice) or NOTHING) for choice in choices]
    return told if required or ("", NOTHING) in told else [("", NOTHING), *told]


def of_django(form: DjangoForm, labels: Mapping[str, str] | None = None) -> Form:
    """A form of Django's, for what no resource declares: accounts, apps, rooms. Drawn, and refused, like the others."""
    return Form(
        [_django_input(bound, (labels or {}).get(bound.name)) for bound in form],
        [str(text) for text in form.non_field_errors()] if form.is_bound else [],
    )


def _django_input(bound: BoundField, words: str | None) -> Input:
    widget: Any = bound.field.widget
    value = bound.value()
    made = Input(
        name=bound.html_name,
        label=words or str(bound.label),
        kind=str(getattr(widget, "input_type", "textarea")),
        value="" if value is None else value,
        help=str(bound.help_text),
        required=bound.field.required,
        errors=[str(text) for text in bound.errors] if bound.form.is_bound else [],
        attributes={name: text for name, text in widget.attrs.items() if name in _ATTRIBUTES},
    )
    if made.kind == "checkbox" and getattr(widget, "allow_multiple_selected", False):
        made.kind, made.value = "checkboxes", [str(one) for one in value or ()]
    elif made.kind != "checkbox":
        made.value = str(made.value)
    if hasattr(widget, "choices"):
        made.choices = [(str(one or ""), str(text)) for one, text in widget.choices]
    made.required = made.required and made.kind != "checkbox"
    return made
