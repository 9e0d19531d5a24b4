"""What the reference pages say of resources and operations: plain values for templates."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from html import escape
from http import HTTPStatus
from typing import Any

from django.utils.safestring import SafeString, mark_safe

from charthouse.engine.declaration.filters import Filter
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.policy import ALWAYS
from charthouse.engine.declaration.resources import THE_ROW, Declaration, Operation, Resource
from charthouse.engine.declaration.values import ABSENT, Access
from charthouse.engine.openapi.examples import make_answer_example, make_shown_example, make_written_example
from charthouse.gateway.docs.reference import ApiReference

ACCESS = {
    Access.REQUIRED: "required",
    Access.OPTIONAL: "optional",
    Access.READ_ONLY: "read-only",
    Access.WRITE_ONLY: "write-only",
}


@dataclass(frozen=True)
class KeyRow:
    """A row of a table of keys or parameters. ``to``: the resource that its ids refer to, ``page``: the address of
    its page; ``members``: the keys of an object."""

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
    members: tuple["KeyRow", ...] = ()


@dataclass(frozen=True)
class OperationEntry:
    """One method of one URL, with a request that works as pasted and its answer. ``scopes`` as the API writes
    them; ``counted``: the rate class; ``paged``: whether it is a list with pages; ``explorer``: the address of the form
    that runs it in the console."""

    anchor: str
    method: str
    url: str
    summary: str
    scopes: tuple[str, ...]
    permissions: tuple[str, ...]
    status: str
    request: SafeString
    answer: SafeString
    notes: tuple[str, ...] = ()
    keys: tuple[KeyRow, ...] = field(default=())
    parameters: tuple[KeyRow, ...] = ()
    answered: tuple[KeyRow, ...] = ()
    counted: str = ""
    writes: bool = False
    paged: bool = False
    explorer: str = ""


@dataclass(frozen=True)
class PageContext:
    """The reference that something is described for, the origin of this server, and the prefix of anchors on the
    page."""

    reference: ApiReference
    origin: str
    prefix: str = ""

    def page(self, path: str) -> str:
        return self.reference.find_address(self.reference.registry[path]) if path else ""


def describe_keys(declared: Iterable[Key], target: PageContext) -> tuple[KeyRow, ...]:
    return tuple(_describe_key(key, target) for key in declared)


def _describe_key(key: Key, target: PageContext) -> KeyRow:
    to = key.type.refers_to
    return KeyRow(
        key.name,
        key.type.word,
        ACCESS[key.access],
        ". ".join(part for part in (key.doc.rstrip("."), *_list_notes(key)) if part),
        to=to,
        page=target.page(to),
        choices=tuple(choice or '""' for choice in key.type.list_choices()),
        default=_format_default(key),
        verbose=key.verbose,
        addition=key.addition,
        members=describe_keys(key.type.keys, target),
    )


def _list_notes(key: Key) -> list[str]:
    words = []
    if key.required_unless:
        words.append(f"Not required if {key.required_unless} is given")
    if key.requires:
        words.append(f"Requires {key.requires} in the same request")
    return words + key.type.list_limits()


def _format_default(key: Key) -> str:
    if key.default is ABSENT or callable(key.default) or not key.writable:
        return ""
    return json.dumps(key.default)


def describe_parameters(resource: Declaration, target: PageContext) -> tuple[KeyRow, ...]:
    """Describe the filters of a list, or the parameters of an operation."""
    return tuple(_describe_parameter(declared, target) for declared in resource.filters)


def _describe_parameter(declared: Filter, target: PageContext) -> KeyRow:
    words = [word for word in (declared.doc.rstrip(".") or declared.word,) if word]
    if declared.needs:
        words.append("Requires " + ", ".join(declared.needs))
    return KeyRow(
        declared.name,
        declared.type_word,
        "required" if declared.required else "optional",
        ". ".join(words),
        to=declared.refers_to,
        page=target.page(declared.refers_to),
        choices=tuple(str(choice) for choice in declared.schema().get("enum", ())),
        addition=declared.addition,
    )


# -- operations -------------------------------------------------------------------------------------------------


def describe_resource(resource: Resource, target: PageContext) -> list[OperationEntry]:
    """Describe every operation of a resource."""
    one = f"{target.reference.wire.base}{resource.path}/{{id}}"
    redirects = [operation for operation in resource.operations if operation.redirects]
    of_row = [operation for operation in resource.operations if not operation.redirects]
    return [
        *_describe_list_url(resource, target),
        *(_describe_redirect(resource, operation, target) for operation in redirects),
        *_describe_object_url(resource, one, target),
        *(_describe_row_operation(resource, operation, one, target) for operation in of_row),
    ]


def _describe_list_url(resource: Resource, target: PageContext) -> Iterable[OperationEntry]:
    wire = target.reference.wire
    url = f"{wire.base}{resource.path}"
    if "GET" in resource.list_methods:
        notes = [f"One of these parameters is required: {', '.join(group)}." for group in resource.one_of]
        listed = _describe(
            resource,
            "list",
            "GET",
            url,
            "List",
            target,
            answer=wire.page_example(make_shown_example(resource, verbose=False)),
            notes=tuple(notes),
            parameters=describe_parameters(resource, target),
        )
        yield replace(listed, paged=True)
    if "POST" in resource.list_methods:
        body, answer = make_written_example(resource), make_shown_example(resource, verbose=True)
        many = ("A JSON array creates all of its objects or none of them.",) if wire.takes_lists else ()
        yield _describe(resource, "create", "POST", url, "Create", target, body, answer=answer, notes=many)


def _describe_redirect(resource: Resource, operation: Operation, target: PageContext) -> OperationEntry:
    url = f"{target.reference.wire.base}{operation.path}"
    words = "Redirect to the current user's own object"
    return _describe(resource, operation.name, "GET", url, words, target, status=302)


def _describe_object_url(resource: Resource, url: str, target: PageContext) -> Iterable[OperationEntry]:
    wire = target.reference.wire
    if "GET" in resource.object_methods:
        row = make_shown_example(resource, verbose=False)
        yield _describe(resource, "read", "GET", url, "Retrieve", target, answer=row)
    for method, name, verb in (("PUT", "replace", "Replace"), ("PATCH", "modify", "Update")):
        if method in resource.object_methods:
            body = make_written_example(resource)
            body = dict(list(body.items())[-1:]) if method == "PATCH" else body
            answer = make_shown_example(resource, verbose=True) if wire.changed == 200 else None
            yield _describe(resource, name, method, url, verb, target, body, answer=answer)
    if "DELETE" in resource.object_methods:
        notes = ("The object stays in the record but no longer appears in lists.",)
        answer = wire.deleted[1] if wire.deleted else None
        yield _describe(resource, "delete", "DELETE", url, "Delete", target, answer=answer, notes=notes)


def describe_operation(declared: Operation, target: PageContext) -> OperationEntry:
    """Describe an operation that no resource declares."""
    answer = make_answer_example(declared) if declared.answers_keys else None
    if declared.many:
        answer = target.reference.wire.page_example(answer[0]) if answer else None
    return _describe(
        declared,
        f"{declared.slug}-{declared.method.lower()}",
        declared.method,
        f"{target.reference.wire.base}{declared.path}",
        declared.doc.rstrip("."),
        target,
        _make_body(declared),
        answer=answer,
        status=declared.status,
        notes=tuple(f"{status}: {summary}" for status, summary in declared.other_statuses.items()),
        keys=describe_keys(declared.keys, target),
        parameters=describe_parameters(declared, target),
        answered=describe_keys(declared.answer, target),
    )


def _make_body(declared: Operation) -> dict[str, Any] | None:
    """The example's keys and the required ones; a sample of every key where there is no example."""
    given = {key.name for key in declared.keys if key.name in declared.example}
    shown = [k for k in declared.keys if not given or k.name in given or k.access is Access.REQUIRED]
    return {key.name: declared.example.get(key.name, _make_sample(key)) for key in shown} or None


