"""What the reference pages say of resources and functions, read off the declarations: plain values for templates."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from html import escape
from http import HTTPStatus
from typing import Any

from django.utils.safestring import SafeString, mark_safe

from charthouse.dialects.manual import Manual
from charthouse.resource import fields as kinds
from charthouse.resource.declare import ALWAYS, Resource
from charthouse.resource.examples import example_answered, example_shown, example_written
from charthouse.resource.fields import ABSENT, Access, Field, ListOf
from charthouse.resource.filters import DateRange, Filter, Flag, RefIs, RefsAre, Since
from charthouse.resource.functions import Function
from charthouse.resource.nested import Embedded, Many, Members, RelatedIds
from charthouse.resource.openapi import permissions

ACCESS = {
    Access.REQUIRED: "required",
    Access.OPTIONAL: "optional",
    Access.READ_ONLY: "read-only",
    Access.WRITE_ONLY: "write-only",
}


@dataclass(frozen=True)
class Key:
    """A row of a table of keys or parameters. ``to``: the resource that its ids are of, and ``page`` the page that
    shows it; ``members``: its own keys."""

    name: str
    type: str
    access: str
    doc: str
    to: str = ""
    page: str = ""
    choices: tuple[str, ...] = ()
    default: str = ""
    verbose: bool = False
    addition: bool = False
    members: tuple["Key", ...] = ()


@dataclass(frozen=True)
class Operation:
    """One method of one URL, with a request that works as pasted and the answer to it. ``scopes`` as the dialect
    writes them; ``counted``: what a call counts against; ``paged``: whether it is a list with pages."""

    anchor: str
    method: str
    url: str
    said: str
    scopes: tuple[str, ...]
    permissions: tuple[str, ...]
    status: str
    request: SafeString
    answer: SafeString
    notes: tuple[str, ...] = ()
    keys: tuple[Key, ...] = field(default=())
    parameters: tuple[Key, ...] = ()
    answered: tuple[Key, ...] = ()
    counted: str = ""
    writes: bool = False
    paged: bool = False


@dataclass(frozen=True)
class Place:
    """Which manual something is described for. ``origin`` of this server; ``prefix`` of the anchors on a page."""

    manual: Manual
    origin: str
    prefix: str = ""

    def page(self, path: str) -> str:
        return self.manual.address(self.manual.registry[path]) if path else ""


def keys(fields: Iterable[Field], place: Place) -> tuple[Key, ...]:
    return tuple(_key(declared, place) for declared in fields)


def _key(declared: Field, place: Place) -> Key:
    inner: tuple[Key, ...] = ()
    if isinstance(declared, Members):
        inner = keys(declared.fields, place)
    item = declared.item if isinstance(declared, ListOf) else declared
    to = item.to if isinstance(item, kinds.Ref) else ""
    return Key(
        declared.name,
        type_name(declared),
        ACCESS[declared.access],
        ". ".join(part for part in (declared.doc.rstrip("."), *_notes(declared)) if part),
        to=to,
        page=place.page(to),
        choices=tuple(choice or '""' for choice in getattr(item, "choices", None) or ()),
        default=_default(declared),
        verbose=declared.verbose,
        addition=declared.addition,
        members=inner,
    )


def _notes(declared: Field) -> list[str]:
    said = []
    if declared.required_unless:
        said.append(f"Not required when {declared.required_unless} is given")
    if declared.requires:
        said.append(f"Needs {declared.requires} in the same request")
    if isinstance(declared, kinds.Text) and declared.open and declared.choices:
        said.append("Other values are accepted")
    if isinstance(declared, kinds.Text) and declared.min_length:
        said.append(f"At least {declared.min_length} characters")
    if isinstance(declared, kinds.Text) and declared.max_length:
        said.append(f"At most {declared.max_length} characters")
    return said


def _default(declared: Field) -> str:
    if declared.default is ABSENT or callable(declared.default) or not declared.writable:
        return ""
    return json.dumps(declared.default)


def type_name(declared: Field) -> str:
    """A type in the reader's words."""
    if isinstance(declared, Many) or (isinstance(declared, Embedded) and declared.many):
        return "list of objects"
    if isinstance(declared, Members):
        return "object"
    if isinstance(declared, ListOf):
        return f"list of {type_name(declared.item)}"
    if isinstance(declared, RelatedIds):
        return "list of ids"
    if declared.upload:
        return "file"
    printed = declared.schema()
    if isinstance(declared, kinds.Ref | kinds.Id):
        return "id as text" if printed.get("type") == "string" else "id"
    return str(printed.get("format") or printed.get("type") or "any")


def parameters(resource: Resource | Function, place: Place) -> tuple[Key, ...]:
    """The filters of a list, the parameters of a function."""
    return tuple(_parameter(declared, place) for declared in resource.filters)


