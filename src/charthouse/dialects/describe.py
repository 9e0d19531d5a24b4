"""What the reference page says of a resource, read off its declaration: plain values for the templates."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from html import escape
from http import HTTPStatus
from typing import Any

from django.db import models
from django.utils.safestring import SafeString, mark_safe

from charthouse.resource import fields as kinds
from charthouse.resource.declare import ALWAYS, Registry, Resource
from charthouse.resource.examples import example_answered, example_shown, example_written
from charthouse.resource.fields import ABSENT, Access, Field, ListOf
from charthouse.resource.filters import DateRange, Filter, Flag, RefIs, Since
from charthouse.resource.functions import Function
from charthouse.resource.nested import Embedded, Many, Members, RelatedIds, Rows
from charthouse.resource.openapi import permissions

ACCESS = {
    Access.REQUIRED: "required",
    Access.OPTIONAL: "optional",
    Access.READ_ONLY: "read-only",
    Access.WRITE_ONLY: "write-only",
}


@dataclass(frozen=True)
class Key:
    """A row of a table of keys or parameters. ``to``: the resource that its ids are of; ``members``: its own keys."""

    name: str
    type: str
    access: str
    doc: str
    to: str = ""
    choices: tuple[str, ...] = ()
    default: str = ""
    verbose: bool = False
    addition: bool = False
    members: tuple["Key", ...] = ()


@dataclass(frozen=True)
class Operation:
    """One method of one URL, with a request that works as pasted and the answer to it."""

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


def keys(fields: Iterable[Field], model: type[models.Model] | None) -> tuple[Key, ...]:
    return tuple(_key(declared, model) for declared in fields)


def _key(declared: Field, model: type[models.Model] | None) -> Key:
    inner: tuple[Key, ...] = ()
    if isinstance(declared, Members):
        inner = keys(declared.fields, declared.to if isinstance(declared, Rows) else None)
    item = declared.item if isinstance(declared, ListOf) else declared
    return Key(
        declared.name,
        type_name(declared),
        ACCESS[declared.access],
        ". ".join(part for part in (declared.doc.rstrip("."), *_notes(declared)) if part),
        to=item.to if isinstance(item, kinds.Ref) else "",
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


def parameters(resource: Resource | Function) -> tuple[Key, ...]:
    """The filters of a list, the parameters of a function."""
    return tuple(_parameter(declared) for declared in resource.filters)


def _parameter(declared: Filter) -> Key:
    printed = declared.schema()
    kind = str(printed.get("format") or printed.get("type") or "any")
    if isinstance(declared, RefIs):
        kind = "id"
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
        to=declared.to if isinstance(declared, RefIs) else "",
        choices=tuple(str(choice) for choice in printed.get("enum", ())),
        addition=declared.addition,
    )


_FILTERS: dict[type[Filter], str] = {
    DateRange: "YYYY-MM-DD/YYYY-MM-DD, both days included; at most 190 days unless it lies in the past",
    Since: "Changed at or after this date or timestamp (UTC)",
    Flag: "On when present, unless its value says no",
}

# -- operations -------------------------------------------------------------------------------------------------

_DONE = {"GET": "200 OK", "POST": "201 Created", "PUT": "204 No Content", "PATCH": "204 No Content"}


def operations(resource: Resource, origin: str) -> list[Operation]:
    """Every operation of a resource, in the order in which its methods are declared."""
    found = []
    base = f"/api/{resource.path}"
    row = example_shown(resource, verbose=False)
    if "GET" in resource.method_set:
        page = {"next": None, "previous": None, "results": [row]}
        query = _typical_query(resource)
        notes = tuple(
            "One of these parameters is required: " + ", ".join(group) + "." for group in resource.one_of
        )
        found.append(
            _operation(resource, "list", "GET", base, "List", origin, answer=page, query=query, notes=notes)
        )
    if "POST" in resource.method_set:
        body = example_written(resource)
        whole = example_shown(resource, verbose=True)
        several = ("A JSON array creates all of its rows, or none of them.",)
        found.append(
            _operation(resource, "create", "POST", base, "Create", origin, body, answer=whole, notes=several)
        )
    for alias in resource.aliases:
        said = "Redirects to the caller's own row"
        found.append(_operation(resource, alias, "GET", f"{base}/{alias}", said, origin, status="302 Found"))
    one = f"{base}/{{id}}"
    if "GET" in resource.method_set:
        found.append(_operation(resource, "read", "GET", one, "Read one", origin, answer=row))
    for method, name, said in (("PUT", "replace", "Replace"), ("PATCH", "modify", "Change")):
        if method in resource.method_set:
            body = example_written(resource)
            body = dict(list(body.items())[-1:]) if method == "PATCH" else body
            found.append(_operation(resource, name, method, one, said, origin, body))
    if "DELETE" in resource.method_set:
        notes = ("The row stays in the record and leaves the lists.",)
        found.append(
            _operation(
                resource, "delete", "DELETE", one, "Delete", origin, status="204 No Content", notes=notes
            )
        )
    found += [_action(resource, name, one, origin) for name in resource.actions_by_name]
    return found + functions(resource.registry, resource.path, origin)


def functions(registry: Registry, page: str, origin: str) -> list[Operation]:
    """Every function that this page shows."""
    declared = [f for methods in registry.functions.values() for f in methods.values() if f.page == page]
    return [_function(function, origin) for function in declared]


def _function(function: Function, origin: str) -> Operation:
    body = {f.name: function.example.get(f.name, _sample(f)) for f in function.fields} or None
    phrase = HTTPStatus(function.status).phrase
    return _operation(
        function,
        f"{function.name}-{function.method.lower()}",
        function.method,
        f"/api/{function.path}",
        function.doc.rstrip("."),
        origin,
        body,
        answer=example_answered(function) if function.answers else None,
        query=_typical_query(function),
        status=f"{function.status} {phrase}",
        notes=tuple(f"{status}: {said}" for status, said in function.also.items()),
        keys=keys(function.fields, function.model),
        parameters=parameters(function),
        answered=keys(function.answers, None),
    )


def _action(resource: Resource, name: str, one: str, origin: str) -> Operation:
    action = resource.actions_by_name[name]
    body = {declared.name: _sample(declared) for declared in action.fields}
    whole = action.answers == "object"
    return _operation(
        resource,
        name,
        action.method,
        f"{one}/{name}",
        action.doc.rstrip("."),
        origin,
        body,
        answer=example_shown(resource, verbose=True) if whole else None,
        status=("" if action.method == "POST" else "200 OK") if whole else "204 No Content",
        keys=keys(action.fields, resource.model),
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
    origin: str,
    body: Any = None,
    *,
    answer: Any = None,
    query: str = "",
    status: str = "",
    notes: tuple[str, ...] = (),
    keys: tuple[Key, ...] = (),
    parameters: tuple[Key, ...] = (),
    answered: tuple[Key, ...] = (),
) -> Operation:
    reading = resource.reading if isinstance(resource, Function) else method == "GET"
    suffix = "read" if reading else "write"
    return Operation(
        anchor,
        method,
        url,
        said,
        tuple(f"{scope}:{suffix}" for scope in resource.scopes),
        tuple(permissions(resource, bool(reading))),
        status or _DONE[method],
        curl(method, origin + url.replace("{id}", "1") + query, body),
        coloured(answer) if answer is not None else mark_safe(""),
        notes,
        keys,
        parameters,
        answered,
    )


def _typical_query(resource: Resource | Function) -> str:
    names = [group[0] for group in resource.one_of] + [f.name for f in resource.filters if f.required]
    samples = {"since": "2026-03-01", "date": "2026-03-02", "date_range": "2026-03-01/2026-03-31"}
    values = {}
    for name in names:
        choices = resource.filters_by_name[name].schema().get("enum", ["1"])
        values[name] = samples.get(name, str(choices[0]))
    return "?" + "&".join(f"{name}={value}" for name, value in values.items()) if values else ""


def curl(method: str, url: str, body: Any) -> SafeString:
    """A shell command that makes the call, with ``$TOKEN`` for the token."""
    parts = ["curl" if method == "GET" else f"curl -X {method}", f"'{url}'"]
    lines = [" ".join(parts), '  -H "Authorization: Bearer $TOKEN"']
    if body is not None:
        lines.append("  -H 'Content-Type: application/json'")
        text = json.dumps(body, indent=2, ensure_ascii=False).replace("'", "'\\''")
        lines.append("  -d '" + text + "'")
    return mark_safe(_shell(" \\\n".join(lines)))  # noqa: S308


def _shell(text: str) -> str:
    text = escape(text, quote=False)
    return re.sub(r"('[^']*'|\"[^\"\n]*\")", r'<span class="s">\1</span>', text)


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