def _describe_row_operation(
    resource: Resource, operation: Operation, one: str, target: PageContext
) -> OperationEntry:
    body = {key.name: _make_sample(key) for key in operation.keys}
    whole = operation.answer is THE_ROW
    return _describe(
        resource,
        operation.name,
        operation.method,
        f"{one}/{operation.name}",
        operation.doc.rstrip("."),
        target,
        body,
        answer=make_shown_example(resource, verbose=True) if whole else None,
        status=(0 if operation.method == "POST" else 200) if whole else 204,
        keys=describe_keys(operation.keys, target),
    )


def _make_sample(key: Key) -> Any:
    if key.example is not ABSENT:
        return key.example
    if key.default is not ABSENT and not callable(key.default):
        return key.default
    return (
        1 if key.type.parameter_schema().get("type") == "integer" else "Room 3" if key.name == "name" else ""
    )


def _describe(
    resource: Declaration,
    anchor: str,
    method: str,
    url: str,
    summary: str,
    target: PageContext,
    body: Any = None,
    *,
    answer: Any = None,
    status: int = 0,
    notes: tuple[str, ...] = (),
    keys: tuple[KeyRow, ...] = (),
    parameters: tuple[KeyRow, ...] = (),
    answered: tuple[KeyRow, ...] = (),
) -> OperationEntry:
    reference = target.reference
    reading = resource.is_reading(method)
    status = status or reference.find_success_status(method)
    query = _make_query(resource) if anchor == "list" or isinstance(resource, Operation) else ""
    return OperationEntry(
        f"{target.prefix}{anchor}",
        method,
        url,
        summary,
        reference.scopes(resource, reading),
        resource.policy.list_permissions(reading),
        f"{status} {HTTPStatus(status).phrase}",
        format_curl(method, target.origin + _fill_url(url, resource) + query, reference.credentials, body),
        highlight_json(answer) if answer is not None else mark_safe(""),
        notes,
        keys,
        parameters,
        answered,
        resource.policy.rate_class,
        not reading,
        explorer=reference.find_explorer(method, url),
    )