def _parameter(declared: Filter, place: Place) -> Key:
    printed = declared.schema()
    kind = str(printed.get("format") or printed.get("type") or "any")
    if isinstance(declared, RefIs | RefsAre):
        kind = "id" if isinstance(declared, RefIs) else "list of ids"
    to = declared.to if isinstance(declared, RefIs | RefsAre) else ""
    words = [declared.doc.rstrip(".")] if declared.doc else []
    if not words:
        words += [said for cls, said in _FILTERS.items() if isinstance(declared, cls)][:1]
    if declared.needs:
        words.append("Needs " + ", ".join(declared.needs) + " as well")
    return Key(
        declared.name,
        kind,
        "required" if declared.required else "optional",
        ". ".join(words),
        to=to,
        page=place.page(to),
        choices=tuple(str(choice) for choice in printed.get("enum", ())),
        addition=declared.addition,
    )


_FILTERS: dict[type[Filter], str] = {
    DateRange: "YYYY-MM-DD/YYYY-MM-DD, both days included; at most 190 days unless it lies in the past",
    Since: "Changed at or after this date or timestamp (UTC)",
    Flag: "On when present, unless its value says no",
}

# -- operations -------------------------------------------------------------------------------------------------


def operations(resource: Resource, place: Place) -> list[Operation]:
    """Every operation of a resource, in the order in which its methods are declared."""
    found, wire = [], place.manual.wire
    base = f"{wire.base}{resource.path}"
    row, whole = example_shown(resource, verbose=False), example_shown(resource, verbose=True)
    if "GET" in resource.list_methods:
        notes = tuple(
            "One of these parameters is required: " + ", ".join(group) + "." for group in resource.one_of
        )
        page = wire.page_example(row)
        listed = _operation(
            resource,
            "list",
            "GET",
            base,
            "List",
            place,
            answer=page,
            notes=notes,
            parameters=parameters(resource, place),
        )
        found.append(replace(listed, paged=True))
    if "POST" in resource.list_methods:
        body = example_written(resource)
        several = ("A JSON array creates all of its rows, or none of them.",) if wire.several else ()
        found.append(
            _operation(resource, "create", "POST", base, "Create", place, body, answer=whole, notes=several)
        )
    for alias in resource.aliases:
        said = "Redirects to the caller's own row"
        found.append(_operation(resource, alias, "GET", f"{base}/{alias}", said, place, status=302))
    one = f"{base}/{{id}}"
    if "GET" in resource.object_methods:
        found.append(_operation(resource, "read", "GET", one, "Read one", place, answer=row))
    for method, name, said in (("PUT", "replace", "Replace"), ("PATCH", "modify", "Change")):
        if method in resource.object_methods:
            body = example_written(resource)
            body = dict(list(body.items())[-1:]) if method == "PATCH" else body
            answer = whole if wire.changed == 200 else None
            found.append(_operation(resource, name, method, one, said, place, body, answer=answer))
    if "DELETE" in resource.object_methods:
        notes = ("The row stays in the record and leaves the lists.",)
        answer = wire.deleted[1] if wire.deleted else None
        found.append(
            _operation(resource, "delete", "DELETE", one, "Delete", place, answer=answer, notes=notes)
        )
    return found + [_action(resource, name, one, place) for name in resource.actions_by_name]


def function(declared: Function, place: Place) -> Operation:
    """The operation that a function is."""
    answer = example_answered(declared) if declared.answers else None
    if declared.many:
        answer = place.manual.wire.page_example(answer[0]) if answer else None
    return _operation(
        declared,
        f"{declared.name}-{declared.method.lower()}",
        declared.method,
        f"{place.manual.wire.base}{declared.path}",
        declared.doc.rstrip("."),
        place,
        _body(declared),
        answer=answer,
        status=declared.status,
        notes=tuple(f"{status}: {said}" for status, said in declared.also.items()),
        keys=keys(declared.fields, place),
        parameters=parameters(declared, place),
        answered=keys(declared.answers, place),
    )


def _body(declared: Function) -> dict[str, Any] | None:
    """What the example says, and what is required beside; where it says nothing, something for every key."""
    said = {f.name for f in declared.fields if f.name in declared.example}
    shown = [f for f in declared.fields if not said or f.name in said or f.access is Access.REQUIRED]
    return {f.name: declared.example.get(f.name, _sample(f)) for f in shown} or None


def _action(resource: Resource, name: str, one: str, place: Place) -> Operation:
    action = resource.actions_by_name[name]
    body = {declared.name: _sample(declared) for declared in action.fields}
    whole = action.answers == "object"
    return _operation(
        resource,
        name,
        action.method,
        f"{one}/{name}",
        action.doc.rstrip("."),
        place,
        body,
        answer=example_shown(resource, verbose=True) if whole else None,
        status=(0 if action.method == "POST" else 200) if whole else 204,
        keys=keys(action.fields, place),
    )


