"""Operation objects of the OpenAPI document."""

from collections.abc import Iterable, Sequence
from typing import Any

from charthouse.engine.declaration.json_schema import (
    Schema,
    list_of,
    name_component,
    reference,
    slugify,
    strict_object,
)
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.policy import ALWAYS
from charthouse.engine.declaration.resources import THE_ROW, Declaration, Operation, Resource
from charthouse.engine.declaration.values import OPTIONAL
from charthouse.engine.openapi import schemas
from charthouse.engine.openapi.examples import make_answer_example, make_shown_example, make_written_example
from charthouse.engine.openapi.wire import WireFormat

Printed = dict[str, Any]

IDS = {"GET": "read", "PUT": "replace", "PATCH": "modify", "DELETE": "delete"}
DONE = {"GET": "The row.", "PUT": "Replaced.", "PATCH": "Changed.", "DELETE": "Archived (soft-deleted)."}
VERBS = {"GET": "Read", "PUT": "Replace", "PATCH": "Change", "DELETE": "Delete"}
READ_ERRORS = (400, 401, 403, 404, 405, 429, 503)
WRITE_ERRORS = (400, 401, 403, 404, 405, 409, 413, 415, 429, 503)


# -- of resources -----------------------------------------------------------------------------------------------


def print_list(resource: Resource, wire: WireFormat, parameters: list[Printed]) -> Printed:
    pages = [wire.page(list_of(shown)) for shown in _list_shown(resource)]
    page = pages[0] if len(pages) == 1 else {"anyOf": pages}
    example = make_shown_example(resource, verbose=False)
    notes = [
        "One of these parameters is required: " + ", ".join(f"`{name}`" for name in group) + "."
        for group in resource.one_of
    ]
    printed = _print(
        resource,
        wire,
        "list",
        f"List {resource.path}.",
        notes,
        reading=True,
        parameters=parameters + wire.paging(resource),
        responses={"200": _print_content("A page of rows.", page, wire.page_example(example))},
    )
    return printed | ({"x-one-of": [list(group) for group in resource.one_of]} if resource.one_of else {})


def print_create(resource: Resource, wire: WireFormat) -> Printed:
    shown = _refer_to_whole(resource)
    many = wire.takes_lists
    made = {"anyOf": [shown, list_of(shown)]} if many else shown
    note = "A JSON array creates all of its rows or none, and returns the array of created rows."
    content = _print_content(
        "The created row, or rows." if many else "The created row.",
        made,
        make_shown_example(resource, verbose=True),
    )
    return _print(
        resource,
        wire,
        "create",
        f"Create {'one or more rows' if many else 'a row'} of {resource.path}.",
        [note] if many else [],
        reading=False,
        parameters=[_print_query_key(key) for key in resource.writable if key.in_query],
        body=_print_body(
            wire,
            resource.keys,
            name_component(resource.path, "Write"),
            make_written_example(resource),
            many=many,
        ),
        responses={str(wire.created): content},
    )


def _print_query_key(key: Key) -> Printed:
    """A key of the body that may be a parameter of the query instead."""
    schema = schemas.add_words(key, key.type.write_schema())
    words = [schema.pop("description", ""), "Used if the body does not contain it."]
    addition = {"x-addition": True} if schema.pop("x-addition", False) else {}
    described = {"name": key.name, "in": "query", "schema": schema, "description": " ".join(words).strip()}
    return described | addition