def _fill_url(url: str, resource: Declaration) -> str:
    """The URL with a value for each parameter of its path: 1 for ids."""

    def value(found: "re.Match[str]") -> str:
        declared = resource.filters_by_name.get(found[1])
        return _choose_value(declared) if declared else "1"

    return re.sub(r"{(\w+)}", value, url)


_VALUES = {"date": "2026-03-02", "timestamp": "2026-03-01", "date-range": "2026-03-01/2026-03-31"}


def _choose_value(declared: Filter) -> str:
    printed = declared.schema()
    if declared.name == "end_date":  # some days after what goes for start_date
        return "2026-03-06"
    if "enum" in printed:
        return str(printed["enum"][0])
    return _VALUES.get(printed.get("format", ""), "1" if printed.get("type") == "integer" else "a")


def _make_query(resource: Declaration) -> str:
    names = [group[0] for group in resource.one_of] + [f.name for f in resource.filters if f.required]
    values = {n: _choose_value(resource.filters_by_name[n]) for n in names if f"{{{n}}}" not in resource.path}
    return "?" + "&".join(f"{name}={value}" for name, value in values.items()) if values else ""


def format_curl(method: str, url: str, credentials: str, body: Any = None) -> SafeString:
    """Format the shell command of a call, as HTML. ``credentials``: curl's options that authenticate."""
    text = "" if body is None else json.dumps(body, indent=2, ensure_ascii=False)
    return mark_safe(_highlight_shell(build_curl(method, url, credentials, text)))  # noqa: S308


def build_curl(method: str, url: str, credentials: str, body: str) -> str:
    """Build the shell command of a call, with a body of JSON where it is not empty."""
    parts = ["curl" if method == "GET" else f"curl -X {method}", f"'{url}'"]
    lines = [" ".join(parts), f"  {credentials}"]
    if body:
        text = body.replace("'", "'\\''")
        lines += ["  -H 'Content-Type: application/json'", f"  -d '{text}'"]
    return " \\\n".join(lines)


def _highlight_shell(text: str) -> str:
    text = escape(text, quote=False)
    return re.sub(r"('[^']*'|\"[^\"\n]*\")", r'<span class="s">\1</span>', text)


def make_anchor(path: str) -> str:
    """Make an anchor of a path: ``patients/{patient_id}/tags`` → ``patients-patient_id-tags``."""
    return re.sub(r"[^\w/]", "", path).replace("/", "-")


_TOKEN = re.compile(r'("(?:[^"\\]|\\.)*")(\s*:)?|\b(true|false|null)\b|(-?\d+(?:\.\d+)?)')


def highlight_json(value: Any) -> SafeString:
    """Format a value as JSON in HTML, with keys and values marked up."""

    def mark(found: "re.Match[str]") -> str:
        text, colon, word, number = found.groups()
        if colon is not None:
            return f'<span class="k">{text}</span>{colon}'
        if text is not None:
            return f'<span class="s">{text}</span>'
        return f'<span class="n">{word or number}</span>'

    text = escape(json.dumps(value, indent=2, ensure_ascii=False, default=str), quote=False)
    return mark_safe(_TOKEN.sub(mark, text))  # noqa: S308


def describe_sharing(resource: Resource) -> str:
    """Describe in words whose rows are visible."""
    if resource.policy.sharing == ALWAYS:
        return "Everyone in the practice sees all rows."
    return (
        f"Rows of the authorizing doctor, or of the whole practice if it has turned on "
        f"{resource.policy.sharing}."
    )