def _sample(declared: Field) -> Any:
    if declared.example is not ABSENT:
        return declared.example
    if declared.default is not ABSENT and not callable(declared.default):
        return declared.default
    return (
        1 if isinstance(declared, kinds.Ref | kinds.Integer) else "Room 3" if declared.name == "name" else ""
    )


def _operation(
    resource: Resource | Function,
    anchor: str,
    method: str,
    url: str,
    said: str,
    place: Place,
    body: Any = None,
    *,
    answer: Any = None,
    status: int = 0,
    notes: tuple[str, ...] = (),
    keys: tuple[Key, ...] = (),
    parameters: tuple[Key, ...] = (),
    answered: tuple[Key, ...] = (),
) -> Operation:
    manual = place.manual
    reading = bool(resource.reading if isinstance(resource, Function) else method == "GET")
    status = status or manual.done(method)
    asked = _typical_query(resource) if isinstance(resource, Function) or anchor == "list" else ""
    return Operation(
        f"{place.prefix}{anchor}",
        method,
        url,
        said,
        manual.scopes(resource, reading),
        tuple(permissions(resource, reading)),
        f"{status} {HTTPStatus(status).phrase}",
        curl(method, place.origin + _filled(url, resource) + asked, manual.credentials, body),
        coloured(answer) if answer is not None else mark_safe(""),
        notes,
        keys,
        parameters,
        answered,
        resource.counted,
        not reading,
    )


def _filled(url: str, resource: Resource | Function) -> str:
    """A URL with something for each of its names: 1 for ids."""

    def value(found: "re.Match[str]") -> str:
        declared = resource.filters_by_name.get(found[1])
        return _value_of(declared) if declared else "1"

    return re.sub(r"{(\w+)}", value, url)


_VALUES = {"date": "2026-03-02", "timestamp": "2026-03-01", "date-range": "2026-03-01/2026-03-31"}


def _value_of(declared: Filter) -> str:
    printed = declared.schema()
    if declared.name == "end_date":  # some days after what goes for start_date
        return "2026-03-06"
    if "enum" in printed:
        return str(printed["enum"][0])
    return _VALUES.get(printed.get("format", ""), "1" if printed.get("type") == "integer" else "a")


def _typical_query(resource: Resource | Function) -> str:
    names = [group[0] for group in resource.one_of] + [f.name for f in resource.filters if f.required]
    values = {n: _value_of(resource.filters_by_name[n]) for n in names if f"{{{n}}}" not in resource.path}
    return "?" + "&".join(f"{name}={value}" for name, value in values.items()) if values else ""


def curl(method: str, url: str, credentials: str, body: Any = None) -> SafeString:
    """A shell command that makes the call. ``credentials``: the options of curl that say who calls."""
    parts = ["curl" if method == "GET" else f"curl -X {method}", f"'{url}'"]
    lines = [" ".join(parts), f"  {credentials}"]
    if body is not None:
        lines.append("  -H 'Content-Type: application/json'")
        text = json.dumps(body, indent=2, ensure_ascii=False).replace("'", "'\\''")
        lines.append("  -d '" + text + "'")
    return mark_safe(_shell(" \\\n".join(lines)))  # noqa: S308


def _shell(text: str) -> str:
    text = escape(text, quote=False)
    return re.sub(r"('[^']*'|\"[^\"\n]*\")", r'<span class="s">\1</span>', text)


def slug(path: str) -> str:
    """A path as an anchor: ``patients/{patient_id}/tags`` → ``patients-patient_id-tags``."""
    return re.sub(r"[^\w/]", "", path).replace("/", "-")


_TOKEN = re.compile(r'("(?:[^"\\]|\\.)*")(\s*:)?|\b(true|false|null)\b|(-?\d+(?:\.\d+)?)')


def coloured(value: Any) -> SafeString:
    """JSON as HTML, its keys and values marked for colour."""

    def mark(found: "re.Match[str]") -> str:
        text, colon, word, number = found.groups()
        if colon is not None:
            return f'<span class="k">{text}</span>{colon}'
        if text is not None:
            return f'<span class="s">{text}</span>'
        return f'<span class="n">{word or number}</span>'

    text = escape(json.dumps(value, indent=2, ensure_ascii=False, default=str), quote=False)
    return mark_safe(_TOKEN.sub(mark, text))  # noqa: S308


def sharing(resource: Resource) -> str:
    """Whose rows are seen, in words."""
    if resource.sharing == ALWAYS:
        return "Everyone in the practice sees all rows."
    return (
        f"Shows the rows of the authorizing doctor, or of the whole practice when it has switched on "
        f"{resource.sharing}."
    )