def print_object(resource: Resource, wire: WireFormat, method: str) -> Printed:
    """GET, PUT, PATCH or DELETE of one object."""
    summary = f"{VERBS[method]} one row of {resource.path}."
    if method == "GET":
        shown = _list_shown(resource)
        schema = shown[0] if len(shown) == 1 else {"anyOf": shown}
        content = _print_content(DONE[method], schema, make_shown_example(resource, verbose=False))
        verbose = [p for p in wire.paging(resource) if p["name"] == "verbose"]
        return _print(
            resource, wire, IDS[method], summary, reading=True, parameters=verbose, responses={"200": content}
        )
    body = None
    if method != "DELETE":
        example = make_written_example(resource)
        if method == "PATCH":
            example = dict(list(example.items())[-1:])
        name = name_component(resource.path, "Write" if method == "PUT" else "Modify")
        body = _print_body(wire, resource.keys, name, example)
    responses = _print_written(resource, wire, method)
    return _print(resource, wire, IDS[method], summary, reading=False, body=body, responses=responses)


def _print_written(resource: Resource, wire: WireFormat, method: str) -> Printed:
    """The answer to a write of an object."""
    if method == "DELETE" and wire.deleted is not None:
        return {"200": _print_content(DONE[method], *wire.deleted)}
    if method == "DELETE" or wire.changed == 204:
        return {"204": {"description": DONE[method]}}
    example = make_shown_example(resource, verbose=True)
    return {str(wire.changed): _print_content(DONE[method], _refer_to_whole(resource), example)}


def _list_shown(resource: Resource) -> list[Schema]:
    """References to what a read may answer with: plain, and verbose."""
    suffixes = ("", "Verbose") if resource.has_verbose else ("",)
    return [reference(name_component(resource.path, suffix)) for suffix in suffixes]


def _refer_to_whole(resource: Resource) -> Schema:
    return _list_shown(resource)[-1]


# -- other operations -------------------------------------------------------------------------------------------


def print_redirect(resource: Resource, wire: WireFormat, operation: Operation) -> Printed:
    location = {"Location": {"schema": {"type": "string", "format": "uri"}, "required": True}}
    return _print(
        resource,
        wire,
        operation.name,
        operation.doc,
        reading=True,
        responses={"302": {"description": "The row's URL.", "headers": location}},
    )


def print_row_operation(resource: Resource, wire: WireFormat, operation: Operation) -> Printed:
    """An operation that a resource declares."""
    keys = operation.keys
    example = {key.name: key.example for key in keys if isinstance(key.example, str | int | bool)}
    if operation.answer is THE_ROW:
        status = wire.created if operation.method == "POST" else 200
        row = make_shown_example(resource, verbose=True)
        responses = {str(status): _print_content("The row as it now is.", _refer_to_whole(resource), row)}
    else:
        responses = {"204": {"description": "Done."}}
    body = _print_body(wire, keys, name_body(operation), example)
    return _print(
        resource, wire, operation.name, operation.doc, reading=False, body=body, responses=responses
    )


def print_operation(operation: Operation, wire: WireFormat, parameters: list[Printed]) -> Printed:
    """An operation that no resource declares."""
    body = None
    if operation.keys:
        given = {k.name: operation.example[k.name] for k in operation.keys if k.name in operation.example}
        body = _print_body(wire, operation.keys, name_body(operation), given)
    printed = _print(
        operation,
        wire,
        operation.method.lower(),
        operation.doc,
        reading=bool(operation.reading),
        parameters=parameters,
        responses=_print_answers(operation, wire),
        body=body,
    )
    return printed | {"x-function": True}


def _print_answers(operation: Operation, wire: WireFormat) -> Printed:
    done: Printed = {"description": "Done."}
    if operation.answers_keys and operation.is_json:
        answer = reference(name_answer(operation))
        schema = wire.listed(answer) if operation.many else answer
        example = make_answer_example(operation)
        done["content"] = {operation.media: {"schema": schema, "example": example}}
    elif not operation.is_json:
        done["content"] = {operation.media: {"schema": {"type": "string"}}}
    responses = {str(operation.status): done}
    for status, words in operation.other_statuses.items():
        shown = {"content": done["content"]} if "content" in done and status not in (204, 302) else {}
        responses[str(status)] = {"description": words, **shown}
    return responses


def name_answer(operation: Operation) -> str:
    return name_component(operation.path, operation.method.title() + "Answer")


def name_body(operation: Operation) -> str:
    """The component of an operation's body."""
    if operation.name:
        return name_component(operation.of, operation.name.title().replace("_", ""))
    return name_component(operation.path, operation.method.title())


def describe_answer(operation: Operation) -> Schema:
    keys: tuple[Key, ...] = operation.answer
    shown = {key.name: schemas.add_words(key, key.read_schema(operation.answer_model)) for key in keys}
    return strict_object(shown) | {"required": [key.name for key in keys if key.access is not OPTIONAL]}


def _list_errors(declared: Declaration, reading: bool) -> Iterable[int]:
    """The statuses of refusals; 410 where the call may name a row that was merged into another."""
    yield from READ_ERRORS if reading else WRITE_ERRORS
    resources = declared.registry.resources
    named = {declared.path, getattr(declared, "of", ""), *(parent.to for parent in declared.parents)}
    named |= {one.refers_to for one in declared.filters}
    if any(path in resources and resources[path].find_merged for path in named):
        yield 410


# -- parts ------------------------------------------------------------------------------------------------------


def _print(
    declared: Declaration,
    wire: WireFormat,
    name: str,
    summary: str,
    notes: Iterable[str] = (),
    *,
    reading: bool,
    responses: Printed,
    parameters: Sequence[Printed] = (),
    body: Printed | None = None,
) -> Printed:
    responses |= {
        str(status): {"$ref": f"#/components/responses/Refused{status}"}
        for status in _list_errors(declared, reading)
        if status in wire.errors
    }
    printed: Printed = {
        "operationId": f"{slugify(declared.path)}_{name}",
        "tags": [declared.page],
        "summary": summary,
        "description": " ".join([declared.doc, *notes, *_describe_policy(declared, reading)]),
        "security": wire.security(declared, reading),
        "responses": responses,
        "x-permissions": list(declared.policy.list_permissions(reading)),
        "x-sharing": declared.policy.sharing,
    }
    if parameters:
        printed["parameters"] = list(parameters)
    if body:
        printed["requestBody"] = body
    if declared.addition:
        printed["x-addition"] = True
    return printed


def _print_body(
    wire: WireFormat, keys: Iterable[Key], name: str, example: Any, *, many: bool = False
) -> Printed:
    """JSON takes everything, lists of objects as well where ``many``; forms take plain values and files."""
    whole = {"anyOf": [reference(name), list_of(reference(name))]} if many else reference(name)
    content: Printed = {media: {"schema": whole, "example": example} for media in wire.media}
    content |= {media: {"schema": reference(name)} for media in wire.forms}
    binary = {"contentMediaType": "application/octet-stream"}
    files = {key.name: dict(binary) for key in keys if key.type.upload}
    if files and "multipart/form-data" in content:
        content["multipart/form-data"] = {"schema": {"allOf": [reference(name), {"properties": files}]}}
    return {"required": True, "content": content}


def _describe_policy(declared: Declaration, reading: bool) -> Iterable[str]:
    policy = declared.policy
    if needed := policy.list_permissions(reading):
        yield f"Requires the permission{'s' if len(needed) > 1 else ''} {', '.join(needed)}."
    if policy.right and not reading:
        yield f"Requires the right `{policy.right}`, which the server's operator grants to an app."
    if policy.excluded_plans:
        yield f"Not for practices on the plan {' or '.join(policy.excluded_plans)}."
    if policy.sharing == ALWAYS:
        yield "All rows of the practice are visible."
    elif policy.sharing:
        yield f"Rows of other doctors are visible if the practice has turned on `{policy.sharing}`."
    if declared.addition:
        yield "Added by the hosted API after its v4 reference was written."


def _print_content(description: str, of: Schema, example: Any) -> Printed:
    return {"description": description, "content": {"application/json": {"schema": of, "example": example}}}
